"""The pages that an agent shows of itself, on loopback: for a person, for a program, for scrapers. I/O: the spool.

What only a page needs is loaded when one is asked for.
"""

from typing import Final

import msgspec

from ptscan.agent.connecting import Connection
from ptscan.agent.status import status_of
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
        from ptscan.agent.drawing import page_of

        return Shown(200, _HTML, page_of(await status_of(connection, work)).encode("utf-8", "replace"))

    async def status() -> Shown:
        return Shown(200, "application/json", msgspec.json.encode(await status_of(connection, work)))

    async def healthz() -> Shown:
        return Shown(200, _PLAIN, b"ok\n")

    async def style() -> Shown:
        return Shown(200, "text/css; charset=utf-8", _STYLE)

    async def metrics() -> Shown:
        from ptscan.agent.metrics import MEDIA_TYPE, metrics_of

        return Shown(200, MEDIA_TYPE, metrics_of(await status_of(connection, work)))

    return {"/": home, "/status.json": status, "/healthz": healthz, "/style.css": style, "/metrics": metrics}
