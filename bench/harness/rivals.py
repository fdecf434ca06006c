"""The rivals: Python packages in an environment of their own, programs of the system; had, or absent with a reason."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from harness.machine import debian_version, package_version
from harness.rounds import Absent

BENCH: Final = Path(__file__).resolve().parents[1]
ENVIRONMENT: Final = BENCH / ".rivals"
WANTED: Final = BENCH / "rivals.txt"
PROGRAMS: Final = {
    "onesixtyone": "onesixtyone",
    "nmap": "nmap",
    "zmap": "zmap",
    "masscan": "masscan",
    "snmpget": "snmp",
    "snmpd": "snmpd",
    "gcc": "gcc libc6-dev",
    "cc": "gcc libc6-dev",
    "ip": "iproute2",
}
"""Programs, and the Debian packages that have them."""

_PIP: Final = ("--quiet", "--disable-pip-version-check", "--no-input")
_PATH: Final = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))  # zmap and ip stand there


def prepare() -> list[str]:
    """Install what is missing: the packages of rivals.txt and, as root, the programs; say in lines what failed."""
    return [*_install_packages(), *_install_programs()]


def rival_python(package: str) -> Path | Absent:
    """The interpreter of an environment that has ``package``, pinned in rivals.txt."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        return Absent(package, "bench/.rivals is missing: make bench prepares it")
    if package_version(package, python) == "absent":
        return Absent(package, "the package could not be installed from the registry")
    return python


def program(name: str) -> Path | Absent:
    """The path of a program of the system."""
    found = shutil.which(name, path=_PATH)
    if found:
        return Path(found)
    package = PROGRAMS[name]
    return Absent(name, f"not installed (apt-get install {package})")


def program_version(name: str) -> str:
    """The version of a program's Debian package."""
    return debian_version(PROGRAMS[name].split()[0])


def _install_packages() -> list[str]:
    python, stamp = ENVIRONMENT / "bin" / "python", ENVIRONMENT / WANTED.name
    wanted = WANTED.read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return []
    _say("installing rivals into bench/.rivals")
    subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
    troubles = []
    one = ENVIRONMENT / "one.txt"
    for block in blocks(wanted):  # one by one: a package that can't be had must not keep out the others
        one.write_text(block)
        if not _runs([python, "-m", "pip", *_PIP, "install", "--no-deps", "--require-hashes", "-r", one]):
            troubles.append(f"{block.split()[0]} could not be installed")
    stamp.write_text(wanted)
    return troubles


def blocks(requirements: str) -> list[str]:
    """Take a file of requirements apart: one text for each, with its hashes."""
    return [block for block in re.split(r"^(?=\w)", requirements, flags=re.MULTILINE) if re.match(r"\w", block)]


def _install_programs() -> list[str]:
    missing = sorted({PROGRAMS[name] for name in PROGRAMS if isinstance(program(name), Absent)} - _compilers())
    if not missing:
        return []
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return [f"not installed: {', '.join(missing)} (apt-get install, as root)"]
    _say(f"installing {', '.join(missing)}")
    _runs(["apt-get", "update", "-q"])
    install = ["apt-get", "install", "-q", "-y", "--no-install-recommends"]
    return [f"{package} could not be installed" for package in missing if not _runs([*install, *package.split()])]


def _compilers() -> set[str]:
    """The packages of a compiler, where there is one of another package already."""
    return {PROGRAMS["cc"]} if any(isinstance(program(name), Path) for name in ("gcc", "cc")) else set()


def _runs(command: Sequence[str | Path]) -> bool:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=quiet, capture_output=True).returncode == 0


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)
