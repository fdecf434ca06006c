"""Both implementations, a peer on loopback, and Python in a child for what must not touch this process."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(params=[pytest.param(False, id="plain"), pytest.param(True, id="batched")])
def batched(request: pytest.FixtureRequest) -> bool:
    """Whether the batched implementation is under test; all that a test here promises, both keep."""
    if request.param and sys.platform != "linux":
        pytest.skip("only Linux has sendmmsg and recvmmsg")
    return bool(request.param)


@pytest.fixture
def peer():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", 0))
        sock.settimeout(5)
        yield sock


@pytest.fixture
def run_child() -> Callable[..., Any]:
    """Run Python ``script`` in a child behind the command ``wrapped``; give what it printed as JSON."""

    def run(script: str, *wrapped: str) -> Any:
        child = subprocess.run(
            [*wrapped, sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
        )
        assert child.returncode == 0, child.stderr
        return json.loads(child.stdout)

    return run
