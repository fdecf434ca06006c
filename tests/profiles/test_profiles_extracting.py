"""From answers to facts: what wins, what adds up, what disagrees; and nothing that a device says raises."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import COUNTER32, GAUGE32, INTEGER, OCTET_STRING, TIMETICKS, Oid, Value, Varbind, parse_oid
from ptscan.profiles import Extraction, Fact, Profile, ProfileSet, check_sums, extract, load_profile
from ptscan.profiles.decoders import MAX_OCTETS
from ptscan.profiles.extracting import DRIFT, MAX_PROBLEMS
from ptscan.profiles.values import MAX_ROWS, shown

from .telling import named

SYS_DESCR = "1.3.6.1.2.1.1.1.0"


def answers(values: dict[str, Value], tag: int | None = None) -> dict[Oid, Varbind]:
    """What a device answered, by object."""
    found: dict[Oid, Varbind] = {}
    for text, value in values.items():
        oid = parse_oid(text)
        found[oid] = (oid, tag or (OCTET_STRING if isinstance(value, bytes) else COUNTER32), value)
    return found


def read(profile: Profile, values: dict[str, Value]) -> dict[str, str | int | float | bytes]:
    """Values by field."""
    return {fact.field: fact.value for fact in extract(profile, answers(values)).facts}


@pytest.fixture
def acme(tmp_path: Path) -> Profile:
    """A made-up vendor with one rule of each kind."""
    path = tmp_path / "acme.toml"
    path.write_text(
        """
format = 1
name = "acme"
vendor = "Acme"
source = "a test"
allow = ["1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.2", "1.3.6.1.4.1.99999.3", "1.3.6.1.4.1.99999.4",
  "1.3.6.1.4.1.99999.5"]
[match]
mfg = ["ACME Inc"]
[[brands]]
pattern = '^Bcme'
name = "Bcme"
[[scalars]]
oid = "1.3.6.1.4.1.99999.1.1.0"
field = "identity.serial"
skip = ["none"]
[[scalars]]
oid = "1.3.6.1.4.1.99999.1.2.0"
field = "meters.total"
confidence = "medium"
[[scalars]]
oid = "1.3.6.1.4.1.99999.1.3.0"
field = "meters.copy"
prefer = "standard"
[[scalars]]
oid = "1.3.6.1.4.1.99999.1.4.0"
field = "supplies.fuser:.percent"
[[scalars]]
oid = "1.3.6.1.2.1.1.1.0"
pattern = '^Acme (\\w+)'
field = "identity.model"
[[tables]]
label = "1.3.6.1.4.1.99999.2.1.1"
value = "1.3.6.1.4.1.99999.2.1.2"
[tables.labels]
"Total" = "total"
"Gesamt" = "total"
"合計" = "total"
"Black/Small" = "mono_small"
"Black/Large" = "mono_large"
7 = "fax"
[tables.index]
"4.4.61" = "copy_mono"
[[tables]]
value = "1.3.6.1.4.1.99999.3.1"
index = { 101 = "print" }
[[records]]
oid = "1.3.6.1.4.1.99999.4.0"
decoder = "brother-records"
scale = 0.01
fields = { 00 = "meters.duplex", 6f = "supplies.colorant:black.percent" }
[[supplies]]
name = ["1.3.6.1.4.1.99999.5.1.1"]
percent = "1.3.6.1.4.1.99999.5.1.2"
names = { "Black" = "toner:black", "Cyan" = "toner:cyan" }
codes = { -100 = "low" }
[[sums]]
meter = "mono"
of = ["mono_small", "mono_large?"]
[[checks]]
total = "total"
of = ["mono", "color?"]
tolerance = 0.01
"""
    )
    return load_profile(path)


def test_the_ask_is_what_the_rules_name_and_no_more(acme: Profile) -> None:
    assert acme.ask.scalars == tuple(
        map(
            parse_oid,
            [
                "1.3.6.1.4.1.99999.1.1.0",
                "1.3.6.1.4.1.99999.1.2.0",
                "1.3.6.1.4.1.99999.1.3.0",
                "1.3.6.1.4.1.99999.1.4.0",
                SYS_DESCR,
                "1.3.6.1.4.1.99999.4.0",
                "1.3.6.1.4.1.99999.3.1.101",
            ],
        )
    )
    assert acme.ask.tables == (
        (parse_oid("1.3.6.1.4.1.99999.2.1.1"), parse_oid("1.3.6.1.4.1.99999.2.1.2")),
        (parse_oid("1.3.6.1.4.1.99999.5.1.1"), parse_oid("1.3.6.1.4.1.99999.5.1.2")),
    )


def test_a_fact_tells_where_it_comes_from(acme: Profile) -> None:
    values = answers({"1.3.6.1.4.1.99999.2.1.1.8": b"GESAMT:", "1.3.6.1.4.1.99999.2.1.2.8": 4711})
    fact = next(fact for fact in extract(acme, values).facts if fact.field == "meters.total")
    oid = parse_oid("1.3.6.1.4.1.99999.2.1.2.8")
    assert fact == Fact(
        field="meters.total", value=4711, raw=(oid, COUNTER32, 4711), profile="acme", rule="label 'GESAMT:'",
        confidence="high", source="a test", prefer="standard", label="GESAMT:",
    )  # fmt: skip
    assert fact.oid == oid


@pytest.mark.parametrize("label", ["Total", "total ", "TOTAL", "Gesamt", "合計", "ｔｏｔａｌ", "Total:"])
def test_labels_in_several_languages_and_spellings(label: str, acme: Profile) -> None:
    told: dict[str, Value] = {"1.3.6.1.4.1.99999.2.1.1.3.9": label.encode(), "1.3.6.1.4.1.99999.2.1.2.3.9": 5}
    assert read(acme, told)["meters.total"] == 5


def test_type_codes_and_indexes_that_are_codes(acme: Profile) -> None:
    values: dict[str, Value] = {
        "1.3.6.1.4.1.99999.2.1.1.1": 7,
        "1.3.6.1.4.1.99999.2.1.2.1": 70,
        "1.3.6.1.4.1.99999.2.1.1.4.4.61": b"unheard of",
        "1.3.6.1.4.1.99999.2.1.2.4.4.61": 461,
        "1.3.6.1.4.1.99999.3.1.101": 101,
        "1.3.6.1.4.1.99999.3.1.102": 102,
        "1.3.6.1.4.1.99999.2.1.2.99": 99,
    }
    meters = {field: value for field, value in read(acme, values).items() if field.startswith("meters.")}
    assert meters == {"meters.fax": 70, "meters.copy_mono": 461, "meters.print": 101}


def test_the_surer_rule_wins_and_a_disagreement_is_told(acme: Profile) -> None:
    values: dict[str, Value] = {
        "1.3.6.1.4.1.99999.1.2.0": 900,
        "1.3.6.1.4.1.99999.2.1.1.1": b"Total",
        "1.3.6.1.4.1.99999.2.1.2.1": 1000,
    }
    extraction = extract(acme, answers(values))
    assert {f.field: f.value for f in extraction.facts}["meters.total"] == 1000
    (problem,) = extraction.problems
    assert problem.code == "meters-disagree"
    assert "1.3.6.1.4.1.99999.2.1.2.1 says 1000" in problem.text
    assert "1.3.6.1.4.1.99999.1.2.0 says 900" in problem.text


def test_a_printer_may_print_while_it_is_read(acme: Profile) -> None:
    values: dict[str, Value] = {
        "1.3.6.1.4.1.99999.1.2.0": 1000 + DRIFT,
        "1.3.6.1.4.1.99999.2.1.1.1": b"Total",
        "1.3.6.1.4.1.99999.2.1.2.1": 1000,
    }
    assert extract(acme, answers(values)).problems == ()


def test_sums_need_their_parts_and_yield_to_what_the_device_tells(profiles: ProfileSet) -> None:
    labels, counts = "1.3.6.1.4.1.367.3.2.1.2.19.5.1.2", "1.3.6.1.4.1.367.3.2.1.2.19.5.1.9"
    ricoh = named(profiles, "ricoh")

    def told(rows: dict[int, int]) -> dict[str, str | int | float | bytes]:
        cells: dict[str, Value] = {f"{labels}.{n}": kind for n, kind in enumerate(rows, 1)}
        cells |= {f"{counts}.{n}": count for n, count in enumerate(rows.values(), 1)}
        return read(ricoh, cells)

    assert told({202: 3, 203: 40})["meters.copy_color"] == 43
    assert told({203: 40})["meters.copy_color"] == 40
    assert "meters.copy_color" not in told({202: 3})
    assert told({402: 1, 403: 2})["meters.print_color"] == 3
    assert told({10: 100, 200: 60, 400: 40}) | {"meters.total": 100, "meters.copy": 60, "meters.print": 40} == told(
        {10: 100, 200: 60, 400: 40}
    )


def test_a_sum_tells_what_it_is_made_of(acme: Profile) -> None:
    values: dict[str, Value] = {
        "1.3.6.1.4.1.99999.2.1.1.1": b"Black/Small",
        "1.3.6.1.4.1.99999.2.1.2.1": 30,
        "1.3.6.1.4.1.99999.2.1.1.2": b"Black / Large",
        "1.3.6.1.4.1.99999.2.1.2.2": 12,
    }
    fact = next(fact for fact in extract(acme, answers(values)).facts if fact.field == "meters.mono")
    assert fact.value == 42
    assert fact.rule == "sum of 1.3.6.1.4.1.99999.2.1.2.1 + 1.3.6.1.4.1.99999.2.1.2.2"
    assert fact.label == "Black/Small + Black / Large"


def test_checks(acme: Profile) -> None:
    assert check_sums(acme.checks, {"total": 100_000, "mono": 99_500}) == ()
    assert check_sums(acme.checks, {"total": 100_000, "mono": 60_000, "color": 40_000}) == ()
    assert check_sums(acme.checks, {"total": 10, "mono": 10 - DRIFT}) == ()
    assert check_sums(acme.checks, {"total": 100_000, "color": 1}) == ()
    assert check_sums(acme.checks, {"mono": 1}) == ()
    (problem,) = check_sums(acme.checks, {"total": 100_000, "mono": 60_000, "color": 20_000})
    assert (problem.code, problem.text) == ("sums-disagree", "mono + color is 80000, but total is 100000")


def test_supplies_in_percent_and_by_code(acme: Profile) -> None:
    names, levels = "1.3.6.1.4.1.99999.5.1.1", "1.3.6.1.4.1.99999.5.1.2"
    values: dict[str, Value] = {f"{names}.1": b"Cyan", f"{levels}.1": 0, f"{names}.4": b"Black", f"{levels}.4": -100}
    assert {k: v for k, v in read(acme, values).items() if k.startswith("supplies.")} == {
        "supplies.toner:cyan.percent": 0.0,
        "supplies.toner:black.state": "low",
    }
    values = {f"{names}.1": b"Cyan", f"{levels}.1": 101, f"{names}.2": b"Gold", f"{levels}.2": 5, f"{levels}.3": 6}
    assert not [field for field in read(acme, values) if field.startswith("supplies.")]


def test_a_scalar_in_percent_stays_within_a_hundred(acme: Profile) -> None:
    percent = "1.3.6.1.4.1.99999.1.4.0"
    assert read(acme, {percent: 97})["supplies.fuser:.percent"] == 97.0
    for nonsense in (101, -2, b"full", None):
        assert "supplies.fuser:.percent" not in read(acme, {percent: nonsense})


def test_records_in_percent_stay_within_a_hundred(acme: Profile) -> None:
    def told(hexadecimal: str) -> dict[str, str | int | float | bytes]:
        return read(acme, {"1.3.6.1.4.1.99999.4.0": bytes.fromhex(hexadecimal)})

    assert told("6f010400002710ff")["supplies.colorant:black.percent"] == 100.0
    assert told("6f010400000a28ff")["supplies.colorant:black.percent"] == 26.0
    assert "supplies.colorant:black.percent" not in told("6f0104ffffffffff")
    assert told("000104000004d2ff")["meters.duplex"] == 1234


@pytest.mark.parametrize(
    ("tag", "value", "count"),
    [
        (COUNTER32, 0, 0),
        (INTEGER, 12, 12),
        (GAUGE32, 2**32, 2**32),
        (OCTET_STRING, b" 00123 ", 123),
        (OCTET_STRING, b"12,345", None),
        (OCTET_STRING, b"-5", None),
        (OCTET_STRING, "１２".encode(), None),
        (OCTET_STRING, b"9" * 60_000, None),
        (OCTET_STRING, b"", None),
        (INTEGER, -1, None),
        (INTEGER, -2, None),
        (COUNTER32, 0xFFFFFFFF, None),
        (INTEGER, 0x7FFFFFFF, None),
        (COUNTER32, 2**64, None),
        (TIMETICKS, 100, None),
        (0x80, None, None),
    ],
)
def test_what_counts_as_a_count(tag: int, value: Value, count: int | None, acme: Profile) -> None:
    told = {f.field: f.value for f in extract(acme, answers({"1.3.6.1.4.1.99999.1.3.0": value}, tag)).facts}
    assert told.get("meters.copy") == count


def test_text_keeps_the_devices_octets_and_nothing_of_an_empty_one(acme: Profile) -> None:
    serial = "1.3.6.1.4.1.99999.1.1.0"
    assert read(acme, {serial: b" AB\xe9\x9412 \0\0"})["identity.serial"] == b"AB\xe9\x9412"
    for nothing in (b"", b"  \0", b"None", b"NONE\r\n"):
        assert "identity.serial" not in read(acme, {serial: nothing})
    assert "identity.serial" not in read(acme, {serial: 5})


def test_a_string_of_64_kb_is_a_problem_and_no_serial(acme: Profile) -> None:
    extraction = extract(acme, answers({"1.3.6.1.4.1.99999.1.1.0": b"A" * 65_000}))
    assert not [fact for fact in extraction.facts if fact.field == "identity.serial"]
    assert [problem.code for problem in extraction.problems] == ["value-too-long"]
    assert f"{65_000}" in extraction.problems[0].text
    at_the_limit = extract(acme, answers({"1.3.6.1.4.1.99999.1.1.0": b"A" * MAX_OCTETS}))
    assert at_the_limit.problems == ()


@pytest.mark.parametrize(
    ("text", "maker"),
    [
        (b"Bcme Press 3", "Bcme"),
        (b"MFG:ACME Inc;MDL:Press;", "Acme"),
        (b"MFG:Dcme;MDL:Press;", b"Dcme"),
        (b"MFG:ACME INC.;MDL:Press;", "Acme"),
        (b"Acme Press", "Acme"),
    ],
)
def test_the_maker_is_the_brand_then_the_device_ids_then_the_vendor(
    text: bytes, maker: str | bytes, acme: Profile
) -> None:
    assert read(acme, {SYS_DESCR: text})["identity.manufacturer"] == maker


OIDS = [
    "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.25.3.2.1.3.1", "1.3.6.1.4.1.11.2.3.9.1.1.7.0",
    "1.3.6.1.4.1.367.3.2.1.2.19.5.1.2.1", "1.3.6.1.4.1.367.3.2.1.2.19.5.1.9.1", "1.3.6.1.4.1.367.3.2.1.2.24.1.1.3.1",
    "1.3.6.1.4.1.367.3.2.1.2.24.1.1.5.1", "1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.8.0",
    "1.3.6.1.4.1.2385.1.1.19.2.1.3.5.4.61", "1.3.6.1.4.1.2385.1.1.19.2.1.4.5.4.61",
    "1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.10.0", "1.3.6.1.4.1.1602.1.11.1.3.1.4.101",
]  # fmt: skip
VALUES = st.one_of(
    st.none(), st.integers(-(2**70), 2**70), st.binary(max_size=80), st.sampled_from([b"x" * 65_507, b"\xff" * 5_000]),
    st.text(max_size=20).map(str.encode),
)  # fmt: skip


@given(answered=st.dictionaries(st.sampled_from(OIDS), st.tuples(st.integers(0, 255), VALUES)), data=st.data())
def test_no_answer_raises_and_every_fact_is_well_formed(
    profiles: ProfileSet, answered: dict[str, tuple[int, Value]], data: st.DataObject
) -> None:
    values: dict[Oid, Varbind] = {}
    for text, (tag, value) in answered.items():
        oid = parse_oid(text)
        values[oid] = (oid, tag, value)
    junk = data.draw(st.binary(max_size=12))
    values[junk] = (junk, 4, b"junk")
    for profile in profiles.profiles:
        extraction = extract(profile, values)
        assert_well_formed(extraction)


def assert_well_formed(extraction: Extraction) -> None:
    fields = [fact.field for fact in extraction.facts]
    assert len(set(fields)) == len(fields)
    assert len(extraction.problems) <= MAX_PROBLEMS
    for fact in extraction.facts:
        assert fact.raw[0] == fact.oid
        if fact.field.startswith("meters."):
            assert isinstance(fact.value, int)
            assert fact.value >= 0
        elif fact.field.endswith(".percent"):
            assert isinstance(fact.value, float)
            assert 0 <= fact.value <= 100
        else:
            assert isinstance(fact.value, str | bytes)
            assert fact.value


def test_octets_that_are_no_oid_are_shown_all_the_same() -> None:
    assert shown(parse_oid("1.3.6.1")) == "1.3.6.1"
    assert shown(b"\x2b\x86") == "2b86"
    assert shown(b"") == ""


def test_the_maker_stands_in_the_device_id_wherever_the_device_keeps_it(acme: Profile) -> None:
    values: dict[str, Value] = {
        "1.3.6.1.2.1.1.2.0": parse_oid("1.3.6.1.4.1.99999.1"),
        "1.3.6.1.4.1.253.8.51.1.2.1.20.1": b"MFG:Dcme; MDL:Press;",
    }
    assert read(acme, values)["identity.manufacturer"] == b"Dcme"


def test_a_table_of_many_rows_costs_little(profiles: ProfileSet) -> None:
    value = "1.3.6.1.4.1.367.3.2.1.2.19.5.1.9"
    label = "1.3.6.1.4.1.367.3.2.1.2.19.5.1.2"
    values: dict[str, Value] = {f"{value}.{n}": n for n in range(1, MAX_ROWS + 50)}
    values |= {f"{label}.{n}": 10 for n in range(1, MAX_ROWS + 50)}
    extraction = extract(named(profiles, "ricoh"), answers(values))
    assert [f.value for f in extraction.facts if f.field == "meters.total"] == [1]
    assert len(extraction.problems) == MAX_PROBLEMS


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("HP LaserJet 400 M401dn", b"LaserJet 400 M401dn"),
        ("Hewlett-Packard DesignJet Z5600", b"DesignJet Z5600"),
        ("HP ETHERNET MULTI-ENVIRONMENT,ROM none,JETDIRECT,JD153", None),
        ("EPSON AL-M320DN", b"AL-M320DN"),
        ("EPSON Built-in 11b/g/n Print Server", None),
        ("EPSON UB-E04", None),
        ("Brother HL-L6400DW series, Firmware Ver.1.51", b"HL-L6400DW series"),
        ("Brother NC-8500h, Firmware Ver.1.05", None),
        ("Samsung C48x Series", b"C48x"),
        ("KYOCERA ECOSYS P3145dn", b"ECOSYS P3145dn"),
        ("KYOCERA Document Solutions Printing System", None),
        ("OKI DATA CORP C712", b"C712"),
        ("Pantum BM5100ADN series", b"BM5100ADN series"),
        ("Zebra ZT411", b"ZT411"),
        ("Lexmark T654   ", b"T654"),
        ("Lexmark Printer", None),
        ("Generic 36C-6e", b"Generic 36C-6e"),
        ("KONICA MINOLTA AccurioPrint C3070L", b"AccurioPrint C3070L"),
    ],
)
def test_a_sysdescr_names_the_printer_where_it_does_and_never_its_board(
    profiles: ProfileSet, text: str, model: bytes | None
) -> None:
    oid = parse_oid(SYS_DESCR)
    values: dict[Oid, Varbind] = {oid: (oid, OCTET_STRING, text.encode())}
    matched = profiles.match(None, [text])
    facts = [fact for profile in matched for fact in extract(profile, values).facts]
    assert next((fact.value for fact in facts if fact.field == "identity.model"), None) == model
