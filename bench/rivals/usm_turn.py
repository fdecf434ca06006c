"""One client's turn at bench_usm.py, over SNMPv3 with SHA-256 and AES-128; see turns.py.

usm_turn.py LIBRARY CASE FIRST_ADDRESS PORT OBJECTS ["SNMPD_ADDRESS SNMPD_PORT"] prints figures as JSON. Beside what
turns.py wants of a library, its ``Device(address, port, user)`` takes what its ``user(name, passwords)`` made of two
passwords or ``ready_user(name, keys)`` of two master keys; who takes no keys has no ``ready_user``. A slow one has
``PART``, how many devices its speed is taken from, and one that loses answers ``IN_FLIGHT``, how many it asks at once.
"""

import hashlib
from types import MappingProxyType

from turns import IN_FLIGHT, SECONDS, Turn, Watch, peak_megabytes, take

NAME = "monitor"
PASSWORDS = ("auth-password", "priv-password")
THOUSAND = 1000
WARM_HOSTS = 50


def master_key(password):
    """RFC 3414 section A.2.2, with SHA-256 as RFC 7860 section 4.2 has it."""
    octets = password.encode()
    return hashlib.sha256((octets * ((1 << 20) // len(octets) + 1))[: 1 << 20]).digest()


class UsmTurn(Turn):
    HOSTS = MappingProxyType({"thousand": THOUSAND, "thousand_ready": THOUSAND, "memory": THOUSAND})
    asked = 0  # hosts so far: nobody is asked twice, for every device shall be new

    def device(self, address, port):
        return self.library.Device(address, port, self.user)

    def be(self, *, ready=False):
        if ready:
            self.user = self.library.ready_user(NAME, tuple(master_key(password) for password in PASSWORDS))
        else:
            self.user = self.library.user(NAME, PASSWORDS)

    async def sequential(self):
        self.be()
        address, expected = self.host(1)
        return {"authPriv GET": await self.gets(address, self.port, expected)}

    async def sequential_snmpd(self):
        self.be()
        return {"authPriv GET of snmpd": await self.gets(*self.snmpd)}

    async def walk(self):
        self.be()
        return {"authPriv GETBULK walk": await self.walks_all()}

    async def walk_snmpd(self):
        self.be()
        return {"authPriv GETBULK walk of snmpd": await self.walks_snmpd()}

    async def _new_ones(self, count, *, ready):
        """Ask so many devices that were never asked, by a client that is new, too, and knows of no key."""
        numbers = range(self.asked, self.asked + count)
        self.asked += count
        self.be(ready=ready)
        async with self.opened():
            await self.ask_all(numbers, in_flight=self.in_flight)

    @property
    def in_flight(self):
        return getattr(self.library, "IN_FLIGHT", IN_FLIGHT)

    def note(self, count):
        parts = [f"reckoned from {count} devices"] if count < THOUSAND else []
        return ", ".join(parts + ([f"{self.in_flight} at once"] if self.in_flight < IN_FLIGHT else []))

    async def _figure(self, *, ready):
        each = getattr(self.library, "PART", THOUSAND)
        await self._new_ones(WARM_HOSTS, ready=ready)
        watch = Watch(SECONDS)
        count = 0
        while not count or not watch.is_over():
            await self._new_ones(each, ready=ready)
            count += each
        return watch.figure(count) | {"note": self.note(each)}

    async def thousand(self):
        return {"1,000 new devices at once, passwords": await self._figure(ready=False)}

    async def thousand_ready(self):
        if not hasattr(self.library, "ready_user"):
            return {}
        return {"1,000 new devices at once, master keys": await self._figure(ready=True)}

    async def memory(self):
        await self._new_ones(THOUSAND, ready=False)
        return {"memory, 1,000 new devices at once": {"value": peak_megabytes(), "note": self.note(THOUSAND)}}


take(UsmTurn, "usm")
