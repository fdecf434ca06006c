"""The pages that an agent shows of itself, on loopback: for a person, for a program, for scrapers. I/O: the spool.

No script and nothing from elsewhere; every text that came from a device or a collector is escaped.
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

import msgspec

from ptscan.agent.connecting import Connection
from ptscan.agent.status import AgentStatus, status_of
from ptscan.agent.work import Work
from ptscan.link import Shown, ShowPage

_HTML: Final = "text/html; charset=utf-8"
_PLAIN: Final = "text/plain; charset=utf-8"
_STYLE: Final = b"""\
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1d2733; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; }
th { font-weight: 600; } tbody tr { border-top: 1px solid #d9dfe6; }
.good { color: #14622f; } .bad { color: #9b1c1c; } .quiet { color: #5a6673; }
@media (prefers-color-scheme: dark) {
  body { background: #14181d; color: #dde3ea; } tbody tr { border-color: #333c46; }
  .good { color: #6fcf97; } .bad { color: #ff8f8f; } .quiet { color: #98a4b1; }
}
"""


def agent_pages(connection: Connection, work: Work) -> dict[str, ShowPage]:
    """The pages of an agent that runs, by their paths, as ``ptscan.link.serve_pages`` takes them."""

    async def home() -> Shown:
        return Shown(200, _HTML, page_of(await status_of(connection, work)).encode("utf-8", "replace"))

    async def status() -> Shown:
        return Shown(200, "application/json", msgspec.json.encode(await status_of(connection, work)))

    async def healthz() -> Shown:
        return Shown(200, _PLAIN, b"ok\n")

    async def style() -> Shown:
        return Shown(200, "text/css; charset=utf-8", _STYLE)

    async def metrics() -> Shown:
        from ptscan.agent.metrics import MEDIA_TYPE, metrics_of  # 2 MB that an agent without a scraper does not need

        return Shown(200, MEDIA_TYPE, metrics_of(await status_of(connection, work)))

    return {"/": home, "/status.json": status, "/healthz": healthz, "/style.css": style, "/metrics": metrics}


def page_of(status: AgentStatus) -> str:
    """The page for a person."""
    return "\n".join(_parts(status))


def _parts(status: AgentStatus) -> Iterator[str]:
    yield (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="30">'
        '<meta name="viewport" content="width=device-width"><title>ptscan agent</title>'
        '<link rel="stylesheet" href="/style.css"></head><body><h1>ptscan agent</h1>'
    )
    way = (
        f"connected ({status.mode or 'not answered yet'})" if status.is_connected else status.trouble or "not connected"
    )
    yield f'<p class="{"good" if status.is_connected and status.mode else "bad"}">{escape(way)}</p>'
    if status.findings:
        yield "<h2>Not as it should be</h2>"
        yield _table(("what", "mend"), [(one.text, one.mend) for one in status.findings])
    yield "<h2>How it stands</h2>"
    spool = status.spool
    yield _table(
        (),
        [
            ("agent", status.agent_id),
            ("reads for", status.entity),
            ("collector", status.collector),
            ("heard from it", status.heard_at),
            ("certificate ends", status.certificate_ends_at),
            ("doing", status.doing or "nothing just now"),
            ("last scan", f"{status.swept_at}, {status.devices:,} printers" if status.swept_at else "none yet"),
            ("stored since connected", status.stored),
            ("waiting in the spool", spool and f"{spool.records:,} records, the oldest of {spool.oldest_at or 'now'}"),
            ("not taken by the collector", spool and spool.set_aside),
            ("turned away, thinned, lost", spool and f"{spool.turned_away}, {spool.thinned}, {spool.lost}"),
            ("started", status.started_at),
            ("version", status.version),
        ],
    )
    if status.schedules:
        yield "<h2>Schedules</h2>"
        rows = [(one.name, one.when, one.verb, one.next_at, one.result) for one in status.schedules]
        yield _table(("name", "when", "what", "next", "last result"), rows)
    if status.jobs:
        yield "<h2>Jobs</h2>"
        yield _table(
            ("job", "state", "at", "result"), [(one.job_id, one.state, one.at, one.text) for one in status.jobs]
        )
    yield f'<p class="quiet">{escape(status.at)}</p></body></html>'


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = "<thead><tr>" + "".join(f"<th>{escape(name)}</th>" for name in header) + "</tr></thead>" if header else ""
    body = "".join(
        "<tr>" + "".join(f"<td>{'' if cell is None else escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table>{head}<tbody>{body}</tbody></table>"
