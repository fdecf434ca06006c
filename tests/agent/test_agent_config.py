"""`agent.toml`: what it says is what is done, and what is wrong with it is one line with its mend."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.agent import AgentConfig, ConfigError, LocalSchedule, load_agent_config, write_template
from ptscan.agent import limits as agent_limits
from ptscan.agent.config import Snmp
from ptscan.agent.schedule import Cron, Every
from ptscan.agent.zone import local_zone
from ptscan.errors import InputError, PtscanError
from ptscan.snmp import Community, User

WHOLE = """
targets = ["10.0.0.0/16", "local", "@sites.txt"]
exclude = ["10.0.9.0/24"]
rate = 200
community = ["one", "two"]
credentials = "secrets.toml"
[snmp]
port = 1161
version = "2c"
timeout = 0.5
retries = 1
[[schedule]]
name = "often"
every = "30m"
[[schedule]]
name = "mornings"
cron = "0  6 * * 1-5"
verb = "sweep"
targets = ["10.0.1.0/24"]
exclude = ["10.0.1.9"]
[spool]
megabytes = 64
days = 7
[page]
listen = "[::1]:8123"
[collector]
proxy = "http://proxy.example:3128"
"""


def loaded(folder: Path, text: str) -> AgentConfig:
    (folder / "agent.toml").write_text(text)
    return load_agent_config(folder)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text)
    line = str(caught.value)
    assert line.startswith(f"{folder / 'agent.toml'}: ")
    assert "\n" not in line
    return line.partition(": ")[2]


def test_everything_that_a_person_can_say(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[[user]]\nname = "monitor"\n')
    secrets.chmod(0o600)
    config = loaded(tmp_path, WHOLE)
    assert config.targets == ("10.0.0.0/16", "local", f"@{tmp_path / 'sites.txt'}")
    assert config.exclude == ("10.0.9.0/24",)
    assert config.rate == 200
    assert [type(one) for one in config.credentials] == [Community, Community, User]
    assert config.snmp == Snmp(1161, "2c", 0.5, 1)
    assert config.schedules == (
        LocalSchedule("often", Every(1800.0)),
        LocalSchedule("mornings", Cron("0 6 * * 1-5"), "sweep", ("10.0.1.0/24",), ("10.0.1.9",)),
    )
    assert (config.bounds.octets, config.bounds.detail_seconds) == (64 << 20, 7 * 86_400.0)
    assert config.page == ("::1", 8123)
    assert config.proxy == "http://proxy.example:3128"


def test_without_a_file_nothing_may_be_asked(tmp_path: Path) -> None:
    config = load_agent_config(tmp_path)
    assert (config.targets, config.schedules, config.rate) == ((), (), 500.0)
    assert config.page == ("127.0.0.1", 1301)


def test_the_template_is_a_file_that_allows_nothing_yet_and_is_written_once(tmp_path: Path) -> None:
    assert write_template(tmp_path)
    path = tmp_path / "agent.toml"
    assert path.stat().st_mode & 0o077 == 0
    config = load_agent_config(tmp_path)
    assert config.targets == ()
    assert config.schedules == (LocalSchedule("readings", Every(3600.0)),)
    path.write_text(WHOLE.replace('credentials = "secrets.toml"', ""))
    assert not write_template(tmp_path)
    assert load_agent_config(tmp_path).rate == 200


def test_what_the_template_leaves_out_is_the_default(tmp_path: Path) -> None:
    """Every line that is commented out in the template is right when the comment's sign is taken away."""
    write_template(tmp_path)
    text = (tmp_path / "agent.toml").read_text()
    plain = load_agent_config(tmp_path)
    settings = "\n".join(
        line.removeprefix("# ")
        if " = " in line and not line.startswith("# credentials") and "proxy" not in line
        else line
        for line in text.splitlines()
    )
    assert settings != text
    told = loaded(tmp_path, settings)
    assert told.snmp == plain.snmp
    assert (told.page, told.bounds) == (plain.page, plain.bounds)
    assert told.schedules[0].verb == "scan"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("target = []", "line 1: 'target' is nothing known here: use one of targets"),
        ("rate = 5\n[snmp]\nprot = 161", "line 3: [snmp] 'prot' is nothing known here: use one of port"),
        ('[[schedule]]\nname = "x"\nwhen = "1h"', "'when' is nothing known here: use one of name, every, cron"),
        ('targets = "local"', 'targets: expected `array`, got `str`: write a list, as ["10.0.0.0/16", "local"]'),
        ("[schedule]", "schedule: expected `array`, got `object`: write each as [[schedule]], with two brackets"),
        ("[snmp]\nport = 0", "line 2: snmp.port: expected `int` >= 1"),
        ("rate = 0.5", "line 1: rate: expected `float` >= 1"),
        ("rate = inf", "rate"),
        ("rate = nan", "rate"),
        ('[snmp]\nversion = "4"', "snmp.version: invalid enum value '4'"),
        ('targets = ["10.0.0.0/16"', "not valid TOML"),
        ('targets = [" "]', "targets: ' ' is no target"),
        ('[[schedule]]\nname = "x"', "schedule 'x': say when, by either every"),
        ('[[schedule]]\nname = "x"\nevery = "1h"\ncron = "* * * * *"', "schedule 'x': say when, by either every"),
        ('[[schedule]]\nname = "x"\nevery = "1 hour"', 'schedule \'x\': "1 hour" is no interval: write "30s", "15m"'),
        ('[[schedule]]\nname = "x"\nevery = "0s"', "is no interval"),
        ('[[schedule]]\nname = "x"\nevery = "400d"', "is no interval"),
        ('[[schedule]]\nname = "x"\ncron = "0 6 * *"', "five fields are needed"),
        ('[[schedule]]\nname = "x"\ncron = "0 0 31 2 *"', "Bad day-of-month"),
        ('[[schedule]]\nname = "x"\ncron = "0 25 * * *"', "Bad hour"),
        ('[[schedule]]\nname = "x"\nevery = "1h"\nverb = "format"', "verb 'format' is none of scan, sweep, read"),
        ('[[schedule]]\nname = "x"\nevery = "1h"\n' * 2, "schedule 'x' is there twice"),
        ('[page]\nlisten = "0.0.0.0:1301"', '"0.0.0.0:1301" is no place: write "127.0.0.1:1301", or "off"'),
        ('[page]\nlisten = "127.0.0.1:99999"', "99999 is no port"),
        ('[page]\nlisten = "127.0.0.1"', "is no place"),
        ('"targets" = [\n5]', "targets[0]: expected `str`"),
        ("a = " + "1" * 5_000, "not to be read as TOML"),
        ("a = " + "[" * 2_000, "not to be read as TOML"),
    ],
)
def test_what_is_wrong_is_told_with_its_mend(tmp_path: Path, text: str, says: str) -> None:
    assert says in refused(tmp_path, text)


def test_a_file_that_is_no_text_or_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_bytes(b'targets = ["\xff"]')
    with pytest.raises(ConfigError, match="octet 12 is not UTF-8"):
        load_agent_config(tmp_path)
    fill = "# " + "x" * (agent_limits.CONFIG_OCTETS - 2)
    assert loaded(tmp_path, fill).targets == ()
    with pytest.raises(ConfigError, match="is larger than"):
        loaded(tmp_path, fill + "x")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "agent.toml")
    with pytest.raises(ConfigError, match="is no file"):
        load_agent_config(tmp_path)


def test_credentials_that_others_can_read_are_refused(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[[community]]\nname = "hidden"\n')
    secrets.chmod(0o644)
    with pytest.raises(InputError, match="is open to others"):
        loaded(tmp_path, 'credentials = "secrets.toml"')


def test_no_secret_is_shown(tmp_path: Path) -> None:
    assert "hidden" not in repr(loaded(tmp_path, 'community = ["hidden"]'))
    assert "hidden" not in refused(tmp_path, 'community = [["hidden"]]')


@given(st.text(max_size=60))
def test_any_text_is_a_configuration_or_refused(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "agent.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            load_agent_config(Path(folder))
        except PtscanError as error:
            assert "\n" not in str(error)  # noqa: PT017  what it raises is what is tested


def test_the_zone_is_that_of_the_environment_else_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = local_zone.__wrapped__
    summer = datetime(2026, 7, 1, 12)
    for name in ("Europe/Berlin", ":Europe/Berlin", "/usr/share/zoneinfo/Europe/Berlin"):
        monkeypatch.setenv("TZ", name)
        assert zone().utcoffset(summer) == timedelta(hours=2)
    here = datetime.now().astimezone().utcoffset()
    for nonsense in ("Nowhere/AtAll", "../../etc/passwd", "/etc/passwd", "/nowhere"):
        monkeypatch.setenv("TZ", nonsense)
        assert zone().utcoffset(summer) == here
    monkeypatch.delenv("TZ")
    assert zone().utcoffset(datetime.now()) == here
