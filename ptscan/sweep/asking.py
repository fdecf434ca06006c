"""How fast found devices are asked one by one: no faster than a sweep may send. Pure."""

from typing import Final, Literal

from ptscan.targets import parse_address

SUBNET_RATE: Final = 98.0  # requests a second into one /24 (IPv6: /120) where no rate is asked for: as a kind sweep's
DISCOVERY_REQUESTS: Final = 2.0  # of a device: who its engine is, and what it is itself

_SUBNETS_KEPT: Final = 4_096


class Pace:
    """When the next device may be asked: at most ``rate`` requests a second; pure.

    None: SUBNET_RATE into one subnet. It is kept on the average, by what devices were found to cost.
    """

    def __init__(self, rate: float | Literal["max"] | None, *, usual_requests: float = DISCOVERY_REQUESTS) -> None:
        self._usual = usual_requests
        self._rate = SUBNET_RATE if rate is None else rate
        self._by_subnet = rate is None
        self._free_at: dict[int, float] = {}

    def begin(self, address: str, now: float) -> float:
        """Return the instant from which the device at ``address`` may be asked."""
        if self._rate == "max":
            return now
        key = self._key(address)
        if len(self._free_at) >= _SUBNETS_KEPT:
            self._free_at = {each: free_at for each, free_at in self._free_at.items() if free_at > now}
        begin = max(now, self._free_at.get(key, now))
        self._free_at[key] = begin + self._usual / self._rate
        return begin

    def spent(self, address: str, requests: int) -> None:
        """The device at ``address`` was sent so many ``requests``."""
        key = self._key(address)
        if self._rate != "max" and key in self._free_at:
            self._free_at[key] += (requests - self._usual) / self._rate

    def _key(self, address: str) -> int:
        return parse_address(address) >> 8 if self._by_subnet else 0
