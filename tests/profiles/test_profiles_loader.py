"""Every error of a profile names the file, the key and the fault, in one line."""

import os
from pathlib import Path

import pytest

from ptscan.errors import InputError
from ptscan.profiles import ProfileError, ProfileSet, faults, load_profile, load_profiles
from ptscan.profiles.faults import repeats_what_repeats

HEAD = 'format = 1\nname = "acme"\nvendor = "Acme"\nsource = "a test"\n'

FAULTS = {
    "not TOML": ("x =", "", "no TOML"),
    "missing key": ('format = 1\nname = "acme"\nvendor = "Acme"', "", "'source' is missing"),
    "another format": (HEAD.replace("= 1", "= 2"), "format", "invalid enum value 2"),
    "wrong name": (HEAD.replace('"acme"', '"other"'), "name", "but the file is called 'acme'"),
    "unknown key": (HEAD + "colour = 1", "", "unknown key 'colour'"),
    "unknown key inside": (HEAD + '[[scalars]]\noid = "1.3.6.1.9"\nfeild = "x"', "scalars[0]", "unknown key 'feild'"),
    "wrong type": (HEAD + "[match]\ntexts = 3", "match.texts", "expected `array`"),
    "bad OID": (HEAD + '[[scalars]]\noid = "1.3.six"\nfield = "identity.serial"', "scalars[0].oid", "'six'"),
    "bad sysObjectID": (HEAD + '[match]\nsys_object_id = ["1.3", ""]', "match.sys_object_id[1]", "empty"),
    "unknown field": (
        HEAD + '[[scalars]]\noid = "1.3.6.1.9"\nfield = "identity.colour"',
        "scalars[0].field",
        "no identity field 'colour'",
    ),
    "unknown section of fields": (
        HEAD + '[[scalars]]\noid = "1.3.6.1.9"\nfield = "jobs.name"',
        "scalars[0].field",
        "unknown field 'jobs.name'",
    ),
    "unknown meter": (
        HEAD + '[[tables]]\nlabel = "1.3.1"\nvalue = "1.3.2"\nlabels = { "Pages" = "pages" }',
        "tables[0]: 'Pages'",
        "no canonical meter 'pages'",
    ),
    "label twice": (
        HEAD + '[[tables]]\nlabel = "1.3.1"\nvalue = "1.3.2"\nlabels = { "Total 1" = "total", "total-1" = "copy" }',
        "tables[0].labels",
        "'total-1' is there twice",
    ),
    "labels without a column": (
        HEAD + '[[tables]]\nvalue = "1.3.2"\nlabels = { "Total" = "total" }',
        "tables[0].label",
        "belong together",
    ),
    "table without a map": (HEAD + '[[tables]]\nvalue = "1.3.2"', "tables[0]", "nothing would be read"),
    "bad index": (
        HEAD + '[[tables]]\nvalue = "1.3.2"\nindex = { "one" = "total" }',
        "tables[0].index",
        "'one'",
    ),
    "unknown decoder": (
        HEAD + '[[records]]\noid = "1.3.1"\ndecoder = "magic"\nfields = { 00 = "meters.total" }',
        "records[0].decoder",
        "no decoder 'magic': brother-records",
    ),
    "state without states": (
        HEAD + '[[records]]\noid = "1.3.1"\ndecoder = "brother-records"\nfields = { 00 = "supplies.toner:.state" }',
        "records[0].fields.00",
        "a state needs states",
    ),
    "unknown supply kind": (
        HEAD + '[[supplies]]\nname = ["1.3.1"]\npercent = "1.3.2"\nnames = { "Ribbon" = "ribbon:black" }',
        "supplies[0].names: 'Ribbon'",
        "no supply kind 'ribbon'",
    ),
    "unknown supply colour": (
        HEAD + '[[scalars]]\noid = "1.3.6.1.9"\nfield = "supplies.toner:pink.percent"',
        "scalars[0].field",
        "no supply colour 'pink'",
    ),
    "state of a scalar": (
        HEAD + '[[scalars]]\noid = "1.3.6.1.9"\nfield = "supplies.toner:black.state"',
        "scalars[0].field",
        "a state comes from a table or a record",
    ),
    "unknown state": (HEAD + '[level_codes]\n-100 = "nearly"', "level_codes.-100", "no state 'nearly'"),
    "code that is no number": (HEAD + '[level_codes]\nx = "low"', "level_codes.x", "'x' is no integer"),
    "bad pattern": (HEAD + "[match]\ntexts = ['^(HP']", "match.texts", "no regular expression"),
    "pattern without a group": (
        HEAD + '[[scalars]]\noid = "1.3.6.1.2.1.1.1.0"\npattern = \'SN:.*\'\nfield = "identity.serial"',
        "scalars[0].pattern",
        "exactly one group",
    ),
    "key without a device id": (
        HEAD + '[[scalars]]\noid = "1.3.6.1.9"\nkey = "MDL"\nfield = "identity.model"',
        "scalars[0].key",
        'belongs to format = "ieee1284"',
    ),
    "unknown key of a device id": (
        HEAD + '[[scalars]]\noid = "1.3.6.1.9"\nformat = "ieee1284"\nkey = "MODELL"\nfield = "identity.model"',
        "scalars[0].key",
        "no key 'MODELL'",
    ),
    "a guess without a label": (
        HEAD + '[[scalars]]\noid = "1.3.6.1.9"\nfield = "meters.total"\nconfidence = "low"',
        "scalars[0].confidence",
        "only from a table that labels it",
    ),
    "tolerance over the total": (
        HEAD + '[[checks]]\ntotal = "total"\nof = ["mono"]\ntolerance = 1.5',
        "checks[0].tolerance",
        "below 1",
    ),
    "denied object": (
        HEAD + '[[scalars]]\noid = "1.3.6.1.4.1.11.2.3.9.4.2.1.1.6.5.1.0"\nfield = "identity.name"',
        "1.3.6.1.4.1.11.2.3.9.4.2.1.1.6.5.1.0",
        "must never be asked",
    ),
    "denied table": (
        HEAD + '[[tables]]\nlabel = "1.3.6.1.4.1.1248.1.2.2.44"\nvalue = "1.3.2"\nlabels = { "Total" = "total" }',
        "1.3.6.1.4.1.1248.1.2.2.44",
        "must never be asked",
    ),
    "walk that passes what is denied": (
        HEAD + '[[tables]]\nlabel = "1.3.6.1.4.1.1248.1.2.2"\nvalue = "1.3.2"\nlabels = { "Total" = "total" }',
        "1.3.6.1.4.1.1248.1.2.2",
        "must never be asked",
    ),
    "tree that passes what is denied": (
        HEAD + '[match]\ntrees = ["1.3.6.1.2.1.25"]',
        "1.3.6.1.2.1.25",
        "must never be asked",
    ),
    "tree that is no vendor's": (HEAD + '[match]\ntrees = ["1.3.6.1.2.1.4.20"]', "match.trees[0]", "is no vendor's"),
    "tree of all vendors": (HEAD + '[match]\ntrees = ["1.3.6.1.4.1"]', "1.3.6.1.4.1", "must never be asked"),
    "walk that could end where reading acts": (
        HEAD
        + 'allow = ["1.3.6.1.4.1.1248.1.2.2"]\n[[tables]]\nlabel = "1.3.6.1.4.1.1248.1.2.2.43.1.1.2"\n'
        + 'value = "1.3.6.1.4.1.1248.1.2.2.43.1.1.3"\nlabels = { "Total" = "total" }',
        "1.3.6.1.4.1.1248.1.2.2.43.1.1.2",
        "reading what stands behind it acts",
    ),
    "flags within a pattern": (HEAD + "[match]\ntexts = ['(?i)hp']", "match.texts", "no regular expression"),
    "a group of two patterns": (
        HEAD + "[match]\ntexts = ['(?P<one>a)', '(?P<one>b)']",
        "match.texts",
        "no regular expression",
    ),
    "a group by its number": (HEAD + "[match]\ntexts = ['(a)', '(b)\\1']", "match.texts", "refers to a group"),
    "a pattern too large": (HEAD + "[match]\ntexts = ['a{9999999999999}']", "match.texts", "too large"),
    "a pattern too deep": (HEAD + f"[match]\ntexts = ['{'(' * 9000}{')' * 9000}']", "match.texts", "recursion"),
    "a pattern that may never end": (HEAD + "[match]\ntexts = ['(?:x+x+)+y']", "match.texts", "repeats what repeats"),
    "nested too deep": (HEAD + f"x = {'[' * 9000}{']' * 9000}", "", "nested too deep"),
    "a number of 5,000 digits": (HEAD + f"x = {'9' * 5000}", "", "no TOML"),
    "a key of 60,000 parts": (HEAD + ".".join("a" * 60_000) + " = 1", "", "over 1024 dots"),
    "a text that a terminal obeys": (HEAD.replace("a test", r"\u001b]0;x\u0007"), "", "control character"),
    "a name that turns about": (HEAD.replace("Acme", r"\u202eemcA"), "", "'\\u202e'"),
    "own never_ask": (
        HEAD
        + 'never_ask = ["1.3.6.1.4.1.9999.1"]\n[[scalars]]\noid = "1.3.6.1.4.1.9999.1.1.0"\nfield = "meters.total"',
        "1.3.6.1.4.1.9999.1.1.0",
        "never_ask of this profile",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_names_file_key_and_what_is_wrong(name: str, tmp_path: Path) -> None:
    text, key, fault = FAULTS[name]
    path = tmp_path / "acme.toml"
    path.write_text(text)
    with pytest.raises(ProfileError) as caught:
        load_profiles(tmp_path)
    error = caught.value
    assert isinstance(error, InputError)
    assert (error.file, error.key) == (str(path), key)
    assert fault in error.fault
    assert "\n" not in str(error)
    assert str(path) in str(error)


def test_an_unreadable_file_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"gone\.toml: No such file"):
        load_profile(tmp_path / "gone.toml")
    with pytest.raises(ProfileError, match="nowhere: no such folder"):
        load_profiles(tmp_path / "nowhere")
    (tmp_path / "acme.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ProfileError, match=r"acme\.toml: no TOML"):
        load_profiles(tmp_path)
    (tmp_path / "acme.toml").write_bytes(b"#" * 300_000)
    with pytest.raises(ProfileError, match=r"acme\.toml: over 262144 octets"):
        load_profiles(tmp_path)


def test_what_might_never_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "acme.toml")
    for path in (tmp_path / "acme.toml", Path("/dev/zero")):
        with pytest.raises(ProfileError, match="no regular file"):
            load_profile(path)
    with (tmp_path / "huge.toml").open("wb") as file:
        file.truncate(1 << 40)  # sparse: a TiB that takes no room
    with pytest.raises(ProfileError, match="over 262144 octets"):
        load_profile(tmp_path / "huge.toml")


def test_what_only_looks_like_a_control_character_is_none(tmp_path: Path) -> None:
    path = tmp_path / "acme.toml"
    path.write_text(
        HEAD.replace("a test", r"a\ttest\n") + "[match]\ntexts = ['\\\\bA', '\\x1b', '\\u001b', '\\\\\\bc']\n"
    )
    assert load_profile(path).name == "acme"


def test_a_folder_of_too_many_profiles_is_refused_before_any_is_read(tmp_path: Path) -> None:
    for number in range(257):
        (tmp_path / f"{number}.toml").touch()
    with pytest.raises(ProfileError, match="holds 257 profiles, over 256"):
        load_profiles(tmp_path)


def test_a_profile_of_a_person_replaces_ours_of_the_same_name(tmp_path: Path) -> None:
    mine = tmp_path / "hp.toml"
    mine.write_text(
        'format = 1\nname = "hp"\nvendor = "My HP"\nsource = "me"\n[match]\nsys_object_id = ["1.3.6.1.4.1.11.2.3.9"]\n'
    )
    ours, theirs = load_profiles(), load_profiles(tmp_path)
    assert [p.name for p in theirs.profiles] == [p.name for p in ours.profiles]
    (profile, generic) = theirs.match("1.3.6.1.4.1.11.2.3.9.1", [])
    assert (profile.vendor, profile.file, generic.name) == ("My HP", str(mine), "printer-mib")


def test_a_profile_of_a_person_adds_a_vendor(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(
        HEAD + "[match]\nsys_object_id = [\"1.3.6.1.4.1.99999\"]\ntexts = ['^Acme Press']\n"
    )
    profiles = load_profiles(tmp_path)
    assert profiles.classify(None, "Acme Press 3000") == "printer"
    assert profiles.classify("1.3.6.1.4.1.99999.7", None) == "printer"
    assert [p.name for p in profiles.match(None, ["Acme Press 3000"])] == ["acme", "printer-mib"]


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "(a*)*b",
        "(?:a+b?)*",
        "((a+)b)+",
        "(?:(?:a{2,})){3,}",
        "(?P<n>[)*]+)+",
        r"(\)+)+",
        "(a+)+?",
        "(x(a|b*)y)+",
    ],
)
def test_what_repeats_what_repeats_is_seen(pattern: str) -> None:
    assert repeats_what_repeats(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a)+",
        "a+b+",
        "(a+)b",
        "(a+)?",
        "(a+){2}",
        "(a{1,3})+",
        r"(\+)+",
        "([*+])+",
        r"(?:\w\d)*",
        "[(]a+[)]+",
        "(a)(b+)c+",
        "[]+]+",
        "[^])]+(a)*",
    ],
)
def test_what_repeats_once_is_let_pass(pattern: str) -> None:
    assert not repeats_what_repeats(pattern)


def test_no_pattern_of_ours_repeats_what_repeats(profiles: ProfileSet) -> None:
    for profile in profiles.profiles:
        assert load_profile(Path(faults.__file__).with_name("data") / profile.file).name == profile.name
