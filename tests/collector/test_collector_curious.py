"""JSON at the port: `application/grpc+json` means what MessagePack means, and lets nothing in that it would not."""

from pathlib import Path

import msgspec
import pytest

from proto_schema import CHECK_IN, ENROL, SESSION, UPLOAD, CheckInRequest, encode
from ptscan.link import CallError, Status

from .collecting import HEALTH, WITHIN, Agent, Collecting, a_hello
from .stores import batch, record, what_is_stored


@pytest.fixture(autouse=True)
def _json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our client says of all that it sends that it is JSON."""
    monkeypatch.setattr("ptscan.link.headers.CONTENT_TYPE", "application/grpc+json")


async def test_an_upload_a_session_and_a_check_in(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await _enrolled(collector)
        async with agent.link() as link:
            async with link.call(UPLOAD.path, within=WITHIN) as call:
                await call.send(encode(batch([record(1), record(2)]), as_json=True))
                call.end()
                assert [msgspec.json.decode(octets) async for octets in call] == [["e1", 2, []]]
            async with link.call(SESSION.path, within=WITHIN) as call:
                await call.send(encode(a_hello("e1"), as_json=True))
                welcome = msgspec.json.decode(await call.receive() or b"")
                assert welcome[0] == "welcome"
                assert welcome[3] == [["e1", [[1, 2]]]]
                await call.send(b'["of-later",1,2]')  # skipped
                await call.send(encode(a_hello(), as_json=True))
                with pytest.raises(CallError, match="one Hello"):
                    await call.receive()
            request = encode(CheckInRequest(hello=a_hello("e1")), as_json=True)
            reply = msgspec.json.decode(await link.unary(CHECK_IN.path, request, within=WITHIN))
            assert reply[0][3] == [["e1", [[1, 2]]]]
        with collector.store() as store:
            assert len(what_is_stored(store)) == 2


async def _enrolled(collector: Collecting) -> Agent:
    """An agent that was enrolled in MessagePack: its tests speak that."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ptscan.link.headers.CONTENT_TYPE", "application/grpc+msgpack")
        return await collector.enrol()


@pytest.mark.parametrize("octets", [b"", b"{", b"[1]", encode(HEALTH), b"[" * 10_000, b'["\xff"]'])
async def test_what_is_no_json_of_the_message_is_refused(octets: bytes, tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector, collector.stranger() as link:
        with pytest.raises(CallError) as refused:
            await link.unary(ENROL.path, octets, within=WITHIN)
        assert refused.value.status is Status.INVALID_ARGUMENT
        assert "connection-failed" not in collector.kinds
        assert "call-failed" not in collector.kinds
