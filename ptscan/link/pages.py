"""Small pages by plain HTTP/1.1, for a person's browser and for scrapers: one request a connection. I/O.

The barrier is the link's: a connection ends itself alone, whatever its peer does or a page of ours gets wrong.
"""

from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import h11
import trio

from ptscan.link import limits
from ptscan.link.asking import LOOPBACK_NAMES, Shown, head_of, path_of, plain
from ptscan.link.listener import address_of
from ptscan.link.trouble import Report, Trouble

ShowPage: TypeAlias = Callable[[], Awaitable[Shown]]
"""Gives a page as it is now; cancelled after PAGE_SECONDS."""

_LOST = (trio.BrokenResourceError, trio.ClosedResourceError, OSError)


async def open_page_listeners(host: str, port: int) -> list[trio.SocketListener]:
    """Listen on every address of ``host``; raises OSError where that can't be."""
    return await trio.open_tcp_listeners(port, host=host)


async def serve_pages(
    listeners: Sequence[trio.SocketListener],
    pages: Mapping[str, ShowPage],
    *,
    report: Report,
    hosts: Container[str] = LOOPBACK_NAMES,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Show ``pages`` (path -> page) to whoever connects, until cancelled; then the listeners are closed.

    They are asked for by an address or by one of ``hosts`` (names in small letters), by GET or HEAD.
    """
    site = _Site(pages, report, hosts)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(trio.serve_listeners, site.connected, list(listeners)))
        task_status.started()


class _Site:
    def __init__(self, pages: Mapping[str, ShowPage], report: Report, hosts: Container[str]) -> None:
        self._pages = pages
        self._report = report
        self._hosts = hosts
        self._connections = 0

    async def connected(self, stream: trio.SocketStream) -> None:
        """Serve one connection. The barrier: nothing but cancellation leaves it."""
        address = address_of(stream)
        self._connections += 1
        try:
            if self._connections > limits.PAGE_CONNECTIONS:
                text = f"more than {limits.PAGE_CONNECTIONS} connections ask for pages; the last was closed"
                self._report(Trouble("too-many-connections", address, text))
            else:
                await self._serve(stream, address)
        except* _LOST:
            pass  # whoever asked has gone
        except* Exception as group:
            self._report(Trouble("connection-failed", address, "an error ended a connection to the pages", group))
        finally:
            self._connections -= 1
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(stream)

    async def _serve(self, stream: trio.SocketStream, address: str) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.PAGE_HEAD_OCTETS)
        with trio.move_on_after(limits.HEADER_SECONDS) as reading:
            try:
                request = await _next_request(connection, stream)
            except h11.RemoteProtocolError as error:
                hint = error.error_status_hint
                shown = plain(hint if hint < 500 else 400, "this is no request for a page")
                await _send(connection, stream, shown, has_body=True)
                return
        if reading.cancelled_caught or request is None:
            return
        path = path_of(request, pages=self._pages, hosts=self._hosts)
        shown = path if isinstance(path, Shown) else await self._page(path, address)
        await _send(connection, stream, shown, has_body=request.method != b"HEAD")

    async def _page(self, path: str, address: str) -> Shown:
        with trio.move_on_after(limits.PAGE_SECONDS):
            try:
                return await self._pages[path]()
            except Exception as error:
                self._report(Trouble("page-failed", address, f"the page {path} failed: {type(error).__name__}", error))
                return plain(500, "the page failed; the log says how")
        self._report(Trouble("page-failed", address, f"the page {path} took longer than {limits.PAGE_SECONDS:g} s"))
        return plain(503, "the page takes too long now")


async def _next_request(connection: h11.Connection, stream: trio.SocketStream) -> h11.Request | None:
    """The request's head; None where none comes."""
    while (event := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data(bytes(await stream.receive_some(4096)))
    return event if isinstance(event, h11.Request) else None


async def _send(connection: h11.Connection, stream: trio.SocketStream, shown: Shown, *, has_body: bool) -> None:
    """Send a page in bounded time, and see it taken: what is closed unread would take the page along."""
    parts = [head_of(shown), *([h11.Data(shown.body)] if has_body else []), h11.EndOfMessage()]
    octets = b"".join(connection.send(part) or b"" for part in parts)
    with trio.move_on_after(limits.SEND_SECONDS):
        await stream.send_all(octets)
        await stream.send_eof()
        with trio.move_on_after(limits.GOODBYE_SECONDS):
            while await stream.receive_some(4096):
                pass
