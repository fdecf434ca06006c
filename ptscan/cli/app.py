"""The verbs: each is loaded when it is called, so that one does not pay for another's imports."""

import sys
from typing import Final

from cyclopts import App, CycloptsError, Parameter

from ptscan import __version__
from ptscan.cli.exits import Exit
from ptscan.errors import InputError

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
        app.command(place, name=verb)
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
        verb, bound, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        known = arguments[0] if arguments[0] in VERBS else ""
        raise UsageError(f"{str(error).strip()} (see: {' '.join(filter(None, ('ptscan', known, '--help')))})") from None
    status = verb(*bound.args, **bound.kwargs)
    return status if isinstance(status, int) else Exit.DONE
