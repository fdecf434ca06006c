"""Renews an agent's certificate again and again until it is killed; argument: the port and the identity's folder."""

import sys
import time
from pathlib import Path
from random import Random

import trio

from ptscan.agent import limits
from ptscan.agent.findings import Findings
from ptscan.agent.renewing import Renewing
from ptscan.link import open_link
from ptscan.tls import client_context, load_identity

MONTH = 25 * 86_400.0


async def renew(port: int, folder: Path) -> None:
    limits.IDENTITY_SECONDS = 0.0  # type: ignore[misc]
    identity = load_identity(folder)
    assert identity is not None
    context = client_context(identity.roots, identity.path)
    async with open_link("127.0.0.1", port, context) as link:
        renewing = Renewing(
            folder, identity, link, wall_clock=lambda: time.time() + MONTH, clock_offset=lambda: 0.0,
            findings=Findings(), report=lambda trouble: print(trouble.kind, flush=True), random=Random(1),
        )  # fmt: skip
        await renewing.run()


if __name__ == "__main__":
    trio.run(renew, int(sys.argv[1]), Path(sys.argv[2]))
