"""gufo-snmp's asyncio client; see turns.py."""

import asyncio

from gufo.snmp import SnmpVersion
from gufo.snmp.aio import SnmpSession

MOST_HOSTS = 1 << 32


def run(main):
    asyncio.run(main())


async def at_once(work, count):
    await asyncio.gather(*(work() for _ in range(count)))


class Device:
    def __init__(self, address, port):
        self._session = SnmpSession(
            addr=address, port=port, community="public", version=SnmpVersion.v2c, timeout=5.0, max_repetitions=25
        )

    async def __aenter__(self):
        await self._session.__aenter__()
        self.get = self._session.get
        return self

    async def __aexit__(self, *trouble):
        await self._session.__aexit__(*trouble)

    async def walk(self, root):
        return [row async for row in self._session.getbulk(root)]
