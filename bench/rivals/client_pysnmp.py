"""pysnmp's v1 architecture, the light one, without MIBs; see turns.py."""

import asyncio

from pysnmp.hlapi.v1arch.asyncio import (
    CommunityData,
    ObjectIdentity,
    ObjectType,
    SnmpDispatcher,
    UdpTransportTarget,
    bulk_walk_cmd,
    get_cmd,
)

MOST_HOSTS = 1000

_open = []


def run(main):
    async def with_dispatcher():
        with SnmpDispatcher() as dispatcher:
            _open.append(dispatcher)
            await main()

    asyncio.run(with_dispatcher())


async def at_once(work, count):
    await asyncio.gather(*(work() for _ in range(count)))


class Device:
    def __init__(self, address, port):
        self._address = (address, port)
        self._community = CommunityData("public", mpModel=1)

    async def __aenter__(self):
        self._target = await UdpTransportTarget.create(self._address, timeout=5, retries=2)
        return self

    async def __aexit__(self, *_):
        pass

    async def get(self, name):
        _, _, _, rows = await get_cmd(_open[0], self._community, self._target, ObjectType(ObjectIdentity(name)))
        return bytes(rows[0][1])

    async def walk(self, root):
        rows = []
        start = ObjectType(ObjectIdentity(root))
        async for error, status, _, varbinds in bulk_walk_cmd(_open[0], self._community, self._target, 0, 25, start):
            if error or status:
                raise SystemExit(f"walk: {error or status}")
            rows += varbinds
        return rows
