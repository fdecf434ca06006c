"""One client's turn at bench_client.py, in an environment that has its library: needs that and the standard library.

client_turn.py LIBRARY CASE FIRST_ADDRESS PORT OBJECTS ["SNMPD_ADDRESS SNMPD_PORT"] prints figures as JSON. Each library
is a module ``client_LIBRARY`` with::

    run(main)               runs a coroutine function in the library's own kind of event loop
    at_once(work, count)    runs ``count`` of a coroutine function at once, to their ends
    Device(address, port)   async context manager: a device with ``await get(name)`` (the value, octets as bytes)
                            and ``await walk(root)`` (a list of whatever the library gives for a varbind, by GETBULK)
    MOST_HOSTS              hosts that it is asked at most: 0 where it knows no "at once"

The devices are a responder's: the sysName of each has its address in it, which is what every answer is checked by.
"""

import importlib
import ipaddress
import json
import resource
import sys
import time
from contextlib import AsyncExitStack

SYS_NAME = "1.3.6.1.2.1.1.5.0"
EVERYTHING = "1.3"
STANDARD = "1.3.6.1.2.1"
IN_FLIGHT = 1000
SECONDS = 0.5  # of each case: a slow client does less of the same in it
WARM = 0.1


def wrong(what):
    sys.exit(f"{what}: the result is wrong")


def peak_megabytes():
    """The peak of this process's resident memory; rusage's counts the parent that it was forked from."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024 / 1e6


class Watch:
    """Counts what is done in SECONDS, and what it costs the processor."""

    def __init__(self, seconds=SECONDS):
        self.began, self.used = time.perf_counter(), time.process_time()
        self.end = self.began + seconds

    def is_over(self):
        return time.perf_counter() >= self.end

    def figure(self, count):
        seconds, used = time.perf_counter() - self.began, time.process_time() - self.used
        return {"value": count / seconds, "beside": {"CPU": used / count * 1e6}}


class Turn:
    def __init__(self, library, first, port, objects, snmpd):
        self.library, self.port, self.objects, self.snmpd = library, port, objects, snmpd
        self.first = int(ipaddress.IPv4Address(first))

    def host(self, number):
        address = self.first + number
        return str(ipaddress.IPv4Address(address)), b"printer-%08x" % address

    async def sequential(self):
        address, expected = self.host(1)
        async with self.library.Device(address, self.port) as device:
            for seconds in (WARM, SECONDS):
                count, watch = 0, Watch(seconds)
                while not watch.is_over():
                    for _ in range(20):
                        if await device.get(SYS_NAME) != expected:
                            wrong("GET")
                    count += 20
            return {"sequential GET": watch.figure(count)}

    async def walk(self):
        async with self.library.Device(self.host(1)[0], self.port) as device:
            return {"GETBULK walk": await self._walks(device, EVERYTHING, self.objects, self.objects)}

    async def walk_snmpd(self):
        address, port = self.snmpd
        async with self.library.Device(address, port) as device:
            return {"GETBULK walk of snmpd": await self._walks(device, STANDARD, 100, sys.maxsize)}

    async def _walks(self, device, root, least, most):
        for seconds in (WARM, SECONDS):
            count, watch = 0, Watch(seconds)
            while not watch.is_over():
                rows = await device.walk(root)
                if not least <= len(rows) <= most:
                    wrong(f"walk of {len(rows)} rows")
                count += len(rows)
        return watch.figure(count)

    async def _hosts(self, count, seconds=0.0):
        """Ask each of ``count`` hosts once, in a session of its own, 1,000 at a time; and again while there is time."""
        watch = Watch(seconds)
        rounds = 0
        while not rounds or not watch.is_over():
            await self._ask_all(count)
            rounds += 1
        return watch.figure(count * rounds)

    async def _ask_all(self, count):
        hosts = iter([self.host(number) for number in range(count)])
        right = 0

        async def ask():
            nonlocal right
            for address, expected in hosts:  # shared by all: each takes the next
                async with self.library.Device(address, self.port) as device:
                    is_right = await device.get(SYS_NAME) == expected
                right += is_right

        await self.library.at_once(ask, min(count, IN_FLIGHT))
        if right != count:
            wrong(f"{right} of {count} hosts")

    async def thousand(self):
        await self._hosts(100)
        return {"1,000 hosts at once": await self._hosts(1000, SECONDS)}

    async def ten_thousand(self):
        return {"10,000 hosts, 1,000 at once": await self._hosts(10_000)}

    async def memory(self):
        await self._hosts(1000)
        return {"memory, 1,000 hosts at once": peak_megabytes()}


def main():
    name, case, first, port, objects, *snmpd = sys.argv[1:]
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # some take a socket for each session
    library = importlib.import_module(f"client_{name}")
    if {"thousand": 1000, "memory": 1000, "ten_thousand": 10_000}.get(case, 0) > library.MOST_HOSTS:
        print("{}")
        return
    address, _, snmpd_port = snmpd[0].partition(" ") if snmpd else ("", "", "0")
    turn = Turn(library, first, int(port), int(objects), (address, int(snmpd_port)))
    figures = {}

    async def measure():
        async with AsyncExitStack() as stack:
            if hasattr(library, "open_library"):  # what all sessions share
                await stack.enter_async_context(library.open_library())
            figures.update(await getattr(turn, case)())

    library.run(measure)
    print(json.dumps(figures))


main()
