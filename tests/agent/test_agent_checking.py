"""Checking: each step to the collector and back is named, and each that fails says how it is mended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest
import trio
from counterpart import Collector, collecting, enrolled_context, fail

from proto_schema import CHECK_IN, UPLOAD
from ptscan.agent import CheckStep, Entry, check, load_enrolled, open_spool
from ptscan.agent.belonging import write_enrolled
from ptscan.agent.place import Place
from ptscan.link import Proxy, Status

ALL = ["settings", "identity", "clock", "spool", "name", "connect", "tls", "http2", "hello", "upload", "round-trip"]


@asynccontextmanager
async def enrolled(folder: Path) -> AsyncIterator[Collector]:
    async with collecting(folder) as collector:
        await enrolled_context(collector, folder / "agent")
        yield collector


def shown(steps: list[CheckStep]) -> dict[str, bool]:
    return {step.name: step.ok for step in steps}


def rewrite(folder: Path, **changes: object) -> None:
    kept = load_enrolled(folder)
    assert kept is not None
    write_enrolled(folder, msgspec.structs.replace(kept, **changes))


async def test_where_all_is_well_every_step_says_so_as_it_goes(tmp_path: Path) -> None:
    async with enrolled(tmp_path):
        heard: list[CheckStep] = []
        steps = await check(tmp_path / "agent", tell=heard.append)
        assert shown(steps) == dict.fromkeys(ALL, True)
        assert heard == steps
        [spool] = [step for step in steps if step.name == "spool"]
        assert "SQLite" in spool.text
        assert "one connection alone" in spool.text


async def test_before_an_enrolment_there_is_nothing_to_check(tmp_path: Path) -> None:
    steps = await check(tmp_path / "agent")
    assert shown(steps) == {"settings": True, "identity": False}
    assert "ptscan agent enrol" in steps[-1].mend


async def test_settings_that_are_wrong_are_said_and_the_way_is_tried_all_the_same(tmp_path: Path) -> None:
    async with enrolled(tmp_path):
        (tmp_path / "agent" / "agent.toml").write_text("targets = 7")
        steps = await check(tmp_path / "agent")
        assert shown(steps) == dict.fromkeys(ALL, True) | {"settings": False}


async def test_a_spool_that_another_process_has_is_no_fault(tmp_path: Path) -> None:
    async with enrolled(tmp_path), open_spool(tmp_path / "agent" / "spool") as spool:
        await spool.put([Entry("reading", "2026-11-21T12:00:00Z", b"1")])
        steps = await check(tmp_path / "agent")
        assert shown(steps) == dict.fromkeys(ALL, True)
        assert (await spool.state()).waiting_records == 1


@pytest.mark.parametrize(
    ("place", "step"),
    [(Place("no-such-host.invalid"), "name"), (Place("127.0.0.1", 1), "connect")],
)
async def test_a_way_that_ends_somewhere_says_where(tmp_path: Path, place: Place, step: str) -> None:
    async with enrolled(tmp_path):
        rewrite(tmp_path / "agent", place=place)
        steps = await check(tmp_path / "agent")
        assert not steps[-1].ok
        assert steps[-1].name == step


async def test_a_proxy_that_does_not_answer_as_one_is_named(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as collector:
        rewrite(tmp_path / "agent", proxy=Proxy(host="127.0.0.1", port=collector.port, user="u", password="hidden"))
        steps = await check(tmp_path / "agent")
        assert (steps[-1].name, steps[-1].ok) == ("proxy", False)
        assert shown(steps)["connect"]
        assert not [step for step in steps if "hidden" in step.text + step.mend]


async def test_a_collector_of_another_authority_is_seen_at_tls(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with enrolled(tmp_path), collecting(tmp_path / "other") as other:
        rewrite(tmp_path / "agent", place=Place("127.0.0.1", other.port))
        steps = await check(tmp_path / "agent")
        assert (steps[-1].name, steps[-1].ok) == ("tls", False)
        assert "another authority" in steps[-1].text


async def test_something_else_behind_the_port_is_seen_at_tls(tmp_path: Path) -> None:
    async with enrolled(tmp_path), trio.open_nursery() as nursery:

        async def answer(stream: trio.SocketStream) -> None:
            await stream.receive_some(10)
            await stream.send_all(b"HTTP/1.1 400 no\r\n\r\n")

        [listener] = await nursery.start(partial(trio.serve_tcp, answer, 0, host="127.0.0.1"))
        rewrite(tmp_path / "agent", place=Place("127.0.0.1", listener.socket.getsockname()[1]))
        steps = await check(tmp_path / "agent")
        nursery.cancel_scope.cancel()
        assert (steps[-1].name, steps[-1].ok) == ("tls", False)
        assert "speaks no TLS" in steps[-1].text


@pytest.mark.parametrize(
    "status", [Status.PERMISSION_DENIED, Status.UNIMPLEMENTED, Status.UNAVAILABLE, Status.INTERNAL]
)
@pytest.mark.parametrize(("path", "step"), [(CHECK_IN.path, "hello"), (UPLOAD.path, "upload")])
async def test_what_the_collector_refuses_is_named(tmp_path: Path, status: Status, path: str, step: str) -> None:
    async with enrolled(tmp_path) as collector:
        collector.methods[path] = partial(fail, status)
        steps = await check(tmp_path / "agent")
        assert (steps[-1].name, steps[-1].ok) == (step, False)
        assert steps[-1].mend


async def test_a_clock_an_hour_off_is_said_and_the_rest_is_tried(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as collector:
        now = collector.now_at.timestamp()
        collector.at = lambda: now + 3_600
        steps = await check(tmp_path / "agent")
        assert shown(steps) == dict.fromkeys(ALL, True) | {"hello": False}
        [hello] = [step for step in steps if step.name == "hello"]
        assert "NTP" in hello.mend


async def test_a_clock_of_1970_is_said(tmp_path: Path) -> None:
    async with enrolled(tmp_path):
        steps = await check(tmp_path / "agent", wall_clock=lambda: 0.0)
        assert not shown(steps)["clock"]


async def test_a_key_that_others_may_read_ends_it_with_the_command_that_mends(tmp_path: Path) -> None:
    async with enrolled(tmp_path):
        (tmp_path / "agent" / "identity" / "identity.pem").chmod(0o640)
        steps = await check(tmp_path / "agent")
        assert (steps[-1].name, steps[-1].ok) == ("identity", False)
        assert "chmod 600" in steps[-1].text


async def test_no_step_is_more_than_one_line(tmp_path: Path) -> None:
    async with enrolled(tmp_path):
        for step in await check(tmp_path / "agent"):
            assert "\n" not in step.text + step.mend
