"""The verbs: each is loaded when it is called, so that one does not pay for another's imports."""

from collections.abc import Callable
from importlib import import_module
from typing import Final, NamedTuple


class Verb(NamedTuple):
    """A verb's function as ``module:name``, what it does, what follows the verb, and examples of that."""

    place: str
    help: str
    usage: str
    examples: tuple[str, ...]

    def load(self) -> Callable[..., int]:
        """Import the function."""
        module, _, name = self.place.partition(":")
        function: Callable[..., int] = getattr(import_module(module), name)
        return function


VERBS: Final = {
    "scan": Verb(
        "ptscan.cli.scan:scan",
        "Find the printers in ranges of addresses and read each of them: the main job.",
        "TARGET...",
        (
            "10.1.0.0/16",
            "local --exclude 10.1.9.0/24 -o fleet.xlsx",
            "@sites.txt --credentials secrets.toml --resume state -o fleet.jsonl",
        ),
    ),
    "sweep": Verb(
        "ptscan.cli.sweep:sweep",
        "Find what answers SNMP in ranges of addresses, without reading it.",
        "TARGET...",
        ("10.1.0.0/16 --rate 500", "10.1-3.*.* --shard 1/3 --seed 7 --format jsonl"),
    ),
    "read": Verb(
        "ptscan.cli.read:read",
        "Read the printers at these addresses, without a sweep.",
        "ADDRESS[:PORT]...",
        ("10.1.2.3", "10.1.2.3:1161 [fe80::1]:161 --format json", "10.1.2.3 --explain"),
    ),
    "get": Verb(
        "ptscan.cli.ask:get",
        "Get the values of OIDs from one device, printed as snmpget -On does.",
        "ADDRESS[:PORT] OID...",
        ("10.1.2.3 1.3.6.1.2.1.1.1.0 1.3.6.1.2.1.43.10.2.1.4.1.1",),
    ),
    "walk": Verb(
        "ptscan.cli.ask:walk",
        "Walk the values below OIDs (default: 1.3.6.1.2.1) of one device, printed as snmpbulkwalk -On does.",
        "ADDRESS[:PORT] [OID]...",
        ("10.1.2.3 1.3.6.1.2.1.43", "10.1.2.3 1.3.6.1.4.1 --format jsonl"),
    ),
    "record": Verb(
        "ptscan.cli.record:record",
        "Keep a device as a recording: what a profile needs, without jobs, people and other hosts.",
        "ADDRESS[:PORT] -o FILE.snmprec",
        ("10.1.2.3 -o odd.snmprec",),
    ),
    "profile check": Verb(
        "ptscan.cli.profile:profile_check",
        "Check profiles that you wrote: say what they hold, and what is wrong in them and how to mend it.",
        "FILE...",
        ("acme.toml", "mine/*.toml --quiet"),
    ),
    "profile list": Verb(
        "ptscan.cli.profile:profile_list",
        "List the profiles that are used: what they can fill, how much they ask for, and why they are believed.",
        "",
        ("--profiles mine", "--format json"),
    ),
    "profile show": Verb(
        "ptscan.cli.profile:profile_show",
        "Show what is read of a vendor's printers, from where and how sure that is, as Markdown.",
        "NAME...",
        ("xerox", "acme --profile acme.toml -o acme.md"),
    ),
    "credentials check": Verb(
        "ptscan.cli.credentials:credentials_check",
        "Try each entry of a credentials file on one device, and say which work and what it answers to the others.",
        "FILE ADDRESS[:PORT]",
        ("secrets.toml 10.1.2.3", "secrets.toml 10.1.2.3:1161 --format json"),
    ),
    "bench sweep": Verb(
        "ptscan.cli.bench:bench_sweep",
        "Measure how fast this machine sweeps: addresses and probes a second.",
        "[--hosts N | --network CIDR --port P]",
        ("--hosts 65536 --rounds 5", "--network 127.1.0.0/16 --port 1261 --format json"),
    ),
    "sim": Verb(
        "ptscan.cli.sim:sim",
        "Play printers on loopback until Ctrl-C: recordings, and fleets made up of forty models.",
        "[FILE|DIR]... [--fleet N]",
        ("odd.snmprec --listen 127.0.0.1:1161", "--fleet 200 --network 127.1.0.0/16 --map fleet.txt"),
    ),
}

GROUPS: Final = {
    "profile": "Look into what is known of the vendors' printers.",
    "credentials": "Look after a credentials file.",
    "bench": "Measure this machine.",
}
"""The first words of verbs of two and three; each stands behind the group that it is in."""

MOST_WORDS: Final = 3


def verb_of(arguments: list[str]) -> tuple[str, list[str]]:
    """Return the verb that ``arguments`` begin with, of one to three words, and the rest; "" where it is none."""
    for count in range(1, MOST_WORDS + 1):
        if (name := " ".join(arguments[:count])) in VERBS:
            return name, arguments[count:]
    return "", arguments
