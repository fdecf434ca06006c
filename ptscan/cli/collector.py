"""``ptscan collector init`` and ``run``: what agents send to, made once and then run until it is told to stop."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import trio

from ptscan.cli.collector_place import Folder, folder_of, settings_of
from ptscan.cli.destination import print_data
from ptscan.cli.exits import Exit
from ptscan.cli.interrupt import until_interrupted
from ptscan.cli.logs import open_log
from ptscan.cli.options import Option
from ptscan.cli.words import Words
from ptscan.collector import CollectorConfig, Endpoint, Running, found_collector, run_collector
from ptscan.link import Report
from ptscan.tls import fingerprint_of


def init(
    *,
    name: Annotated[tuple[str, ...], Option(metavar="HOST", show_default=False)] = (),
    listen: Annotated[str, Option(metavar="HOST:PORT", show_default=False)] = "",
    database: Annotated[str, Option(metavar="URL", show_default=False)] = "",
    pages: Annotated[str, Option(metavar="HOST:PORT|off", show_default=False)] = "",
    folder: Folder = None,
) -> int:
    """Make a collector: its settings, its certificate authority, its empty store. What is there already stays.

    Parameters
    ----------
    name
        A host name or address by which agents reach it; give it again for more. [default: this machine's name]
    listen
        Where agents connect. [default: port 7443 of every address]
    database
        Where readings are kept: a PostgreSQL URL, or another SQLite file. [default: collector.db in the folder]
    pages
        Where health and metrics are shown. [default: 127.0.0.1:8080]
    """
    config, authority = found_collector(
        folder_of(folder), now_at=datetime.now(UTC), names=name, listen=listen, database=database, pages=pages
    )
    option = "" if folder is None else f" --folder {folder}"
    words = Words()
    words.say(f"collector {authority.collector_id} in {config.folder}, for agents that reach it as {config.names[0]}")
    words.say(f"its root has the fingerprint {fingerprint_of(authority.root).hex()}")
    words.say(f"start it: ptscan collector run{option}")
    words.say(f"let an agent in: ptscan collector token create --entity NAME{option}")
    return Exit.DONE


def run(*, folder: Folder = None) -> int:
    """Run the collector until Ctrl-C or SIGTERM: what was acknowledged is stored, the rest comes again."""
    config = settings_of(folder)
    with open_log() as report:
        return trio.run(_run, config, report)


async def _run(config: CollectorConfig, report: Report) -> Exit:
    async def serve() -> None:
        async with trio.open_nursery() as nursery:
            running: Running = await nursery.start(partial(run_collector, config, report=report))
            print_data(f"ready: {_described(config, running)}\n")

    await until_interrupted(serve)
    return Exit.DONE  # to be interrupted is its normal end


def _described(config: CollectorConfig, running: Running) -> str:
    agents = f"agents at {Endpoint(config.listen.host, running.port)}"
    if config.pages is None or not running.pages_port:
        return agents
    return f"{agents}, pages at http://{Endpoint(config.pages.host, running.pages_port)}"
