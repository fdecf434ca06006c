"""``ptscan demo``: fleet, collector and agent in one process, what was spooled held against what is stored."""

import json
import signal
import subprocess
import sys
from pathlib import Path

PTSCAN = Path(sys.executable).with_name("ptscan")


def demo(*words: str, network: str) -> "subprocess.Popen[str]":
    command = [PTSCAN, "demo", "--network", network, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_everything_that_is_spooled_is_stored_once() -> None:
    with demo("--printers", "6", "--rounds", "2", "--exit", "--format", "json", network="127.26.1.0/24") as running:
        out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    summary = json.loads(out)
    assert summary.keys() >= {"printers", "readings_spooled", "readings_stored", "duplicates", "seconds"}
    assert (summary["printers"], summary["readings_spooled"], summary["readings_stored"]) == (6, 12, 12)
    assert summary["duplicates"] == 0
    assert "round 2 of 2: 6 printers read" in err


def test_what_it_leaves_in_a_folder_can_be_looked_at_and_is_not_written_over(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    words = ("--printers", "3", "--rounds", "1", "--exit", "--folder", str(home))
    with demo(*words, network="127.26.2.0/24") as running:
        out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    assert "Demo dealer/North/First customer" in out  # the table of devices
    look = [PTSCAN, "collector", "devices", "--folder", home / "collector", "--format", "json"]
    devices = json.loads(subprocess.run(look, capture_output=True, check=True, timeout=60).stdout)
    assert len(devices) == 3
    assert all(device["total"] > 0 and device["entity"] == "Demo dealer/North/First customer" for device in devices)
    look = [PTSCAN, "collector", "agent", "list", "--folder", home / "collector", "--format", "json"]
    [agent] = json.loads(subprocess.run(look, capture_output=True, check=True, timeout=60).stdout)
    assert (agent["name"], agent["devices"], agent["state"]) == ("demo", 3, "active")
    with demo(*words, network="127.26.2.0/24") as again:
        _, err = again.communicate(timeout=60)
    assert again.returncode == 2
    assert err.startswith(f"ptscan: {home} is there and not empty")


def test_ctrl_c_ends_all_of_it() -> None:
    with demo("--printers", "3", "--rounds", "1000", network="127.26.3.0/24") as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("round 2"):
                break
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert out == ""
    assert "interrupted before its end" in err
    assert "Traceback" not in err
