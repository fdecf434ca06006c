"""The verbs: each is loaded when it is called, so that one does not pay for another's imports."""

import sys
from typing import Final

from cyclopts import App, CycloptsError, Parameter

from ptscan import __version__
from ptscan.cli.exits import Exit
from ptscan.errors import InputError

USAGES: Final = {
    "scan": "TARGET...",
    "sweep": "TARGET...",
    "read": "ADDRESS[:PORT]...",
    "get": "ADDRESS[:PORT] OID...",
    "walk": "ADDRESS[:PORT] [OID]...",
    "record": "ADDRESS[:PORT] -o FILE.snmprec",
    "sim": "[FILE|DIR]... [--fleet N]",
}
EXAMPLES: Final = {
    "scan": (
        "ptscan scan 10.1.0.0/16",
        "ptscan scan local --exclude 10.1.9.0/24 -o fleet.xlsx",
        "ptscan scan @sites.txt --credentials secrets.toml --resume state -o fleet.jsonl",
    ),
    "sweep": (
        "ptscan sweep 10.1.0.0/16 --rate 500",
        "ptscan sweep 10.1-3.*.* --shard 1/3 --seed 7 --format jsonl",
    ),
    "read": (
        "ptscan read 10.1.2.3",
        "ptscan read 10.1.2.3:1161 [fe80::1]:161 --format json",
        "ptscan read 10.1.2.3 --explain",
    ),
    "get": ("ptscan get 10.1.2.3 1.3.6.1.2.1.1.1.0 1.3.6.1.2.1.43.10.2.1.4.1.1",),
    "walk": (
        "ptscan walk 10.1.2.3 1.3.6.1.2.1.43",
        "ptscan walk 10.1.2.3 1.3.6.1.4.1 --format jsonl",
    ),
    "record": ("ptscan record 10.1.2.3 -o odd.snmprec",),
    "sim": (
        "ptscan sim odd.snmprec --listen 127.0.0.1:1161",
        "ptscan sim --fleet 200 --network 127.1.0.0/16 --map fleet.txt",
    ),
}

VERBS: Final = {
    "scan": "ptscan.cli.scan:scan",
    "sweep": "ptscan.cli.sweep:sweep",
    "read": "ptscan.cli.read:read",
    "get": "ptscan.cli.ask:get",
    "walk": "ptscan.cli.ask:walk",
    "record": "ptscan.cli.record:record",
    "sim": "ptscan.cli.sim:sim",
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
    for verb, place in VERBS.items():
        app.command(
            place, name=verb, usage=f"Usage: ptscan {verb} {USAGES[verb]} [OPTIONS]", help_epilogue=_examples(verb)
        )
    app.register_install_completion_command()
    return app


def _examples(verb: str) -> str:
    return "Examples:\n" + "\n".join(f"    {line}" for line in EXAMPLES[verb])


def run(arguments: list[str]) -> int:
    """Run what ``arguments`` ask for and return the exit code; raises UsageError where they ask for nothing known."""
    app = build()
    if not arguments:
        from rich.console import Console

        app.help_print([], console=Console(file=sys.stderr))
        return Exit.WRONG_INPUT
    try:
        verb, bound, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        known = arguments[0] if arguments[0] in VERBS else ""
        raise UsageError(f"{str(error).strip()} (see: {' '.join(filter(None, ('ptscan', known, '--help')))})") from None
    status = verb(*bound.args, **bound.kwargs)
    return status if isinstance(status, int) else Exit.DONE
