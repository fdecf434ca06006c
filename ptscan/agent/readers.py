"""Reads what a sweep finds, many devices at once: whatever one does costs its own reading alone. I/O."""

from collections.abc import Callable

import trio

from proto_schema import as_datetime
from ptscan.agent import limits
from ptscan.agent.keeping import Keeper
from ptscan.agent.results import Result
from ptscan.link import Report, Trouble
from ptscan.printer import DeviceReading, read_device, session_of
from ptscan.profiles import ProfileSet
from ptscan.snmp import Client, Community, Outcome, Session, Ways, is_strange, is_unfit
from ptscan.sweep import Found, Pace


class Readers:
    """Reads devices through ``client``, as fast as ``pace`` allows and ``keeper`` takes the readings."""

    def __init__(
        self,
        client: Client,
        profiles: ProfileSet,
        pace: Pace,
        keeper: Keeper,
        result: Result,
        *,
        report: Report,
        wall_clock: Callable[[], float],
    ) -> None:
        self.client = client
        self._profiles = profiles
        self._pace = pace
        self._keeper = keeper
        self._result = result
        self._report = report
        self._wall_clock = wall_clock
        self._places = trio.Semaphore(limits.READ_AT_ONCE)
        self.read = 0
        """How many were read, or tried."""

    async def take(self, findings: "trio.MemoryReceiveChannel[list[Found[Community]]]", ways: Ways) -> None:
        """Read all ``findings``; what the sweep takes for something else may yet be a printer."""
        async with trio.open_nursery() as nursery:
            async for batch in findings:
                for found in batch:
                    session = session_of(self.client, found, ways)
                    if session is None:
                        self._result.closed += 1
                    else:
                        await self.begin(nursery, session, found)

    async def begin(self, nursery: trio.Nursery, session: Session, found: Found[Community] | None = None) -> None:
        """Wait for a place and the pace, and read in a task of its own."""
        await self._places.acquire()
        try:
            await trio.sleep_until(self._pace.begin(session.address, trio.current_time()))
        except BaseException:
            self._places.release()
            raise
        nursery.start_soon(self._read, session, found)

    async def _read(self, session: Session, found: Found[Community] | None) -> None:
        try:
            at = as_datetime(self._wall_clock())
            device = await read_device(session, self._profiles, at=at)
            self._pace.spent(session.address, session.traffic.requests)
            if device.outcome is Outcome.OK and device.is_printer:
                await self._keeper.keep(device.reading)
            else:
                self._count(device, found)
        except Exception as error:  # a bug of ours, met by what this device said
            self._result.unread += 1
            text = f"its reading ended by a bug in ptscan, {type(error).__name__}: {error}: please report it"
            self._report(Trouble("reading-bug", session.address, text, error))
        finally:
            self.read += 1
            self._places.release()

    def _count(self, device: DeviceReading, found: Found[Community] | None) -> None:
        """Count what gave no reading; ``found`` is None for an address that was named."""
        kind = None if found is None else found.sighting.kind
        if device.outcome is Outcome.OK or kind == "other":
            self._result.others += 1
        elif (
            found is not None and found.credential is None and (is_strange(device.outcome) or is_unfit(device.outcome))
        ):
            self._result.closed += 1
        else:
            self._result.unread += 1
            if self._result.unread > limits.UNREAD_TOLD:
                return
            problem = device.reading.problems[0]
            self._report(Trouble("device-unread", device.reading.address, f"it could not be read: {problem.text}"))
