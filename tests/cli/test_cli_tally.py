"""What a person is told of a sweep: a line for each thing, once, and what is lost is told from what is not."""

import msgspec
import pytest

from ptscan.cli.tally import Tally
from ptscan.cli.words import Words
from ptscan.sweep import SweepSummary

CLEAN = SweepSummary(
    hosts=100,
    answered=90,
    probes=120,
    canaries=3,
    path_limit=None,
    fell_silent=False,
    refused=0,
    malformed=0,
    duplicates=0,
    other_source=0,
    unreachable=0,
    send_errors={},
    kernel_drops=0,
    late_drops=0,
    without_credential=0,
    seconds=1.0,
    interrupted=False,
)


def told(*parts: dict[str, object]) -> tuple[list[str], list[str]]:
    tally = Tally()
    for part in parts:
        tally.add(msgspec.structs.replace(CLEAN, **part))
    return list(tally.remarks()), list(tally.faults())


def test_nothing_is_said_where_nothing_was() -> None:
    assert told({}, {}) == ([], [])


@pytest.mark.parametrize(
    ("limits", "line"),
    [
        ((19_843.2,), "the path carries about 19,800 packets/s: slowed down to that"),
        ((9_911.0, 9_932.0), "the path carries about 19,800 packets/s: slowed down to that"),
        ((None, 512.4), "the path carries about 512 packets/s: slowed down to that"),
        ((7.6,), "the path carries about 8 packets/s: slowed down to that"),
    ],
)
def test_the_path_s_limit_is_said_as_surely_as_it_is_known(limits: tuple[float | None, ...], line: str) -> None:
    assert told(*({"path_limit": limit} for limit in limits)) == ([line], [])


def test_a_network_that_fell_silent_is_a_fault() -> None:
    remarks, (fault,) = told({"fell_silent": True}, {"fell_silent": True})
    assert remarks == []
    assert fault.startswith("who had answered fell silent")


def test_garbage_and_floods_are_said_once_and_are_no_fault() -> None:
    remarks, faults = told({"malformed": 3, "refused": 4}, {"duplicates": 5_000})
    assert faults == []
    assert remarks[0].startswith("7 datagrams passed over: garbage")
    assert remarks[1] == "5,000 answers came again and again: each device counts once"
    assert told({"duplicates": 90}) == ([], [])


def test_answers_that_were_asked_for_again_are_no_loss() -> None:
    remarks, faults = told({"kernel_drops": 7})
    assert faults == []
    assert remarks[0].startswith("7 answers found no room in this machine's buffers, and were asked for again: ")
    assert "rmem_max" in remarks[0]


def test_answers_of_the_last_round_may_be_lost() -> None:
    remarks, faults = told({"kernel_drops": 7, "late_drops": 2}, {})
    assert remarks[0].startswith("5 answers found no room")
    assert faults[0].startswith("2 answers of the last round found no room in this machine's buffers: devices may be")


def test_nothing_is_lost_where_everybody_was_heard() -> None:
    remarks, faults = told({"kernel_drops": 7, "late_drops": 2, "answered": 100})
    assert (len(remarks), faults) == (1, [])


def test_what_could_not_be_sent_is_named_by_its_reason_with_a_mend() -> None:
    _, faults = told({"send_errors": {"No route to host": 2, "odd": 1}}, {"send_errors": {"No route to host": 3}})
    assert faults == [
        "5 probes could not be sent: No route to host: this machine has no route there",
        "1 probe could not be sent: odd",
    ]


def test_quiet_silences_remarks_and_no_faults(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    tally.add(msgspec.structs.replace(CLEAN, path_limit=500.0, without_credential=1, kernel_drops=3))
    assert tally.tell(Words(quiet=True)) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert tally.tell(Words()) == 1
    assert capsys.readouterr().err.count("\n") == 3


def test_snmpv3_devices_that_open_to_nobody_are_said_once_and_a_fault_where_they_should_have() -> None:
    tally = Tally()
    tally.closed.update({"unknown-user": 1_200, "wrong-digest": 3})
    line = "1,203 SNMPv3 devices answered to no user: 1,200 unknown user, 3 wrong digest: "
    (remark,), faults = list(tally.remarks()), list(tally.faults())
    assert remark.startswith(line)
    assert faults == []
    tally.unfit = 3
    assert (list(tally.remarks()), list(tally.faults())) == ([], [remark])


def test_snmpv3_devices_for_whom_no_user_is_named_are_said() -> None:
    tally = Tally(unasked=1)
    assert list(tally.faults()) == []
    assert list(tally.remarks()) == ["1 SNMPv3 device not looked into: name a user of theirs with --credentials FILE"]
