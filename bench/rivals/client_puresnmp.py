"""puresnmp with its plain Python types; see turns.py."""

import asyncio

from puresnmp import V2C, Client, PyWrapper

MOST_HOSTS = 1000


def run(main):
    asyncio.run(main())


async def at_once(work, count):
    await asyncio.gather(*(work() for _ in range(count)))


class Device:
    def __init__(self, address, port):
        self._client = PyWrapper(Client(address, V2C("public"), port=port))

    async def __aenter__(self):
        self.get = self._client.get
        return self

    async def __aexit__(self, *_):
        pass

    async def walk(self, root):
        return [row async for row in self._client.bulkwalk([root], bulk_size=25)]
