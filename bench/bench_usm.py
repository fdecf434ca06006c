"""SNMPv3 clients side by side: one device, and a thousand that the client has never met.

python bench/bench_usm.py [--rounds N] [--seconds S] [--out FILE]
"""

import sys
from collections.abc import Sequence
from typing import Final

from clients import Library, Setting
from harness import Absent, Bench, Case, Column, Contestant, main
from harness.target import Network, build

CPU: Final = (Column("CPU", "µs"),)
GET: Final = Case("authPriv GET", "GETs/s", "more", CPU)
WALK: Final = Case("authPriv GETBULK walk", "varbinds/s", "more", CPU)
PASSWORDS: Final = Case("1,000 new devices at once, passwords", "devices/s", "more", CPU)
KEYS: Final = Case("1,000 new devices at once, master keys", "devices/s", "more", CPU)
TURNS: Final = {
    GET: "sequential",
    Case("authPriv GET of snmpd", "GETs/s", "more", CPU): "sequential_snmpd",
    WALK: "walk",
    Case("authPriv GETBULK walk of snmpd", "varbinds/s", "more", CPU): "walk_snmpd",
    PASSWORDS: "thousand",
    KEYS: "thousand_ready",
    Case("memory, 1,000 new devices at once", "MB"): "memory",
}
BENCH: Final = Bench(
    "usm",
    "SNMPv3",
    "authPriv with SHA-256 and AES-128; every answer is checked by its value. The C responder plays the devices, each "
    "with an engine ID of its own; what is asked of snmpd is bound by snmpd. A new device is one that the client, "
    "itself opened for these devices, knows nothing of: it is discovered, keys are localised to it, one GET is asked. "
    "A password is stretched over a megabyte first: by ptscan and pysnmp, whose sessions share a client, once for all "
    "devices; by gufo-snmp and ezsnmp in each session, for theirs share nothing. Who takes master keys, which are what "
    "that megabyte gives, has a row with these besides; ezsnmp takes none. gufo-snmp (sync) and ezsnmp block, and ask "
    "one device after the other. Memory is the peak of one thousand, from passwords.",
    tuple(TURNS),
)
USER: Final = ("monitor", "auth-password", "priv-password")
SETTING: Final = Setting(
    prefix="usm",
    turns={case.name: turn for case, turn in TURNS.items()},
    network=Network(addresses="127.93.0.0/16", port=19165, user=USER),
    snmpd=("127.94.0.1", 19166),
    lines=(f"createUser {USER[0]} SHA-256 {USER[1]} AES {USER[2]}", f"rouser {USER[0]} priv"),
)
RIVALS: Final = (
    Library("gufo-snmp", "gufo-snmp", "gufo_async"),
    Library("gufo-snmp (sync)", "gufo-snmp", "gufo_sync"),
    Library("ezsnmp", "ezsnmp", "ezsnmp", 2),
    Library("pysnmp", "pysnmp", "pysnmp", 2),
)


def contestants() -> Sequence[Contestant | Absent]:
    """Everybody; the slow ones have two turns."""
    if (missing := build()) is not None:
        return [missing]
    without = (Absent("puresnmp", "knows MD5 and SHA-1 only"), Absent("aiosnmp", "knows SNMPv1 and v2c only"))
    return [*SETTING.contestants(RIVALS), *without]


if __name__ == "__main__":
    sys.exit(main(BENCH, contestants, rounds=5, seconds=150))
