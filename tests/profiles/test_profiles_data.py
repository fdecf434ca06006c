"""Our own profiles, held to the rules of FORMAT.md: sure, small, documented, and quick with hostile texts."""

import re
from importlib import resources
from itertools import chain
from pathlib import Path

import pytest

from codec import format_oid
from ptscan.profiles import METERS, ProfileSet, load_profile, schema
from ptscan.profiles.profile import MAX_TEXT, Patterns, Profile

DATA = Path(str(resources.files("ptscan.profiles") / "data"))
FORMAT = DATA.parent / "FORMAT.md"
# A GET takes 24 objects, so that these are three round trips at most; a table costs at least one. A vendor whose
# counters lie far apart (Xerox's by unit, Toshiba's by kind and colour) is asked for each of them, not for the tree.
MAX_SCALARS, MAX_TABLES = 60, 3


@pytest.mark.parametrize("path", sorted(DATA.glob("*.toml")), ids=lambda path: path.stem)
def test_a_profile_loads_with_all_its_patterns_checked(path: Path) -> None:
    profile = load_profile(path)
    assert profile.source
    for rule in profile.rules:
        assert rule.source
        assert rule.confidence in {"high", "medium"}


def test_a_profile_asks_for_little_and_walks_no_tree(profiles: ProfileSet) -> None:
    for profile in profiles.profiles:
        assert len(profile.ask.scalars) <= MAX_SCALARS, profile.name
        assert len(set(profile.ask.scalars)) == len(profile.ask.scalars)
        assert len(profile.ask.tables) <= MAX_TABLES, profile.name
        for table in profile.ask.tables:
            # A label with a total and its shares in black and in colour; of supplies kind, colour, level, capacity,
            # serial and part number.
            assert 2 <= len(table) <= 6
            for column in table:
                # A column of a vendor's table lies deep; a shallow OID would be a walk of half its tree.
                assert format_oid(column).count(".") >= 12, f"{profile.name}: {format_oid(column)}"


def test_every_subtree_that_a_profile_allows_holds_something_that_it_asks_for(profiles: ProfileSet) -> None:
    for profile in profiles.profiles:
        ask = profile.ask
        asked = (*ask.scalars, *profile.identify, *chain(*ask.tables), *chain(*chain(*ask.rows)))
        idle = [format_oid(subtree) for subtree in profile.allow if not any(oid.startswith(subtree) for oid in asked)]
        assert idle == [], profile.name


def test_every_counter_has_a_name_that_a_person_understands(profiles: ProfileSet) -> None:
    """The words in meters_raw: where the device gives none beside a number, the profile does."""
    for profile in profiles.profiles:
        counts = [scalar for scalar in profile.scalars if scalar.field.startswith("meters.")]
        assert [scalar.field for scalar in counts if not scalar.label] == [], profile.name
        bare = [table for table in profile.tables if table.label is None]
        assert [format_oid(table.value) for table in bare if table.index.keys() - table.index_names] == []
        coded = [table for table in profile.tables if all(map(str.isdigit, table.labels))]
        assert [format_oid(table.value) for table in coded if table.labels.keys() - table.names] == []
        for record in profile.records:
            meters = {name for name, field in record.fields.items() if field.startswith("meters.")}
            assert meters <= record.names.keys(), profile.name


def test_no_object_proves_two_kinds_of_device(profiles: ProfileSet) -> None:
    printers = [oid for profile in profiles.profiles for oid in profile.printers]
    others = [oid for profile in profiles.profiles for oid in profile.others]
    assert len(set(printers)) == len(printers)
    assert len(set(others)) == len(others)
    assert not set(printers) & set(others)


def test_every_meter_that_a_sum_or_check_names_is_read_somewhere(profiles: ProfileSet) -> None:
    for profile in profiles.profiles:
        read = {rule.field.removeprefix("meters.") for rule in profile.scalars}
        read |= {meter for table in profile.tables for meter in (*table.labels.values(), *table.index.values())}
        read |= {field.removeprefix("meters.") for record in profile.records for field in record.fields.values()}
        for rule in profile.sums:
            assert set(rule.parts.names) <= read, profile.name
            read.add(rule.meter)
        for check in profile.checks:
            assert set(check.parts.needed) <= read, profile.name


def test_the_documented_meters_are_the_meters() -> None:
    documented = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", FORMAT.read_text(), re.MULTILINE))
    assert {name: documented[name] for name in METERS} == METERS


def test_the_documented_keys_are_the_keys() -> None:
    text = FORMAT.read_text()
    for struct in (
        schema.ProfileFile, schema.Match, schema.Scalar, schema.Table, schema.Record, schema.SupplyTable, schema.Sum,
        schema.Check,
    ):  # fmt: skip
        for key in struct.__struct_fields__:
            assert f"`{key}`" in text or f"[{key}]" in text, f"{struct.__name__}.{key}"


def patterns(profile: Profile) -> list[Patterns]:
    found = [profile.texts, profile.models, profile.boards, profile.other_texts, profile.fragile]
    found += [pattern for pattern, _ in profile.brands] + [coarse.pattern for coarse in profile.coarse]
    of_rules = (
        *(rule.pattern for rule in profile.scalars),
        *chain(*((rule.only, rule.unless) for rule in profile.rules)),
    )
    return found + [pattern for pattern in of_rules if pattern is not None]


def test_no_pattern_runs_away_on_a_hostile_text(profiles: ProfileSet) -> None:
    # A pattern of cubic cost takes minutes with one of these; there is no clock here because none is needed. Each is
    # tried behind every word of its own, for what repeats comes into play only behind the maker's name.
    fills = [
        " ", "a", "1", "s", "1 ", "a ", "1 /", "1/ ", "1.", ";", "-", "color ", " /P", "; Engine ; NIC ",
        " version x kernel", "Network Printer ", "Attached to x Rev", "\n",
    ]  # fmt: skip
    for profile in profiles.profiles:
        for pattern in patterns(profile):
            for text in pattern.texts:
                compiled = re.compile(text, re.IGNORECASE)
                words = dict.fromkeys(re.findall(r"[A-Z][A-Za-z]+", text))
                for start in ("", *(f"{word} " for word in words)):
                    for fill in fills:
                        compiled.search((start + fill * 2048)[:2047] + "!")


def test_a_pattern_looks_at_the_front_of_a_text_only() -> None:
    pattern = Patterns(["end"])
    assert pattern.search("x" * (MAX_TEXT - 3) + "end")
    assert not pattern.search("x" * MAX_TEXT + "end")
