"""Where an agent and a collector keep what is theirs, unless they are told otherwise. I/O: the environment."""

import os
from pathlib import Path

from ptscan.cli.options import Group, Option


def folder_option(daemon: str) -> Option:
    """How the folder of a daemon is typed."""
    return Option(
        metavar="DIR",
        group=Group(f"Which {daemon}", 40),
        help=f"Its folder. [default: {_variable(daemon)}, else /var/lib/ptscan/{daemon} for root, "
        f"else ~/.local/state/ptscan/{daemon}]",
    )


def folder_of_daemon(daemon: str, given: Path | None) -> Path:
    """The folder of a daemon: the one that was ``given``, else as ``folder_option`` says."""
    if given is not None:
        return given
    if named := os.environ.get(_variable(daemon)):
        return Path(named)
    state = Path("/var/lib") if os.geteuid() == 0 else Path.home() / ".local" / "state"
    return state / "ptscan" / daemon


def _variable(daemon: str) -> str:
    return f"PTSCAN_{daemon.upper()}"
