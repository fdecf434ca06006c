"""An agent is enrolled, run, looked at and checked from the shell; what is typed wrongly is one line."""

import io
import json
import re
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import starting

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]
Sim = Callable[..., int]

TOKEN = "ptscan_nonsense"
AGENT_TOML = """
targets = ["127.72.9.0/28"]
rate = 20000
[snmp]
port = {port}
timeout = 0.5
retries = 0
[[schedule]]
name = "day"
every = "1d"
[page]
listen = "{page}"
"""


@pytest.fixture
def agent(ptscan: Run, tmp_path: Path) -> Run:
    """``agent("status")``: run it on the agent of this test."""
    return lambda *words, **more: ptscan("agent", *words, PTSCAN_AGENT=str(tmp_path / "agent"), **more)


def one_line(done: "subprocess.CompletedProcess[str]", status: int) -> str:
    """The one line that a refused command says."""
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert done.stderr.startswith("ptscan: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["enrol"], "enrol: no URL was given: write ptscan agent enrol URL --token-file FILE"),
        (["enrol", "127.0.0.1"], "no token was given: name its file with --token-file FILE, or set PTSCAN_TOKEN"),
        (["enrol", "127.0.0.1", "--token", "x", "--token-file", "y"], "exclude each other"),
        (["enrol", "127.0.0.1", "--token-file", "nowhere"], "nowhere: the token cannot be read: No such file"),
        (["enrol", "127.0.0.1", "--token-file", "."], "the token cannot be read: Is a directory"),
        (["enrol", "http://127.0.0.1", "--token", TOKEN], "http"),
        (["enrol", "127.0.0.1:99999", "--token", TOKEN], "99999"),
        (["enrol", "127.0.0.1", "--token", "hidden"], "token: it does not begin with ptscan_"),
        (["enrol", "127.0.0.1", "--token", TOKEN, "--proxy", "ftp://x"], "ftp"),
        (["run"], "there is no agent in"),
        (["status"], "there is no agent in"),
    ],
)
def test_what_is_typed_wrongly_is_one_line_and_makes_nothing(
    agent: Run, tmp_path: Path, words: list[str], says: str
) -> None:
    line = one_line(agent(*words), 2)
    assert says in line
    assert "hidden" not in line
    assert not (tmp_path / "agent").exists()


def test_a_token_may_come_from_the_environment_or_a_file(agent: Run, tmp_path: Path) -> None:
    assert "token: " in one_line(agent("enrol", "127.0.0.1", PTSCAN_TOKEN="hidden"), 2)
    (tmp_path / "token").write_text("hidden\n")
    assert "token: " in one_line(agent("enrol", "127.0.0.1", "--token-file", "token", PTSCAN_TOKEN="ptscan_x"), 2)
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    assert "it is no text" in one_line(agent("enrol", "127.0.0.1", "--token-file", "token"), 2)


def test_a_token_may_come_from_standard_input(agent: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("hidden\n"))
    assert "token: " in one_line(agent("enrol", "127.0.0.1", "--token-file", "-"), 2)
    assert not (tmp_path / "agent").exists()


def test_an_agent_that_was_never_enrolled_does_not_run(agent: Run, tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir(mode=0o700)
    assert "is not enrolled yet; enrol it: `ptscan agent enrol" in one_line(agent("run"), 2)
    done = agent("check")
    assert done.returncode == 1
    assert "identity" in done.stdout


def test_a_wrong_agent_toml_is_told_by_each_verb(agent: Run, tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir(mode=0o700)
    (tmp_path / "agent" / "agent.toml").write_text("rate = 5\ntargts = []\n")
    for verb in ("run", "status"):
        assert "agent.toml: line 2: 'targts' is nothing known here: use one of targets" in one_line(agent(verb), 2)
    assert agent("check").returncode == 1


class Site:
    """A collector that runs, a fleet, and an agent that is enrolled."""

    def __init__(self, start: Start, folder: Path, fleet: int) -> None:
        self.start = start
        self.folder = folder
        self.fleet = fleet
        self.port = 0

    def run(self, *words: str, status: int = 0) -> str:
        process = self.start(*words)
        out, err = process.communicate(timeout=60)
        assert process.returncode == status, err
        return out

    def allow(self, name: str, page: str) -> str:
        """Say what the agent may do, and give its folder."""
        home = self.folder / name
        (home / "agent.toml").write_text(AGENT_TOML.format(port=self.fleet, page=page))
        return str(home)

    def enrolled(self, name: str, page: str = "off", entity: str = "ACME/Berlin") -> str:
        """Enrol an agent, and give its folder."""
        collector = str(self.folder / "collector")
        token = self.run("collector", "token", "create", "--entity", entity, "--folder", collector)
        (self.folder / "token").write_text(token)
        home = str(self.folder / name)
        where = f"https://127.0.0.1:{self.port}"
        self.run("agent", "enrol", where, "--token-file", str(self.folder / "token"), "--folder", home, "--name", name)
        return self.allow(name, page)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, sim: Sim) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with starting(folder) as start:
        made = Site(start, folder, sim("--fleet", "6", "--seed", "11", "--network", "127.72.9.0/24"))
        collector = str(folder / "collector")
        made.run("collector", "init", "--name", "127.0.0.1", "--listen", "127.0.0.1:0", "--pages", "off", "--folder", collector)  # fmt: skip  # noqa: E501
        process = start("collector", "run", "--folder", collector)
        made.port = int(ready(process).split(",")[0].rpartition(":")[2])
        yield made


def ready(process: "subprocess.Popen[str]") -> str:
    """The line that says that it runs."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("ready: "), process.communicate(timeout=10)
    return line.rstrip()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def status_of(site: Site, home: str, wanted: Callable[[dict[str, object]], object]) -> dict[str, object]:
    """The agent's status, as soon as it is as wanted."""
    for _ in range(60):
        (status,) = json.loads(site.run("agent", "status", "--folder", home, "--format", "json"))
        if wanted(status):
            return dict(status)
        time.sleep(0.3)
    pytest.fail(f"it never came: {status}")


def test_an_agent_reads_a_network_and_the_collector_has_it(site: Site) -> None:
    page = f"127.0.0.1:{free_port()}"
    home = site.enrolled("whole", page)
    assert stat.S_IMODE(Path(home).stat().st_mode) == 0o700
    process = site.start("agent", "run", "--folder", home)
    line = ready(process)
    found = re.fullmatch(r"ready: agent (\w+) of ACME/Berlin at 127\.0\.0\.1:\d+, page at http://(.*)/", line)
    assert found is not None, line
    assert found[2] == page
    status = status_of(site, home, lambda status: status["swept_at"] and status["stored"])
    assert (status["agent_id"], status["entity"], status["is_running"]) == (found[1], "ACME/Berlin", True)
    assert status["mode"] == "session"
    assert isinstance(status["devices"], int)
    assert status["devices"] > 0
    assert isinstance(status["memory_octets"], int)
    assert status["memory_octets"] < 60 << 20
    rows = json.loads(site.run("collector", "devices", "--folder", str(site.folder / "collector"), "--format", "json"))
    assert len(rows) == status["devices"]
    table = site.run("agent", "status", "--folder", home)
    assert "connected (session)" in table
    steps = json.loads(site.run("agent", "check", "--folder", home, "--format", "json"))
    assert all(step["ok"] for step in steps)
    assert {"identity", "tls", "hello"} <= {step["name"] for step in steps}
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert "kind=sweep-done" in err
    assert "Traceback" not in err
    (after,) = json.loads(site.run("agent", "status", "--folder", home, "--format", "json"))
    assert (after["is_running"], after["agent_id"]) == (False, found[1])


def test_sigterm_ends_an_agent_in_order_and_a_second_one_is_refused(site: Site) -> None:
    home = site.enrolled("term")
    process = site.start("agent", "run", "--folder", home)
    assert ", page at" not in ready(process)
    other = site.start("agent", "run", "--folder", home)
    _, err = other.communicate(timeout=30)
    assert other.returncode == 1
    assert "is in use by another agent" in err
    (status,) = json.loads(site.run("agent", "status", "--folder", home, "--format", "json"))
    assert status["is_running"]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_an_agent_that_was_revoked_and_is_enrolled_again_has_each_reading_once(site: Site) -> None:
    page, collector = f"127.0.0.1:{free_port()}", ["--folder", str(site.folder / "collector")]
    agents: list[object] = []
    for _ in range(2):
        home = site.enrolled("revoked", page, "ACME/Munich")
        process = site.start("agent", "run", "--folder", home)
        ready(process)
        status = status_of(
            site, home, lambda status: status["mode"] == "session" and status["swept_at"] and not waiting(status)
        )
        agents.append(status["agent_id"])
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert "kind=resent" not in err
        site.run("collector", "agent", "revoke", str(agents[-1]), *collector)
    assert agents[0] != agents[1]
    munich = ["--entity", "ACME/Munich", "--format", "json", *collector]
    devices = json.loads(site.run("collector", "devices", *munich))
    assert devices
    for device in devices:
        times = [one["time"] for one in json.loads(site.run("collector", "readings", device["device_id"], *munich))]
        assert times
        assert len(set(times)) == len(times), "each once"


def waiting(status: dict[str, object]) -> int:
    spool = status["spool"]
    assert isinstance(spool, dict)
    return int(spool["records"])


def test_a_port_that_is_taken_costs_the_page_alone(site: Site) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        home = site.enrolled("taken", f"127.0.0.1:{taken.getsockname()[1]}")
        process = site.start("agent", "run", "--folder", home)
        assert ", page at" not in ready(process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "kind=page-unavailable" in err
    assert "give agent.toml another [page] listen" in err


def test_enrolling_writes_a_file_to_begin_with_and_leaves_one_that_is_there(site: Site, tmp_path: Path) -> None:
    home = Path(site.enrolled("again"))
    before = (home / "agent.toml").read_text()
    assert Path(site.enrolled("again")) == home
    (home / "agent.toml").unlink()
    token = site.run("collector", "token", "create", "--entity", "ACME", "--folder", str(site.folder / "collector"))
    process = site.start("agent", "enrol", f"127.0.0.1:{site.port}", "--token", token.strip(), "--folder", str(home))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "until then it asks nothing" in err
    assert token.strip() not in err
    assert (home / "agent.toml").read_text() != before
    assert "targets = []" in (home / "agent.toml").read_text()


def test_a_collector_that_is_not_there_is_told_and_the_token_is_good_still(site: Site, tmp_path: Path) -> None:
    token = site.run("collector", "token", "create", "--entity", "ACME", "--folder", str(site.folder / "collector"))
    words = ["--token", token.strip(), "--folder", str(tmp_path / "late")]
    process = site.start("agent", "enrol", f"127.0.0.1:{free_port()}", *words)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "refused" in err
    assert token.strip() not in err
    site.run("agent", "enrol", f"127.0.0.1:{site.port}", *words)
