"""A collector is made, filled, looked at, moved and mended from the shell, with or without one that runs."""

import json
import re
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proto_schema import Health, JobUpdate, Settings, SpoolHealth, encode
from ptscan.cli.collector_devices import worst_of
from ptscan.collector import (
    Store,
    StoredSupply,
    found_collector,
    keep_health,
    load_config,
    note_job,
    open_store,
    settings_of,
    suspend,
    waiting_jobs,
)
from ptscan.tls import read_token

from .filling import NOW, a_reading, an_agent, put, toner

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Opened = Callable[[], AbstractContextManager[Store]]


@pytest.fixture
def collector(ptscan: Run, tmp_path: Path) -> Run:
    """``collector("token", "list")``: run it on a collector that was just made."""

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return ptscan("collector", *words, PTSCAN_COLLECTOR=str(tmp_path / "collector"))

    made = run("init", "--name", "localhost", "--listen", "127.0.0.1:0", "--pages", "127.0.0.1:0")
    assert (made.returncode, made.stdout) == (0, "")
    return run


@pytest.fixture
def opened(collector: Run, tmp_path: Path) -> Opened:
    """``with opened() as store``: the collector's own, as a collector that runs has it open."""

    @contextmanager
    def open_it() -> Iterator[Store]:
        with open_store(load_config(tmp_path / "collector").database, create=False) as store:
            yield store

    return open_it


@pytest.fixture
def filled(opened: Opened) -> Opened:
    """Two agents with devices: ``a1`` of ACME/Berlin has two, ``b1`` of Other has one of the same name."""
    with opened() as store:
        an_agent(store, "a1", entity="ACME/Berlin")
        an_agent(store, "b1", entity="Other")
        put(
            store,
            "a1",
            a_reading("acme-1", total=7, at="2026-11-19T06:00:00Z"),
            a_reading("acme-1", total=9, at="2026-11-20T06:00:00Z"),
            a_reading("acme-2", total=5, supplies=[toner(80), toner(3, color="cyan", state="low")]),
        )
        put(store, "b1", a_reading("acme-1"))
    return opened


def one_line(done: "subprocess.CompletedProcess[str]", status: int) -> str:
    """The one line that a refused command says."""
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert done.stderr.startswith("ptscan: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def rows(done: "subprocess.CompletedProcess[str]") -> list[dict[str, object]]:
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


# --- init ---


def test_what_is_made_is_for_its_owner_alone(collector: Run, tmp_path: Path) -> None:
    folder = tmp_path / "collector"
    names = {path.name for path in folder.iterdir()}
    assert {"collector.toml", "collector.db", "authority"} <= names
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_made_again_it_stays_what_it_is(collector: Run, tmp_path: Path) -> None:
    def kept() -> dict[str, bytes]:
        names = ("collector.toml", "authority/collector-id", "authority/roots.pem", "authority/issuing.pem")
        return {name: (tmp_path / "collector" / name).read_bytes() for name in names}

    before = kept()
    assert collector("init", "--name", "localhost").returncode == 0
    assert kept() == before


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--name", "a b"), "a b"),
        (("--listen", "nowhere:port"), "nowhere:port"),
        (("--database", "mysql://x/y"), "SQLite or PostgreSQL"),
        (("--database", "postgresql://user:s3cret@[::1/x"), "can't be read"),
        (("--pages", "x:y:z"), "x:y:z"),
    ],
)
def test_what_cannot_be_is_one_line(words: tuple[str, ...], fault: str, ptscan: Run) -> None:
    said = one_line(ptscan("collector", "init", "--name", "localhost", *words, "--folder", "other"), 2)
    assert fault in said
    assert "s3cret" not in said


@pytest.mark.parametrize("words", [("devices",), ("token", "create", "--entity", "ACME"), ("run",), ("backup", "x")])
def test_where_no_collector_is_nothing_is_made_and_init_is_named(
    words: tuple[str, ...], ptscan: Run, tmp_path: Path
) -> None:
    assert "ptscan collector init" in one_line(ptscan("collector", *words, "--folder", "absent"), 2)
    assert list(tmp_path.iterdir()) == []


# --- tokens ---


def test_a_token_is_the_only_thing_on_standard_output_and_stands_nowhere_else(collector: Run, tmp_path: Path) -> None:
    made = collector(
        "token", "create", "--entity", "ACME/Berlin", "--expires", "7d", "--uses", "3", "--note", "roll-out"
    )
    assert made.returncode == 0
    text = made.stdout.removesuffix("\n")
    read_token(text)
    assert text not in made.stderr
    [row] = rows(collector("token", "list", "--format", "json"))
    assert {key: row[key] for key in ("id", "entity", "state", "uses", "used", "note")} == {
        "id": 1,
        "entity": "ACME/Berlin",
        "state": "open",
        "uses": 3,
        "used": 0,
        "note": "roll-out",
    }
    for path in (tmp_path / "collector").rglob("*"):
        assert not path.is_file() or read_token(text).secret not in path.read_bytes()


def test_a_token_that_is_revoked_is_no_longer_listed(collector: Run) -> None:
    for _ in range(2):
        collector("token", "create", "--entity", "ACME", "--quiet")
    assert collector("token", "revoke", "1").returncode == 0
    again = collector("token", "revoke", "1")
    assert (again.returncode, again.stderr) == (0, "token 1 was revoked already\n")
    assert [row["id"] for row in rows(collector("token", "list", "--format", "json"))] == [2]
    states = {row["id"]: row["state"] for row in rows(collector("token", "list", "--all", "--format", "json"))}
    assert states == {1: "revoked", 2: "open"}


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("create",), "--entity"),
        (("create", "--entity", "a//b"), "is no entity's name"),
        (("create", "--entity", "/".join("abcdefghijklmnopqrst")), "names"),
        (("create", "--entity", "a", "--uses", "0"), "--uses"),
        (("create", "--entity", "a", "--uses", "10001"), "--uses"),
        (("create", "--entity", "a", "--expires", "1"), "--expires"),
        (("create", "--entity", "a", "--expires", "59s"), "1m"),
        (("create", "--entity", "a", "--expires", "366d"), "365d"),
        (("revoke",), "no ID"),
        (("revoke", "x"), "x"),
        (("revoke", "7"), "there is no token 7"),
    ],
)
def test_a_token_that_cannot_be_is_one_line(words: tuple[str, ...], fault: str, collector: Run) -> None:
    assert fault in one_line(collector("token", *words), 2)


# --- entities and agents ---


def test_entities_are_made_and_moved_by_their_paths(filled: Opened, collector: Run) -> None:
    assert collector("entity", "add", "/ACME/Hamburg/Harbour").returncode == 0
    assert collector("entity", "move", "Hamburg", "ACME/Bremen").returncode == 0
    listed = {row["path"]: row["agents"] for row in rows(collector("entity", "list", "--format", "json"))}
    assert list(listed) == ["/", "ACME", "ACME/Berlin", "ACME/Bremen", "ACME/Bremen/Harbour", "Other"]
    assert listed["ACME/Berlin"] == 1


def test_an_agent_is_shown_with_what_it_said_of_itself(filled: Opened, collector: Run) -> None:
    said = Health(
        at="2026-11-21T06:00:00Z", started_at="2026-11-21T05:00:00Z", version="1", platform="Linux",
        spool=SpoolHealth(records=17), devices=2,
    )  # fmt: skip
    with filled() as store:
        store.write(keep_health, "a1", encode(said), now=NOW)
        store.write(keep_health, "b1", b"\xff", now=NOW)  # of an agent that says nonsense
    listed = {row["id"]: row for row in rows(collector("agent", "list", "--format", "json"))}
    assert (listed["a1"]["entity"], listed["a1"]["state"], listed["a1"]["waiting"]) == ("ACME/Berlin", "active", 17)
    assert listed["b1"]["waiting"] is None
    [page] = rows(collector("agent", "show", "agent a1", "--format", "json"))
    assert page["spools"] == [
        {
            "epoch": "e1",
            "first_at": "2026-11-21T06:00:00Z",
            "last_at": "2026-11-21T06:00:00Z",
            "stored": 3,
            "redelivered": 0,
            "refused": 0,
        }
    ]
    assert "3 stored, 0 came again" in collector("agent", "show", "a1").stdout
    only = rows(collector("agent", "list", "--entity", "ACME", "--format", "json"))
    assert [row["id"] for row in only] == ["a1"]


def test_a_suspended_agent_is_reinstated_and_a_revoked_one_is_not(filled: Opened, collector: Run) -> None:
    def state() -> object:
        return rows(collector("agent", "show", "a1", "--format", "json"))[0]["agent"]

    with filled() as store:
        store.write(suspend, "a1", "two machines hold keys of this agent", now=NOW)
    shown = state()
    assert isinstance(shown, dict)
    assert (shown["state"], shown["why"]) == ("suspended", "two machines hold keys of this agent")
    assert collector("agent", "reinstate", "a1").returncode == 0
    assert collector("agent", "revoke", "a1", "--why", "stolen").returncode == 0
    shown = state()
    assert isinstance(shown, dict)
    assert (shown["state"], shown["why"]) == ("revoked", "stolen")
    assert "new token" in one_line(collector("agent", "reinstate", "a1"), 2)
    assert collector("agent", "revoke", "a1").stderr == "agent a1 was revoked already\n"


def test_an_agent_that_moves_takes_its_devices_along(filled: Opened, collector: Run) -> None:
    assert collector("entity", "add", "ACME/Potsdam").returncode == 0
    assert collector("agent", "move", "a1", "--entity", "ACME/Potsdam").returncode == 0
    found = rows(collector("devices", "--entity", "ACME/Potsdam", "--format", "json"))
    assert [row["device_id"] for row in found] == ["acme-1", "acme-2"]


@pytest.mark.parametrize(
    "words", [("show", "zz"), ("revoke", "zz"), ("reinstate", "zz"), ("move", "zz", "--entity", "/")]
)
def test_an_agent_that_is_none_is_one_line(words: tuple[str, ...], collector: Run) -> None:
    assert "there is no agent 'zz'" in one_line(collector("agent", *words), 2)


def test_of_two_agents_of_one_name_nobody_guesses(filled: Opened, collector: Run) -> None:
    with filled() as store:
        store.write(lambda connection: connection.exec_driver_sql("UPDATE agents SET name='twin'"))
    assert "a1, b1" in one_line(collector("agent", "show", "twin"), 2)


# --- devices and readings ---


def test_devices_are_listed_as_their_last_readings_say(filled: Opened, collector: Run) -> None:
    found = rows(collector("devices", "--format", "json"))
    assert [(row["entity"], row["device_id"], row["total"]) for row in found] == [
        ("ACME/Berlin", "acme-1", 9),
        ("ACME/Berlin", "acme-2", 5),
        ("Other", "acme-1", 7),
    ]
    second = found[1]
    assert (second["worst_supply"], second["worst_percent"], second["agent"]) == ("cyan toner low", 3.0, "a1")
    supplies = second["supplies"]
    assert isinstance(supplies, list)
    assert [supply["percent"] for supply in supplies] == [80.0, 3.0]
    assert len(rows(collector("devices", "--entity", "ACME", "--format", "json"))) == 2
    table = collector("devices")
    assert table.stderr == "3 devices\n"
    row = r"ACME/Berlin +127\.1\.0\.7 +acme-2 +Acme One +5 +1 +- +cyan toner low 3% +idle +2026-11-21T06:00:00Z"
    assert re.search(row, table.stdout)
    csv = collector("devices", "--entity", "Other", "--format", "csv").stdout.splitlines()
    assert csv[0].startswith("entity,device_id,address,port,manufacturer,model,serial,")
    assert csv[1].startswith("Other,acme-1,127.1.0.7,161,Acme,One,acme-1,")
    assert len(csv) == 2


def test_readings_of_a_device_are_whole_and_in_order(filled: Opened, collector: Run) -> None:
    found = rows(collector("readings", "acme-1", "--entity", "ACME", "--format", "json"))
    assert [(row["time"], row["meters"]) for row in found] == [
        ("2026-11-19T06:00:00Z", {"total": 7, "color": 1}),
        ("2026-11-20T06:00:00Z", {"total": 9, "color": 1}),
    ]
    assert found[0]["schema"] == "ptscan.reading/1"
    since = collector("readings", "acme-1", "--entity", "ACME", "--since", "2026-11-20", "--format", "jsonl")
    assert [json.loads(line)["meters"]["total"] for line in since.stdout.splitlines()] == [9]
    latest = collector("readings", "acme-1", "--entity", "ACME", "--most", "1")
    assert "the latest 1" in latest.stderr
    assert "2026-11-20T06:00:00Z" in latest.stdout


def test_a_device_of_two_entities_is_asked_for_by_one(filled: Opened, collector: Run) -> None:
    assert "'ACME/Berlin', 'Other'" in one_line(collector("readings", "acme-1"), 2)
    assert "there is no device" in one_line(collector("readings", "acme-9"), 2)
    assert "no entity is called 'Nobody'" in one_line(collector("devices", "--entity", "Nobody"), 2)


def _supply(state: str, percent: float | None) -> StoredSupply:
    return StoredSupply(
        row_index="1", kind="toner", color=None, description=None, part_number=None, serial=None, level=None,
        capacity=None, unit=None, percent=percent, state=state,
    )  # fmt: skip


def test_the_worst_supply_is_the_one_that_needs_somebody_first() -> None:
    ok, less, low, empty = _supply("ok", 50.0), _supply("ok", 20.0), _supply("low", 30.0), _supply("empty", None)
    unknown, some = _supply("unknown", None), _supply("some", None)
    assert worst_of([]) is None
    assert worst_of([unknown, some]) is None
    assert worst_of([unknown, ok, less]) is less
    assert worst_of([ok, less, low]) is low
    assert worst_of([low, empty, ok]) is empty


# --- jobs and settings ---


def test_a_job_waits_for_its_agent_and_is_cancelled(filled: Opened, collector: Run) -> None:
    sent = collector("job", "send", "agent a1", "scan", "local", "10.0.0.0/24", "--exclude", "10.0.0.9", "--rate", "50")
    number = sent.stdout.removesuffix("\n")
    with filled() as store:
        [waiting] = store.read(waiting_jobs)
        job = waiting.job
        assert (waiting.agent_id, job.job_id, job.verb, job.targets) == ("a1", number, "scan", ["local", "10.0.0.0/24"])
        assert (job.excludes, job.rate) == (["10.0.0.9"], 50)
        update = JobUpdate(job_id=number, state="running", at="2026-11-21T06:00:00Z", done=3, total=254)
        assert store.write(note_job, "a1", update, now=NOW)
    [row] = rows(collector("job", "list", "--agent", "a1", "--format", "json"))
    assert (row["id"], row["state"], row["done"], row["total"]) == (number, "running", 3, 254)
    assert collector("job", "cancel", number).returncode == 0
    [row] = rows(collector("job", "list", "--format", "json"))
    assert row["cancelled_at"] is not None
    with filled() as store:
        [waiting] = store.read(waiting_jobs)
        assert waiting.cancel


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("send", "a1", "scan"), "targets"),
        (("send", "a1", "walk", "local"), "scan, sweep, read"),
        (("send", "zz", "scan", "local"), "there is no agent 'zz'"),
        (("send", "a1", "scan", "10.0.0.0/33"), "10.0.0.0/33"),
        (("send", "a1", "scan", "@/etc/passwd"), "reads no files"),
        (("send", "a1", "scan", "local", "--exclude", "10.0.0.300"), "10.0.0.300"),
        (("send", "a1", "scan", "local", "--rate", "0"), "--rate"),
        (("cancel", "zz"), "there is no job 'zz'"),
    ],
)
def test_a_job_that_cannot_be_is_one_line(words: tuple[str, ...], fault: str, filled: Opened, collector: Run) -> None:
    assert fault in one_line(collector("job", *words), 2)
    with filled() as store:
        assert store.read(waiting_jobs) == []


SETTINGS = """
session = false
check_in_seconds = 60.0

[[schedule]]
name = "morning"
cron = "0 6 * * 1-5"
targets = ["local"]
excludes = ["10.0.0.9"]
"""


def test_settings_hold_for_an_entity_and_all_below_it_until_they_are_dropped(
    filled: Opened, collector: Run, tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text(SETTINGS)
    assert collector("settings", "set", "settings.toml", "--entity", "ACME").returncode == 0
    with filled() as store:
        mine, others = store.read(settings_of, "a1"), store.read(settings_of, "b1")
    assert (mine.session, mine.check_in_seconds, [one.name for one in mine.schedules]) == (False, 60.0, ["morning"])
    assert others == Settings(revision=0)
    for words in (("--agent", "a1"), ("--entity", "ACME/Berlin")):
        shown = collector("settings", "show", *words)
        (tmp_path / "again.toml").write_text(shown.stdout)
        assert collector("settings", "set", "again.toml", "--entity", "Other").returncode == 0
        with filled() as store:
            again = store.read(settings_of, "b1")
        assert again.schedules == mine.schedules
        assert again.revision > mine.revision
    assert collector("settings", "drop", "--entity", "ACME").returncode == 0
    with filled() as store:
        dropped = store.read(settings_of, "a1")
    assert dropped.schedules == []
    assert dropped.revision > mine.revision  # or no agent would take it
    assert "has no settings of its own" in collector("settings", "drop", "--entity", "ACME").stderr
    assert "defaults" in collector("settings", "show", "--entity", "ACME/Berlin").stdout


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[schedule\n", "no TOML"),
        ("schedule = " + "[" * 60_000, "brackets are too deep"),
        ("health_seconds = " + "9" * 5_000, "a number is too long"),
        ("sesion = true\n", "sesion"),
        ('session = "yes"\n', "session"),
        ("check_in_seconds = 0.1\n", "check_in_seconds"),
        ("health_seconds = 1e9\n", "health_seconds"),
        (SETTINGS.replace("0 6 * * 1-5", "0 99 * * *"), "schedule[0].cron"),
        (SETTINGS.replace("0 6 * * 1-5", "* * * * * *"), "schedule[0].cron"),
        (SETTINGS.replace('["local"]', "[]"), "schedule[0].targets"),
        (SETTINGS + 'verb = "walk"\n', "schedule[0].verb"),
        (SETTINGS + SETTINGS.partition("60.0")[2], "two schedules are called 'morning'"),
        (SETTINGS + "rate = -1\n", "rate"),
    ],
)
def test_settings_that_cannot_be_are_one_line_and_change_nothing(
    text: str, fault: str, filled: Opened, collector: Run, tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text(text)
    assert fault in one_line(collector("settings", "set", "settings.toml", "--entity", "ACME"), 2)
    with filled() as store:
        assert store.read(settings_of, "a1") == Settings(revision=0)


# --- upkeep ---


def test_a_backup_is_made_beside_others_and_restored_when_nobody_is_there(
    filled: Opened, collector: Run, tmp_path: Path
) -> None:
    with filled() as store:
        assert collector("backup", "monday.db").returncode == 0
        put(store, "a1", a_reading("acme-3"), first=4)
        assert "stop the collector first" in one_line(collector("restore", "monday.db"), 1)
    assert stat.S_IMODE((tmp_path / "monday.db").stat().st_mode) == 0o600
    assert len(rows(collector("devices", "--format", "json"))) == 4
    done = collector("restore", "monday.db")
    assert done.returncode == 0
    assert "collector.db.before-restore-1" in done.stderr
    assert len(rows(collector("devices", "--format", "json"))) == 3
    assert "is there already" in one_line(collector("backup", "monday.db"), 1)
    (tmp_path / "other.db").write_bytes(b"no store at all")
    assert "other.db" in one_line(collector("restore", "other.db"), 1)
    assert "there is no backup" in one_line(collector("restore", "absent.db"), 1)


def test_a_check_names_each_thing_and_how_it_stands(filled: Opened, collector: Run, tmp_path: Path) -> None:
    steps = {str(row["name"]): row for row in rows(collector("check", "--format", "json"))}
    assert list(steps) == ["settings", "store", "guard", "authority", "issuing", "root key"]
    assert all(step["ok"] for step in steps.values())
    assert "SQLite" in str(steps["guard"]["text"])
    (tmp_path / "collector" / "authority" / "issuing.pem").chmod(0o644)
    done = collector("check", "--format", "json")
    assert done.returncode == 1
    [wrong] = [row for row in json.loads(done.stdout) if not row["ok"]]
    assert wrong["name"] == "authority"
    assert "chmod 600" in wrong["text"]


def test_an_authority_near_its_end_fails_the_check_and_names_the_key_that_is_wanted(
    ptscan: Run, tmp_path: Path
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=340)
    found_collector(tmp_path / "old", now_at=long_ago, names=["localhost"])
    [key] = (tmp_path / "old" / "authority").glob("root-*.key")
    key.rename(tmp_path / key.name)
    done = ptscan("collector", "check", "--folder", "old", "--format", "json")
    assert done.returncode == 1
    [wrong] = [row for row in json.loads(done.stdout) if not row["ok"]]
    assert wrong["name"] == "issuing"
    assert key.name in wrong["mend"]


def test_a_damaged_store_fails_the_check_and_nothing_else_is_hidden_by_that(
    filled: Opened, collector: Run, tmp_path: Path
) -> None:
    path = tmp_path / "collector" / "collector.db"
    octets = bytearray(path.read_bytes())
    octets[3 * 4096 : 12 * 4096] = b"\x55" * (9 * 4096)
    path.write_bytes(octets)
    done = collector("check", "--format", "json")
    assert done.returncode == 1
    steps = {row["name"]: row["ok"] for row in json.loads(done.stdout)}
    assert not steps["store"]
    assert steps["authority"]


def test_a_root_takes_two_steps_and_thirty_days(collector: Run, tmp_path: Path) -> None:
    assert "announce" in one_line(collector("root", "switch"), 2)
    assert collector("root", "announce").returncode == 0
    assert "wait till then" in one_line(collector("root", "switch"), 2)
    assert "wait" in one_line(collector("root", "drop"), 2)
    text = next(row for row in rows(collector("check", "--format", "json")) if row["name"] == "authority")["text"]
    keys = {
        path.name.removeprefix("root-").removesuffix(".key") for path in tmp_path.glob("collector/authority/root-*")
    }
    assert len(keys) == 2
    assert all(key in str(text) for key in keys)


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
@pytest.mark.parametrize(
    "verb", [("token", "list"), ("entity", "list"), ("agent", "list"), ("devices",), ("job", "list")]
)
def test_a_new_collector_is_shown_as_empty_in_every_form(verb: tuple[str, ...], form: str, collector: Run) -> None:
    done = collector(*verb, "--format", form)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_a_store_of_a_later_version_is_refused_in_one_line(collector: Run, opened: Opened) -> None:
    with opened() as store:
        store.write(lambda connection: connection.exec_driver_sql("UPDATE alembic_version SET version_num='9999'"))
    assert "later version" in one_line(collector("devices"), 1)
