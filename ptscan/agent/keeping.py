"""Puts the readings of one round into the spool, each under an id of its own device. I/O: the spool.

A reading goes into the spool as soon as it is there, but for those of devices that share an id with another one (a
cloned serial): they wait for the end of the round, so that the ids depend on the devices and not on who was read first.
"""

from collections.abc import Callable
from typing import Final

from proto_schema import READING, Reading, WireError, encode, write_instant
from ptscan.agent import limits
from ptscan.agent.results import Result
from ptscan.agent.spool import Entry, RecordTooLargeError, Spool, SpoolError, SpoolFullError
from ptscan.link import Report, Trouble
from ptscan.printer import Roll, base_id, tell_apart

_SUBJECT_OCTETS: Final = 256


class Keeper:
    """Keeps the readings of one round; ``doubles`` are the ids that several devices bear, and grows."""

    def __init__(
        self, spool: Spool, result: Result, doubles: set[str], *, report: Report, wall_clock: Callable[[], float]
    ) -> None:
        self._spool = spool
        self._result = result
        self._doubles = doubles
        self._report = report
        self._wall_clock = wall_clock
        self._roll = Roll()
        self._held: list[Reading] = []
        self._told: set[type[Exception]] = set()

    async def keep(self, reading: Reading) -> None:
        """Keep one reading, once it is durable or refused; waits as long as the spool does."""
        if base_id(reading) in self._doubles and len(self._held) < limits.HELD_READINGS:
            self._held.append(reading)
            return
        twice = self._roll.claimed_twice
        told = self._roll.take(reading)
        if self._roll.claimed_twice > twice and len(self._doubles) < limits.DOUBLES:
            self._doubles.add(base_id(reading))
        await self._put(told)

    async def finish(self) -> None:
        """Keep those that waited for the end."""
        held, self._held = self._held, []
        for told in tell_apart(held, doubles=self._doubles):
            self._roll.take(told)
            await self._put(told)

    async def _put(self, reading: Reading) -> None:
        self._result.printers = self._roll.devices
        try:
            body = encode(reading)
            subject = reading.device_id.encode()[:_SUBJECT_OCTETS].decode(errors="ignore")
            await self._spool.put([Entry(READING, write_instant(self._wall_clock()), body, subject)])
        except (SpoolError, WireError) as error:
            self._result.turned_away += 1
            self._tell(reading, error)
        else:
            self._result.spooled += 1
            self._told.clear()

    def _tell(self, reading: Reading, error: Exception) -> None:
        """Tell it once, until the spool takes something again; of what is wrong with one reading, each time."""
        if isinstance(error, WireError | RecordTooLargeError):
            self._report(Trouble("reading-unfit", reading.address, f"its reading cannot be spooled: {error}", error))
        elif type(error) not in self._told:
            self._told.add(type(error))
            kind = "spool-full" if isinstance(error, SpoolFullError) else "spool-failed"
            self._report(Trouble(kind, "", f"readings are not spooled: {error}", error))
