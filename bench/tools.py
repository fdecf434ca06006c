"""The tools that sweep: how each is told to, at its defaults and at its best."""

import sys
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from harness import Absent, package_version, program, rival_python
from harness.rivals import program_version
from harness.target import BUILT
from sweepers import Job, Sweeper

from codec import V2C, PduType, RequestTemplate, parse_oid

PTSCAN: Final = Path(sys.executable).with_name("ptscan")
RIVALS: Final = Path(__file__).resolve().parent / "rivals"


def ptscan(name: str, *options: str) -> Sweeper:
    """Our own command line."""

    def command(job: Job) -> Sequence[str | Path]:
        return [PTSCAN, "sweep", job.span, "--port", str(job.port), "--format", "jsonl", "--quiet", *options]

    return Sweeper(name, package_version("ptscan"), command)


def c_limit(*options: str) -> Sweeper:
    """The same sweep in C."""

    def command(job: Job) -> Sequence[str | Path]:
        return [BUILT / "sweep", "-n", job.block, "-p", str(job.port), "-o", *options]

    return Sweeper("C limit", "", command)


def onesixtyone(name: str, wait_ms: int | None, *, hosts: int | None = None) -> Sweeper | Absent:
    """onesixtyone, ``wait_ms`` between two packets (None: its default of 10)."""
    path = program("onesixtyone")
    if isinstance(path, Absent):
        return path
    wait = [] if wait_ms is None else ["-w", str(wait_ms)]

    def command(job: Job) -> Sequence[str | Path]:
        return [path, "-p", str(job.port), *wait, "-i", job.listed(), "-o", job.folder / "log", "-q", "public"]

    return Sweeper(name, program_version("onesixtyone"), command, hosts, needs_list=True)


def net_snmp(processes: int, *, hosts: int) -> Sweeper | Absent:
    """net-snmp's snmpget, a process for each host, many at once by xargs."""
    path = program("snmpget")
    if isinstance(path, Absent):
        return path

    def command(job: Job) -> Sequence[str | Path]:
        get: list[str | Path] = [path, "-v2c", "-c", "public", "-t", "1", "-r", "2", "-On", f"{{}}:{job.port}"]
        objects = ["1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0"]
        return ["xargs", "-a", job.listed(), "-P", str(processes), "-I", "{}", *get, *objects]

    return Sweeper(f"net-snmp, {processes} processes", program_version("snmpget"), command, hosts, needs_list=True)


def python_rival(package: str, script: str, in_flight: int, *, hosts: int | None) -> Sweeper | Absent:
    """A Python library, driven by a script of bench/rivals that prints the address of each host that answered."""
    python = rival_python(package)
    if isinstance(python, Absent):
        return python

    def command(job: Job) -> Sequence[str | Path]:
        return [python, RIVALS / script, str(IPv4Address(job.base)), str(job.hosts), str(job.port), str(in_flight)]

    return Sweeper(f"{package}, {in_flight:,} in flight", package_version(package, python), command, hosts)


def zmap(name: str, *options: str, interface: str, gateway: str) -> Sweeper | Absent:
    """zmap with the request that ptscan sends, straight onto ``interface`` towards the MAC address ``gateway``."""
    path = program("zmap")
    if isinstance(path, Absent):
        return path
    objects = [parse_oid(f"1.3.6.1.2.1.1.{number}.0") for number in (2, 1, 5)]
    request = "hex:" + RequestTemplate(V2C, b"public", PduType.GET, objects).encode(0x12345678).hex()

    def command(job: Job) -> Sequence[str | Path]:
        nothing = job.folder / "empty"
        nothing.touch()
        command: list[str | Path] = [
            path, "-C", nothing, "-b", nothing, "-q", "-M", "udp", "-p", str(job.port), f"--probe-args={request}",
            "-i", interface, "-G", gateway, "--output-filter=success = 1", "-f", "saddr", "-o", job.folder / "found",
            *options, job.block,
        ]  # fmt: skip
        return command

    return Sweeper(name, program_version("zmap"), command)


def masscan(name: str, rate: int, *options: str, interface: str, gateway: str) -> Sweeper | Absent:
    """masscan at ``rate`` packets a second; it knows port 161 by itself."""
    path = program("masscan")
    if isinstance(path, Absent):
        return path

    def command(job: Job) -> Sequence[str | Path]:
        return [
            path, job.block, f"-pU:{job.port}", "-e", interface, "--router-mac", gateway, "--rate", str(rate),
            "--wait", "1", "-oL", job.folder / "found", *options,
        ]  # fmt: skip

    return Sweeper(name, program_version("masscan"), command)


def nmap(name: str, *options: str, hosts: int) -> Sweeper | Absent:
    """nmap's UDP scan, which sends an SNMP request to port 161 and takes an answer for an open port."""
    path = program("nmap")
    if isinstance(path, Absent):
        return path

    def command(job: Job) -> Sequence[str | Path]:
        return [
            path, "-sU", "-n", "-Pn", "-p", str(job.port), "--open", "-oG", job.folder / "found", *options, job.block,
        ]  # fmt: skip

    return Sweeper(name, program_version("nmap"), command, hosts)
