"""What a turn of any client is made of, over whatever version of SNMP: needs the library and the standard library.

Each library is a module with::

    run(main)               runs a coroutine function in the library's own kind of event loop
    at_once(work, count)    runs ``count`` of a coroutine function at once, to their ends
    Device(address, port)   async context manager: a device with ``await get(name)`` (the value, octets as bytes)
                            and ``await walk(root)`` (a list of whatever the library gives for a varbind, by GETBULK)
    open_library()          where sessions share something: an async context manager around their use
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
from types import MappingProxyType

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
    """A library, the responder's network (its first address, its port, how many objects each device has) and snmpd.

    Each kind of turn has ``HOSTS``: how many a case asks that asks many.
    """

    HOSTS = MappingProxyType({})

    def __init__(self, library, first, port, objects, snmpd):
        self.library, self.port, self.objects, self.snmpd = library, int(port), int(objects), snmpd
        self.first = int(ipaddress.IPv4Address(first))

    def host(self, number):
        address = self.first + number
        return str(ipaddress.IPv4Address(address)), b"printer-%08x" % address

    def device(self, address, port):
        return self.library.Device(address, port)

    def opened(self):
        """What all sessions share: as an async context manager, for as long as they are used."""
        return self.library.open_library() if hasattr(self.library, "open_library") else AsyncExitStack()

    async def gets(self, address, port, expected=None):
        """GETs one after the other; where the value is not known, each has to be what the first was."""
        async with self.opened(), self.device(address, port) as device:
            expected = expected or await device.get(SYS_NAME)
            if not isinstance(expected, bytes):
                wrong("GET")
            for seconds in (WARM, SECONDS):
                count, watch = 0, Watch(seconds)
                while not watch.is_over():
                    for _ in range(20):
                        if await device.get(SYS_NAME) != expected:
                            wrong("GET")
                    count += 20
            return watch.figure(count)

    async def walks(self, address, port, root, *, least, most):
        async with self.opened(), self.device(address, port) as device:
            for seconds in (WARM, SECONDS):
                count, watch = 0, Watch(seconds)
                while not watch.is_over():
                    rows = await device.walk(root)
                    if not least <= len(rows) <= most:
                        wrong(f"walk of {len(rows)} rows")
                    count += len(rows)
            return watch.figure(count)

    async def walks_all(self):
        return await self.walks(self.host(1)[0], self.port, EVERYTHING, least=self.objects, most=self.objects)

    async def walks_snmpd(self):
        return await self.walks(*self.snmpd, STANDARD, least=100, most=sys.maxsize)

    async def ask_all(self, numbers, *, in_flight=IN_FLIGHT):
        """Ask each of these hosts once, in a session of its own, so many at a time."""
        hosts = iter([self.host(number) for number in numbers])
        right = 0

        async def ask():
            nonlocal right
            for address, expected in hosts:  # shared by all: each takes the next
                async with self.device(address, self.port) as device:
                    is_right = await device.get(SYS_NAME) == expected
                right += is_right

        await self.library.at_once(ask, min(len(numbers), in_flight))
        if right != len(numbers):
            wrong(f"{right} of {len(numbers)} hosts")


def take(kind, prefix):
    """Run one case as the command line says: LIBRARY CASE FIRST_ADDRESS PORT OBJECTS ["SNMPD_ADDRESS SNMPD_PORT"].

    The library is the module ``prefix_LIBRARY``, the case a method of ``kind``, a Turn, that gives figures by case.
    """
    name, case, first, port, objects, *snmpd = sys.argv[1:]
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # some take a socket for each session
    library = importlib.import_module(f"{prefix}_{name}")
    if kind.HOSTS.get(case, 0) > library.MOST_HOSTS:
        print("{}")
        return
    address, _, snmpd_port = snmpd[0].partition(" ") if snmpd else ("", "", "0")
    turn = kind(library, first, port, objects, (address, int(snmpd_port)))
    figures = {}

    async def measure():
        figures.update(await getattr(turn, case)())

    library.run(measure)
    print(json.dumps(figures))
