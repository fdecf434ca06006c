"""A recording holds no job, no person and no other host, and none of them is even asked for."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import (
    INTEGER,
    OCTET_STRING,
    Message,
    Oid,
    PduType,
    Varbind,
    oid_arcs,
    oid_from_arcs,
    oid_precedes,
    parse_oid,
)
from ptscan.cli.keeping import ROOTS, after, closed_around, open_around, without_people
from ptscan.profiles import DENIED_SUBTREES
from ptscan.simulator import load_recording

Responder = Callable[..., AbstractContextManager[str]]

CLOSED = [*DENIED_SUBTREES, "1.3.6.1.2.1.4.21", "1.3.6.1.2.1.4.24"]
CANARY = b"canary-of-a-person"


def text(oid: str, value: bytes) -> Varbind:
    return parse_oid(oid), OCTET_STRING, value


ROWS = [
    text("1.3.6.1.2.1.1.1.0", b"Acme LaserThing"),
    text("1.3.6.1.2.1.1.4.0", b"Ann Example"),
    text("1.3.6.1.2.1.1.5.0", b"LaserThing"),
    text("1.3.6.1.2.1.1.6.0", b"Room 7"),
    text("1.3.6.1.2.1.25.3.2.1.3.1", b"Acme LaserThing 9"),
    text("1.3.6.1.2.1.43.5.1.1.16.1", b"LaserThing"),
    text("1.3.6.1.4.1.99999.1.0", b"ann example\0"),
    text("1.3.6.1.4.1.99999.2.0", b"public"),
    text("1.3.6.1.4.1.99999.3.0", b"7"),
    *(text(f"{subtree}.1.1", CANARY) for subtree in CLOSED),
    *(text(f"{subtree}.2.7", CANARY) for subtree in CLOSED),
]


@pytest.mark.parametrize("version", ["1", "2c"])
def test_nothing_closed_is_asked_for_or_kept(
    version: str,
    ptscan: Callable[..., Any],
    responder_at: Responder,
    tmp_path: Path,
) -> None:
    asked: list[Oid] = []

    def listen(request: Any) -> bool:
        asked.extend(name for name, _, _ in request.varbinds)
        return True

    with responder_at(ROWS, answers=listen) as endpoint:
        done = ptscan("record", endpoint, "-o", "kept.snmprec", "--snmp-version", version)
    assert done.returncode == 0, done.stderr
    closed = tuple(map(parse_oid, CLOSED))
    assert [name for name in asked if name.startswith(closed)] == []
    assert CANARY not in (tmp_path / "kept.snmprec").read_bytes()
    kept = {varbind[0]: varbind for varbind in load_recording(tmp_path / "kept.snmprec").varbinds}
    open_rows = [row for row in ROWS if row[2] != CANARY]
    assert kept.keys() == {row[0] for row in open_rows}
    emptied = {row[0] for row in open_rows if kept[row[0]][2] == b""}
    assert emptied == {
        parse_oid(oid)
        for oid in (
            *(f"1.3.6.1.2.1.1.{number}.0" for number in (4, 5, 6)),
            "1.3.6.1.4.1.99999.1.0",
            "1.3.6.1.4.1.99999.2.0",
        )
    }
    assert "1.3.6.1.2.1.6.13" in done.stderr


@pytest.mark.parametrize("version", ["1", "2c"])
def test_an_epson_is_recorded_by_name_and_never_stepped_on_from(
    version: str, ptscan: Callable[..., Any], responder_at: Responder, tmp_path: Path
) -> None:
    """Behind its last known object stands the control channel, where reading an object runs a command."""
    maker, acting = parse_oid("1.3.6.1.4.1.1248"), parse_oid("1.3.6.1.4.1.1248.1.2.2.44")
    rows: list[Varbind] = [
        (parse_oid("1.3.6.1.2.1.1.1.0"), OCTET_STRING, b"EPSON Built-in Print Server"),
        (parse_oid("1.3.6.1.4.1.1248.1.2.2.1.1.1.2.1"), OCTET_STRING, b"WF-C879R Series"),
        (parse_oid("1.3.6.1.4.1.1248.1.2.2.28.1.1.2.1.5"), INTEGER, 71),
        (parse_oid("1.3.6.1.4.1.1248.1.2.2.44.1.1.2.1.1"), OCTET_STRING, CANARY),
        (parse_oid("1.3.6.1.4.1.2435.1.0"), INTEGER, 1),
    ]
    steps: set[Oid] = set()

    def listen(request: Message) -> bool:
        if request.pdu_type != PduType.GET:
            steps.update(name for name, _, _ in request.varbinds)
        return True

    with responder_at(rows, answers=listen) as endpoint:
        done = ptscan("record", endpoint, "-o", "kept.snmprec", "--snmp-version", version)
    assert done.returncode == 0
    assert [row[0] for row in load_recording(tmp_path / "kept.snmprec").varbinds] == [
        row[0] for row in rows if row[2] != CANARY
    ]
    assert not any(step.startswith(maker) and oid_precedes(step, acting) for step in steps)


def test_a_device_that_never_ends_is_recorded_up_to_a_limit(
    ptscan: Callable[..., Any], sim: Callable[..., int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ptscan.cli.record.MAX_ROWS", 500)
    port = sim("--fleet", "1", "--listen", "127.60.7.2:0", "--fault", "endless")
    done = ptscan("record", f"127.60.7.2:{port}", "-o", "kept.snmprec")
    assert done.returncode == 3
    assert "more than" in done.stderr
    assert len(load_recording(tmp_path / "kept.snmprec").varbinds) == 500


oids = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=8).map(lambda arcs: oid_from_arcs((1, 3, *arcs)))


@given(oids, oids)
def test_behind_a_subtree_there_is_nothing_of_it(subtree: Oid, other: Oid) -> None:
    behind = after(subtree)
    assert oid_precedes(subtree, behind)
    assert not behind.startswith(subtree)
    if oid_precedes(behind, other):
        assert not other.startswith(subtree)


@given(st.sampled_from([*map(parse_oid, CLOSED), *ROOTS]), st.lists(st.integers(0, 60), max_size=6))
def test_an_open_subtree_holds_its_object_and_nothing_closed(start: Oid, arcs: list[int]) -> None:
    oid = oid_from_arcs((*oid_arcs(start), *arcs))
    if closed_around(oid) is not None:
        return
    root = next(root for root in ROOTS if oid.startswith(root))
    subtree = open_around(oid, root)
    assert oid.startswith(subtree)
    assert all(not parse_oid(closed).startswith(subtree) for closed in CLOSED) or subtree == oid


def test_numbers_and_the_names_of_products_are_nobodys() -> None:
    rows = [
        text("1.3.6.1.2.1.1.1.0", b"HP LaserJet"),
        text("1.3.6.1.2.1.1.5.0", b"LaserJet"),
        text("1.3.6.1.4.1.11.1.0", b"LaserJet"),
        (parse_oid("1.3.6.1.4.1.11.2.0"), INTEGER, 7),
    ]
    kept, emptied = without_people(rows, [])
    assert kept == [rows[0], text("1.3.6.1.2.1.1.5.0", b""), rows[2], rows[3]]
    assert emptied == 1


def test_a_secret_is_emptied_where_it_is_all_of_a_text_and_a_long_one_where_it_is_a_part() -> None:
    rows = [
        text("1.3.6.1.2.1.1.1.0", b"HP LaserJet"),
        text("1.3.6.1.4.1.11.1.0", b"snmp user=monitor;key=Correct-Horse;\0"),
        text("1.3.6.1.4.1.11.2.0", b"publ \0"),
        text("1.3.6.1.4.1.11.3.0", b"published"),
        text("1.3.6.1.4.1.11.4.0", b"HP LaserJet"),
        text("1.3.6.1.4.1.11.5.0", b"\x01\x5a\x5a\x5a\x5a\x5a\x5a\x5a\x5a"),
    ]
    kept, emptied = without_people(rows, [b"correct-horse", b"publ", b"LaserJet", b"\x5a" * 8])
    assert [row[2] for row in kept] == [b"HP LaserJet", b"", b"", b"published", b"HP LaserJet", b""]
    assert emptied == 3
