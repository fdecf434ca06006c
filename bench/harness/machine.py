"""Names the machine and the versions of what is measured on it."""

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def machine() -> str:
    """One line on this machine: processor, cores, system, Python."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def package_version(name: str, python: Path | None = None) -> str:
    """The version of a Python package in the environment of ``python``, or in this one; "absent" when it has none."""
    if python is None or python == Path(sys.executable):
        try:
            return version(name)
        except PackageNotFoundError:
            return "absent"
    asked = f"from importlib.metadata import version; print(version({name!r}))"
    run = subprocess.run([python, "-c", asked], capture_output=True, text=True)
    return run.stdout.strip() if run.returncode == 0 else "absent"


def debian_version(package: str) -> str:
    """The version of a Debian package without its revision; "" where dpkg does not know it."""
    try:
        run = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    except OSError:
        return ""
    return run.stdout.partition("-")[0].partition("+")[0].rpartition(":")[2] if run.returncode == 0 else ""
