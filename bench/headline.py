"""The main figures for the README: one row for each tool, from the benches in which it takes part."""

from typing import Final, NamedTuple

import bench_completeness
import bench_namespaces
import bench_sweep
from goals import Known, seen
from harness.report import ROOT
from harness.table import shown

README: Final = ROOT / "README.md"
BEGIN: Final = "<!-- made by make bench: begin -->"
END: Final = "<!-- made by make bench: end -->"
HEADER: Final = "| a /16 of 65,536 addresses | all answer | found | found, 10 % of packets lost | found, narrow link |"


class Row(NamedTuple):
    """A tool: where its seconds come from, and what it is called on the bad paths."""

    label: str
    bench: str
    name: str
    on_bad_paths: str = ""


ROWS: Final = (
    Row("ptscan --rate max", "namespaces", "ptscan", "ptscan --rate max"),
    Row("the same sweep in C, no pacing", "namespaces", "C limit"),
    Row("zmap (bad paths: 50,000/s, 3 probes)", "namespaces", "zmap, full speed", "zmap, 50,000/s, 3 probes"),
    Row("masscan (bad paths: 20,000/s, 2 retries)", "namespaces", "masscan, 100,000/s", "masscan, 20,000/s, 2 retries"),
    Row("onesixtyone", "namespaces", "onesixtyone -w 0", "onesixtyone -w 0"),
    Row("nmap -sU, reckoned from a part", "namespaces", "nmap -T5 --min-rate 20000"),
    Row("gufo-snmp (Rust), on loopback", "sweep", "gufo-snmp, 1,000 in flight", "gufo-snmp, 1,000 in flight"),
    Row("pysnmp, on loopback, reckoned from a part", "sweep", "pysnmp, 100 in flight", "pysnmp, 500 in flight"),
    Row("net-snmp, on loopback, reckoned from a part", "sweep", "net-snmp, 32 processes", "net-snmp, 256 processes"),
)
CASES: Final = {"namespaces": bench_namespaces.CASE, "sweep": bench_sweep.WHOLE}


def headline(known: Known) -> str:
    """The table, without the rows of tools that were not measured."""
    lines = [HEADER, "| --- | --: | --: | --: | --: |"]
    for row in ROWS:
        case = CASES[row.bench]
        seconds = seen(row.bench, case, row.name)(known)
        if seconds is None:
            continue
        found = shown(seen(row.bench, case, row.name, "found")(known), "%")
        lossy = shown(seen("completeness", bench_completeness.LOSSY.name, row.on_bad_paths)(known), "%")
        narrow = shown(seen("completeness", bench_completeness.NARROW.name, row.on_bad_paths)(known), "%")
        lines.append(f"| {row.label} | {shown(seconds, 's')} s | {found} | {lossy} | {narrow} |")
    return "\n".join(lines)


def write(known: Known) -> None:
    """Put the table where the README has its place."""
    text = README.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and end:
        README.write_text(f"{before}{BEGIN}\n{headline(known)}\n{END}{after}", encoding="utf-8")
