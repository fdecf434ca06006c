"""Renewing: the certificate at two thirds of its life, tried to its end; an agent enrolled anew while it runs."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import trio
from counterpart import Collector, Quick, collecting, enrolled_context, fail, status_of, until

from proto_schema import RENEW, RenewReply, encode
from ptscan.agent import limits
from ptscan.agent.findings import Findings
from ptscan.agent.renewing import Renewing
from ptscan.link import Call, CallError, Link, Peer, Status, Trouble, open_link
from ptscan.tls import load_identity, own_name

DAY = 86_400.0


class Clock:
    """A wall clock that a test sets."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.offset = 0.0

    def __call__(self) -> float:
        return self.at


class Kept:
    """An agent's identity that is looked after."""

    def __init__(self, folder: Path, link: Link, collector: Collector) -> None:
        self.folder = folder
        self.link = link
        self.collector = collector
        self.clock = Clock(collector.now_at.timestamp())
        self.findings = Findings()
        self.troubles: list[Trouble] = []
        identity = load_identity(folder)
        assert identity is not None
        self.renewing = Renewing(
            folder, identity, link, wall_clock=self.clock, clock_offset=lambda: self.clock.offset,
            findings=self.findings, report=self.troubles.append, random=Quick(1),
        )  # fmt: skip

    @property
    def generation(self) -> int:
        return self.renewing.name.generation

    def on_disk(self) -> int:
        identity = load_identity(self.folder)
        assert identity is not None
        return own_name(identity.chain[0]).generation

    def codes(self) -> list[str]:
        return [finding.code for finding in self.findings.current]

    async def status(self) -> Status:
        return await status_of(self.link)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IDENTITY_SECONDS", 0.02)
    monkeypatch.setattr(limits, "RENEW_CALL_SECONDS", 5.0)


@asynccontextmanager
async def kept(folder: Path) -> AsyncIterator[Kept]:
    async with collecting(folder) as collector:
        context = await enrolled_context(collector, folder / "agent")
        async with (
            open_link("127.0.0.1", collector.port, context, random=Quick(1)) as link,
            trio.open_nursery() as nursery,
        ):
            it = Kept(folder / "agent" / "identity", link, collector)
            nursery.start_soon(it.renewing.run)
            yield it
            nursery.cancel_scope.cancel()


async def test_a_certificate_is_renewed_at_two_thirds_of_its_life_and_used_at_once(tmp_path: Path) -> None:
    async with kept(tmp_path) as it:
        assert await it.status() is Status.INVALID_ARGUMENT
        it.clock.at += 16.9 * DAY
        await trio.sleep(0.2)
        assert it.generation == 1, "sooner than two thirds less a tenth nobody renews"
        it.clock.at += 6.2 * DAY
        await until(lambda: it.generation == 2)
        assert it.on_disk() == 2
        assert await it.status() is Status.INVALID_ARGUMENT
        assert [trouble.kind for trouble in it.troubles] == ["renewed"]


async def test_the_collectors_clock_counts_where_the_own_one_is_slow(tmp_path: Path) -> None:
    async with kept(tmp_path) as it:
        it.clock.offset = 25 * DAY
        await until(lambda: it.generation == 2)


@pytest.mark.parametrize("status", [Status.UNAVAILABLE, Status.INTERNAL, Status.PERMISSION_DENIED])
async def test_a_renewal_that_fails_is_tried_again_with_the_same_key(tmp_path: Path, status: Status) -> None:
    async with kept(tmp_path) as it:
        true = it.collector.methods[RENEW.path]
        it.collector.methods[RENEW.path] = partial(fail, status)
        it.clock.at += 25 * DAY
        path = it.folder / "pending.pem"
        await until(path.exists)
        await trio.sleep(0.2)
        key = path.read_bytes()
        assert it.generation == 1
        assert it.codes() == ([] if status is Status.UNAVAILABLE else ["renewal-failing"])
        it.collector.methods[RENEW.path] = true
        await until(lambda: it.generation == 2)
        assert (it.folder / "identity.pem").read_bytes().startswith(key)
        assert it.codes() == []


async def test_an_answer_that_is_lost_is_asked_for_again_and_is_no_copy(tmp_path: Path) -> None:
    async with kept(tmp_path) as it:
        true = it.collector.methods[RENEW.path]
        calls: list[int] = []

        async def lose(call: Call, peer: Peer) -> None:
            class Lossy:
                alone = call.alone

                async def send(self, octets: bytes, *, compress: bool = False) -> None:
                    calls.append(len(octets))
                    if len(calls) < 3:
                        raise CallError(Status.UNAVAILABLE, "cut")
                    await call.send(octets, compress=compress)

            await true(Lossy(), peer)  # type: ignore[arg-type]

        it.collector.methods[RENEW.path] = lose
        it.clock.at += 25 * DAY
        await until(lambda: it.generation == 2)
        assert len(calls) == 3
        assert await it.status() is Status.INVALID_ARGUMENT


@pytest.mark.parametrize("what", ["garbage", "other-key", "nothing"])
async def test_an_answer_that_is_none_changes_nothing(tmp_path: Path, what: str) -> None:
    async with kept(tmp_path) as it:
        identity = load_identity(it.folder)
        assert identity is not None
        chain, roots = list(identity.chain), list(identity.roots)
        reply = RenewReply(chain=chain if what == "other-key" else [], roots=roots, not_after="", generation=2)
        before = (it.folder / "identity.pem").read_bytes()

        async def answer(call: Call, _: Peer) -> None:
            await call.receive()
            await call.send(b"\xc1" if what == "garbage" else encode(reply))

        it.collector.methods[RENEW.path] = answer
        it.clock.at += 25 * DAY
        await until(lambda: it.codes() == ["renewal-failing"])
        assert (it.folder / "identity.pem").read_bytes() == before
        assert await it.status() is Status.INVALID_ARGUMENT


async def test_a_certificate_that_has_ended_says_how_to_enrol_again_once_and_the_agent_runs_on(tmp_path: Path) -> None:
    async with kept(tmp_path) as it:
        it.collector.now_at += timedelta(days=60)  # its judgement alone: TLS looks at the machine's clock
        it.clock.at += 60 * DAY
        await until(lambda: "certificate-ended" in it.codes())
        await trio.sleep(0.2)
        [text] = [trouble.text for trouble in it.troubles if trouble.kind == "certificate-ended"]
        assert "ptscan agent enrol" in text
        assert "what is spooled is kept" in text
        it.clock.at -= 60 * DAY
        it.collector.now_at -= timedelta(days=60)
        await until(lambda: "certificate-ended" not in it.codes())


@pytest.mark.parametrize("offset", [-1e12, 1e12])
async def test_a_collector_whose_clock_is_beyond_all_years_ends_nothing(tmp_path: Path, offset: float) -> None:
    async with kept(tmp_path) as it:
        it.clock.offset = offset
        await trio.sleep(0.2)
        assert await it.status() is Status.INVALID_ARGUMENT


async def test_a_clock_of_1970_is_said_and_costs_nothing(tmp_path: Path) -> None:
    async with kept(tmp_path) as it:
        it.clock.at = 0.0
        await until(lambda: it.codes() == ["certificate-early"])
        assert "1970-01-01" in it.findings.current[0].text
        assert await it.status() is Status.INVALID_ARGUMENT


async def test_an_identity_that_was_enrolled_anew_is_taken_into_use(tmp_path: Path) -> None:
    async with kept(tmp_path) as it:
        before = it.renewing.name.agent_id
        await enrolled_context(it.collector, tmp_path / "agent")
        await until(lambda: it.renewing.name.agent_id != before)
        assert await it.status() is Status.INVALID_ARGUMENT


async def test_an_identity_that_is_damaged_while_the_agent_runs_is_said_and_the_one_in_use_goes_on(
    tmp_path: Path,
) -> None:
    async with kept(tmp_path) as it:
        path = it.folder / "identity.pem"
        whole = path.read_bytes()
        path.write_bytes(whole[:100])
        await until(lambda: it.codes() == ["identity-unreadable"])
        assert await it.status() is Status.INVALID_ARGUMENT
        path.write_bytes(whole)
        await until(lambda: it.codes() == [])
        shutil.rmtree(it.folder)
        await trio.sleep(0.1)
        assert await it.status() is Status.INVALID_ARGUMENT
