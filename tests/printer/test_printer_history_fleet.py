"""A fleet that does nothing but its work raises no word when it is read again; counters that go back do."""

from dataclasses import dataclass
from datetime import timedelta

import msgspec
import pytest
import trio

from proto_schema import Reading
from ptscan.printer import compare, read_device
from ptscan.profiles import load_profiles
from ptscan.simulator import FleetDevice, make_fleet
from ptscan.simulator.table import View

from .stage import AT, played, session_with

HOURS = 9


@dataclass(frozen=True)
class Later:
    """A device as it is some seconds later."""

    device: FleetDevice
    seconds: float

    @property
    def what(self) -> str:
        return self.device.what

    def at(self, now: float) -> View:
        return self.device.at(now + self.seconds)


async def read_all(devices: list[FleetDevice], hours: int) -> list[Reading]:
    profiles = load_profiles()
    moved = [Later(one, hours * 3600) for one in devices]
    async with played(*moved, speed=0) as (client, places):
        sessions = [session_with(client, place, timeout=5) for place in places]
        return [(await read_device(session, profiles, at=AT + timedelta(hours=hours))).reading for session in sessions]


@pytest.fixture(scope="module")
def pairs() -> list[tuple[str, Reading, Reading]]:
    """Each printer of a fleet in the morning and in the afternoon."""
    devices = list(make_fleet(60, seed=7, others=False).devices)
    morning, afternoon = (trio.run(read_all, devices, hours) for hours in (0, HOURS))
    return [(one.model, *two) for one, *two in zip(devices, morning, afternoon, strict=True)]


def test_a_day_of_work_is_nothing_to_speak_of(pairs: list[tuple[str, Reading, Reading]]) -> None:
    said = [(model, problem) for model, before, now in pairs for problem in compare(before, now)]
    assert said == []
    assert sum(now.meters.get("total", 0) > before.meters.get("total", 0) for _, before, now in pairs) > len(pairs) / 2


def test_a_board_that_takes_its_counters_back_is_said_of_every_printer_that_worked(
    pairs: list[tuple[str, Reading, Reading]],
) -> None:
    for model, before, now in pairs:
        was, is_now = (msgspec.structs.replace(one, time=other.time) for one, other in ((now, before), (before, now)))
        fell = {
            problem.text.split()[0] for problem in compare(was, is_now) if problem.code in ("meter-fell", "meter-zero")
        }
        assert fell == {name for name in now.meters if now.meters[name] > before.meters[name]}, model
