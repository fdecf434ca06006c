"""SNMP clients side by side: one host, a thousand at once, ten thousand.

python bench/bench_client.py [--rounds N] [--seconds S] [--out FILE]
"""

import sys
from collections.abc import Sequence
from typing import Final

from clients import Library, Setting
from harness import Absent, Bench, Case, Column, Contestant, main
from harness.target import Network, build

CPU: Final = (Column("CPU", "µs"),)
BENCH: Final = Bench(
    "client",
    "Client",
    "Every answer is checked by its value. All ask the same: SNMPv2c, GETBULK of 25 repetitions; ptscan and its rivals "
    "in asyncio have one thread, gufo-snmp (sync) blocks. A walk of snmpd is bound by snmpd.",
    (
        Case("sequential GET", "GETs/s", "more", CPU),
        Case("GETBULK walk", "varbinds/s", "more", CPU),
        Case("GETBULK walk of snmpd", "varbinds/s", "more", CPU),
        Case("1,000 hosts at once", "hosts/s", "more", CPU),
        Case("10,000 hosts, 1,000 at once", "hosts/s", "more", CPU),
        Case("memory, 1,000 hosts at once", "MB"),
    ),
)
TURNS: Final = ("sequential", "walk", "walk_snmpd", "thousand", "ten_thousand", "memory")
SETTING: Final = Setting(
    prefix="client",
    turns={case.name: turn for case, turn in zip(BENCH.cases, TURNS, strict=True)},
    network=Network(addresses="127.91.0.0/16", port=19163),
    snmpd=("127.92.0.1", 19164),
    lines=("rocommunity public 127.0.0.0/8",),
)
RIVALS: Final = (
    Library("gufo-snmp", "gufo-snmp", "gufo_async"),
    Library("gufo-snmp (sync)", "gufo-snmp", "gufo_sync"),
    Library("aiosnmp", "aiosnmp", "aiosnmp", 2),
    Library("puresnmp", "puresnmp", "puresnmp", 2),
    Library("pysnmp", "pysnmp", "pysnmp", 2),
)


def contestants() -> Sequence[Contestant | Absent]:
    """Everybody; the slow ones have two turns."""
    if (missing := build()) is not None:
        return [missing]
    without = Absent("easysnmp", "no wheel in the registry: building it needs the headers of net-snmp")
    return [*SETTING.contestants(RIVALS), without]


if __name__ == "__main__":
    sys.exit(main(BENCH, contestants, rounds=5, seconds=90))
