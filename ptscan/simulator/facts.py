"""The names that a model's rows may mention between braces, and what each stands for at a moment; pure."""

from collections.abc import Callable
from typing import TypeAlias

from ptscan.simulator import identity
from ptscan.simulator.life import ALERT_ROWS, Moment, scramble
from ptscan.simulator.model import ModelFile
from ptscan.simulator.vocabulary import METERS, PAGE_KINDS

FactValue: TypeAlias = int | str | bytes | None
Fact: TypeAlias = Callable[[Moment], FactValue]


def find_fact(name: str, model: ModelFile) -> Fact | None:
    """The fact of this name, None where the model has none; a fact that is None at a moment makes its row vanish."""
    plain = _PLAIN.get(name)
    if plain is not None:
        return plain
    if model.pages is not None and name in (*METERS, *PAGE_KINDS):
        return lambda moment: moment.meters[name]
    group, _, rest = name.partition(".")
    number_text, _, field = rest.partition(".")
    if not number_text.isdecimal():
        return _PRINTER.get(name) if model.pages is not None else None
    number = int(number_text)
    if group == "interface" and field in ("in", "out"):
        return _traffic(number, field)
    if group == "display" and not field and model.panel is not None and 1 <= number <= model.panel.lines:
        return lambda moment: moment.display[number - 1]
    if group == "supply" and 1 <= number <= len(model.supply):
        return _supply_fact(number, field)
    if group == "tray" and 1 <= number <= len(model.tray):
        return _tray_fact(number, field)
    if group == "alert" and model.pages is not None and 1 <= number <= ALERT_ROWS:
        return _alert_fact(number, field)
    return None


_PLAIN: dict[str, Fact] = {
    "ticks": lambda moment: moment.ticks,
    "serial": lambda moment: identity.serial(moment.individual),
    "mac": lambda moment: identity.mac(moment.individual),
    "mac_text": lambda moment: identity.mac(moment.individual).hex().upper(),
    "host": lambda moment: identity.host(moment.individual),
    "location": lambda moment: identity.location(moment.individual),
    "contact": lambda moment: identity.contact(moment.individual),
    "firmware": lambda moment: identity.firmware(moment.individual),
    "asset": lambda moment: identity.asset(moment.individual),
    "number": lambda moment: moment.individual.number,
}

_PRINTER: dict[str, Fact] = {
    "status.device": lambda moment: moment.status[0],
    "status.printer": lambda moment: moment.status[1],
    "status.errors": lambda moment: _error_octets(moment),
    "alerts.critical": lambda moment: sum(alert.severity == 3 for alert in moment.alerts),
    "alerts.all": lambda moment: len(moment.alerts),
}


def _error_octets(moment: Moment) -> bytes:
    """hrPrinterDetectedErrorState: bit 0 is the highest of the first octet (RFC 3805)."""
    size = moment.model.error_octets
    return sum(1 << size * 8 - 1 - bit for bit in moment.conditions).to_bytes(size, "big")


def _traffic(number: int, field: str) -> Fact:
    """Octets through an interface: a steady stream, of another width for each device, interface and direction."""
    salt = 400 + number * 2 + (field == "out")

    def fact(moment: Moment) -> FactValue:
        width = scramble(moment.individual.key, salt)
        return width % 30_000_000_000 + int(moment.now) * (200 + width % 20_000)

    return fact


def _supply_fact(number: int, field: str) -> Fact | None:
    return {
        "level": lambda moment: moment.level(number),
        "percent": lambda moment: moment.hundredths(number) // 100,
        "hundredths": lambda moment: moment.hundredths(number),
        "left": lambda moment: moment.left(number),
        "used": lambda moment: moment.model.supply[number - 1].life - moment.left(number),
        "serial": lambda moment: moment.supply_serial(number),
        "description": lambda moment: moment.supply_text(number),
        "low": lambda moment: 2 if moment.low(number) else 1,
    }.get(field)


def _tray_fact(number: int, field: str) -> Fact | None:
    def level(moment: Moment) -> FactValue:
        tells = moment.model.tray[number - 1].tells
        if tells == "unknown":
            return -2
        sheets = moment.sheets(number)
        return -3 if tells == "some" and sheets else sheets

    # PrtSubUnitStatusTC: 0 is available and idle, 1 + 8 unavailable with a non-critical alert
    return {"level": level, "status": lambda moment: 0 if moment.sheets(number) else 9}.get(field)


def _alert_fact(number: int, field: str) -> Fact | None:
    if field not in ("severity", "group", "group_index", "location", "code", "description", "index"):
        return None

    def fact(moment: Moment) -> FactValue:
        if number > len(moment.alerts):
            return None
        value: int | str = number if field == "index" else getattr(moment.alerts[number - 1], field)
        return value

    return fact
