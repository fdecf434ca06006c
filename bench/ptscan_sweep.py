"""One sweep by ptscan's library, timed without start-up: what the C limit times of itself.

python bench/ptscan_sweep.py SPAN PORT RETRIES
"""

import json
import sys

import trio

from ptscan.profiles import load_profiles
from ptscan.snmp import Community, Secret
from ptscan.sweep import Found, SweepPlan, run_sweep
from ptscan.targets import parse_targets


async def main() -> None:
    span, port, retries = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    plan = SweepPlan(
        targets=parse_targets([span]),
        credentials=(Community(Secret("public")),),
        port=port,
        rate="max",
        retries=retries,
    )
    send, receive = trio.open_memory_channel[list[Found[Community]]](64)
    answered: set[str] = set()
    async with trio.open_nursery() as nursery:

        async def take() -> None:
            async with receive:
                async for batch in receive:
                    answered.update(found.sighting.address for found in batch)

        nursery.start_soon(take)
        async with send:
            summary = await run_sweep(plan, send, classify=load_profiles().classify)
    print(json.dumps({"seconds": summary.seconds, "answered": len(answered), "probes": summary.probes}))


trio.run(main)
