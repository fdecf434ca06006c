"""A server in a process of its own, and what it takes of memory."""

import resource
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio

from .certificates import Certificates

PAGE_KIB = resource.getpagesize() // 1024


@asynccontextmanager
async def server_apart(certificates: Certificates) -> AsyncIterator[tuple[int, int]]:
    """A server in a process of its own: its process id and port."""
    script = Path(__file__).with_name("crowded_server.py")
    pair = certificates.server
    command = [sys.executable, str(script), *map(str, (pair.certificate_file, pair.key_file, certificates.root_file))]
    async with trio.open_nursery() as nursery:
        run = partial(trio.run_process, command, stdout=subprocess.PIPE)
        process: trio.Process = await nursery.start(run)
        assert process.stdout is not None
        with trio.fail_after(30):
            port = int(await process.stdout.receive_some(100))
        yield process.pid, port
        nursery.cancel_scope.cancel()


def resident_kib(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_KIB
