"""A whole collector: how it starts, what it shows of itself, what it does in time, and how it ends."""

import socket
import stat
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import h2.connection
import h2.events
import msgspec
import pytest
import trio
from cryptography import x509

from proto_schema import CHECK_IN, CheckInReply, CheckInRequest, decode, encode
from ptscan.collector import (
    Enrolment,
    Parcel,
    Store,
    StoreBusyError,
    StoreError,
    StoreFullError,
    announce_root,
    counts,
    limits,
    load_config,
    open_authority,
    run_collector,
)
from ptscan.collector.ingesting import Ingestor
from ptscan.collector.metrics import Metrics
from ptscan.collector.pages import Pages
from ptscan.collector.upkeep import keep_certificates, look_after
from ptscan.errors import InputError
from ptscan.link import CallError, Trouble
from ptscan.tls import client_context

from .collecting import WITHIN, Agent, Collecting, a_hello, until
from .stores import batch, record


async def get(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    """Status and body of a page."""
    with trio.fail_after(WITHIN):
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(f"GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
            octets = b"".join([bytes(chunk) async for chunk in stream])
    head, _, body = octets.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


async def checks_in(agent: Agent) -> CheckInReply:
    async with agent.link() as link:
        octets = await link.unary(CHECK_IN.path, encode(CheckInRequest(hello=a_hello())), within=WITHIN)
        return decode(octets, CheckInReply)


async def shown_by(port: int) -> bytes:
    """The certificate that the port shows to who connects anew, DER."""
    context = client_context([])
    context.check_hostname = False
    context.verify_mode = 0  # type: ignore[assignment] # only looked at
    async with await trio.open_ssl_over_tcp_stream("127.0.0.1", port, ssl_context=context) as stream:
        await stream.do_handshake()
        return stream.getpeercert(binary_form=True) or b""


async def test_it_tells_where_it_is_and_how_the_store_is_guarded(tmp_path: Path, store_url: str) -> None:
    async with Collecting(tmp_path, store_url).open() as collector:
        assert collector.running.port > 0
        assert collector.running.pages_port > 0
        opened = await collector.until("store-opened")
        assert collector.running.guard in opened.text
        assert ("SQLite" in opened.text) == store_url.startswith("sqlite")


async def test_health_readiness_and_metrics_are_shown(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        await agent.upload(batch([record(1), record(2, b"none")]))
        port = collector.running.pages_port
        assert await get(port, "/healthz") == (200, "ok\n")
        assert await get(port, "/readyz") == (200, "ready\n")
        status, shown = await get(port, "/metrics")
        assert status == 200
        assert shown.endswith("# EOF\n")
        for line in (
            'ptscan_collector_records_total{outcome="settled"} 1.0',
            'ptscan_collector_records_total{outcome="refused"} 1.0',
            "ptscan_collector_batches_total 1.0",
            "ptscan_collector_ready 1.0",
            "ptscan_collector_waiting_bytes 0.0",
        ):
            assert f"{line}\n" in shown
        assert (await get(port, "/healthz", "collector.evil.example"))[0] != 200, "a name that was made to lead here"
        assert (await get(port, "/nothing"))[0] == 404


class Ailing(Store):
    """A store that fails, or hangs, as it is told."""

    def __init__(self) -> None:
        self.fault: StoreError | None = None
        self.leave = threading.Event()
        self.leave.set()

    def read(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        assert self.leave.wait(WITHIN)
        if self.fault is not None:
            raise self.fault

    def write(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        return self.read(function)


async def test_a_store_that_fails_or_hangs_makes_it_unready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STORE_SECONDS", 0.1)
    monkeypatch.setattr(limits, "FAILING_SECONDS", 0.3)
    collecting, store, metrics, troubles = Collecting(tmp_path), Ailing(), Metrics(version="1"), list[Trouble]()
    limiter = trio.CapacityLimiter(1)
    enrolment = Enrolment(store, collecting.authority, limiter=limiter, clock=collecting.clock, report=troubles.append)
    ingestor = Ingestor(store, clock=lambda: 1.0, report=troubles.append, metrics=metrics)
    pages = Pages(store, enrolment, ingestor, metrics, clock=collecting.clock, limiter=limiter)
    assert pages.faults() == [], "it was opened just now"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(pages.watch, every=0.02))
        nursery.start_soon(ingestor.run)
        store.leave.clear()
        await until(lambda: "has not answered" in " ".join(pages.faults()))
        store.leave.set()
        await until(lambda: pages.faults() == [])
        store.fault = StoreBusyError("the database can't be reached")
        await until(lambda: pages.faults() == ["the database can't be reached"])
        store.fault = None
        await until(lambda: pages.faults() == [])

        async def receive() -> tuple[Parcel, int]:
            await trio.lowlevel.checkpoint()
            store.fault = StoreFullError("no room on the disk")
            return Parcel("a1", batch([record(1)])), 1

        waiting = await ingestor.take("a1", receive)
        assert waiting is not None
        with pytest.raises(CallError):
            await waiting.reply()
        store.fault = None
        await until(lambda: pages.faults() == ["no room on the disk"])
        await until(lambda: pages.faults() == [])  # agents are wanted again, to see whether it is mended
        nursery.cancel_scope.cancel()


async def test_the_agents_port_says_that_it_lives_to_who_has_no_certificate(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        context = client_context(collector.authority.roots)
        http = h2.connection.H2Connection()
        http.initiate_connection()
        asked = [(":method", "GET"), (":scheme", "https"), (":authority", "127.0.0.1"), (":path", "/healthz")]
        http.send_headers(1, asked, end_stream=True)
        said: list[h2.events.Event] = []
        with trio.fail_after(WITHIN):
            where = "127.0.0.1", collector.running.port
            async with await trio.open_ssl_over_tcp_stream(*where, ssl_context=context) as stream:
                await stream.send_all(http.data_to_send())
                while not any(isinstance(event, h2.events.StreamEnded) for event in said):
                    said += http.receive_data(bytes(await stream.receive_some(4096)))
        [answer] = [event for event in said if isinstance(event, h2.events.ResponseReceived)]
        assert dict(answer.headers)[b":status"] == b"200"


async def test_an_authority_that_has_ended_makes_it_unready(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        port = collector.running.pages_port
        assert (await get(port, "/readyz"))[0] == 200
        collector.shift = lambda now_at: now_at + timedelta(days=400)
        status, said = await get(port, "/readyz")
        assert status == 503
        assert "issuing certificate ended" in said


async def test_the_ports_certificate_is_renewed_while_it_runs(tmp_path: Path) -> None:
    collecting = Collecting(tmp_path)
    folder, names = collecting.config.authority, collecting.config.names
    before = look_after(folder, names, now_at=collecting.clock())
    used: list[bytes] = []
    async with trio.open_nursery() as nursery:
        later = [collecting.clock() + timedelta(days=80)]
        nursery.start_soon(
            partial(
                keep_certificates,
                lambda: look_after(folder, names, now_at=later[0]),
                lambda now: used.append(now.server),
                before=before,
                report=collecting.troubles.append,
                every=0.05,
            )
        )
        await until(lambda: len(used) == 1)
        later[0] += timedelta(days=80)
        await until(lambda: len(used) == 2)
        nursery.cancel_scope.cancel()
    assert len({before.server, *used}) == 3
    assert collecting.kinds == ["certificates-renewed"] * 2


async def test_a_name_that_was_added_stands_in_the_certificate_from_the_next_start_on(tmp_path: Path) -> None:
    collecting = Collecting(tmp_path)
    for names in (("127.0.0.1",), ("127.0.0.1", "new.example")):
        collecting.config = msgspec.structs.replace(collecting.config, names=names)
        async with collecting.open() as collector:
            shown = x509.load_der_x509_certificate(await shown_by(collector.running.port))
            there = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            assert there.get_values_for_type(x509.DNSName) == list(names[1:])


async def test_what_another_process_changes_of_the_authority_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CERTIFICATE_SECONDS", 0.1)
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        shown = await shown_by(collector.running.port)
        folder = collector.config.authority
        announced = announce_root(folder, open_authority(folder), now_at=collector.clock())
        (folder / "server.pem").unlink()
        await collector.until("certificates-renewed")
        assert await shown_by(collector.running.port) != shown
        await checks_in(agent)
        newcomer = await collector.enrol()
        assert newcomer.identity.roots == announced.roots, "who enrols now learns the new root"


async def test_an_authority_that_can_not_be_read_is_told_and_the_old_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CERTIFICATE_SECONDS", 0.1)
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        (collector.config.authority / "issuing.pem").chmod(0o644)
        assert "chmod 600" in (await collector.until("authority")).text
        await checks_in(agent)
        await collector.enrol()


async def test_old_readings_are_deleted(tmp_path: Path) -> None:
    collecting = Collecting(tmp_path)
    async with collecting.open() as collector:
        agent = await collector.enrol()
        await agent.upload(batch([record(1), record(2), record(3)]))
    days = load_config(collecting.folder).retention_days
    collecting.shift = lambda now_at: now_at + timedelta(days=days + 1)
    # The certificates have ended by then, and are made anew at the start.
    async with collecting.open() as collector:
        assert "2 readings" in (await collector.until("pruned")).text
        with collector.store() as store:
            assert store.read(counts).readings == 1, "the last of a device stays"


async def test_a_port_that_is_taken_is_one_line_with_the_mend(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        collecting = Collecting(tmp_path, listen=where)
        with pytest.raises(InputError, match="nothing can listen at"):
            await run_collector(collecting.config, report=collecting.troubles.append)


async def test_pages_whose_port_is_taken_cost_themselves_alone(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        async with Collecting(tmp_path, pages=where).open() as collector:
            assert where in (await collector.until("page-unavailable")).text
            assert collector.running.pages_port == 0
            agent = await collector.enrol()
            await agent.upload(batch([record(1)]))


async def test_a_collector_that_was_not_made_says_how(tmp_path: Path) -> None:
    collecting = Collecting(tmp_path)
    (tmp_path / "collector" / "collector.db").unlink()
    with pytest.raises(InputError, match="ptscan collector init"):
        await run_collector(collecting.config, report=collecting.troubles.append)


async def test_it_starts_and_ends_again_and_again(tmp_path: Path) -> None:
    collecting = Collecting(tmp_path)
    agent: Agent | None = None
    for turn in range(3):
        async with collecting.open() as collector:
            agent = agent or await collector.enrol()
            await agent.upload(batch([record(turn + 1)]))
    with collecting.store() as store:
        assert store.read(counts).readings == 3
    assert not set(collecting.kinds) - {"enrolled", "store-opened", "connection-ended"}


async def test_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        await collector.enrol()
        for path in (collector.folder, *collector.folder.rglob("*")):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or path.suffix in {".lock", ".users"}, path
