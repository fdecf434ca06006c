"""ptscan itself; see turns.py. One client for all sessions, as its documents say."""

from contextlib import asynccontextmanager

import trio

from codec import parse_oid
from ptscan.snmp import Community, Outcome, Secret, open_client

MOST_HOSTS = 1 << 32
run = trio.run
PUBLIC = (Community(Secret("public")),)

_open = []


@asynccontextmanager
async def open_library():
    async with open_client() as client:
        _open.append(client)
        yield
        _open.pop()


def opened():
    """The client that is open."""
    return _open[-1]


async def at_once(work, count):
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(work)


class Device:
    """A session needs no closing: entering and leaving it cost what the other clients' do, a call each."""

    def __init__(self, address, port):
        self._session = opened().session(address, port, credentials=PUBLIC, version="2c")

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def get(self, name):
        answer = await self._session.get((parse_once(name),))
        return answer.varbinds[0][2] if answer.outcome is Outcome.OK else answer.outcome

    async def walk(self, root):
        return (await self._session.walk(parse_once(root))).varbinds


_names = {}


def parse_once(name):
    """OIDs are octets here: a program parses the ones that it asks for once."""
    if name not in _names:
        _names[name] = parse_oid(name)
    return _names[name]
