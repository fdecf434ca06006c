"""`make demo` keeps its word: it shows the tables, leaves readings and database, and stops what it started."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_scans_a_fleet_and_leaves_its_readings(tmp_path: Path) -> None:
    kept = tmp_path / "demo.jsonl"
    tools = Path(sys.executable).parent
    environment = os.environ | {
        "DEVICES": "12",
        "NETWORK": "127.20.7.0/28",
        "KEEP": str(kept),
        "FOLDER": str(tmp_path / "demo"),
        "PATH": f"{tools}:{os.environ['PATH']}",
    }
    demo = subprocess.run(
        ["sh", "docs/demo.sh"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert demo.returncode == 0, demo.stderr
    readings = [json.loads(line) for line in kept.read_text().splitlines()]
    assert readings
    assert f"{len(readings)} readings of the scan lie in {kept}" in demo.stdout
    assert "36 readings spooled by the agent, 36 stored by the collector, 0 of them twice" in demo.stderr
    assert (tmp_path / "demo" / "collector" / "collector.db").exists()
    for reading in readings:
        assert reading["schema"] == "ptscan.reading/1"
        assert f"{reading['address']}:{reading['port']}" in demo.stdout  # its row of the table
    port = readings[0]["port"]
    after = subprocess.run(
        ["ptscan", "get", f"127.20.7.1:{port}", "1.3.6.1.2.1.1.3.0", "--timeout", "0.2", "--retries", "0"],
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert after.returncode == 1, "the fleet still answers"
