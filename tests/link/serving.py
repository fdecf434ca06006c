"""A server of ours on loopback, with mTLS, for tests that call it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

from ptscan.link import Handler, Peer, SecureStream, Server, Transport, Trouble, open_link, open_listeners, run_server

from .certificates import Certificates

PATH = "/tests.v1.Tests/Call"


def who(transport: Transport) -> Peer:
    """The URI of the certificate that was shown, or None."""
    assert isinstance(transport, SecureStream)
    shown = transport.getpeercert() or {}
    return next((value for kind, value in shown.get("subjectAltName", ()) if kind == "URI"), None)


@dataclass
class Served:
    """A server that runs, and what it reported."""

    server: Server
    port: int
    certificates: Certificates
    nursery: trio.Nursery
    troubles: list[Trouble] = field(default_factory=list)
    stopped: trio.Event = field(default_factory=trio.Event)
    """Set when the server came to its end by itself."""

    @property
    def kinds(self) -> list[str]:
        return [trouble.kind for trouble in self.troubles]

    async def ask(self, message: bytes, *, path: str = PATH, within: float = 10.0) -> bytes:
        """One call over a connection of its own."""
        async with open_link("127.0.0.1", self.port, self.certificates.client_context()) as link:
            return await link.unary(path, message, within=within)

    async def until(self, kind: str) -> Trouble:
        """The first trouble of a kind."""
        with trio.fail_after(10):
            while kind not in self.kinds:  # noqa: ASYNC110 (a test that looks on from outside)
                await trio.sleep(0.01)
        return next(trouble for trouble in self.troubles if trouble.kind == kind)


@asynccontextmanager
async def serving(certificates: Certificates, methods: dict[str, Handler], *, asks: bool = True,
                  identify: Callable[[Transport], Peer] = who, for_strangers: tuple[str, ...] = (),
                  pages: dict[str, bytes] | None = None) -> AsyncIterator[Served]:  # fmt: skip
    """A server on a port of its own; ``asks`` says whether every peer has to show a certificate."""
    troubles: list[Trouble] = []
    stopped = trio.Event()

    async def run(task_status: trio.TaskStatus[Server]) -> None:
        shown = {path: (lambda body=body: (200, body)) for path, body in (pages or {}).items()}
        await run_server(listeners, methods, identify=identify, report=troubles.append, for_strangers=for_strangers,
                         pages=shown, task_status=task_status)  # fmt: skip
        stopped.set()

    async with trio.open_nursery() as nursery:
        listeners = await open_listeners("127.0.0.1", 0, certificates.server_context(asks=asks))
        port = listeners[0].port
        server = await nursery.start(run)
        yield Served(server, port, certificates, nursery, troubles, stopped)
        nursery.cancel_scope.cancel()
