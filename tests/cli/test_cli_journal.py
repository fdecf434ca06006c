"""The segments of a resumable sweep are the whole sweep, each once, and its file is refused for any other."""

import json
from pathlib import Path

import pytest

from ptscan.cli.journal import MOST, Journal, JournalError
from ptscan.snmp import Community, Secret
from ptscan.sweep import SweepPlan
from ptscan.targets import TargetOrder, parse_targets


def plan(targets: str, *, shard: tuple[int, int] = (0, 1), seed: int | None = None) -> SweepPlan[Community]:
    return SweepPlan(
        targets=parse_targets([targets]), credentials=(Community(Secret("public")),), shard=shard, seed=seed
    )


@pytest.mark.parametrize("shard", [(0, 1), (1, 3)])
def test_the_segments_are_the_whole_shard(shard: tuple[int, int], tmp_path: Path) -> None:
    whole = plan("10.0.0.0/18", shard=shard, seed=9)
    parts = [part for _, part in Journal(tmp_path / "s", whole).remaining()]
    assert len(parts) > 1
    addresses = [address for part in parts for address in TargetOrder(part.targets, 9, shard=part.shard)]
    assert sorted(addresses) == sorted(TargetOrder(whole.targets, 9, shard=shard))


def test_a_large_sweep_has_segments_that_take_seconds(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "s", plan("10.0.0.0/8"))
    assert journal.segments >= 2**24 // MOST
    assert journal.segments < 100


def test_it_goes_on_with_the_segment_that_was_under_way(tmp_path: Path) -> None:
    path = tmp_path / "s"
    first = Journal(path, plan("10.0.0.0/16"))
    parts = first.remaining()
    next(parts)
    number, part = next(parts)
    first.given.add("10.0.0.7")
    first.save()
    second = Journal(path, plan("10.0.0.0/16"))
    assert (second.is_new, second.given) == (False, {"10.0.0.7"})
    again, same = next(second.remaining())
    assert (again, same.seed, same.shard) == (number, part.seed, part.shard)


def test_the_file_goes_when_all_is_done(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "s", plan("10.0.0.0/16"))
    journal.save()
    for _ in journal.remaining():
        pass
    journal.save()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("other", [plan("10.0.0.0/17"), plan("10.0.0.0/16", shard=(1, 2)), plan("10.0.0.0/16", seed=5)])
def test_it_is_refused_for_another_sweep(other: SweepPlan[Community], tmp_path: Path) -> None:
    Journal(tmp_path / "s", plan("10.0.0.0/16", seed=4)).save()
    with pytest.raises(JournalError, match="belongs to another sweep"):
        Journal(tmp_path / "s", other)


@pytest.mark.parametrize("octets", [b"", b"{}", b"\xff", b"[1]", b'{"schema": 7}'])
def test_a_broken_file_is_named(octets: bytes, tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(octets)
    with pytest.raises(JournalError, match="no file of ours"):
        Journal(tmp_path / "s", plan("10.0.0.0/16"))


def test_a_damaged_count_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path / "s", plan("10.0.0.0/16")).save()
    page = json.loads((tmp_path / "s").read_text())
    (tmp_path / "s").write_text(json.dumps(page | {"done": page["segments"]}))
    with pytest.raises(JournalError, match="damaged"):
        Journal(tmp_path / "s", plan("10.0.0.0/16"))
