"""Our link at both ends, and no disk: a server that decodes each batch and answers, a client that sends them all."""

import sys
import time
from functools import partial
from pathlib import Path

import trio

from proto_schema import UPLOAD, Batch, UploadReply, decode, encode
from ptscan.link import Call, Peer, open_link, open_listeners, run_server
from ptscan.tls import certificates_of, client_context, server_context
from shipping.authority import AGENT, IDENTITY, SERVER


def _roots(folder: Path) -> tuple[bytes, ...]:
    path = folder / "authority" / "roots.pem"
    return certificates_of(path, path.read_bytes())


async def _take(call: Call, peer: Peer) -> None:
    async for octets in call:
        batch = decode(octets, Batch)
        await call.send(encode(UploadReply(epoch=batch.epoch, upto=batch.records[-1].sequence)))


async def serve(folder: Path) -> None:
    """Serve until stdin ends; the port goes to stdout."""
    context = server_context(folder / SERVER, _roots(folder))
    listeners = await open_listeners("127.0.0.1", 0, context)
    async with trio.open_nursery() as nursery:
        serving = partial(run_server, listeners, {UPLOAD.path: _take}, identify=lambda _: AGENT, report=print)
        await nursery.start(serving)
        print(listeners[0].port, flush=True)
        await trio.to_thread.run_sync(sys.stdin.read)
        nursery.cancel_scope.cancel()


async def send(folder: Path, port: int, batches: list[bytes], *, compress: bool) -> float:
    """Send all batches, as many at once as the window allows, and return the seconds until the last reply."""
    context = client_context(_roots(folder), folder / IDENTITY)
    async with open_link("127.0.0.1", port, context, authority="localhost") as link:
        await link.connected()
        began = time.perf_counter()
        async with link.call(UPLOAD.path) as call, trio.open_nursery() as nursery:

            async def put() -> None:
                for octets in batches:
                    await call.send(octets, compress=compress)
                call.end()

            nursery.start_soon(put)
            replies = [decode(octets, UploadReply) async for octets in call]
        seconds = time.perf_counter() - began
    assert len(replies) == len(batches)
    return seconds
