"""What is known of an SNMPv3 engine: its ID, and its clock as it tells it (RFC 3414 sections 2.2 and 3.2). No I/O."""

from codec import EngineReport
from ptscan.snmp import limits


class Engine:
    """The engine at one address.

    What it says to anybody, as the answer to a discovery, is enough to ask it, but only an authentic message sets its
    clock for good, and from then on it does not go back unless the engine insists.
    """

    __slots__ = ("_at", "_boots", "_latest", "_time", "engine_id", "has_gone_back", "is_proven")

    def __init__(self, report: EngineReport, now: float) -> None:
        self.engine_id = report.engine_id
        self.is_proven = False
        """Whether an authentic message has come from it."""
        self.has_gone_back = False
        """Whether it has insisted on an earlier time since somebody took note of that."""
        self.suppose(report.boots, report.time, now)

    def times(self, now: float) -> tuple[int, int]:
        """Its boots and time as they should be ``now``."""
        return self._boots, min(self._time + int(now - self._at), limits.ENGINE_TIME)

    def suppose(self, boots: int, time: int, now: float) -> None:
        """Take its clock as an unproven message tells it, unless a proven one did."""
        if not self.is_proven:
            self._set(boots, time, now)

    def hear(self, boots: int, time: int, now: float) -> bool:
        """Take the clock of an authentic message; whether that came in time (RFC 3414 section 3.2, step 7 b)."""
        if boots >= limits.ENGINE_BOOTS:
            return False
        if not self.is_proven or boots > self._boots or (boots == self._boots and time >= self._latest):
            self._set(boots, time, now)
            self.is_proven = True
            return True
        return boots == self._boots and time >= self.times(now)[1] - limits.TIME_WINDOW_SECONDS

    def insist(self, boots: int, time: int, now: float) -> None:
        """Take an earlier time than was known, of an authentic Report that the time of our question was wrong.

        RFC 3414 would never ask such an engine again. But devices forget their boots, and the Report is no old one: it
        answers the random msgID of a question that is out.
        """
        if boots < limits.ENGINE_BOOTS:
            self._set(boots, time, now)
            self.has_gone_back = True

    def _set(self, boots: int, time: int, now: float) -> None:
        self._boots = boots
        self._time = self._latest = time
        self._at = now
