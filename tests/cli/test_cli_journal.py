"""The file of --resume: what was noted is there again, and only the journal of the same sweep is taken for one."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.cli.journal import HEADER_OCTETS, Journal, JournalError, open_journal
from ptscan.cli.ledger import Ledger, part_bits, part_cursor
from ptscan.cli.salvage import recover
from ptscan.snmp import Community, Secret
from ptscan.sweep import SweepPlan, SweepState
from ptscan.targets import TargetOrder, format_address, parse_targets


def plan(
    targets: str = "10.0.0.0/16", *, shard: tuple[int, int] = (0, 1), seed: int | None = None
) -> SweepPlan[Community]:
    return SweepPlan(
        targets=parse_targets([targets]), credentials=(Community(Secret("public")),), shard=shard, seed=seed
    )


def noted(path: Path, whose: SweepPlan[Community], *, positions: tuple[int, ...] = (7,)) -> int:
    """Leave a journal as an interrupted run does; return its seed."""
    with open_journal(path, whose) as journal:
        journal.mark(positions)
        journal.note_place((1, 256))
        journal.note_output(99)
        return journal.seed


def test_what_was_noted_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "s"
    seed = noted(path, plan(), positions=(0, 7, 300, 65_533))
    with open_journal(path, plan()) as journal:
        assert (journal.is_new, journal.seed, journal.place, journal.output_octets) == (False, seed, (1, 256), 99)
        bits = int.from_bytes(journal.given, "little")
        assert [position for position in range(65_534) if bits >> position & 1] == [0, 7, 300, 65_533]


def test_it_is_no_larger_than_a_bit_for_each_target(tmp_path: Path) -> None:
    noted(tmp_path / "s", plan())
    assert (tmp_path / "s").stat().st_size == HEADER_OCTETS + 65_536 // 8


def test_it_goes_when_all_is_done_or_nothing_was(tmp_path: Path) -> None:
    with open_journal(tmp_path / "s", plan()) as journal:
        assert (tmp_path / "s").exists()
        journal.mark([3])
        journal.is_complete = True
    with open_journal(tmp_path / "s", plan()) as journal:
        assert journal.is_new
    assert list(tmp_path.iterdir()) == []


def test_it_stays_when_the_run_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with open_journal(tmp_path / "s", plan()) as journal:
            journal.mark([3])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (tmp_path / "s").exists()


def test_only_one_run_has_it(tmp_path: Path) -> None:
    with open_journal(tmp_path / "s", plan()) as journal:
        with pytest.raises(JournalError, match="in use by another run"), open_journal(tmp_path / "s", plan()):
            pass
        journal.mark([3])
    with open_journal(tmp_path / "s", plan()) as journal:
        assert not journal.is_new


def test_shards_without_a_seed_are_parts_of_one_order(tmp_path: Path) -> None:
    seeds = {noted(tmp_path / f"s{index}", plan(shard=(index, 3))) for index in range(3)}
    assert seeds == {0}
    assert noted(tmp_path / "whole", plan()) != noted(tmp_path / "other", plan())


@pytest.mark.parametrize("other", [plan("10.0.0.0/17"), plan(shard=(1, 2)), plan(seed=5), replace(plan(), port=1161)])
def test_it_is_refused_for_another_sweep(other: SweepPlan[Community], tmp_path: Path) -> None:
    noted(tmp_path / "s", plan(seed=4))
    with pytest.raises(JournalError, match="belongs to another sweep"), open_journal(tmp_path / "s", other):
        pass


@pytest.mark.parametrize(
    "change",
    [
        {"retries": 5},
        {"version": "1"},
        {"version": "3"},
        {"discovery": ()},
        {"credentials": (Community(Secret("x")),) * 2},
    ],
)
def test_other_questions_are_put_to_everybody_who_was_silent(change: dict[str, object], tmp_path: Path) -> None:
    noted(tmp_path / "s", plan())
    with open_journal(tmp_path / "s", replace(plan(), **change)) as journal:
        assert journal.place == (0, 0)
        assert journal.given.strip(b"\0") == b"\x80"


def test_no_community_stands_in_it(tmp_path: Path) -> None:
    secret = replace(plan(), credentials=(Community(Secret("s3cret-word")),))
    noted(tmp_path / "s", secret)
    assert b"s3cret" not in (tmp_path / "s").read_bytes()
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0


Damage = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda octets: b"", "no file of ours"),
        (lambda octets: b"{}", "no file of ours"),
        (lambda octets: b"\xff" * 9_000, "no file of ours"),
        (lambda octets: b"[[community]]\n", "no file of ours"),
        (lambda octets: b"\0" * len(octets), "no file of ours"),
        (lambda octets: octets[:100], "no file of ours"),
        (lambda octets: octets[:HEADER_OCTETS], "damaged"),
        (lambda octets: octets[:-1], "damaged"),
        (lambda octets: octets + b"\0", "damaged"),
        (lambda octets: octets[:-1] + b"\xff", "damaged"),
        (lambda octets: octets[: HEADER_OCTETS - 16] + b"\xff" * 8 + octets[HEADER_OCTETS - 8 :], "damaged"),
        (lambda octets: b'{"schema":"ptscan.resume/1","sweep":"x","seed":1,"segments":2}', "another version"),
        (lambda octets: octets.replace(b"resume/2", b"resume/3"), "another version"),
        (lambda octets: octets.replace(b'"seed":', b'"seal":'), "no file of ours"),
    ],
)
def test_a_broken_file_is_named_and_left_as_it_is(damage: Damage, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "s"
    noted(path, plan(seed=4))
    path.write_bytes(damage(path.read_bytes()))
    before = path.read_bytes()
    with pytest.raises(JournalError, match=fault) as error, open_journal(path, plan(seed=4)):
        pass
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name, fault in (("fifo", "no file"), (".", "not a folder"), ("absent/s", "make its folder first")):
        with pytest.raises(JournalError, match=fault), open_journal(tmp_path / name, plan()):
            pass


def test_a_link_keeps_pointing_where_it_points(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "s")
    noted(tmp_path / "link", plan())
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "s").is_file()


def test_a_file_that_cannot_be_as_large_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    """The limit stands for a full disk: the file is written in full when it is made, and nothing of it stays."""
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from test_cli_journal import open_journal, plan\n"
        "try:\n"
        "    with open_journal(Path(sys.argv[2]), plan('10.0.0.0/8')): pass\n"
        "except Exception as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path / "s")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert os.strerror(errno.EFBIG) in done.stdout
    assert list(tmp_path.iterdir()) == []


# --- lines that a killed run had written ---


def line(address: str, port: int = 161) -> str:
    return f'{{"address":"{address}","port":{port},"sys_name":"é"}}\n'


@pytest.mark.parametrize(
    ("tail", "kept", "found"),
    [
        ("", "", ()),
        (line("10.0.0.2"), line("10.0.0.2"), (2,)),
        (line("10.0.0.2") + line("10.0.0.3"), line("10.0.0.2") + line("10.0.0.3"), (2, 3)),
        (line("10.0.0.2") + line("10.0.0.3")[:-9], line("10.0.0.2"), (2,)),
        (line("10.0.0.2") + "{", line("10.0.0.2"), (2,)),
        (line("10.0.0.2")[:-1], line("10.0.0.2"), (2,)),
        (line("10.0.0.2", port=1161), line("10.0.0.2", port=1161), ()),
        (line("10.9.9.9") + line("no address"), line("10.9.9.9") + line("no address"), ()),
        ("what somebody else wrote", "what somebody else wrote\n", ()),
        ("[]\n{}\n\n7\n" + line("10.0.0.4"), "[]\n{}\n\n7\n" + line("10.0.0.4"), (4,)),
    ],
)
def test_lines_behind_the_noted_end_are_marked_and_a_torn_one_goes(
    tail: str, kept: str, found: tuple[int, ...], tmp_path: Path
) -> None:
    whose = plan("10.0.0.0/24", seed=4)
    before = line("10.0.0.9")
    output = tmp_path / "o"
    output.write_text(before + tail)
    with open_journal(tmp_path / "s", whose) as journal:
        journal.note_output(len(before.encode()))
        recover(journal, whose, output)
        order = TargetOrder(whose.targets, 4)
        marked = {format_address(order.address_at(position)) for position in range(254) if is_marked(journal, position)}
    assert marked == {f"10.0.0.{number}" for number in found}
    assert output.read_text() == before + kept


def test_whatever_somebody_wrote_behind_it_and_whatever_end_was_noted_nothing_breaks(tmp_path: Path) -> None:
    output = tmp_path / "o"
    deep = b'{"address":"10.0.0.2","port":161,"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"
    output.write_bytes(deep + b'{"address":"\xff","port":161}\n' + line("10.0.0.3").encode())
    with open_journal(tmp_path / "s", plan()) as journal:
        for noted_end in (2**64 - 1, 2**63, 2**62):
            journal.note_output(noted_end)
            recover(journal, plan(), output)
            assert not journal.given.strip(b"\0")
        journal.note_output(0)
        recover(journal, plan(), output)
        assert int.from_bytes(journal.given, "little").bit_count() == 1


def is_marked(journal: Journal, position: int) -> bool:
    return bool(journal.given[position >> 3] >> (position & 7) & 1)


def test_an_output_that_is_gone_or_shorter_than_it_was_gives_nothing(tmp_path: Path) -> None:
    with open_journal(tmp_path / "s", plan()) as journal:
        journal.note_output(1_000)
        recover(journal, plan(), tmp_path / "absent")
        (tmp_path / "short").write_text(line("10.0.0.2"))
        recover(journal, plan(), tmp_path / "short")
        recover(journal, plan(), Path(os.devnull))
        assert not journal.given.strip(b"\0")


# --- findings under way ---


def test_a_place_holds_once_every_finding_before_it_is_safe() -> None:
    ledger = Ledger(1, (0, 0))
    ledger.take([5, 900])
    ledger.tell(0, SweepState(0, 512, found=1))
    ledger.take([30])
    ledger.tell(0, SweepState(0, 1024, found=3))
    assert ledger.place() == (0, 0)
    ledger.settle([900])
    assert ledger.place() == (0, 0)
    ledger.settle([5])
    assert ledger.place() == (0, 512)
    ledger.settle([30])
    assert ledger.place() == (0, 1024)


def test_a_state_may_be_told_before_its_findings_come() -> None:
    ledger = Ledger(1, (0, 256))
    ledger.tell(0, SweepState(1, 0, found=2))
    assert ledger.place() == (0, 256)
    ledger.take([1, 2])
    ledger.settle([1])
    assert ledger.place() == (0, 256)
    ledger.settle([2])
    assert ledger.place() == (1, 0)


def test_the_slowest_part_is_the_place_of_the_whole() -> None:
    ledger = Ledger(3, (0, 0))
    ledger.tell(0, SweepState(1, 0))
    ledger.tell(1, SweepState(0, 512))
    assert ledger.place() == (0, 0)
    ledger.tell(2, SweepState(0, 256))
    assert ledger.place() == (0, 2 + 3 * 256)


@given(st.integers(1, 9), st.integers(0, 3_000), st.integers(0, 3_000))
def test_parts_go_on_so_that_nobody_is_missed_and_nobody_else_asked(parts: int, size: int, cursor: int) -> None:
    positions = range(size)
    again = [
        part + place * parts
        for part in range(parts)
        for place in range(part_cursor(cursor, part, parts), len(positions[part::parts]))
    ]
    assert sorted(again) == [position for position in positions if position >= cursor]


@given(st.integers(1, 9), st.sets(st.integers(0, 500)), st.integers(1, 200))
def test_a_bitmap_is_dealt_to_the_parts(parts: int, marked: set[int], more: int) -> None:
    size = max(marked, default=0) + more
    bits = sum(1 << position for position in marked).to_bytes((size + 7) // 8, "little")
    dealt = {
        part + place * parts
        for part in range(parts)
        for place in range(size)
        if int.from_bytes(part_bits(bits, size, part, parts), "little") >> place & 1
    }
    assert dealt == marked
    for part in range(min(parts, size)):
        assert len(part_bits(bits, size, part, parts)) == (len(range(size)[part::parts]) + 7) // 8
