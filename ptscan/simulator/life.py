"""What becomes of a made-up device in time; pure: everything follows from (seed, index, simulated seconds).

Theory of operation: a printer repeats jobs. Job number k begins at k times its interval, prints so many sides at the
speed of its engine, and is followed by rest and then sleep. So the sides printed at any moment are a sum of products,
and every counter, level and alert is a function of that sum: nothing is stored, nothing has to be stepped through, and
asking twice for the same moment gives the same answer. Sides are dealt out to their kinds (copies, faxes, ...) in a
fixed round of 100, so that the kinds always add up to the total and none ever falls.
"""

from functools import cached_property
from typing import Final, NamedTuple

from ptscan.simulator.meters import count_meters
from ptscan.simulator.model import ModelFile, PagesPart, SupplyPart
from ptscan.simulator.vocabulary import PAGE_KINDS

ROUND: Final = 100
LOW_PERCENT: Final = 10
ALERT_ROWS: Final = 6
NEAR_END: Final = -100  # what Ricoh's older ones say of a supply that is nearly used up
JAM_EVERY: Final = 60
JAM_SECONDS: Final = 120

_MASK = 0xFFFF_FFFF_FFFF_FFFF


def scramble(*numbers: int) -> int:
    """64 bits that look random and always follow from the same numbers (the finaliser of SplitMix64, chained)."""
    state = 0x9E37_79B9_7F4A_7C15
    for number in numbers:
        state = (state ^ number) * 0xBF58_476D_1CE4_E5B9 & _MASK
        state = (state ^ state >> 30) * 0x94D0_49BB_1331_11EB & _MASK
        state ^= state >> 31
    return state


def deal_round(mix: dict[str, int]) -> tuple[tuple[int, ...], ...]:
    """How many sides of each kind stand among the first n of a round, for n from 0 to 100, spread evenly."""
    due = [mix.get(kind, 0) for kind in PAGE_KINDS]
    dealt = [0] * len(due)
    counts = [tuple(dealt)]
    for side in range(1, ROUND + 1):
        behind = max(range(len(due)), key=lambda kind: due[kind] * side - dealt[kind] * ROUND)
        dealt[behind] += 1
        counts.append(tuple(dealt))
    return tuple(counts)


class Alert(NamedTuple):
    """A row of prtAlertTable (RFC 3805); ``supply`` and ``tray`` count from 1, 0 where it is about neither one."""

    severity: int
    group: int
    group_index: int
    location: int
    code: int
    description: str
    supply: int = 0
    tray: int = 0


class Individual:
    """One device of a fleet: what tells it from the others of its model."""

    __slots__ = ("every", "index", "job", "job_seconds", "key", "model", "number", "phase", "round", "start")

    def __init__(self, model: ModelFile, deal: tuple[tuple[int, ...], ...], seed: int, index: int) -> None:
        self.model = model
        self.index = index
        self.key = scramble(seed, index)
        # distinct for each index: a step that shares no factor with a million
        self.number = (index * 611_953 + scramble(seed)) % 1_000_000
        self.round = deal
        pages = model.pages
        if pages is not None:
            self.start = self.within(pages.start, 1)
            self.job = self.within(pages.job, 2)
            self.every = self.within(pages.every, 3)
            self.job_seconds = -(-self.job * 60 // pages.per_minute)
            self.phase = scramble(self.key, 4) % self.every
        else:
            self.start = self.job = self.job_seconds = 0
            self.every = 600
            self.phase = 0

    def within(self, bounds: tuple[int, int], salt: int) -> int:
        """This device's own number from ``bounds``, both included."""
        return bounds[0] + scramble(self.key, salt) % (bounds[1] - bounds[0] + 1)


class Moment:
    """One device, ``now`` simulated seconds after the simulation began; each fact is worked out when first asked."""

    def __init__(self, individual: Individual, now: float) -> None:
        self.individual = individual
        self.model = individual.model
        self.now = now
        self.jobs, self.into = divmod(int(now) + individual.phase, individual.every)
        self.printing = self.into < individual.job_seconds
        done = self.into * individual.job // individual.job_seconds if self.printing else individual.job
        self.total = individual.start + self.jobs * individual.job + done

    @cached_property
    def ticks(self) -> int:
        """sysUpTime: hundredths of a second since the device was switched on, up to 90 days before the simulation."""
        return (int(self.now * 100) + scramble(self.individual.key, 5) % 777_600_000) & 0xFFFF_FFFF

    @cached_property
    def kinds(self) -> dict[str, int]:
        """Sides by what they were printed for."""
        rounds, rest = divmod(self.total, ROUND)
        deal = self.individual.round
        return {
            kind: rounds * whole + part for kind, whole, part in zip(PAGE_KINDS, deal[ROUND], deal[rest], strict=True)
        }

    @property
    def _pages(self) -> PagesPart:
        pages = self.model.pages
        if pages is None:
            raise TypeError(f"{self.model.name} is no printer: it has no pages")
        return pages

    @cached_property
    def meters(self) -> dict[str, int]:
        """Every meter that the device keeps; scans are those sent somewhere and those made for copies."""
        return count_meters(self.kinds, self._pages)

    def left(self, number: int) -> int:
        """Sides that are left in supply ``number`` (from 1): of material, or of space in a receptacle."""
        return max(0, self.model.supply[number - 1].life - self._supply_age(number)[1])

    def low(self, number: int) -> bool:
        """Whether supply ``number`` is nearly used up."""
        return self.left(number) * 100 < self.model.supply[number - 1].life * LOW_PERCENT

    def _supply_age(self, number: int) -> tuple[int, int]:
        """How often supply ``number`` was changed, and how many sides this one has served."""
        supply = self.model.supply[number - 1]
        used = self.meters[supply.uses] + scramble(self.individual.key, 100 + number) % supply.life
        # an empty one stays in for a hundredth of its life before somebody changes it
        return divmod(used, supply.life + supply.life // 100)

    def supply_serial(self, number: int) -> str:
        """The serial number of supply ``number``, another one after each change; empty where it tells none."""
        changed, _ = self._supply_age(number)
        digits = str(scramble(self.individual.key, 500 + number, changed))
        shown = iter(digits[-self.model.supply[number - 1].serial.count("#") :])
        return "".join(next(shown) if c == "#" else c for c in self.model.supply[number - 1].serial)

    def supply_text(self, number: int) -> str:
        """prtMarkerSuppliesDescription of supply ``number``."""
        supply = self.model.supply[number - 1]
        return supply.description.replace("{serial}", self.supply_serial(number)).replace("{part}", supply.part_number)

    def hundredths(self, number: int) -> int:
        """What is left in supply ``number`` in hundredths of a percent, in the steps that the vendor's rows tell."""
        supply = self.model.supply[number - 1]
        exact = self.left(number) * 10_000 // supply.life
        return exact - exact % (supply.vendor_step or 1)

    def level(self, number: int) -> int:
        """prtMarkerSuppliesLevel of supply ``number``."""
        supply = self.model.supply[number - 1]
        left = self.left(number)
        if supply.tells == "units":
            return left * supply.capacity // supply.life
        if supply.tells in ("percent", "bare-percent"):
            return -(-left * 100 // supply.life)
        if supply.tells == "near-end" and self.low(number):
            return NEAR_END
        return -2 if supply.tells == "unknown" else -3

    def sheets(self, number: int) -> int:
        """Sheets that lie in tray ``number`` (from 1)."""
        tray = self.model.tray[number - 1]
        if not tray.share:
            return 0
        used = self.total * tray.share // 100 + scramble(self.individual.key, 200 + number) % tray.capacity
        # an empty one is seen to after a fiftieth of its capacity
        return max(0, tray.capacity - used % (tray.capacity + max(1, tray.capacity // 50)))

    @property
    def jammed(self) -> bool:
        """Whether paper is stuck: after one job in sixty, for two minutes."""
        rest = self.into - self.individual.job_seconds
        return 0 <= rest < JAM_SECONDS and scramble(self.individual.key, 6, self.jobs) % JAM_EVERY == 0

    @cached_property
    def alerts(self) -> tuple[Alert, ...]:
        """What is wrong, the critical first, no more than a device's table holds."""
        alerts = [Alert(3, 13, 1, -2, 8, self.panel_text("jam"))] if self.jammed else []
        for number, tray in enumerate(self.model.tray, 1):
            if not tray.quiet and self.sheets(number) == 0:
                text = f"{tray.name}: {self.panel_text('paper')}"
                alerts.append(Alert(4, 8, number, -2, 808, text, tray=number))
        for number, supply in enumerate(self.model.supply, 1):
            alert = self._supply_alert(number, supply)
            if alert is not None:
                alerts.append(alert)
        return tuple(sorted(alerts, key=lambda alert: alert.severity)[:ALERT_ROWS])

    def _supply_alert(self, number: int, supply: SupplyPart) -> Alert | None:
        codes = _SUPPLY_CODES.get(supply.kind)
        left = self.left(number)
        if codes is None or not self.low(number):
            return None
        low, gone, low_text, gone_text = codes
        code, text, severity = (low, low_text, 4) if left else (gone, gone_text, 3)
        return Alert(severity, 11, number, -2, code, f"{self.supply_text(number)}: {text}", supply=number)

    def panel_text(self, occasion: str) -> str:
        """What the console shows on an occasion, as one line."""
        panel = self.model.panel
        lines: tuple[str, ...] = getattr(panel, occasion) if panel is not None else ()
        return " ".join(lines) or occasion

    @cached_property
    def conditions(self) -> frozenset[int]:
        """The bits of hrPrinterDetectedErrorState (RFC 2790, RFC 3805) that are set, as far as its octets reach."""
        bits = set()
        for alert in self.alerts:
            if alert.supply:
                kind = self.model.supply[alert.supply - 1].kind
                empty = alert.severity == 3
                if kind in ("toner", "toner-cartridge", "ink", "ink-cartridge"):
                    bits.add(_NO_TONER if empty else _LOW_TONER)
                elif empty:
                    bits.add(_SERVICE_REQUESTED)
            elif alert.tray:
                bits.add(_INPUT_TRAY_EMPTY)
            else:
                bits.add(_JAMMED)
        if _INPUT_TRAY_EMPTY in bits:
            loud = [number for number, tray in enumerate(self.model.tray, 1) if not tray.quiet]
            bits.add(_LOW_PAPER if any(self.sheets(number) for number in loud) else _NO_PAPER)
        return frozenset(bit for bit in bits if bit < self.model.error_octets * 8)

    @cached_property
    def status(self) -> tuple[int, int]:
        """hrDeviceStatus and hrPrinterStatus, as RFC 3805 (section 2.2.13.2) joins them."""
        if self.down:
            return 5, 1
        if self.conditions:
            return 3, 4 if self.printing else 3
        if self.printing:
            return 2, 4
        return (2, 1) if self.asleep else (2, 3)

    @property
    def down(self) -> bool:
        """Whether the printer can't print."""
        return not self.conditions.isdisjoint((_NO_PAPER, _NO_TONER, _JAMMED))

    @property
    def asleep(self) -> bool:
        """Whether the printer saves power: nothing to do for a while and nothing to complain of."""
        return self.into - self.individual.job_seconds >= self._pages.sleep_after and not self.conditions

    @cached_property
    def display(self) -> tuple[str, ...]:
        """The lines of the console, blank ones included."""
        panel = self.model.panel
        if panel is None:
            return ()
        if self.jammed:
            lines = panel.jam
        elif _NO_PAPER in self.conditions:
            lines = panel.paper
        elif self.printing:
            lines = panel.printing
        elif panel.supply and not self.conditions.isdisjoint((_LOW_TONER, _NO_TONER)):
            lines = panel.supply
        else:
            lines = panel.sleep if self.asleep else panel.ready
        return (*lines, *("",) * panel.lines)[: panel.lines]


_LOW_PAPER, _NO_PAPER, _LOW_TONER, _NO_TONER, _JAMMED, _SERVICE_REQUESTED, _INPUT_TRAY_EMPTY = 0, 1, 2, 3, 5, 7, 13

# prtAlertCode (RFC 3805, PrtAlertCodeTC): nearly used up and used up, with a word for each
_TONER = (1104, 1101, "low", "empty")
_INK = (1105, 1102, "low", "empty")
_SUPPLY_CODES = {
    "toner": _TONER,
    "toner-cartridge": _TONER,
    "ink": _INK,
    "ink-cartridge": _INK,
    "waste-toner": (1107, 1109, "almost full", "full"),
    "waste-ink": (1108, 1110, "almost full", "full"),
    "opc": (1111, 1112, "near end of life", "end of life"),
}
