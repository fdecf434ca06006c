"""One client's turn at bench_client.py, over SNMPv2c, in an environment that has its library; see turns.py.

client_turn.py LIBRARY CASE FIRST_ADDRESS PORT OBJECTS ["SNMPD_ADDRESS SNMPD_PORT"] prints figures as JSON.
"""

from types import MappingProxyType

from turns import SECONDS, Turn, Watch, peak_megabytes, take


class ClientTurn(Turn):
    HOSTS = MappingProxyType({"thousand": 1000, "memory": 1000, "ten_thousand": 10_000})

    async def sequential(self):
        address, expected = self.host(1)
        return {"sequential GET": await self.gets(address, self.port, expected)}

    async def walk(self):
        return {"GETBULK walk": await self.walks_all()}

    async def walk_snmpd(self):
        return {"GETBULK walk of snmpd": await self.walks_snmpd()}

    async def _hosts(self, count, seconds=0.0, warm=0):
        """Ask each of ``count`` hosts once, 1,000 at a time; and again while there is time."""
        async with self.opened():
            if warm:
                await self.ask_all(range(warm))
            watch = Watch(seconds)
            rounds = 0
            while not rounds or not watch.is_over():
                await self.ask_all(range(count))
                rounds += 1
            return watch.figure(count * rounds)

    async def thousand(self):
        return {"1,000 hosts at once": await self._hosts(1000, SECONDS, warm=100)}

    async def ten_thousand(self):
        return {"10,000 hosts, 1,000 at once": await self._hosts(10_000)}

    async def memory(self):
        await self._hosts(1000)
        return {"memory, 1,000 hosts at once": peak_megabytes()}


take(ClientTurn, "client")
