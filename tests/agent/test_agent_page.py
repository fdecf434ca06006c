"""What an agent shows of itself on loopback, and how it is looked at by who asks."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
import trio
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from spooling import AT, NOON, WallClock
from working import config_of, job, until, working

from ptscan.agent import (
    AgentConfig,
    AgentStatus,
    Connection,
    Enrolled,
    FindingStatus,
    JobStatus,
    LocalSchedule,
    Place,
    ScheduleState,
    SpoolStatus,
    agent_pages,
    limits,
    look,
)
from ptscan.agent.belonging import write_enrolled
from ptscan.agent.drawing import page_of
from ptscan.agent.metrics import metrics_of
from ptscan.agent.schedule import Every
from ptscan.link import open_page_listeners, serve_pages

HOSTILE = '<script>alert("1")</script>&\x00\x1b[2J\ud800'
ENROLLED = Enrolled(place=Place("127.0.0.1", 9), agent_id="a1", entity="ACME/Berlin")
BUSY = AgentStatus(
    at=AT,
    is_running=True,
    version="1",
    agent_id="a1",
    entity=HOSTILE,
    collector="c:7443",
    is_connected=False,
    mode="",
    trouble=HOSTILE,
    stored=7,
    doing=HOSTILE,
    swept_at=AT,
    devices=3,
    memory_octets=5_000_000,
    settings_revision=2,
    spool=SpoolStatus(records=5, octets=9, oldest_at=AT, set_aside=1, thinned=2, turned_away=3, lost=4),
    schedules=[ScheduleState(HOSTILE, "every 1h", "scan", AT, HOSTILE)],
    jobs=[JobStatus("j", "failed", AT, 1, 2, HOSTILE)],
    findings=[FindingStatus("disk-full", HOSTILE, HOSTILE)],
)


class Tags(HTMLParser):
    """The tags of a page, and the texts between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_what_devices_and_collectors_say_is_text_on_the_page() -> None:
    page = Tags(page_of(BUSY))
    assert "script" not in page.tags
    assert page.tags.count("h1") == 1
    assert sum(HOSTILE in text for text in page.texts) == 8


def test_a_page_with_nothing_to_say_is_one_all_the_same() -> None:
    page = Tags(page_of(AgentStatus(at=AT, is_running=True, version="1")))
    assert "not connected" in page.texts
    assert "none yet" in page.texts


def test_every_number_is_a_metric() -> None:
    families = {one.name: one for one in text_string_to_metric_families(metrics_of(BUSY).decode())}
    values = {name: family.samples[0].value for name, family in families.items()}
    assert values == {
        "ptscan_agent_connected": 0,
        "ptscan_agent_in_touch": 0,
        "ptscan_agent_stored_records": 7,
        "ptscan_agent_devices": 3,
        "ptscan_agent_resident_bytes": 5_000_000,
        "ptscan_agent_settings_revision": 2,
        "ptscan_agent_spool_waiting_records": 5,
        "ptscan_agent_spool_bytes": 9,
        "ptscan_agent_spool_set_aside_records": 1,
        "ptscan_agent_spool_thinned_records": 2,
        "ptscan_agent_spool_turned_away_records": 3,
        "ptscan_agent_spool_lost_records": 4,
        "ptscan_agent_finding": 1,
    }
    assert families["ptscan_agent_finding"].samples[0].labels == {"code": "disk-full"}
    assert metrics_of(AgentStatus(at=AT, is_running=False, version="1")).endswith(b"# EOF\n")


@contextlib.asynccontextmanager
async def shown(folder: Path, *, schedules: tuple[LocalSchedule, ...] = ()) -> AsyncIterator[tuple[AgentConfig, int]]:
    """An agent without a collector that shows its page, until the block ends; its configuration names the port."""
    config = config_of(folder, 9, *schedules)
    async with working(config) as (work, spool, log), trio.open_nursery() as nursery:
        connection = Connection(folder, spool, work, proxy=None, report=log, wall_clock=WallClock())
        connection.enrolled = ENROLLED
        connection.findings.tell("clock-behind", "the clock is behind", "set it")
        await work.offer(job("j", "127.72.3.9"))
        await until(work, "j", "part")
        listeners = await open_page_listeners("127.0.0.1", 0)
        port = listeners[0].socket.getsockname()[1]
        await nursery.start(partial(serve_pages, listeners, agent_pages(connection, work), report=log))
        write_enrolled(folder, ENROLLED)
        yield config._replace(page=("127.0.0.1", port)), port
        nursery.cancel_scope.cancel()


async def test_the_pages_of_an_agent_that_runs(tmp_path: Path) -> None:
    async with shown(tmp_path) as (_, port):
        texts = {path: await got(port, path) for path in ("/", "/status.json", "/healthz", "/style.css", "/metrics")}
        assert (await got(port, "/nothing")).startswith("HTTP/1.1 404 ")
    assert all(text.startswith("HTTP/1.1 200 ") for text in texts.values())
    assert "ACME/Berlin" in texts["/"]
    status = msgspec.json.decode(texts["/status.json"].partition("\r\n\r\n")[2], type=AgentStatus)
    assert (status.agent_id, status.is_running, status.is_connected) == ("a1", True, False)
    assert [one.code for one in status.findings] == ["clock-behind"]
    assert [(one.job_id, one.state) for one in status.jobs] == [("j", "part")]
    assert "# EOF" in texts["/metrics"]


async def got(port: int, path: str) -> str:
    """What is answered, whole."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        return b"".join([part async for part in stream]).decode()


async def test_an_agent_that_runs_is_asked(tmp_path: Path) -> None:
    async with shown(tmp_path, schedules=(LocalSchedule("day", Every(3_600.0), "sweep", ("127.72.3.1",)),)) as (
        config,
        _,
    ):
        status = await look(config, now_at=NOON)
    assert status.is_running
    assert [one.name for one in status.schedules] == ["day"]
    assert status.findings == [FindingStatus("clock-behind", "the clock is behind", "set it")]


async def test_of_an_agent_that_does_not_run_its_files_tell(tmp_path: Path) -> None:
    async with shown(tmp_path) as (config, _):
        pass
    status = await look(config, now_at=NOON)
    assert (status.is_running, status.agent_id, status.entity) == (False, "a1", "ACME/Berlin")
    assert status.spool == SpoolStatus()
    assert status.is_connected is None


async def test_an_agent_that_shows_no_page_runs_all_the_same(tmp_path: Path) -> None:
    async with shown(tmp_path) as (config, _):
        status = await look(config._replace(page=None), now_at=NOON)
    assert (status.is_running, status.spool, status.agent_id) == (True, None, "a1")


async def test_another_agent_at_the_same_port_is_not_taken_for_this_one(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir(mode=0o700)
    async with shown(tmp_path / "one") as (config, _):
        write_enrolled(tmp_path / "other", msgspec.structs.replace(ENROLLED, agent_id="b2"))
        status = await look(config._replace(folder=tmp_path / "other"), now_at=NOON)
    assert (status.is_running, status.agent_id) == (False, "b2")


async def test_a_folder_that_was_never_enrolled_says_so(tmp_path: Path) -> None:
    status = await look(AgentConfig(folder=tmp_path, page=None), now_at=NOON)
    assert [one.code for one in status.findings] == ["not-enrolled"]
    assert status.spool is None


ANSWERS = [
    b"",
    b"garbage",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xff",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nno...",
    b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
    b"HTTP/1.1 200 OK\r\n" + b"A: " + b"b" * 200_000,
    b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (limits.STATUS_OCTETS + 1),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
async def test_whatever_answers_at_the_port_is_no_agent(tmp_path: Path, answer: bytes) -> None:
    write_enrolled(tmp_path, ENROLLED)

    async def serve(stream: trio.SocketStream) -> None:
        with contextlib.suppress(trio.BrokenResourceError):
            await stream.receive_some()
            await stream.send_all(answer)

    status = await looked(tmp_path, serve)
    assert (status.is_running, status.agent_id) == (False, "a1")


async def test_a_port_that_never_answers_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOOK_SECONDS", 0.2)
    write_enrolled(tmp_path, ENROLLED)

    async def serve(stream: trio.SocketStream) -> None:
        await trio.sleep_forever()

    with trio.fail_after(10):
        assert not (await looked(tmp_path, serve)).is_running


async def looked(folder: Path, serve: Callable[[trio.SocketStream], Awaitable[None]]) -> AgentStatus:
    """How the agent of a folder stands when something else answers at its port."""
    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        port = listener.socket.getsockname()[1]
        status = await look(AgentConfig(folder=folder, page=("127.0.0.1", port)), now_at=NOON)
        nursery.cancel_scope.cancel()
    return status
