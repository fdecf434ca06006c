"""A whole agent and a whole collector on loopback: from the spool to the store, once, whatever comes between."""

import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import pytest
import trio
from counterpart import until
from sqlalchemy import Connection as Database

from proto_schema import READING, Identity, Reading, Settings, encode
from ptscan.agent import Agent, Entry, NotEnrolledError, Place, Spool, SpoolInUseError, check, enrol, limits, run_agent
from ptscan.agent.config import AgentConfig
from ptscan.collector import (
    CollectorConfig,
    Running,
    add_job,
    add_token,
    counts,
    ensure_entity,
    found_collector,
    history,
    list_agents,
    list_devices,
    list_jobs,
    new_token,
    open_store,
    put_settings,
    reinstate,
    revoke,
    run_collector,
    suspend,
    token_digest,
)
from ptscan.collector.endpoints import Endpoint
from ptscan.link import Proxy, Trouble
from ptscan.tls import PrivateFileError, write_token

AT = "2026-11-21T12:00:00Z"


def reading(number: int) -> Entry:
    body = Reading(
        device_id=f"device-{number % 7}", address="127.0.0.1", port=161, time=AT,
        identity=Identity(asset=f"{number}"), meters={"total": number},
    )  # fmt: skip
    return Entry(READING, AT, encode(body), f"device-{number % 7}")


class Customer:
    """A collector's folder and an agent's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        given = {"names": ["127.0.0.1"], "listen": "127.0.0.1:0", "pages": "off"}
        self.config, self.authority = found_collector(folder / "collector", now_at=datetime.now(UTC), **given)  # type: ignore[arg-type]
        self.agent_folder = folder / "agent"
        self.port = 0
        self.told_there: list[Trouble] = []
        self.told: list[Trouble] = []

    def token(self) -> str:
        token = new_token(self.authority.root)
        now = datetime.now(UTC).timestamp()

        def write(database: Database) -> None:
            place = ensure_entity(database, "customer", now=now)
            add_token(database, token_digest(token), entity_id=place.id, now=now, expires_at=now + 3_600)

        with open_store(self.config.database) as store:
            store.write(write)
        return write_token(token)

    def stored(self) -> int:
        with open_store(self.config.database) as store:
            return store.read(counts).readings

    def totals(self) -> list[int]:
        """What the readings that are stored count, each as often as it is there."""
        with open_store(self.config.database) as store:
            return sorted(
                one.total or 0 for device in store.read(list_devices) for one in store.read(history, device.id)
            )

    def revoke(self, agent_id: str) -> None:
        with open_store(self.config.database) as store:
            store.write(revoke, agent_id, "sold", now=datetime.now(UTC).timestamp())

    @asynccontextmanager
    async def collector(self) -> AsyncIterator[None]:
        """The collector, as long as the block lasts; on the port that it had before."""
        async with trio.open_nursery() as nursery:
            config: CollectorConfig = self.config
            if self.port:
                config = msgspec.structs.replace(config, listen=Endpoint("127.0.0.1", self.port))
            running: Running = await nursery.start(partial(run_collector, config, report=self.told_there.append))
            self.port = running.port
            yield
            nursery.cancel_scope.cancel()

    async def enrol(self) -> str:
        token = await trio.to_thread.run_sync(self.token)
        place = Place("127.0.0.1", self.port)
        found = await enrol(self.agent_folder, place, token, name="pc", proxy=None, report=self.told.append)
        return found.agent_id

    @asynccontextmanager
    async def agent(self, ahead: float = 0.0) -> AsyncIterator[Agent]:
        """The agent, as long as the block lasts; its clock is so many seconds ahead."""
        async with trio.open_nursery() as nursery:
            run = partial(
                run_agent, AgentConfig(folder=self.agent_folder), report=self.told.append,
                wall_clock=lambda: time.time() + ahead,
            )  # fmt: skip
            yield await nursery.start(run)
            nursery.cancel_scope.cancel()

    async def until_stored(self, count: int) -> None:
        with trio.fail_after(30):
            while await trio.to_thread.run_sync(self.stored) != count:  # noqa: ASYNC110 (it looks on from outside)
                await trio.sleep(0.05)


def resident_kilobytes(process: int) -> int:
    return int(Path(f"/proc/{process}/status").read_text().partition("VmRSS:")[2].split()[0])


def spool_of(agent: Agent) -> Spool:
    return agent.connection._spool


async def settled(agent: Agent) -> None:
    """Wait until the collector has answered for all that the spool has."""
    with trio.fail_after(30):
        while (await spool_of(agent).state()).waiting_records:  # noqa: ASYNC110 (it looks on from outside)
            await trio.sleep(0.05)


@pytest.fixture
def customer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Customer:
    monkeypatch.setattr(limits, "IDENTITY_SECONDS", 0.05)
    monkeypatch.setattr(limits, "HEALTH_LOOK_SECONDS", 0.05)
    return Customer(tmp_path)


async def test_what_is_spooled_is_in_the_collectors_database(customer: Customer) -> None:
    async with customer.collector():
        agent_id = await customer.enrol()
        async with customer.agent() as agent:
            await spool_of(agent).put([reading(number) for number in range(20)])
            await customer.until_stored(20)
            await until(lambda: agent.connection.mode == "session")
            assert agent.connection.is_connected
            assert agent.connection.trouble is None
            health = await agent.connection.health()
            assert health.spool.records == 0
            assert [finding.code for finding in health.findings] == ["no-targets"]
    with open_store(customer.config.database) as store:
        [known] = store.read(list_agents)
        assert known.id == agent_id


async def test_without_a_collector_the_agent_starts_and_spools_and_ships_when_it_is_there(customer: Customer) -> None:
    async with customer.collector():
        await customer.enrol()
    async with customer.agent() as agent:
        await spool_of(agent).put([reading(number) for number in range(10)])
        await until(lambda: agent.connection.trouble)
        assert not agent.connection.is_connected
        assert "no-connection" in [finding.code for finding in (await agent.connection.health()).findings]
        async with customer.collector():
            await customer.until_stored(10)
            await until(lambda: agent.connection.mode == "session")
            assert "no-connection" not in [finding.code for finding in (await agent.connection.health()).findings]


async def test_a_collector_and_an_agent_that_come_and_go_lose_and_double_nothing(customer: Customer) -> None:
    async with customer.collector():
        await customer.enrol()
    total = 0
    for round_ in range(3):
        async with customer.agent() as agent:
            async with customer.collector():
                await spool_of(agent).put([reading(number) for number in range(total, total + 40)])
                await trio.sleep(0.1 * round_)
            await spool_of(agent).put([reading(number) for number in range(total + 40, total + 50)])
        total += 50
    async with customer.collector(), customer.agent():
        await customer.until_stored(total)


async def test_settings_and_jobs_reach_the_agent_while_it_is_connected(customer: Customer) -> None:
    async with customer.collector():
        agent_id = await customer.enrol()
        async with customer.agent() as agent:
            await until(lambda: agent.connection.mode == "session")

            def write(database: Database) -> None:
                now = datetime.now(UTC).timestamp()
                entity = ensure_entity(database, "customer", now=now)
                put_settings(database, entity.id, Settings(revision=0, health_seconds=7.0), now=now)
                add_job(database, agent_id=agent_id, verb="read", targets=["127.0.0.1"], excludes=[], rate=0,
                        expires_at=None, now=now)  # fmt: skip

            with open_store(customer.config.database) as store:
                store.write(write)
            await until(lambda: agent.work.settings.health_seconds == 7.0)

            def states() -> list[str]:
                with open_store(customer.config.database) as store:
                    return [job.state for job in store.read(list_jobs)]

            with trio.fail_after(30):
                while await trio.to_thread.run_sync(states) != ["refused"]:  # agent.toml allows no targets  # noqa: ASYNC110
                    await trio.sleep(0.05)


async def test_an_agent_that_is_suspended_is_put_out_says_so_and_comes_back_when_reinstated(customer: Customer) -> None:
    async with customer.collector():
        agent_id = await customer.enrol()
        async with customer.agent() as agent:
            await until(lambda: agent.connection.mode == "session")

            def write(database: Database) -> None:
                suspend(database, agent_id, "stolen", now=datetime.now(UTC).timestamp())

            with open_store(customer.config.database) as store:
                store.write(write)
            await until(lambda: "refused" in [trouble.kind for trouble in customer.told])
            await spool_of(agent).put([reading(1)])
            assert (await spool_of(agent).state()).waiting_records == 1
            assert "refused" in [finding.code for finding in (await agent.connection.health()).findings]
            with open_store(customer.config.database) as store:
                store.write(lambda database: reinstate(database, agent_id))
            await customer.until_stored(1)
            await until(lambda: agent.connection.mode == "session")
            assert [finding.code for finding in (await agent.connection.health()).findings] == ["no-targets"]


async def test_an_agent_that_is_enrolled_anew_at_another_collector_goes_over_without_a_restart(
    customer: Customer, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Customer(tmp_path / "other")
    other.agent_folder = customer.agent_folder
    async with customer.collector(), other.collector():
        await customer.enrol()
        async with customer.agent() as agent:
            await spool_of(agent).put([reading(1)])
            await customer.until_stored(1)
            second = await other.enrol()
            await until(lambda: agent.connection.enrolled and agent.connection.enrolled.agent_id == second)
            await spool_of(agent).put([reading(2)])
            await other.until_stored(2)  # and what the spool still has of the last day
            assert customer.stored() == 1


@pytest.mark.parametrize("while_it_runs", [True, False], ids=["while it runs", "stopped"])
async def test_an_agent_that_is_enrolled_again_has_nothing_stored_twice(
    customer: Customer, while_it_runs: bool
) -> None:
    async with customer.collector():
        first = await customer.enrol()
        async with customer.agent() as agent:
            await spool_of(agent).put([reading(number) for number in range(20)])
            await customer.until_stored(20)
            await settled(agent)
            await trio.to_thread.run_sync(customer.revoke, first)
            await until(lambda: "refused" in [trouble.kind for trouble in customer.told])
            await spool_of(agent).put([reading(number) for number in range(20, 25)])
            if while_it_runs:
                second = await customer.enrol()
                await until(lambda: agent.connection.enrolled and agent.connection.enrolled.agent_id == second)
                await settled(agent)
        if not while_it_runs:
            await customer.enrol()
        async with customer.agent() as agent:
            await spool_of(agent).put([reading(25)])
            await settled(agent)
    assert customer.totals() == list(range(26))
    assert "resent" not in [trouble.kind for trouble in customer.told]


async def test_what_was_committed_and_not_answered_before_an_agent_is_enrolled_again_is_stored_once(
    customer: Customer,
) -> None:
    deaf: list[trio.SocketStream] = []
    open_: list[trio.SocketStream] = []

    async def pass_on(one: trio.SocketStream, other: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async for octets in one:
                if other not in deaf:
                    await other.send_all(octets)
            await other.send_eof()

    async def relay(stream: trio.SocketStream) -> None:
        open_.append(stream)
        async with await trio.open_tcp_stream("127.0.0.1", port) as server, trio.open_nursery() as both:
            both.start_soon(pass_on, stream, server)
            both.start_soon(pass_on, server, stream)

    async with customer.collector(), trio.open_nursery() as nursery:
        port = customer.port
        [listener] = await nursery.start(partial(trio.serve_tcp, relay, 0, host="127.0.0.1"))
        customer.port = listener.socket.getsockname()[1]
        first = await customer.enrol()
        async with customer.agent() as agent:
            await spool_of(agent).put([reading(number) for number in range(10)])
            await customer.until_stored(10)
            await settled(agent)
            deaf += open_  # what the agent says still gets through, and no answer
            await spool_of(agent).put([reading(number) for number in range(10, 30)])
            await customer.until_stored(30)
            assert (await spool_of(agent).state()).waiting_records == 20
            await trio.to_thread.run_sync(customer.revoke, first)
            await customer.enrol()
            await spool_of(agent).put([reading(30)])
            await settled(agent)
        nursery.cancel_scope.cancel()
    assert customer.totals() == list(range(31))
    with open_store(customer.config.database) as store:
        assert store.read(counts).redelivered == 20


async def test_who_is_not_enrolled_or_has_a_key_that_others_may_read_does_not_start(customer: Customer) -> None:
    run = partial(run_agent, AgentConfig(folder=customer.agent_folder), report=customer.told.append)
    with pytest.raises(NotEnrolledError, match="ptscan agent enrol") as caught:
        await run()
    assert caught.value.exit_code == 2
    async with customer.collector():
        await customer.enrol()
    (customer.agent_folder / "identity" / "identity.pem").chmod(0o644)
    with pytest.raises(PrivateFileError, match="chmod 600"):
        await run()


async def test_two_agents_of_one_folder_do_not_run_at_once(customer: Customer) -> None:
    async with customer.collector():
        await customer.enrol()
    async with customer.agent():
        with pytest.raises(SpoolInUseError):
            await run_agent(AgentConfig(folder=customer.agent_folder), report=customer.told.append)


async def test_through_a_proxy_it_enrols_and_ships_and_remembers_the_way(customer: Customer) -> None:
    asked: list[bytes] = []

    async def pass_on(one: trio.SocketStream, other: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async for octets in one:
                await other.send_all(octets)
            await other.send_eof()

    async def tunnel(stream: trio.SocketStream) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += await stream.receive_some(1_000)
        asked.append(head)
        async with await trio.open_tcp_stream("127.0.0.1", customer.port) as server, trio.open_nursery() as both:
            await stream.send_all(b"HTTP/1.1 200 go on\r\n\r\n")
            both.start_soon(pass_on, stream, server)
            both.start_soon(pass_on, server, stream)

    async with customer.collector(), trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, tunnel, 0, host="127.0.0.1"))
        proxy = Proxy(host="127.0.0.1", port=listener.socket.getsockname()[1], user="u", password="hidden")
        token = await trio.to_thread.run_sync(customer.token)
        place = Place("127.0.0.1", customer.port)
        await enrol(customer.agent_folder, place, token, name="pc", proxy=proxy, report=customer.told.append)
        assert len(asked) == 3, "a handshake that trusts nobody, one that trusts the token's root, the enrolment"
        async with customer.agent() as agent:
            await spool_of(agent).put([reading(1)])
            await customer.until_stored(1)
            assert {step.name for step in await check(customer.agent_folder) if step.ok} >= {"proxy", "round-trip"}
        assert len(asked) > 3
        assert all(
            head.startswith(b"CONNECT 127.0.0.1:") and b"\r\nProxy-Authorization: Basic " in head for head in asked
        )
        assert not [trouble for trouble in customer.told if "hidden" in str(trouble)]
        nursery.cancel_scope.cancel()


async def test_a_certificate_is_renewed_under_way_and_nothing_is_cut(customer: Customer) -> None:
    async with customer.collector():
        await customer.enrol()
        async with customer.agent(ahead=25 * 86_400.0) as agent:
            for number in range(30):
                await spool_of(agent).put([reading(number)])
                await trio.sleep(0.02)
            await until(lambda: agent.connection.certificate and agent.connection.certificate.generation >= 2)
            await spool_of(agent).put([reading(30)])
            await customer.until_stored(31)
            await until(lambda: agent.connection.mode == "session")
        assert {trouble.kind for trouble in customer.told} <= {"renewed", "clock-ahead"}
        assert "copied-key" not in {trouble.kind for trouble in customer.told_there}


async def test_a_copied_folder_is_noticed_and_both_are_put_out(customer: Customer, tmp_path: Path) -> None:
    async with customer.collector():
        await customer.enrol()
        thief = Customer(tmp_path / "thief")
        thief.agent_folder, thief.port = tmp_path / "copy", customer.port
        shutil.copytree(customer.agent_folder, thief.agent_folder)
        async with customer.agent(ahead=25 * 86_400.0) as agent:
            await until(lambda: agent.connection.certificate and agent.connection.certificate.generation >= 2)
            await until(lambda: agent.connection.mode == "session")
            async with thief.agent():
                await until(lambda: "refused" in {trouble.kind for trouble in thief.told})
                await until(lambda: "refused" in {trouble.kind for trouble in customer.told})
        assert "copied-key" in {trouble.kind for trouble in customer.told_there}


async def test_at_rest_it_takes_less_than_60_megabytes_and_no_database_or_web(customer: Customer) -> None:
    """As a process of its own, connected, and with its page."""
    async with customer.collector():
        await customer.enrol()
        (customer.agent_folder / "agent.toml").write_text('[page]\nlisten = "127.0.0.1:0"\n')
        command = [
            str(Path(sys.executable).with_name("ptscan")),
            "agent",
            "run",
            "--folder",
            str(customer.agent_folder),
        ]
        child = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert child.stdout is not None
        try:
            with trio.fail_after(60):
                assert (await child.stdout.receive_some(6)) == b"ready:"
            with open_store(customer.config.database) as store, trio.fail_after(30):
                while not (at := store.read(list_agents)[0].seen_at):  # noqa: ASYNC110 (it looks on from outside)
                    await trio.sleep(0.1)
            assert at > 0
            assert resident_kilobytes(child.pid) < 60_000
        finally:
            child.terminate()
            await child.wait()
        assert child.returncode == 0


def test_the_room_loads_no_database_no_web_and_no_tables() -> None:
    late = ("asyncio", "alembic", "cyclopts", "prometheus_client", "rich", "sqlalchemy", "xlsxwriter")
    code = f"import sys, ptscan.agent; print(*sorted(set(sys.modules) & set({late!r})))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not loaded.split()
