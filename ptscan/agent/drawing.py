"""The page of an agent for a person. Pure.

No script and nothing from elsewhere; every text that came from a device or a collector is escaped.
"""

from collections.abc import Iterator, Sequence
from html import escape

from ptscan.agent.status import AgentStatus


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
