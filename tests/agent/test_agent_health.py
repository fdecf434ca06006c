"""Health: what the agent says of itself, and that what it says can always be sent."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from counterpart import Work

from proto_schema import Finding, HealthReport, Refusal, UploadReply, decode, encode
from ptscan.agent import Bounds, Entry, Spool, SpoolFullError, SpoolUnwritableError, open_spool
from ptscan.agent.findings import Findings
from ptscan.agent.health import health_of, memory_octets
from ptscan.agent.spool import SpoolState
from ptscan.agent.spool import limits as spool_limits

AT = "2026-11-21T12:00:00Z"


async def codes(spool: Spool, work: Work | None = None, findings: Findings | None = None) -> list[str]:
    health = await health_of(spool, work or Work(), findings or Findings(), started_at=AT, at=AT)
    assert decode(encode(HealthReport(health=health)), HealthReport).health == health
    return [finding.code for finding in health.findings]


async def test_an_agent_that_is_well_finds_nothing_and_knows_its_memory(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "spool") as spool:
        await spool.put([Entry("reading", AT, b"1")])
        health = await health_of(spool, Work(), Findings(), started_at=AT, at=AT)
        assert health.findings == []
        assert (health.spool.records, health.spool.oldest_at) == (1, AT)
        assert health.memory_octets == pytest.approx(memory_octets(), rel=0.2)
        assert health.memory_octets > 1 << 20


async def test_a_full_spool_is_found(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "spool", bounds=Bounds(octets=100_000)) as spool:
        assert await codes(spool) == []
        with suppress(SpoolFullError):
            while True:
                await spool.put([Entry("reading", AT, bytes(500))])
        assert await codes(spool) == ["spool-full"]


async def test_a_full_disk_is_found_and_what_it_cost_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_spool(tmp_path / "spool") as spool:
        state = replace(await spool.state(), disk_is_full=True, refused=7)

        async def of_full_disk() -> SpoolState:
            return state

        monkeypatch.setattr(spool, "state", of_full_disk)
        health = await health_of(spool, Work(), Findings(), started_at=AT, at=AT)
    assert health.spool.turned_away == 7
    assert [(finding.code, finding.text) for finding in health.findings] == [
        ("spool-full", "the disk is full: 7 readings were not spooled since the start")
    ]


async def test_records_that_are_set_aside_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_limits, "TRIES", 1)
    async with open_spool(tmp_path / "spool") as spool:
        await spool.put([Entry("reading", AT, b"1")])
        batch = await spool.next_batch(max_octets=1_000, max_records=1)
        refusal = Refusal(sequence=batch.records[0].sequence, code="malformed", text="no map")
        assert await spool.settle(UploadReply(epoch=batch.epoch, upto=refusal.sequence, refused=[refusal]))
        assert await codes(spool) == ["set-aside"]


async def test_a_damaged_spool_is_found(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "spool") as spool:
        await spool.put([Entry("reading", AT, bytes(2_000))])
    [records] = (tmp_path / "spool").glob("*.db")
    octets = bytearray(records.read_bytes())
    octets[20:60] = bytes(40)
    records.write_bytes(octets)
    async with open_spool(tmp_path / "spool") as spool:
        assert "spool-damaged" in await codes(spool)


async def test_a_spool_that_fails_is_a_finding_and_no_end(tmp_path: Path) -> None:
    class Failing:
        async def state(self) -> None:
            raise SpoolUnwritableError(tmp_path, "the disk fails")

    assert await codes(Failing()) == ["spool-failing"]  # type: ignore[arg-type]


async def test_whatever_was_found_can_be_sent(tmp_path: Path) -> None:
    findings, work = Findings(), Work()
    for number in range(300):
        findings.tell(f"code-{number}", "x" * 5_000, "y" * 5_000)
    work.findings = [Finding(code="z" * 100, text="no text: \udcff", mend="\ud800")]
    async with open_spool(tmp_path / "spool") as spool:
        assert len(await codes(spool, work, findings)) == 256
        assert await codes(spool, work) == ["z" * 64]


async def test_a_finding_of_one_code_is_there_once(tmp_path: Path) -> None:
    findings, work = Findings(), Work()
    findings.tell("refused", "one")
    work.findings = [Finding(code="refused", text="two")]
    async with open_spool(tmp_path / "spool") as spool:
        assert await codes(spool, work, findings) == ["refused"]
