"""Where among the probes canaries stand: so often, and at places that follow no pattern of the bursts.

A full queue drops the end of a burst and takes in its beginning, so a canary that always comes first always gets
through, whatever is lost around it. Its places are drawn, also where it is overdue or just back from rest.
"""

from typing import Final

_MOST_RATE: Final = 2_000.0  # canaries a second


class CanaryPlaces:
    """The places of one sweep, counted in packets."""

    def __init__(self) -> None:
        self._next = 0.0
        self._turn = 0x2545_F491

    def among(self, packets: int, *, share: float, rate: float, spent: int, ready: int) -> list[int]:
        """Say which of the next ``packets``, behind ``spent`` ones, are canaries; ``ready`` of them can be had now.

        They are to be a ``share`` of the packets, which leave at ``rate`` a second.
        """
        places: list[int] = []
        mean = max(1 / share, rate / _MOST_RATE)
        place = self._next - spent
        if place < 0:
            place = mean * self._draw()
        while place < packets:
            places.append(int(place))
            place += max(1.0, mean * (0.5 + self._draw()))
        self._next = spent + place
        while len(places) > ready:
            del places[int(len(places) * self._draw())]
        return places

    def _draw(self) -> float:
        """Give a number from 0 up to 1; that it follows no pattern of the bursts is all that is asked of it."""
        self._turn = self._turn * 69_069 + 1 & 0xFFFF_FFFF
        return self._turn / 2**32
