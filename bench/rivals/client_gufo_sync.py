"""gufo-snmp's blocking client; see turns.py. One host at a time is all that it does."""

import asyncio

from gufo.snmp import SnmpVersion
from gufo.snmp.sync import SnmpSession

MOST_HOSTS = 0


def run(main):
    asyncio.run(main())


class Device:
    def __init__(self, address, port):
        self._session = SnmpSession(
            addr=address, port=port, community="public", version=SnmpVersion.v2c, timeout=5.0, max_repetitions=25
        )

    async def __aenter__(self):
        self._session.__enter__()
        return self

    async def __aexit__(self, *trouble):
        self._session.__exit__(*trouble)

    async def get(self, name):
        return self._session.get(name)

    async def walk(self, root):
        return list(self._session.getbulk(root))
