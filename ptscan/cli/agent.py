"""``ptscan agent enrol`` and ``run``: what reads a customer's printers and sends the readings to a collector."""

import os
import platform
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import trio

from ptscan.agent import Agent, AgentConfig, Enrolled, agent_pages, parse_place, run_agent, write_template
from ptscan.agent import enrol as enrol_agent
from ptscan.cli.agent_place import Folder, config_of, folder_of
from ptscan.cli.destination import print_data
from ptscan.cli.exits import Exit
from ptscan.cli.interrupt import until_interrupted
from ptscan.cli.logs import open_log
from ptscan.cli.options import Option
from ptscan.cli.words import Words
from ptscan.errors import InputError
from ptscan.link import Report, Trouble, host_and_port, open_page_listeners, parse_proxy, serve_pages

TOKEN_VARIABLE: Final = "PTSCAN_TOKEN"  # noqa: S105  the name of a variable
MOST_TOKEN_OCTETS: Final = 4_096


class TokenFileError(InputError):
    """No token was given, or its file cannot be read."""


def enrol(
    url: Annotated[str, Option(name="URL", help="The collector, as https://collector.example:7443.")],
    /,
    *,
    token: Annotated[str, Option(metavar="TOKEN", show_default=False)] = "",
    token_file: Annotated[Path | None, Option(metavar="FILE", allow_leading_hyphen=True)] = None,
    name: Annotated[str, Option(metavar="NAME", show_default=False)] = "",
    proxy: Annotated[str, Option(metavar="URL", show_default=False)] = "",
    folder: Folder = None,
) -> int:
    """Make this machine's agent one of a collector, by a one-time token. What waits in its spool is kept.

    Parameters
    ----------
    token
        The token that was made for it; who looks at this machine's processes sees it. [default: PTSCAN_TOKEN]
    token_file
        File with the token, - for standard input.
    name
        What the agent is called in the collector's lists. [default: this machine's name]
    proxy
        Proxy that leads to the collector, as http://proxy.example:3128. [default: that of the environment]
    """
    place, way = parse_place(url), parse_proxy(proxy) if proxy else None
    text = _token(token, token_file)
    home = folder_of(folder)
    with open_log() as report:
        enrolled: list[Enrolled] = []

        async def ask() -> None:
            enrolled.append(
                await enrol_agent(home, place, text, name=name or platform.node(), proxy=way, report=report)
            )

        trio.run(until_interrupted, ask)
    if not enrolled:
        Words().complain("interrupted: enrol again with the same token")
        return Exit.INTERRUPTED
    words, option = Words(), "" if folder is None else f" --folder {folder}"
    words.say(f"agent {enrolled[0].agent_id} reads for {enrolled[0].entity or '/'}, and sends to {enrolled[0].place}")
    if write_template(home):
        words.say(f"write what it may ask into {home / 'agent.toml'}: until then it asks nothing")
    words.say(f"start it: ptscan agent run{option}")
    return Exit.DONE


def _token(given: str, file: Path | None) -> str:
    if given and file is not None:
        raise TokenFileError("--token and --token-file exclude each other: give one of them")
    text = given or ("" if file is not None else os.environ.get(TOKEN_VARIABLE, ""))
    if file is not None:
        try:
            if str(file) == "-":
                text = sys.stdin.readline(MOST_TOKEN_OCTETS)
            else:
                with file.open(encoding="utf-8") as lines:
                    text = lines.read(MOST_TOKEN_OCTETS)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise TokenFileError(f"{file}: the token cannot be read: {reason}") from error
    if not text.strip():
        raise TokenFileError(
            f"no token was given: name its file with --token-file FILE, or set {TOKEN_VARIABLE}; "
            "`ptscan collector token create` makes one"
        )
    return text.strip()


def run(*, folder: Folder = None) -> int:
    """Run the agent until Ctrl-C or SIGTERM: it sweeps, reads and spools, and sends whenever the collector is there."""
    config = config_of(folder)
    with open_log() as report:
        trio.run(_run, config, report)
    return Exit.DONE  # to be interrupted is its normal end


async def _run(config: AgentConfig, report: Report) -> None:
    async def serve() -> None:
        async with trio.open_nursery() as nursery:
            agent: Agent = await nursery.start(partial(run_agent, config, report=report))
            page = await _show_pages(nursery, config, agent, report)
            enrolled = agent.connection.enrolled
            whose = (
                f"agent {enrolled.agent_id} of {enrolled.entity or '/'} at {enrolled.place}" if enrolled else "agent"
            )
            print_data(f"ready: {whose}{page}\n")
            report(Trouble("ready", "", f"{whose}; {len(config.schedules)} schedules of agent.toml"))

    await until_interrupted(serve)


async def _show_pages(nursery: trio.Nursery, config: AgentConfig, agent: Agent, report: Report) -> str:
    """Show the agent's pages, and say where; a port that is taken costs the pages alone."""
    if config.page is None:
        return ""
    host, port = config.page
    try:
        listeners = await open_page_listeners(host, port)
    except OSError as error:
        text = f"no page at {host}:{port}: {error.strerror or error}; give agent.toml another [page] listen, or off"
        report(Trouble("page-unavailable", "", text, error))
        return ""
    pages = agent_pages(agent.connection, agent.work)
    await nursery.start(partial(serve_pages, listeners, pages, report=report))
    return f", page at http://{host_and_port(host, listeners[0].socket.getsockname()[1])}/"
