"""A collector that runs: it says when it is ready, every other verb works beside it, and it ends when it is told to."""

import importlib.util
import json
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]
Sim = Callable[..., int]

READY = re.compile(r"ready: agents at 127\.0\.0\.1:(\d+), pages at http://127\.0\.0\.1:(\d+)\n")
HERE = ("--folder", "collector")


@pytest.fixture
def made(ptscan: Run) -> Run:
    """``made("devices")``: run a verb on a collector that was just made in the folder ``collector``."""

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return ptscan("collector", *words, *HERE)

    done = run("init", "--name", "localhost", "--listen", "127.0.0.1:0", "--pages", "127.0.0.1:0")
    assert done.returncode == 0, done.stderr
    return run


def ready(process: "subprocess.Popen[str]") -> tuple[int, int]:
    """Wait until the collector says that it is ready: its ports, for agents and for pages."""
    assert process.stdout is not None
    line = process.stdout.readline()
    found = READY.fullmatch(line)
    assert found is not None, (line, process.communicate(timeout=10))
    return int(found[1]), int(found[2])


def page(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_when_it_listens_and_ends_well_when_it_is_told_to(
    number: signal.Signals, made: Run, started: Start
) -> None:
    process = started("collector", "run", *HERE)
    agents, pages = ready(process)
    for port in (agents, pages):
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    process.send_signal(number)
    rest, log = process.communicate(timeout=30)
    assert (process.returncode, rest) == (0, "")
    assert "Traceback" not in log
    lines = log.splitlines()
    assert lines
    assert all(line.startswith("time=") for line in lines), log
    assert re.search(r"level=info kind=store-opened .*SQLite \d", log)


def test_every_verb_works_beside_it(made: Run, started: Start, tmp_path: Path) -> None:
    process = started("collector", "run", *HERE)
    _, pages = ready(process)
    assert page(pages, "/readyz")[0] == 200
    token = made("token", "create", "--entity", "ACME/Berlin")
    assert token.stdout.startswith("ptscan_")
    for words in (("token", "list"), ("entity", "list"), ("agent", "list"), ("devices",), ("job", "list")):
        done = made(*words, "--format", "json")
        assert done.returncode == 0, done.stderr
        json.loads(done.stdout)
    assert made("backup", "monday.db").returncode == 0
    assert made("check").returncode == 0
    refused = made("restore", "monday.db")
    assert refused.returncode == 1
    assert "stop the collector first" in refused.stderr
    assert token.stdout.strip() not in page(pages, "/metrics")[1]
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 0
    assert token.stdout.strip() not in log
    assert made("restore", "monday.db").returncode == 0


def test_a_port_in_use_is_one_line(made: Run, process: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        path = tmp_path / "collector" / "collector.toml"
        text = path.read_text()
        number = taken.getsockname()[1]
        path.write_text(text.replace('listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{number}"'))
        done = process("collector", "run", *HERE)
    assert (done.returncode, done.stdout) == (2, "")
    told = [line for line in done.stderr.splitlines() if not line.startswith("time=")]
    assert len(told) == 1
    assert told[0].startswith("ptscan: ")
    assert str(number) in told[0]
    assert "Traceback" not in done.stderr


def test_a_setting_that_is_wrong_is_one_line_with_its_own(made: Run, process: Run, tmp_path: Path) -> None:
    path = tmp_path / "collector" / "collector.toml"
    path.write_text(path.read_text() + "\nretention = 3\n")
    done = process("collector", "run", *HERE)
    assert (done.returncode, done.stdout) == (2, "")
    assert "retention" in done.stderr
    assert re.search(r"collector\.toml, line \d+: ", done.stderr)
    assert done.stderr.count("\n") == 1


def test_a_killed_collector_starts_again(made: Run, started: Start) -> None:
    process = started("collector", "run", *HERE)
    ready(process)
    made("token", "create", "--entity", "ACME")
    process.kill()
    process.wait(10)
    again = started("collector", "run", *HERE)
    ready(again)
    [token] = json.loads(made("token", "list", "--format", "json").stdout)
    assert token["state"] == "open"
    again.send_signal(signal.SIGTERM)
    assert again.wait(30) == 0


def test_a_reader_of_standard_output_that_is_gone_ends_it_without_a_word(
    made: Run, command: list[str], tmp_path: Path
) -> None:
    """Whoever starts it waits for the line; where nobody can have it, there is nothing to run for."""
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *command, "collector", "run", *HERE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "standard output" in done.stderr
    assert "Traceback" not in done.stderr


def until(holds: Callable[[], bool], *processes: "subprocess.Popen[str]") -> None:
    """Look until it is so: a minute at most, and as long as the processes run."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        for process in processes:
            assert process.poll() is None, process.communicate()
        time.sleep(0.1)


def test_from_a_token_to_the_devices_in_the_list_and_out_again(
    made: Run, ptscan: Run, started: Start, sim: Sim, tmp_path: Path
) -> None:
    """All of it by processes as people start them: an agent enrols, reads, is given a job, and is revoked."""
    port = sim("--fleet", "5", "--seed", "7", "--network", "127.60.12.0/28")
    collector = started("collector", "run", *HERE)
    agents, _ = ready(collector)
    token = made("token", "create", "--entity", "ACME/Berlin", "--quiet").stdout.strip()
    enrolled = ptscan(
        "agent", "enrol", f"https://localhost:{agents}", "--folder", "agent", "--name", "here", PTSCAN_TOKEN=token
    )
    assert enrolled.returncode == 0, enrolled.stderr
    again = ptscan("agent", "enrol", f"https://localhost:{agents}", "--folder", "second", PTSCAN_TOKEN=token)
    assert again.returncode != 0
    assert token not in enrolled.stdout + enrolled.stderr + again.stdout + again.stderr
    settings = f'targets = ["127.60.12.0/28"]\n[snmp]\nport = {port}\n[page]\nlisten = "off"\n'
    (tmp_path / "agent" / "agent.toml").write_text(settings)
    agent = started("agent", "run", "--folder", "agent")
    assert agent.stdout is not None
    assert agent.stdout.readline().startswith("ready: ")
    job = made("job", "send", "here", "scan", "127.60.12.0/28").stdout.strip()

    def job_is(*states: str) -> bool:
        [row] = json.loads(made("job", "list", "--format", "json").stdout)
        assert row["id"] == job
        return row["state"] in states

    def devices() -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(made("devices", "--format", "json").stdout)
        return found

    until(lambda: job_is("done", "part", "failed", "refused"), collector, agent)
    assert job_is("done")
    until(lambda: len(devices()) > 1, collector, agent)
    assert {row["entity"] for row in devices()} == {"ACME/Berlin"}
    history = json.loads(made("readings", str(devices()[0]["device_id"]), "--format", "json").stdout)
    assert [reading["device_id"] for reading in history] == [devices()[0]["device_id"]]
    assert made("agent", "revoke", "here", "--why", "a test").returncode == 0
    [row] = json.loads(made("agent", "list", "--format", "json").stdout)
    assert (row["state"], row["why"]) == ("revoked", "a test")
    agent.send_signal(signal.SIGTERM)
    _, said = agent.communicate(timeout=30)
    assert agent.returncode == 0, said
    collector.send_signal(signal.SIGTERM)
    _, log = collector.communicate(timeout=30)
    assert collector.returncode == 0, log
    assert "kind=enrolled" in log
    assert "kind=enrolment-refused" in log
    assert token not in log + said
    assert "Traceback" not in log + said


def _postgresql() -> ModuleType:
    path = Path(__file__).parents[1] / "collector" / "servers.py"
    spec = importlib.util.spec_from_file_location("servers", path)
    assert spec is not None
    assert spec.loader is not None
    servers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(servers)
    return servers


def test_on_postgresql_it_is_the_same_and_the_password_is_shown_to_nobody(ptscan: Run, started: Start) -> None:
    servers = _postgresql()
    try:
        with servers.running_server() as server, servers.new_database(server) as url:
            _on_postgresql(url.replace("ptscan@", "ptscan:s3cret-word@"), ptscan, started)
    except servers.AbsentError as absent:
        pytest.skip(str(absent))


def _on_postgresql(url: str, ptscan: Run, started: Start) -> None:
    said: list[str] = []

    def verb(*words: str, status: int = 0) -> str:
        done = ptscan("collector", *words, *HERE)
        assert done.returncode == status, done.stderr
        said.append(done.stdout + done.stderr)
        return done.stdout

    verb("init", "--name", "localhost", "--listen", "127.0.0.1:0", "--pages", "127.0.0.1:0", "--database", url)
    verb("token", "create", "--entity", "ACME")
    process = started("collector", "run", *HERE)
    _, pages = ready(process)
    assert page(pages, "/readyz")[0] == 200
    assert json.loads(verb("token", "list", "--format", "json"))[0]["entity"] == "ACME"
    verb("entity", "move", "ACME", "Acme")
    assert [row["path"] for row in json.loads(verb("entity", "list", "--format", "json"))] == ["/", "Acme"]
    assert json.loads(verb("devices", "--format", "json")) == []
    verb("check")
    verb("backup", "monday.db", status=1)
    assert "pg_dump" in said[-1]
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 0, log
    assert "s3cret-word" not in "".join(said) + log
