"""Sweeps with gufo-snmp: a session for each host, so many at once; prints the address of each that answered.

gufo_sweep.py FIRST_ADDRESS COUNT PORT IN_FLIGHT
"""

import asyncio
import resource
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address

from gufo.snmp import SnmpVersion
from gufo.snmp.aio import SnmpSession

OBJECTS = ["1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0"]
TRIES = 3  # the library has no retries of its own


async def ask(addresses: Iterator[IPv4Address], port: int) -> None:
    for address in addresses:  # shared by all workers: each takes the next
        async with SnmpSession(
            addr=str(address), port=port, community="public", version=SnmpVersion.v2c, timeout=1.0
        ) as session:
            for _ in range(TRIES):
                try:
                    values = await session.get_many(OBJECTS)
                except TimeoutError:
                    continue
                if len(values) == len(OBJECTS):
                    print(address)
                break


async def main() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a socket for each session
    first, count, port, in_flight = IPv4Address(sys.argv[1]), *map(int, sys.argv[2:])
    addresses = iter([first + at for at in range(count)])
    await asyncio.gather(*(ask(addresses, port) for _ in range(in_flight)))


asyncio.run(main())
