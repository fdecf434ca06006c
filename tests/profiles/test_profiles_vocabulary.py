"""What a profile can say beyond one object and one field: exceptions, parts of a meter, other makers' trees, lists."""

from collections.abc import Callable
from pathlib import Path

import pytest

from codec import COUNTER32, INTEGER, OCTET_STRING, Oid, Varbind, parse_oid
from ptscan.profiles import Counter, Profile, ProfileError, ProfileSet, allowed, extract, load_profile, load_profiles

ACME = "1.3.6.1.4.1.99999.1"
Value = int | bytes
Load = Callable[[str], Profile]


def answers(values: dict[str, Value]) -> dict[Oid, Varbind]:
    """Varbinds by object; integers as counters."""
    return {
        (oid := parse_oid(f"{ACME}.{name}")): (oid, OCTET_STRING if isinstance(value, bytes) else COUNTER32, value)
        for name, value in values.items()
    }


def read(profile: Profile, values: dict[str, Value]) -> dict[str, str | int | float | bytes]:
    """Values by field."""
    return {fact.field: fact.value for fact in extract(profile, answers(values)).facts}


def counters(profile: Profile, values: dict[str, Value]) -> list[tuple[str, int, str | None]]:
    """Label, value and meter of each counter that is kept as it stands."""
    return [(one.label, one.value, one.meter) for one in extract(profile, answers(values)).counters]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a profile of these rules."""

    def load(rules: str, *, match: str = "") -> Profile:
        path = tmp_path / "acme.toml"
        head = f'format = 1\nname = "acme"\nvendor = "Acme"\nsource = "a test"\nallow = ["{ACME}"]\n[match]\n{match}\n'
        path.write_text(head + rules.replace("ACME", ACME))
        return load_profile(path)

    return load


def test_a_rule_holds_for_the_models_that_it_names_and_no_other_is_asked(load: Load) -> None:
    profile = load(
        """
[[scalars]]
oid = "ACME.1.0"
field = "meters.copy"
only = '^Acme [XY]\\d'
[[scalars]]
oid = "ACME.2.0"
field = "meters.print"
unless = '\\bX900\\b'
"""
    )
    assert len(profile.ask.scalars) == 2
    assert [rule.field for rule in profile.for_model(["Acme X900"]).scalars] == ["meters.copy"]
    assert profile.for_model(["Acme X900"]).ask.scalars == (parse_oid(f"{ACME}.1.0"),)
    assert [rule.field for rule in profile.for_model(["board", "Acme Y1"]).scalars] == ["meters.copy", "meters.print"]
    assert [rule.field for rule in profile.for_model([]).scalars] == ["meters.print"]


def test_a_profile_without_exceptions_is_itself_for_every_model(load: Load) -> None:
    profile = load('[[scalars]]\noid = "ACME.1.0"\nfield = "meters.copy"\n')
    assert profile.for_model(["Acme X900"]) is profile


def test_rows_of_one_meter_are_added_up_where_the_profile_says_so(load: Load) -> None:
    profile = load(
        """
[[tables]]
label = "ACME.1.2"
value = "ACME.1.4"
add = true
labels = { 1 = "scan", 2 = "scan", 9 = "fax" }
names = { 1 = "scanToMail", 2 = "scanToFolder" }
"""
    )
    told: dict[str, Value] = {"1.2.1": 1, "1.4.1": 30, "1.2.2": 2, "1.4.2": 12, "1.2.3": 7, "1.4.3": 5}
    assert read(profile, told) == {"meters.scan": 42}
    (fact,) = (fact for fact in extract(profile, answers(told)).facts if fact.field == "meters.scan")
    assert "sum of 2 rows" in fact.rule
    assert counters(profile, told) == [("scanToMail", 30, "scan"), ("scanToFolder", 12, "scan"), ("7", 5, None)]


def test_a_counter_keeps_the_devices_own_label_whether_it_is_a_meter_or_not(load: Load) -> None:
    profile = load(
        """
[[tables]]
label = "ACME.1.2"
value = "ACME.1.4"
labels = { "Total" = "total", "Voll" = "_full" }
[[sums]]
meter = "color"
of = ["_full"]
"""
    )
    told: dict[str, Value] = {
        **{"1.2.1": b"TOTAL:", "1.4.1": 100, "1.2.2": b"Voll", "1.4.2": 40},
        **{"1.2.3": b"Heft", "1.4.3": 3, "1.4.4": 4},
    }
    assert counters(profile, told) == [("TOTAL:", 100, "total"), ("Voll", 40, "color"), ("Heft", 3, None)]
    assert extract(profile, answers(told)).counters[2] == Counter(
        label="Heft", value=3, oid=parse_oid(f"{ACME}.1.4.3"), meter=None
    )


def test_a_table_that_is_not_walked_asks_for_its_rows_by_label_and_value(load: Load) -> None:
    profile = load(
        """
[[tables]]
label = "ACME.1.8"
value = "ACME.1.6"
walk = false
labels = { "Color Sides" = "color" }
index = { "1.20.1" = "total", "1.20.33" = "color" }
names = { "1.20.1" = "Total Sides" }
"""
    )
    assert profile.ask.tables == ()
    assert profile.ask.scalars == tuple(
        parse_oid(f"{ACME}.1.{cell}") for cell in ("8.1.20.1", "6.1.20.1", "8.1.20.33", "6.1.20.33")
    )
    told: dict[str, Value] = {"1.6.1.20.1": 100, "1.6.1.20.33": 40, "1.8.1.20.33": b"Color Sides"}
    assert read(profile, told)["meters.total"] == 100
    assert counters(profile, told) == [("Total Sides", 100, "total"), ("Color Sides", 40, "color")]


def test_a_label_that_is_known_outdoes_the_code_in_the_index(load: Load) -> None:
    profile = load(
        """
[[tables]]
label = "ACME.1.8"
value = "ACME.1.6"
walk = false
labels = { "Color Sides" = "color" }
index = { "1" = "total" }
"""
    )
    meters = read(profile, {"1.6.1": 7, "1.8.1": b"Color Sides"})
    assert (meters.get("meters.total"), meters.get("meters.color")) == (None, 7)


def test_tables_that_share_a_label_column_are_walked_together(load: Load) -> None:
    profile = load(
        """
[[tables]]
label = "ACME.1.2"
value = "ACME.1.6"
labels = { "A4" = "a4" }
[[tables]]
label = "ACME.1.2"
value = "ACME.1.8"
labels = { "A4" = "a4_color" }
"""
    )
    assert profile.ask.tables == (tuple(parse_oid(f"{ACME}.1.{column}") for column in (2, 6, 8)),)
    meters = read(profile, {"1.2.5": b"A4", "1.6.5": 10, "1.8.5": 4})
    assert (meters["meters.a4"], meters["meters.a4_color"]) == (10, 4)


SUPPLIES = """
[[supplies]]
type = "ACME.1.3"
types = { 6 = "toner", 10 = "waste-toner" }
color = "ACME.1.4"
colors = { "Noir" = "black", "black" = "black" }
level = "ACME.1.16"
capacity = "ACME.1.14"
serial = "ACME.1.6"
part_number = "ACME.1.7"
codes = { -3 = "some" }
"""


def test_a_vendors_supply_is_known_by_its_codes(load: Load) -> None:
    profile = load(SUPPLIES)
    told: dict[str, Value] = {
        **{"1.3.1.1": 6, "1.4.1.1": b"noir", "1.14.1.1": 2000, "1.16.1.1": 500, "1.6.1.1": b" CR7 ", "1.7.1.1": b"P1"},
        **{"1.3.1.2": 10, "1.14.1.2": 100, "1.3.1.3": 99, "1.14.1.3": 100, "1.16.1.3": 5},
    }
    values = answers(told)
    minus = parse_oid(f"{ACME}.1.16.1.2")
    values[minus] = (minus, INTEGER, -3)
    facts = {fact.field: fact.value for fact in extract(profile, values).facts}
    assert facts == {
        "supplies.toner:black.percent": 25.0,
        "supplies.toner:black.serial": b"CR7",
        "supplies.toner:black.part_number": b"P1",
        "supplies.waste-toner:.state": "some",
    }


@pytest.mark.parametrize(("level", "capacity"), [(5, 0), (5, None), (2**32 - 1, 100)])
def test_a_level_without_a_capacity_is_no_percentage(load: Load, level: int, capacity: int | None) -> None:
    told: dict[str, Value] = {"1.3.1": 6, "1.4.1": b"black", "1.16.1": level, "1.6.1": b"S1"}
    told |= {} if capacity is None else {"1.14.1": capacity}
    assert "supplies.toner:black.percent" not in read(load(SUPPLIES), told)


def test_problem_23_two_rows_that_say_the_same_supply_are_told_and_not_used(load: Load) -> None:
    told: dict[str, Value] = {}
    for row in (1, 2):
        told |= {f"1.3.{row}": 6, f"1.4.{row}": b"black", f"1.14.{row}": 100, f"1.16.{row}": 10 * row}
    extraction = extract(load(SUPPLIES), answers(told))
    assert [fact for fact in extraction.facts if fact.field.startswith("supplies.")] == []
    assert [problem.code for problem in extraction.problems] == ["supply-ambiguous"]


@pytest.mark.parametrize("text", [b"\x00\x1b\x78\x01\x02\x20", b"001B78010203", b"00:1b:78:01:02:03"])
def test_a_mac_keeps_its_octets(load: Load, text: bytes) -> None:
    profile = load('[[scalars]]\noid = "ACME.1.0"\nfield = "identity.mac"\n')
    assert read(profile, {"1.0": text})["identity.mac"] == text


def test_a_meter_may_stand_in_a_text(load: Load) -> None:
    profile = load(
        '[[scalars]]\noid = "ACME.1.0"\nfield = "meters.length_inches"\npattern = \'^([\\d,]+) INCHES\'\n'
        'label = "odometer"\n'
    )
    assert read(profile, {"1.0": b"1,234 INCHES, 3,134 CENTIMETERS"})["meters.length_inches"] == 1234
    assert counters(profile, {"1.0": b"12 INCHES"}) == [("odometer", 12, "length_inches")]
    assert "meters.length_inches" not in read(profile, {"1.0": b"none yet"})


FAULTS = {
    "an object outside of allow": ('[[scalars]]\noid = "1.3.6.1.4.1.99999.2.0"\nfield = "meters.fax"', "allow"),
    "a walk outside of allow": (
        '[[tables]]\nlabel = "ACME.2"\nvalue = "1.3.6.1.4.1.99998.1"\nlabels = { 1 = "fax" }', "allow",
    ),
    "a name that is every name": (
        '[[supplies]]\nname = ["ACME.2"]\nnames = { " *" = "toner:" }\npercent = "ACME.1"', "supplies[0].names",
    ),
    "names without a column": ('[[supplies]]\nnames = { "x" = "toner:" }\npercent = "ACME.1"', "supplies[0].name"),
    "colours without a column": (
        '[[supplies]]\ntype = "ACME.2"\ntypes = { 1 = "toner" }\ncolors = { 1 = "black" }\npercent = "ACME.1"',
        "supplies[0].color",
    ),
    "a level without a capacity": (
        '[[supplies]]\ntype = "ACME.2"\ntypes = { 1 = "toner" }\nlevel = "ACME.1"', "supplies[0]",
    ),
    "a percent and a level": (
        '[[supplies]]\ntype = "ACME.2"\ntypes = { 1 = "toner" }\npercent = "ACME.3"\nlevel = "ACME.1"\n'
        'capacity = "ACME.4"', "supplies[0]",
    ),
    "a kind that is none": (
        '[[supplies]]\ntype = "ACME.2"\ntypes = { 1 = "magic" }\npercent = "ACME.1"', "supplies[0].types.1",
    ),
    "a colour that is none": (
        '[[supplies]]\ntype = "ACME.2"\ntypes = { 1 = "toner" }\ncolor = "ACME.3"\ncolors = { 1 = "puce" }\n'
        'percent = "ACME.1"', "supplies[0].colors.1",
    ),
    "units without their column": (
        '[[tables]]\nlabel = "ACME.1"\nvalue = "ACME.2"\nlabels = { 1 = "fax" }\nunits = ["4"]', "tables[0].unit",
    ),
    "a unit without labels": (
        '[[tables]]\nvalue = "ACME.2"\nindex = { "1" = "fax" }\nunit = "ACME.3"\nunits = ["4"]', "tables[0].unit",
    ),
    "no walk and no rows": (
        '[[tables]]\nlabel = "ACME.1"\nvalue = "ACME.2"\nlabels = { 1 = "fax" }\nwalk = false', "tables[0].walk",
    ),
    "a bad pattern of models": ('[[scalars]]\noid = "ACME.1.0"\nfield = "meters.fax"\nonly = "("', "scalars[0].only"),
}  # fmt: skip


@pytest.mark.parametrize(("rules", "key"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_by_its_key(load: Load, rules: str, key: str) -> None:
    with pytest.raises(ProfileError) as fault:
        load(rules)
    assert fault.value.key == key


@pytest.mark.parametrize("subtree", ["1.3.6.1.4.1.99999", "1.3.6.1.4.1", "1.3.6.1.2.1.4", "1.3.6.1.2.1.25.4"])
def test_a_whole_enterprise_or_another_standard_mib_cannot_be_allowed(tmp_path: Path, subtree: str) -> None:
    path = tmp_path / "acme.toml"
    path.write_text(f'format = 1\nname = "acme"\nvendor = "Acme"\nsource = "a test"\nallow = ["{subtree}"]\n')
    with pytest.raises(ProfileError, match="allow"):
        load_profile(path)


def test_what_is_denied_stays_denied_whoever_allows_it() -> None:
    control = parse_oid("1.3.6.1.4.1.1248.1.2.2.44.1")
    assert not allowed(control, [parse_oid("1.3.6.1.4.1.1248.1.2.2")])
    assert allowed(parse_oid("1.3.6.1.4.1.1248.1.2.2.45"), [parse_oid("1.3.6.1.4.1.1248.1.2.2")])
    assert not allowed(parse_oid("1.3.6.1.4.1.1248.1.2.2.45"))
    assert allowed(parse_oid("1.3.6.1.2.1.43.10.2.1.4.1.1"))


BASE = 'format = 1\nname = "{0}"\nvendor = "{0}"\nsource = "a test"\n'


def test_a_printer_of_another_makers_making_gets_his_profile_where_his_trees_answer(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(BASE.format("acme") + "[match]\ntexts = ['^Acme']\nalso = [\"bcme\"]\n")
    (tmp_path / "bcme.toml").write_text(BASE.format("bcme") + '[match]\ntrees = ["1.3.6.1.4.1.99998.7"]\n')
    profiles: ProfileSet = load_profiles(tmp_path)
    chosen = profiles.match(None, ["Acme 1"])
    assert [profile.name for profile in chosen] == ["acme", "printer-mib"]
    assert profiles.also_trees(chosen) == (parse_oid("1.3.6.1.4.1.99998.7"),)
    found = profiles.match(None, ["Acme 1"], answered=[parse_oid("1.3.6.1.4.1.99998.7.1.0")])
    assert [profile.name for profile in found] == ["acme", "bcme", "printer-mib"]
    assert profiles.also_trees(found) == ()


def test_also_names_a_profile_that_there_is(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(BASE.format("acme") + '[match]\nalso = ["nobody"]\n')
    with pytest.raises(ProfileError, match="no profile 'nobody'"):
        load_profiles(tmp_path)
