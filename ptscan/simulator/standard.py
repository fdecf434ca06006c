"""The rows of the standard MIBs that a model's description implies, as lines of a recording with facts; pure.

SNMPv2-MIB and IF-MIB for every device; HOST-RESOURCES-MIB (RFC 2790) and Printer-MIB (RFC 3805) for printers.
"""

from collections.abc import Iterator
from typing import Final

from ptscan.simulator.life import ALERT_ROWS
from ptscan.simulator.model import InterfacePart, ModelFile, SupplyPart, TrayPart
from ptscan.simulator.vocabulary import SUPPLY_TYPES, SUPPLY_UNITS

_IF: Final = "1.3.6.1.2.1.2.2.1"
_IF_HIGH: Final = "1.3.6.1.2.1.31.1.1.1"
_HOST: Final = "1.3.6.1.2.1.25"
_PRINTER: Final = "1.3.6.1.2.1.43"
_LOOPBACK: Final = 24
_MARKER_TECHNOLOGY: Final = {"toner": 4, "ink": 12}  # PrtMarkerMarkTechTC: electrophotographicLaser, inkjetAqueous


def standard_rows(model: ModelFile) -> list[str]:
    """Every standard row of a model, as ``OID|TAG|VALUE``."""
    rows = [*_system(model), *_interfaces(model.interface)]
    if model.pages is not None and "printer-mib" not in model.lacks:
        rows += [*_host_resources(model), *_printer(model)]
    return rows


def _system(model: ModelFile) -> Iterator[str]:
    system = "1.3.6.1.2.1.1"
    yield f"{system}.1.0|4|{model.identity.description}"
    yield f"{system}.2.0|6|{model.identity.object_id}"
    yield f"{system}.3.0|67|{{ticks}}"
    yield f"{system}.4.0|4|{{contact}}"
    yield f"{system}.5.0|4|{{host}}"
    yield f"{system}.6.0|4|{{location}}"
    yield f"{system}.7.0|2|72"


def _interfaces(parts: tuple[InterfacePart, ...]) -> Iterator[str]:
    rows = [(part, n) for part in parts for n in range(1, part.count + 1)]
    if not rows:
        return
    yield f"1.3.6.1.2.1.2.1.0|2|{len(rows)}"
    for index, (part, n) in enumerate(rows, 1):
        name = part.name.replace("{n}", str(n))
        yield f"{_IF}.1.{index}|2|{index}"
        yield f"{_IF}.2.{index}|4|{name}"
        yield f"{_IF}.3.{index}|2|{part.type}"
        yield f"{_IF}.4.{index}|2|{65_536 if part.type == _LOOPBACK else 1_500}"
        yield f"{_IF}.5.{index}|66|{min(part.speed, 0xFFFF_FFFF)}"
        yield f"{_IF}.6.{index}|4|" if part.type == _LOOPBACK else f"{_IF}.6.{index}|4x|{{mac}}"
        yield f"{_IF}.7.{index}|2|1"
        yield f"{_IF}.8.{index}|2|1"
        yield f"{_IF}.9.{index}|67|0"
        yield f"{_IF}.10.{index}|65|{{interface.{index}.in}}"
        yield f"{_IF}.16.{index}|65|{{interface.{index}.out}}"
        for zero in (13, 14, 19, 20):
            yield f"{_IF}.{zero}.{index}|65|0"
        if part.high:
            yield f"{_IF_HIGH}.1.{index}|4|{name}"
            yield f"{_IF_HIGH}.6.{index}|70|{{interface.{index}.in}}"
            yield f"{_IF_HIGH}.10.{index}|70|{{interface.{index}.out}}"
            yield f"{_IF_HIGH}.15.{index}|66|{part.speed // 1_000_000}"


def _host_resources(model: ModelFile) -> Iterator[str]:
    device = model.device_index
    other = device + 1
    yield f"{_HOST}.1.1.0|67|{{ticks}}"
    yield f"{_HOST}.2.2.0|2|524288"
    yield f"{_HOST}.3.2.1.1.{device}|2|{device}"
    yield f"{_HOST}.3.2.1.1.{other}|2|{other}"
    yield f"{_HOST}.3.2.1.2.{device}|6|{_HOST}.3.1.5"
    yield f"{_HOST}.3.2.1.2.{other}|6|{_HOST}.3.1.4"
    yield f"{_HOST}.3.2.1.3.{device}|4|{model.identity.shown or model.identity.model}"
    yield f"{_HOST}.3.2.1.3.{other}|4|Network interface"
    name = model.identity.device_id
    yield f"{_HOST}.3.2.1.4.{device}|4|{name}" if name else f"{_HOST}.3.2.1.4.{device}|6|{model.identity.object_id}"
    yield f"{_HOST}.3.2.1.4.{other}|6|0.0"
    yield f"{_HOST}.3.2.1.5.{device}|2|{{status.device}}"
    yield f"{_HOST}.3.2.1.5.{other}|2|2"
    yield f"{_HOST}.3.2.1.6.{device}|65|0"
    yield f"{_HOST}.3.2.1.6.{other}|65|0"
    yield f"{_HOST}.3.5.1.1.{device}|2|{{status.printer}}"
    yield f"{_HOST}.3.5.1.2.{device}|4x|{{status.errors}}"


def _printer(model: ModelFile) -> Iterator[str]:
    yield from _general(model)
    for number, tray in enumerate(model.tray, 1):
        yield from _tray(model, number, tray)
    yield from _output_and_marker(model)
    for number, supply in enumerate(model.supply, 1):
        if not supply.hidden:
            yield from _supply(model, number, supply)
    yield from _colorants(model)
    yield from _console(model)
    yield from _alerts(model)


def _general(model: ModelFile) -> Iterator[str]:
    device = model.device_index
    general = f"{_PRINTER}.5.1.1"
    yield f"{general}.1.{device}|65|3"
    yield f"{general}.2.{device}|2|1"
    yield f"{general}.3.{device}|2|3"
    yield f"{general}.4.{device}|4|"
    yield f"{general}.5.{device}|4|"
    yield f"{general}.6.{device}|2|1"
    yield f"{general}.7.{device}|2|1"
    yield f"{general}.8.{device}|2|1"
    yield f"{general}.9.{device}|2|1"
    yield f"{general}.10.{device}|2|1"
    yield f"{general}.11.{device}|2|{model.panel.lines if model.panel else 0}"
    yield f"{general}.12.{device}|2|{20 if model.panel else 0}"
    yield f"{general}.16.{device}|4|{{host}}"
    if model.identity.serial and "serial" not in model.lacks:
        yield f"{general}.17.{device}|4|{{serial}}"
    yield f"{general}.18.{device}|65|{{alerts.critical}}"
    yield f"{general}.19.{device}|65|{{alerts.all}}"
    yield f"{_PRINTER}.6.1.1.2.{device}.1|4|Front cover"
    yield f"{_PRINTER}.6.1.1.3.{device}.1|2|4"
    yield f"{_PRINTER}.7.1.1.2.{device}.1|4|en"
    yield f"{_PRINTER}.7.1.1.3.{device}.1|4|US"
    yield f"{_PRINTER}.7.1.1.4.{device}.1|2|{model.charset}"


def _tray(model: ModelFile, number: int, tray: TrayPart) -> Iterator[str]:
    table = f"{_PRINTER}.8.2.1"
    at = f"{model.device_index}.{number}"
    yield f"{table}.2.{at}|2|{5 if tray.quiet else 3}"
    yield f"{table}.3.{at}|2|4"
    yield f"{table}.4.{at}|2|297000"
    yield f"{table}.5.{at}|2|210000"
    yield f"{table}.8.{at}|2|8"
    yield f"{table}.9.{at}|2|{tray.capacity}"
    yield f"{table}.10.{at}|2|{{tray.{number}.level}}"
    yield f"{table}.11.{at}|2|{{tray.{number}.status}}"
    yield f"{table}.12.{at}|4|{tray.media}"
    yield f"{table}.13.{at}|4|{tray.name}"
    yield f"{table}.18.{at}|4|{tray.name}"


def _output_and_marker(model: ModelFile) -> Iterator[str]:
    device = model.device_index
    output = f"{_PRINTER}.9.2.1"
    yield f"{output}.2.{device}.1|2|3"
    yield f"{output}.4.{device}.1|2|250"
    yield f"{output}.5.{device}.1|2|-3"
    yield f"{output}.6.{device}.1|2|0"
    yield f"{output}.7.{device}.1|4|Output bin"
    marker = f"{_PRINTER}.10.2.1"
    inks = any("ink" in supply.kind for supply in model.supply)
    colors = len({supply.color for supply in model.supply if supply.color})
    yield f"{marker}.2.{device}.1|2|{_MARKER_TECHNOLOGY['ink' if inks else 'toner']}"
    yield f"{marker}.3.{device}.1|2|7"
    yield f"{marker}.4.{device}.1|65|{{total}}"
    yield f"{marker}.5.{device}.1|65|{{total}}"
    yield f"{marker}.6.{device}.1|2|{colors}"
    yield f"{marker}.7.{device}.1|2|0"
    yield f"{marker}.8.{device}.1|2|3"
    yield f"{marker}.9.{device}.1|2|600"
    yield f"{marker}.10.{device}.1|2|600"
    yield f"{marker}.15.{device}.1|2|0"


def _supply(model: ModelFile, number: int, supply: SupplyPart) -> Iterator[str]:
    table = f"{_PRINTER}.11.1.1"
    at = supply_index(model, number)
    receptacle = supply.kind.startswith("waste")
    unit = supply.unit if supply.tells == "units" else "percent"
    most = {"units": supply.capacity, "percent": 100}.get(supply.tells, -2)
    yield f"{table}.2.{at}|2|1"
    yield f"{table}.3.{at}|2|{supply_colors(model).get(supply.color or '', 0)}"
    yield f"{table}.4.{at}|2|{4 if receptacle else 3}"
    yield f"{table}.5.{at}|2|{SUPPLY_TYPES[supply.kind]}"
    described = supply.description.replace("{serial}", f"{{supply.{number}.serial}}")
    yield f"{table}.6.{at}|4|{described.replace('{part}', supply.part_number)}"
    yield f"{table}.7.{at}|2|{SUPPLY_UNITS[unit]}"
    yield f"{table}.8.{at}|2|{most}"
    yield f"{table}.9.{at}|2|{{supply.{number}.level}}"


def supply_index(model: ModelFile, number: int) -> str:
    """The index of supply or colorant ``number`` in its table, which some makers forget half of."""
    return str(number) if model.short_supply_index else f"{model.device_index}.{number}"


def supply_colors(model: ModelFile) -> dict[str, int]:
    """The colorant index of each colour, in the order in which the supplies mention them."""
    colors = dict.fromkeys(supply.color for supply in model.supply if supply.color)
    return {color: index for index, color in enumerate(colors, 1)}


def _colorants(model: ModelFile) -> Iterator[str]:
    for color, index in supply_colors(model).items():
        at = supply_index(model, index)
        yield f"{_PRINTER}.12.1.1.2.{at}|2|1"
        yield f"{_PRINTER}.12.1.1.3.{at}|2|3"
        yield f"{_PRINTER}.12.1.1.4.{at}|4|{color}"
        yield f"{_PRINTER}.12.1.1.5.{at}|2|256"


def _console(model: ModelFile) -> Iterator[str]:
    if model.panel is not None:
        for line in range(1, model.panel.lines + 1):
            yield f"{_PRINTER}.16.5.1.2.{model.device_index}.{line}|4|{{display.{line}}}"


def _alerts(model: ModelFile) -> Iterator[str]:
    """A row for each thing that may be wrong; a row whose facts are None at a moment isn't there."""
    columns = (
        (1, "2", "index"),
        (2, "2", "severity"),
        (4, "2", "group"),
        (5, "2", "group_index"),
        (6, "2", "location"),
        (7, "2", "code"),
        (8, "4", "description"),
    )
    for number in range(1, ALERT_ROWS + 1):
        for column, tag, field in columns:
            at = f"{model.device_index}.{number}"
            yield f"{_PRINTER}.18.1.1.{column}.{at}|{tag}|{{alert.{number}.{field}}}"
