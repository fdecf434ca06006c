"""The short form of `make soak`: killed, cut, throttled, silenced, and nothing lost, doubled, altered or invented."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from rounds import WEATHERS

SOAK = Path(__file__).with_name("soak.py")
PATIENCE = 300.0  # seconds; no run takes a third of it


def soaked(folder: Path, *words: str) -> dict[str, Any]:
    """What a run says; its folder goes where all was well."""
    command = [
        sys.executable,
        str(SOAK),
        "--folder",
        str(folder / "soak"),
        "--seed",
        "1",
        "--start-seconds",
        "60",
        *words,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.stdout, done.stderr[-4_000:]
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["ok"], f"{told['faults']}: {told['examples']}: see {told['folder']}"
    assert done.returncode == 0
    assert told["readings"]["spooled"] > 0
    shutil.rmtree(folder / "soak")
    return told


def test_killed_twenty_times_on_sqlite(tmp_path: Path) -> None:
    told = soaked(tmp_path, "--store", "sqlite", "--kills", "20", "--pairs", "1", "--faults", "none")
    assert told["kills"]["all"] >= 20


def test_killed_ten_times_on_postgresql(tmp_path: Path, postgresql_server: str) -> None:
    told = soaked(tmp_path, "--store", "postgresql", "--kills", "10", "--pairs", "1", "--faults", "none")
    assert told["kills"]["all"] >= 10


def test_every_weather_once(tmp_path: Path) -> None:
    names = [*WEATHERS, "random"]
    # A round of two kills may have three, where both are killed at last.
    words = ("--kills", str(3 * len(names)), "--round", "2", "--pairs", "4", "--faults", ",".join(names))
    told = soaked(tmp_path, "--store", "sqlite", *words)
    assert set(told["rounds"]) == set(names)
