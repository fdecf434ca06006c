"""The verbs: each is loaded when it is called, so that one does not pay for another's imports."""

from collections.abc import Callable
from importlib import import_module
from typing import Final, NamedTuple

from ptscan.errors import InputError

_OURS: Final = frozenset({"ptscan", "codec", "proto_schema"})


class MissingPackagesError(InputError):
    """The verb is one of agent or collector, whose packages are not installed."""


class Verb(NamedTuple):
    """A verb's function as ``module:name``, what it does, what follows the verb, and examples of that."""

    place: str
    help: str
    usage: str
    examples: tuple[str, ...]

    def load(self) -> Callable[..., int]:
        """Import the function. Raises MissingPackagesError where only a part of ptscan is installed."""
        module, _, name = self.place.partition(":")
        try:
            function: Callable[..., int] = getattr(import_module(module), name)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] in _OURS:
                raise
            raise MissingPackagesError(
                f"this needs the package {error.name}, which is not installed: pip install 'ptscan[agent,collector]'"
            ) from error
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
    "demo": Verb(
        "ptscan.cli.demo:demo",
        "Play all of it on loopback: a fleet, a collector, an agent that enrols and scans it.",
        "[--printers N] [--rounds N] [--exit]",
        ("", "--printers 500 --rounds 5 --exit --format json", "--folder demo"),
    ),
    "agent enrol": Verb(
        "ptscan.cli.agent:enrol",
        "Make this machine's agent one of a collector, by a one-time token.",
        "URL --token-file FILE",
        (
            "https://collector.example:7443 --token-file token.txt",
            "collector.example --token-file - --proxy http://proxy.example:3128",
        ),
    ),
    "agent run": Verb(
        "ptscan.cli.agent:run",
        "Run the agent until Ctrl-C: it sweeps, reads, and sends what it read.",
        "",
        ("", "--folder /srv/ptscan-agent"),
    ),
    "agent check": Verb(
        "ptscan.cli.agent_looking:check",
        "Try every step from this agent to its collector and back, and say how to mend what fails.",
        "",
        ("", "--format json"),
    ),
    "agent status": Verb(
        "ptscan.cli.agent_looking:status",
        "Say how the agent stands, whether it runs or not.",
        "",
        ("", "--format json"),
    ),
    "collector init": Verb(
        "ptscan.cli.collector:init",
        "Make a collector: its settings, its certificate authority, its empty store.",
        "[--name HOST]...",
        (
            "--name collector.example",
            "--name 10.0.0.5 --listen 10.0.0.5:7443 --database postgresql://ptscan@db.example/ptscan",
        ),
    ),
    "collector run": Verb(
        "ptscan.cli.collector:run",
        "Run the collector until Ctrl-C.",
        "",
        ("", "--folder /srv/ptscan"),
    ),
    "collector token create": Verb(
        "ptscan.cli.collector_tokens:token_create",
        "Make a token, which lets an agent in: the only thing on standard output.",
        "--entity NAME",
        ("--entity ACME/Berlin", "--entity ACME --uses 50 --expires 7d --note roll-out"),
    ),
    "collector token list": Verb(
        "ptscan.cli.collector_tokens:token_list",
        "List the tokens that are good still.",
        "",
        ("", "--all --format json"),
    ),
    "collector token revoke": Verb(
        "ptscan.cli.collector_tokens:token_revoke",
        "Make a token worthless; agents that enrolled with it stay.",
        "ID",
        ("3",),
    ),
    "collector entity list": Verb(
        "ptscan.cli.collector_entities:entity_list",
        "List the entities that agents and devices belong to.",
        "",
        ("", "--format json"),
    ),
    "collector entity add": Verb(
        "ptscan.cli.collector_entities:entity_add",
        "Make an entity, with those above it.",
        "PATH",
        ("ACME/Berlin/Warehouse",),
    ),
    "collector entity move": Verb(
        "ptscan.cli.collector_entities:entity_move",
        "Give an entity another name or another place, with all below it.",
        "PATH NEW_PATH",
        ("ACME/Berlin ACME/Potsdam", "ACME/Berlin Dealers/East/ACME-Berlin"),
    ),
    "collector agent list": Verb(
        "ptscan.cli.collector_agents:agent_list",
        "List the agents: where each belongs, when it was heard, what is wrong with it.",
        "",
        ("", "--entity ACME --format csv -o agents.csv"),
    ),
    "collector agent show": Verb(
        "ptscan.cli.collector_agents:agent_show",
        "Show all that is known of an agent.",
        "ID",
        ("3f2a9c0d11e8b754", "warehouse --format json"),
    ),
    "collector agent move": Verb(
        "ptscan.cli.collector_agents:agent_move",
        "Let an agent, and the devices that it reads, belong to another entity.",
        "ID --entity NAME",
        ("warehouse --entity ACME/Potsdam",),
    ),
    "collector agent revoke": Verb(
        "ptscan.cli.collector_agents:agent_revoke",
        "End an agent for good: within seconds it is out.",
        "ID",
        ('3f2a9c0d11e8b754 --why "the machine was stolen"',),
    ),
    "collector agent reinstate": Verb(
        "ptscan.cli.collector_agents:agent_reinstate",
        "Let an agent in again that was suspended.",
        "ID",
        ("3f2a9c0d11e8b754",),
    ),
    "collector devices": Verb(
        "ptscan.cli.collector_devices:devices",
        "List the devices that the agents found, as their last readings say.",
        "",
        ("", "--entity ACME/Berlin -o berlin.xlsx", "--format jsonl"),
    ),
    "collector readings": Verb(
        "ptscan.cli.collector_devices:readings",
        "Show the readings of a device, the oldest first.",
        "DEVICE_ID",
        ("hp:CNB1R23456 --since 7d", "hp:CNB1R23456 --format json -o history.json"),
    ),
    "collector job send": Verb(
        "ptscan.cli.collector_jobs:job_send",
        "Ask an agent to do something once; the job's id is what stands on standard output.",
        "AGENT VERB TARGET...",
        ("warehouse scan local", "3f2a9c0d11e8b754 read 10.1.2.3 10.1.2.4 --expires 1h"),
    ),
    "collector job list": Verb(
        "ptscan.cli.collector_jobs:job_list",
        "List jobs and how they stand, the newest first.",
        "",
        ("", "--agent warehouse --format json"),
    ),
    "collector job cancel": Verb(
        "ptscan.cli.collector_jobs:job_cancel",
        "Want a job no more; what it read until then is kept.",
        "ID",
        ("8c1f0a77d2b3e465",),
    ),
    "collector settings set": Verb(
        "ptscan.cli.collector_settings:settings_set",
        "Say what the agents of an entity, and of those below it, do by themselves.",
        "FILE --entity NAME",
        ("every-morning.toml --entity ACME", "defaults.toml --entity /"),
    ),
    "collector settings show": Verb(
        "ptscan.cli.collector_settings:settings_show",
        "Show what agents do by themselves, as a file that settings set takes.",
        "",
        ("--entity ACME/Berlin", "--agent warehouse"),
    ),
    "collector settings drop": Verb(
        "ptscan.cli.collector_settings:settings_drop",
        "Take an entity's own settings away: those above it hold again.",
        "--entity NAME",
        ("--entity ACME/Berlin",),
    ),
    "collector backup": Verb(
        "ptscan.cli.collector_upkeep:backup",
        "Copy the store to a new file, while the collector runs.",
        "FILE",
        ("/backup/collector-monday.db",),
    ),
    "collector restore": Verb(
        "ptscan.cli.collector_upkeep:restore",
        "Put a backup in the place of the store; the collector must be stopped.",
        "FILE",
        ("/backup/collector-monday.db",),
    ),
    "collector check": Verb(
        "ptscan.cli.collector_upkeep:check",
        "Look at settings, store and authority, and say what is wrong and how to mend it.",
        "",
        ("", "--format json"),
    ),
    "collector root announce": Verb(
        "ptscan.cli.collector_upkeep:root_announce",
        "Make the next root, which every agent learns with its next certificate.",
        "",
        ("",),
    ),
    "collector root switch": Verb(
        "ptscan.cli.collector_upkeep:root_switch",
        "Sign below the newest root from now on.",
        "",
        ("",),
    ),
    "collector root drop": Verb(
        "ptscan.cli.collector_upkeep:root_drop",
        "Trust the roots before the one in use no more.",
        "",
        ("",),
    ),
}

GROUPS: Final = {
    "profile": "Look into what is known of the vendors' printers.",
    "credentials": "Look after a credentials file.",
    "bench": "Measure this machine.",
    "agent": "Read printers again and again, and send the readings to a collector.",
    "collector": "Run what agents send their readings to, and look after it.",
    "collector token": "Say who may become an agent.",
    "collector entity": "Look after the tree that agents and devices belong to.",
    "collector agent": "Look after the agents.",
    "collector job": "Ask something of an agent once.",
    "collector settings": "Say what agents do by themselves.",
    "collector root": "Change the certificate that everything hangs on, in two steps of thirty days.",
}
"""The first words of verbs of two and three; each stands behind the group that it is in."""

MOST_WORDS: Final = 3


def verb_of(arguments: list[str]) -> tuple[str, list[str]]:
    """Return the verb that ``arguments`` begin with, of one to three words, and the rest; "" where it is none."""
    for count in range(1, MOST_WORDS + 1):
        if (name := " ".join(arguments[:count])) in VERBS:
            return name, arguments[count:]
    return "", arguments
