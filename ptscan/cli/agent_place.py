"""Where an agent lives, and what it may do."""

from functools import partial
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from ptscan.agent import AgentConfig, load_agent_config
from ptscan.cli.folders import folder_of_daemon, folder_option
from ptscan.errors import InputError

Folder: TypeAlias = Annotated[Path | None, folder_option("agent")]
folder_of: Final = partial(folder_of_daemon, "agent")


class NoAgentError(InputError):
    """There is no agent in the folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"there is no agent in {folder}: see ptscan agent enrol --help, or name another by --folder")


def home_of(folder: Path | None) -> Path:
    """The folder of an agent that is there. Raises NoAgentError."""
    home = folder_of(folder)
    if not home.is_dir():
        raise NoAgentError(home)
    return home


def config_of(folder: Path | None) -> AgentConfig:
    """What the agent in ``folder`` may do, which nothing is made in. Raises InputError."""
    return load_agent_config(home_of(folder))
