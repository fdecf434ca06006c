"""Sweeps with pysnmp: its v1 architecture (the light one), so many GETs at once; prints who answered.

pysnmp_sweep.py FIRST_ADDRESS COUNT PORT IN_FLIGHT
"""

import asyncio
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address

from pysnmp.hlapi.v1arch.asyncio import (
    CommunityData,
    ObjectIdentity,
    ObjectType,
    SnmpDispatcher,
    UdpTransportTarget,
    get_cmd,
)

OBJECTS = ["1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0"]


async def ask(dispatcher: SnmpDispatcher, addresses: Iterator[IPv4Address], port: int) -> None:
    community = CommunityData("public", mpModel=1)
    for address in addresses:  # shared by all workers: each takes the next
        target = await UdpTransportTarget.create((str(address), port), timeout=1, retries=2)
        objects = [ObjectType(ObjectIdentity(name)) for name in OBJECTS]
        error, status, _, values = await get_cmd(dispatcher, community, target, *objects)
        if not error and not status and len(values) == len(OBJECTS):
            print(address)


async def main() -> None:
    first, count, port, in_flight = IPv4Address(sys.argv[1]), *map(int, sys.argv[2:])
    addresses = iter([first + at for at in range(count)])
    with SnmpDispatcher() as dispatcher:
        await asyncio.gather(*(ask(dispatcher, addresses, port) for _ in range(in_flight)))


asyncio.run(main())
