"""Children of a nest begin, speak and end as they are seen to; their clocks are their own."""

import os
import signal
import time
from pathlib import Path

import pytest
import trio
from faults import Clock, absent, clock_library
from lives import Life, open_nest
from soak import chosen_faults

WITHIN = 60.0  # seconds; no test waits for it


async def until_ready(life: Life) -> str:
    with trio.fail_after(WITHIN):
        await life.ready.wait()
    assert not life.ended.is_set()
    return life.said


@pytest.mark.parametrize("cold", [False, True])
async def test_a_child_speaks_is_killed_or_ends_as_it_is_asked(tmp_path: Path, cold: bool) -> None:
    with trio.fail_after(WITHIN):
        async with open_nest("idle", None) as nest:
            one, other = [
                await nest.hatch({"word": word, "status": 0}, tmp_path / "log", cold=cold) for word in ("one", "other")
            ]
            assert (await until_ready(one)).startswith("ready one ")
            assert (await until_ready(other)).startswith("ready other ")
            assert one.start_seconds
            assert one.start_seconds > 0
            assert await one.kill()
            assert (one.status, one.killed) == (-signal.SIGKILL, True)
            assert not await one.kill(), "it is dead already"
            assert await other.stop(WITHIN)
            assert (other.status, other.killed) == (0, False)
    assert (tmp_path / "log").read_text() == "said to stderr\n" * 2


async def test_who_ends_badly_did_not_end_well(tmp_path: Path) -> None:
    with trio.fail_after(WITHIN):
        async with open_nest("idle", None) as nest:
            life = await nest.hatch({"word": "", "status": 3}, tmp_path / "log")
            await until_ready(life)
            assert not await life.stop(WITHIN)
            assert life.status == 3


async def test_children_end_with_their_nest(tmp_path: Path) -> None:
    with trio.fail_after(WITHIN):
        async with open_nest("idle", None) as nest:
            life = await nest.hatch({"word": "", "status": 0}, tmp_path / "log")
            await until_ready(life)
        with pytest.raises(ProcessLookupError):
            os.kill(life.pid, 0)


@pytest.mark.parametrize("cold", [False, True])
async def test_a_clock_jumps_for_those_that_are_told_of_it(tmp_path: Path, cold: bool) -> None:
    if (reason := absent("clock")) is not None:
        pytest.skip(reason)
    clock = Clock(tmp_path / "clock")
    with trio.fail_after(WITHIN):
        async with open_nest("idle", clock_library(tmp_path)) as nest:
            for ahead, told in ((0, clock), (-2_000_000_000, clock), (86_400, clock), (0, None)):
                clock.set(ahead if told else 1_000_000)
                life = await nest.hatch(
                    {"word": "", "status": 0}, tmp_path / "log", cold=cold, clock=told.path if told else None
                )
                said = int((await until_ready(life)).split()[-1])
                assert abs(said - (time.time() + ahead)) < WITHIN
                await life.kill()


def test_faults_are_chosen_by_their_names() -> None:
    assert chosen_faults("none,cut")[0] == ["none", "cut"]
    everything, reasons = chosen_faults("all")
    assert {"none", "cut", "restore"} <= set(everything)
    assert set(reasons) >= {"links", "disk"}, "a test runs in no namespace of its own"
    assert "cut" not in chosen_faults("no:cut")[0]
    with pytest.raises(SystemExit, match="there is no fault storm"):
        chosen_faults("storm")
