"""aiosnmp; see turns.py."""

import asyncio

import aiosnmp

MOST_HOSTS = 10_000


def run(main):
    asyncio.run(main())


async def at_once(work, count):
    await asyncio.gather(*(work() for _ in range(count)))


class Device:
    def __init__(self, address, port):
        self._snmp = aiosnmp.Snmp(host=address, port=port, community="public", timeout=5, max_repetitions=25)

    async def __aenter__(self):
        await self._snmp.__aenter__()
        return self

    async def __aexit__(self, *trouble):
        await self._snmp.__aexit__(*trouble)

    async def get(self, name):
        (row,) = await self._snmp.get(name)
        return row.value

    async def walk(self, root):
        return await self._snmp.bulk_walk(root)
