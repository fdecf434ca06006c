"""A collector among peers that err and a database that goes: typed answers, and it serves on."""

from collections import Counter
from pathlib import Path
from random import Random

import msgspec
import trio

from proto_schema import (
    CHECK_IN,
    ENROL,
    METHODS,
    SESSION,
    UPLOAD,
    CheckInRequest,
    EnrolRequest,
    HealthReport,
    JobUpdate,
    RenewRequest,
    encode,
)
from ptscan.collector import counts
from ptscan.link import CallError, Link, Status
from ptscan.tls import make_request, new_key

from .collecting import AT, HEALTH, WITHIN, Collecting, a_hello
from .stores import batch, record

# What a peer may hear of a message that is none, or that says what it may not.
TYPED = {
    Status.OK,
    Status.INVALID_ARGUMENT,
    Status.PERMISSION_DENIED,
    Status.RESOURCE_EXHAUSTED,
    Status.UNAVAILABLE,
    Status.DEADLINE_EXCEEDED,
}


def messages(random: Random) -> list[bytes]:
    """One of each that an agent may send, and some of nobody's."""
    whole: list[msgspec.Struct] = [
        EnrolRequest(token="t", csr=make_request(new_key()), name="n", version="1", platform="p"),
        RenewRequest(csr=make_request(new_key()), generation=1),
        CheckInRequest(hello=a_hello("e1"), updates=[JobUpdate(job_id="j", state="done", at=AT)]),
        a_hello("e1", "e2"),
        HealthReport(health=HEALTH),
        JobUpdate(job_id="j", state="running", at=AT),
        batch([record(1), record(2)]),
    ]
    return [*map(encode, whole), b"", b"\xc1", b"\xdd\xff\xff\xff\xff", b"\x91" * 5_000, random.randbytes(200)]


def spoilt(octets: bytes, random: Random) -> bytes:
    """A message with something wrong about it."""
    some = bytearray(octets or b"\0")
    for _ in range(random.randint(0, 3)):
        match random.randrange(4):
            case 0:
                some[random.randrange(len(some))] = random.randrange(256)
            case 1:
                del some[random.randrange(len(some)) :]
            case 2:
                some += random.randbytes(random.randint(1, 8))
            case _:
                some.insert(random.randrange(len(some) + 1), random.randrange(256))
        some = some or bytearray(b"\0")
    return bytes(some)


async def said(link: Link, path: str, several: list[bytes]) -> Status:
    """Send these over one call; how it ended."""
    try:
        async with link.call(path, within=2.0) as call:
            for octets in several:
                await call.send(octets)
            call.end()
            while await call.receive() is not None:
                pass
    except CallError as error:
        return error.status
    return Status.OK


async def test_messages_that_are_none_are_answered_and_harm_nobody(tmp_path: Path) -> None:
    random = Random(20_261_121)
    heard: Counter[Status] = Counter()
    async with Collecting(tmp_path).open() as collector:
        agent, honest = await collector.enrol(), await collector.enrol()
        seeds = messages(random)
        async with agent.link() as link:
            for _ in range(250):
                path = random.choice(METHODS).path
                several = [spoilt(random.choice(seeds), random) for _ in range(random.randint(0, 3))]
                heard[await said(link, path, several)] += 1
        assert set(heard) <= TYPED
        assert heard[Status.INVALID_ARGUMENT] > 50
        faults = {"call-failed", "connection-failed", "ingest-failed", "notes-failed", "store"}
        assert not faults & set(collector.kinds), [t for t in collector.troubles if t.kind in faults]
        assert [reply.upto for reply in await honest.upload(batch([record(1)]))] == [1]


async def test_what_a_peer_got_wrong_is_one_line_of_the_log(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        async with agent.link() as link, collector.stranger() as strange:
            assert await said(link, UPLOAD.path, [b"\xc1"]) is Status.INVALID_ARGUMENT
            assert await said(link, SESSION.path, [encode(HealthReport(health=HEALTH))]) is Status.INVALID_ARGUMENT
            assert await said(link, CHECK_IN.path, [b"\x91" * 100]) is Status.INVALID_ARGUMENT
            assert await said(strange, ENROL.path, [b"\xdd\xff\xff\xff\xff"]) is Status.INVALID_ARGUMENT
            assert await said(strange, ENROL.path, [bytes(40_000)]) is Status.RESOURCE_EXHAUSTED
            assert await said(link, UPLOAD.path, [encode(batch([record(1)], epoch="a\0b"))]) is Status.INVALID_ARGUMENT
        told = [trouble.text for trouble in collector.troubles if trouble.kind == "call-refused"]
        whose = [f"{name} of agent {agent.id}: " for name in ("Upload", "Session", "CheckIn")]
        for text, begin in zip(told, [*whose, *["Enrol of a stranger: "] * 2], strict=True):
            assert text.startswith(begin)
            assert "\n" not in text
        assert "a message of 40000 octets; at most 32768 are taken" in told[-1]
        assert collector.kinds.count("batch-refused") == 1, "and that is told once, too"


async def test_a_stranger_reaches_nothing_but_enrolment(tmp_path: Path) -> None:
    random = Random(7)
    async with Collecting(tmp_path).open() as collector, collector.stranger() as link:
        for octets in messages(random):
            for path in (SESSION.path, CHECK_IN.path, UPLOAD.path):
                assert await said(link, path, [octets]) is Status.UNAUTHENTICATED
            assert await said(link, ENROL.path, [octets]) in {Status.PERMISSION_DENIED, Status.INVALID_ARGUMENT}
        assert "enrolled" not in collector.kinds


async def test_a_database_that_cuts_every_connection_is_found_again(tmp_path: Path, postgresql_url: str) -> None:
    import psycopg

    async with Collecting(tmp_path, postgresql_url).open() as collector:
        agent = await collector.enrol()
        sequence, refused = 0, set[Status]()
        with trio.fail_after(2 * WITHIN):
            for _ in range(3):
                with psycopg.connect(postgresql_url, autocommit=True) as server:
                    server.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                sequence += 1
                while True:  # as an agent does: again, until it is stored
                    try:
                        [reply] = await agent.upload(batch([record(sequence)]))
                    except CallError as error:
                        refused.add(error.status)
                        await trio.sleep(0.05)
                    else:
                        assert reply.upto == sequence
                        break
        with collector.store() as store:
            found = store.read(counts)
        assert (found.readings, found.doubled) == (3, 0)
        assert refused <= {Status.UNAVAILABLE}
