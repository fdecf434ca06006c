"""The verbs: each is loaded when it is called, so that one does not pay for another's imports."""

import sys
from typing import Final, NamedTuple

from cyclopts import App, CycloptsError, MissingArgumentError, Parameter

from ptscan import __version__
from ptscan.cli.exits import Exit
from ptscan.errors import InputError


class Verb(NamedTuple):
    """A verb's function as ``module:name``, what it does, what follows the verb, and examples of that."""

    place: str
    help: str
    usage: str
    examples: tuple[str, ...]


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
    "bench sweep": Verb(
        "ptscan.cli.bench:bench_sweep",
        "Measure how fast this machine sweeps: addresses and probes a second.",
        "[--hosts N | --network CIDR --port P]",
        ("--hosts 65536 --rounds 5", "--network 127.1.0.0/16 --port 1261 --format json"),
    ),
    "sim": Verb(
        "ptscan.cli.sim:sim",
        "Play printers on loopback until Ctrl-C: recordings, and fleets made up of a dozen models.",
        "[FILE|DIR]... [--fleet N]",
        ("odd.snmprec --listen 127.0.0.1:1161", "--fleet 200 --network 127.1.0.0/16 --map fleet.txt"),
    ),
}


class UsageError(InputError):
    """The command line does not say what to do."""


def build() -> App:
    """Return the command line's grammar."""
    app = App(
        name="ptscan",
        help="Find every SNMP printer in a network and read it, exactly and explained.",
        help_epilogue="ptscan VERB --help tells more. Data goes to standard output, words to standard error.\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 done in part, 130 interrupted.",
        version=__version__,
        help_format="plaintext",
        default_parameter=Parameter(negative=""),
    )
    bench = App(name="bench", help="Measure this machine.", sort_key=len(VERBS))
    app.command(bench)
    for place, (name, verb) in enumerate(VERBS.items()):
        examples = "".join(f"\n    ptscan {name} {example}" for example in verb.examples)
        usage = f"Usage: ptscan {name} {verb.usage} [OPTIONS]"
        group, last = (bench, name.removeprefix("bench ")) if name.startswith("bench ") else (app, name)
        group.command(
            verb.place, name=last, help=verb.help, usage=usage, help_epilogue=f"Examples:{examples}", sort_key=place
        )
    app.register_install_completion_command()
    return app


def run(arguments: list[str]) -> int:
    """Run what ``arguments`` ask for and return the exit code; raises UsageError where they ask for nothing known."""
    app = build()
    if not arguments:
        from rich.console import Console

        app.help_print([], console=Console(file=sys.stderr))
        return Exit.WRONG_INPUT
    try:
        function, bound, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
    except MissingArgumentError as error:
        if error.argument is None or error.argument.name.startswith("-"):
            raise _usage_error(arguments, error) from None
        name = _verb(arguments)
        usage = VERBS[name].usage
        raise UsageError(f"{name}: no {error.argument.name} was given: write ptscan {name} {usage}") from None
    except CycloptsError as error:
        raise _usage_error(arguments, error) from None
    status = function(*bound.args, **bound.kwargs)
    return status if isinstance(status, int) else Exit.DONE


def _usage_error(arguments: list[str], error: CycloptsError) -> UsageError:
    verb = _verb(arguments)
    return UsageError(f"{str(error).strip()} (see: ptscan {verb}{' ' if verb else ''}--help)")


def _verb(arguments: list[str]) -> str:
    """Return the verb that ``arguments`` begin with, of one word or two; nothing where they begin with none."""
    for count in (1, 2):
        if (name := " ".join(arguments[:count])) in VERBS:
            return name
    return ""
