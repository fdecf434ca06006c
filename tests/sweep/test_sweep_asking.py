"""How fast discovered devices are asked as users: no faster than the sweep may send."""

import pytest

from ptscan.sweep import SUBNET_RATE, Pace


def sent(pace: Pace, addresses: list[str], requests: int) -> list[float]:
    """When devices are asked that are all waiting from the start, and cost so many requests each."""
    begins = []
    for address in addresses:
        begins.append(pace.begin(address, 0.0))
        pace.spent(address, requests)
    return begins


@pytest.mark.parametrize("requests", [1, 3, 7])
def test_a_rate_is_kept_by_what_devices_were_found_to_cost(requests: int) -> None:
    begins = sent(Pace(100.0), [f"10.0.{n % 9}.{n}" for n in range(101)], requests)
    assert begins == sorted(begins)
    assert 100 * requests / begins[-1] == pytest.approx(100)


def test_a_kind_sweep_presses_no_subnet_and_waits_for_none() -> None:
    pace = Pace(None)
    dense = sent(pace, [f"10.0.0.{n}" for n in range(1, 100)], 3)
    assert 3 * len(dense) / dense[-1] == pytest.approx(SUBNET_RATE, rel=0.02)
    assert sent(pace, [f"10.0.{n}.1" for n in range(1, 100)], 3) == [0.0] * 99
    assert sent(Pace(None), ["fd00::1", "fd00::2", "fd00::101"], 3) == pytest.approx([0.0, 3 / SUBNET_RATE, 0.0])


def test_at_full_speed_nobody_waits() -> None:
    assert sent(Pace("max"), ["10.0.0.1"] * 9, 3) == [0.0] * 9


def test_a_pause_saves_nothing_up() -> None:
    pace = Pace(20.0)
    assert pace.begin("10.0.0.1", 0.0) == 0.0
    assert [pace.begin("10.0.0.2", 50.0) for _ in range(3)] == pytest.approx([50.0, 50.1, 50.2])


def test_a_wide_sweep_remembers_only_subnets_that_have_to_wait() -> None:
    pace = Pace(None)
    for n in range(10_000):
        pace.begin(f"10.{n >> 8}.{n & 255}.1", n * 0.01)
    assert len(pace._free_at) <= 4_097
