"""Where an agent lives, and what it may do."""

import os
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from ptscan.agent import AgentConfig, load_agent_config
from ptscan.cli.options import Group, Option
from ptscan.errors import InputError

FOLDER_VARIABLE: Final = "PTSCAN_AGENT"
PLACE: Final = Group("Which agent", 40)

Folder: TypeAlias = Annotated[
    Path | None,
    Option(
        metavar="DIR",
        group=PLACE,
        help="Its folder. [default: PTSCAN_AGENT, else /var/lib/ptscan/agent for root, "
        "else ~/.local/state/ptscan/agent]",
    ),
]


class NoAgentError(InputError):
    """There is no agent in the folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"there is no agent in {folder}: see ptscan agent enrol --help, or name another by --folder")


def config_of(folder: Path | None) -> AgentConfig:
    """What the agent in ``folder`` may do, which nothing is made in. Raises InputError."""
    home = folder_of(folder)
    if not home.is_dir():
        raise NoAgentError(home)
    return load_agent_config(home)


def folder_of(given: Path | None) -> Path:
    """The agent's folder."""
    if given is not None:
        return given
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/lib/ptscan/agent")
    return Path.home() / ".local" / "state" / "ptscan" / "agent"
