"""What a perfect reader reports of a made-up device at a moment, for tests to hold readings against; pure.

Made from the device's own state, never from its rows and never from ptscan's knowledge of vendors.
"""

from dataclasses import dataclass

from ptscan.simulator import identity
from ptscan.simulator.life import NEAR_END, Moment
from ptscan.simulator.model import SupplyPart
from ptscan.simulator.standard import supply_index

CONDITIONS = (
    "low-paper",
    "no-paper",
    "low-toner",
    "no-toner",
    "door-open",
    "jammed",
    "offline",
    "service-requested",
    "input-tray-missing",
    "output-tray-missing",
    "marker-supply-missing",
    "output-near-full",
    "output-full",
    "input-tray-empty",
    "overdue-prevent-maint",
)
"""The bits of hrPrinterDetectedErrorState (RFC 3805), in kebab-case."""


@dataclass(frozen=True, slots=True)
class SupplyTruth:
    """A supply. ``percent`` is what is left as far as the device tells, by its best row; None where it tells no number.

    ``state`` is ``empty``, ``full``, ``low``, ``some`` or ``unknown`` where the device says so, and None where a reader
    has to choose between ok and low. ``index`` is None where the supply stands in the vendor's rows alone.
    """

    index: str | None
    kind: str
    color: str | None
    description: str
    percent: float | None
    state: str | None
    serial: str | None = None
    part_number: str | None = None


@dataclass(frozen=True, slots=True)
class TrayTruth:
    """A tray; ``level`` None where the device tells no number, ``state`` as in SupplyTruth."""

    index: str
    name: str
    capacity: int
    level: int | None
    state: str | None


@dataclass(frozen=True, slots=True)
class AlertTruth:
    """A row of prtAlertTable."""

    code: int
    severity: str
    description: str


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that a device gives away at a moment; of a device that is no printer only who it is."""

    is_printer: bool
    manufacturer: str
    model: str
    serial: str | None
    mac: str
    name: str
    location: str
    contact: str | None
    firmware: str | None
    asset: str | None
    sys_object_id: str
    meters: dict[str, int]
    supplies: tuple[SupplyTruth, ...] = ()
    trays: tuple[TrayTruth, ...] = ()
    states: frozenset[str] = frozenset()
    conditions: tuple[str, ...] = ()
    alerts: tuple[AlertTruth, ...] = ()
    display: tuple[str, ...] = ()


def truth_of(moment: Moment) -> Truth:
    """The truth about a device at a moment; ``states`` are those that a reader may call its state."""
    model = moment.model
    individual = moment.individual
    who = model.identity
    is_printer = model.pages is not None
    tables = is_printer and "printer-mib" not in model.lacks
    return Truth(
        is_printer=is_printer,
        manufacturer=who.maker,
        model=who.model,
        serial=identity.serial(individual) or None,
        mac=identity.mac(individual).hex(":"),
        name=identity.host(individual),
        location=identity.location(individual),
        contact=identity.contact(individual) or None,
        firmware=identity.firmware(individual) if who.tells_firmware else None,
        asset=identity.asset(individual) or None,
        sys_object_id=who.object_id,
        meters={meter: moment.meters[model.tells_as.get(meter, meter)] for meter in model.tells} if is_printer else {},
        supplies=tuple(_supply(moment, number, supply) for number, supply in enumerate(model.supply, 1)),
        trays=tuple(_trays(moment)),
        states=_states(moment) if tables else frozenset(),
        conditions=tuple(CONDITIONS[bit] for bit in sorted(moment.conditions)) if tables else (),
        alerts=tuple(_alerts(moment)) if tables else (),
        display=tuple(line for line in moment.display if line) if tables else (),
    )


def _supply(moment: Moment, number: int, supply: SupplyPart) -> SupplyTruth:
    level = moment.level(number)
    percent: float | None
    if supply.vendor_step:
        percent = round(moment.hundredths(number) / 100, 1)
    elif level < 0:
        percent = None
    else:
        percent = round(level * 100 / (supply.capacity if supply.tells == "units" else 100), 1)
    state = None
    if percent is None:
        state = {-3: "some", NEAR_END: "low"}.get(level, "unknown")
    elif percent == 0:
        state = "full" if supply.kind.startswith("waste") else "empty"
    if supply.vendor_state:
        state = "low" if moment.low(number) else "ok"
    return SupplyTruth(
        None if supply.hidden else supply_index(moment.model, number),
        supply.kind,
        supply.color,
        moment.supply_text(number),
        percent,
        state,
        moment.supply_serial(number) or None,
        supply.part_number or None,
    )


def _trays(moment: Moment) -> list[TrayTruth]:
    trays = []
    for number, tray in enumerate(moment.model.tray, 1):
        level: int | None = moment.sheets(number)
        state = None if level else "empty"
        if tray.tells == "unknown":
            level, state = None, "unknown"
        elif tray.tells == "some" and level:
            level, state = None, "some"
        trays.append(TrayTruth(f"{moment.model.device_index}.{number}", tray.name, tray.capacity, level, state))
    return trays


def _states(moment: Moment) -> frozenset[str]:
    if moment.down:
        return frozenset({"down"})
    if moment.conditions:
        return frozenset({"warning", "printing"} if moment.printing else {"warning", "idle"})
    if moment.printing:
        return frozenset({"printing"})
    return frozenset({"standby" if moment.asleep else "idle"})


def _alerts(moment: Moment) -> list[AlertTruth]:
    return [
        AlertTruth(alert.code, "critical" if alert.severity == 3 else "warning", alert.description)
        for alert in moment.alerts
    ]
