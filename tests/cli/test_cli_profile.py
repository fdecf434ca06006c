"""Whoever writes a profile is told what it holds, what is wrong in it and how to mend that, and can try it at once."""

import json
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from codec import COUNTER32, OBJECT_IDENTIFIER, OCTET_STRING, Varbind, parse_oid
from ptscan.profiles import load_profiles

Run = Callable[..., "subprocess.CompletedProcess[str]"]

ACME = """
format = 1
name = "acme"
vendor = "Acme"
source = "ACME-PRINTER-MIB"
allow = ["1.3.6.1.4.1.99999.1"]
[match]
sys_object_id = ["1.3.6.1.4.1.99999"]
[[scalars]]
oid = "1.3.6.1.4.1.99999.1.1.0"
field = "meters.total"
[[scalars]]
oid = "1.3.6.1.4.1.99999.1.2.0"
field = "identity.asset"
"""
DEVICE: list[Varbind] = [
    (parse_oid("1.3.6.1.2.1.1.1.0"), OCTET_STRING, b"Acme LaserThing 9"),
    (parse_oid("1.3.6.1.2.1.1.2.0"), OBJECT_IDENTIFIER, parse_oid("1.3.6.1.4.1.99999.7")),
    (parse_oid("1.3.6.1.2.1.43.5.1.1.17.1"), OCTET_STRING, b"AC12345"),
    (parse_oid("1.3.6.1.4.1.99999.1.1.0"), COUNTER32, 4711),
    (parse_oid("1.3.6.1.4.1.99999.1.2.0"), OCTET_STRING, b"asset 7"),
]


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    path = tmp_path / "acme.toml"
    path.write_text(ACME)
    return path


def test_a_right_profile_is_one_line_of_what_it_holds(ptscan: Run, acme: Path) -> None:
    done = ptscan("profile", "check", "acme.toml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == 'acme.toml: profile "acme", 2 fields, 2 objects, 0 tables; ACME-PRINTER-MIB\n'


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("source", "sauce", "unknown key 'sauce': did you mean 'source'?"),
        ('field = "meters.total"', 'feild = "meters.total"', "scalars[0]: unknown key 'feild': did you mean 'field'?"),
        ("meters.total", "meters.totl", "scalars[0].field: no canonical meter 'totl': did you mean 'total'?"),
        ("identity.asset", "identity.owner", "scalars[1].field: no identity field 'owner': there are asset, "),
        ("99999.1.2.0", "99998.1.2.0", "1.3.6.1.4.1.99998.1.2.0"),
        ("99999.1.2.0", "99999.x", "number 8 is 'x'"),
        ("[match]", '[match]\nalso = ["acne"]', "match.also: no profile 'acne': ptscan profile list names them"),
        ("[match]", '[match]\ntexts = ["("]', "match.texts: '(' is no regular expression"),
        ('name = "acme"', 'name = "apex"', "name: 'apex', but the file is called 'acme': rename one of them"),
        ("[match]", "[match", "no TOML"),
    ],
)
def test_a_fault_is_one_line_with_the_file_the_key_and_how_to_mend_it(
    before: str, after: str, fault: str, ptscan: Run, acme: Path
) -> None:
    acme.write_text(ACME.replace(before, after, 1))
    done = ptscan("profile", "check", "acme.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ptscan: profile acme.toml: ")
    assert fault in done.stderr
    assert done.stderr.count("\n") == 1


def test_one_wrong_file_hides_no_right_one(ptscan: Run, acme: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text("nonsense")
    done = ptscan("profile", "check", "odd.toml", "acme.toml", "absent.toml")
    assert done.returncode == 2
    assert done.stdout.startswith('acme.toml: profile "acme"')
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == ["profile odd.toml", "profile absent.toml"]
    told = json.loads(ptscan("profile", "check", "odd.toml", "acme.toml", "--format", "json", "--quiet").stdout)
    assert [(one["file"], one["profile"] and one["profile"]["objects"]) for one in told] == [
        ("odd.toml", None),
        ("acme.toml", 2),
    ]
    assert told[0]["fault"].startswith("no TOML")


def test_files_that_are_checked_together_may_name_each_other(ptscan: Run, acme: Path, tmp_path: Path) -> None:
    acme.write_text(ACME.replace("[match]", '[match]\nalso = ["apex"]'))
    (tmp_path / "apex.toml").write_text(ACME.replace('"acme"', '"apex"'))
    assert ptscan("profile", "check", "acme.toml", "apex.toml").returncode == 0
    assert ptscan("profile", "check", "acme.toml").returncode == 2


def test_what_is_allowed_and_poor_is_said(ptscan: Run, tmp_path: Path) -> None:
    scalars = "".join(
        f'[[scalars]]\noid = "1.3.6.1.4.1.99999.1.{number}.0"\nfield = "meters._{number}"\n' for number in range(3, 30)
    )
    tables = "".join(
        f'[[tables]]\nvalue = "1.3.6.1.4.1.99999.1.{number}.2"\nlabel = "1.3.6.1.4.1.99999.1.{number}.1"\n'
        'labels = { Total = "total" }\nconfidence = "low"\n'
        for number in range(40, 44)
    )
    (tmp_path / "hp.toml").write_text(ACME.replace('"acme"', '"hp"') + scalars + tables)
    done = ptscan("profile", "check", "hp.toml")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert done.stderr.splitlines() == [
        "hp.toml: replaces ptscan's own profile 'hp' as a whole",
        "hp.toml: asks for 29 objects, more than 25: each makes every reading slower",
        "hp.toml: walks 4 tables, more than 3: each costs every reading a round trip or more",
        "hp.toml: 4 rules of low confidence: name a better source, or leave it out",
    ]
    assert ptscan("profile", "check", "hp.toml", "--quiet").stderr == ""


def test_all_of_ours_are_right(ptscan: Run) -> None:
    folder = Path(load_profiles.__code__.co_filename).with_name("data")
    done = ptscan("profile", "check", *map(str, sorted(folder.glob("*.toml"))))
    assert done.returncode == 0, done.stderr


def test_the_list_shows_which_of_ours_a_folder_replaces(ptscan: Run, acme: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "hp.toml").write_text(ACME.replace('"acme"', '"hp"'))
    ours = {profile.name for profile in load_profiles().profiles}
    told = json.loads(
        ptscan("profile", "list", "--profiles", "mine", "--profile", "acme.toml", "--format", "json").stdout
    )
    assert {one["name"] for one in told} == ours | {"acme"}
    assert {one["file"] for one in told if one["in_place"]} == {"mine/hp.toml"}
    assert next(one for one in told if one["name"] == "acme")["fields"] == ["identity.asset", "meters.total"]
    table = ptscan("profile", "list", PTSCAN_PROFILES="mine").stdout
    assert "mine/hp.toml, in place of ptscan's" in table


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        (("--profile", "acme.toml"), {}),
        (("--profiles", "."), {}),
        ((), {"PTSCAN_PROFILES": "."}),
    ],
)
def test_a_profile_of_mine_is_read_by(
    options: tuple[str, ...],
    environment: dict[str, str],
    ptscan: Run,
    acme: Path,
    responder_at: Callable[..., AbstractContextManager[str]],
) -> None:
    with responder_at(DEVICE) as endpoint:
        (without,) = json.loads(ptscan("read", endpoint, "--format", "json").stdout)
        (read,) = json.loads(ptscan("read", endpoint, "--format", "json", *options, **environment).stdout)
        found = [
            json.loads(line)["meters"]
            for processes in ("1", "2")
            for line in ptscan(
                *("scan", endpoint.partition(":")[0], "--port", endpoint.partition(":")[2], "--format", "jsonl"),
                *("--processes", processes, *options),
                **environment,
            ).stdout.splitlines()
        ]
    assert "total" not in without["meters"]
    assert read["meters"]["total"] == 4711
    assert read["identity"]["asset"] == "asset 7"
    assert [meters["total"] for meters in found] == [4711, 4711]


def test_a_file_outdoes_a_folder(ptscan: Run, acme: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "acme.toml").write_text(ACME.replace("Acme", "Apex"))
    told = json.loads(
        ptscan("profile", "list", "--profiles", "mine", "--profile", "acme.toml", "--format", "json").stdout
    )
    assert [one["vendor"] for one in told if one["name"] == "acme"] == ["Acme"]


def test_a_profile_is_shown_as_the_page_of_its_vendor(ptscan: Run, acme: Path, tmp_path: Path) -> None:
    pages = Path(__file__).parents[2] / "docs" / "vendors"
    assert ptscan("profile", "show", "hp").stdout == (pages / "hp.md").read_text()
    done = ptscan("profile", "show", "acme", "hp", "--profile", "acme.toml", "-o", "pages.md")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    shown = (tmp_path / "pages.md").read_text()
    assert shown.startswith("# Acme\n")
    assert "1.3.6.1.4.1.99999.1.2.0" in shown
    assert "\n# HP\n" in shown


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("show",), "no profile was named"),
        (("show", "acme"), "no profile 'acme': ptscan profile list names them"),
        (("check",), "no file was given"),
        (("list", "--profiles", "absent"), "absent"),
        (("list", "--format", "xlsx"), "-o FILE.xlsx"),
    ],
)
def test_what_cannot_be_is_one_line(arguments: tuple[str, ...], fault: str, ptscan: Run) -> None:
    done = ptscan("profile", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert fault in done.stderr
    assert done.stderr.count("\n") == 1
