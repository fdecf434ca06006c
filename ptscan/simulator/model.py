"""A model of a device as data: the shape of a file in ``models/`` (see ``models/FORMAT.md``); pure."""

import re
import tomllib
from typing import Any, Literal

import msgspec

from ptscan.simulator.errors import ModelError
from ptscan.simulator.vocabulary import CHARSETS, METERS, PAGE_KINDS, Lack, SupplyKind, Unit


class IdentityPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who the device is. Patterns: ``#`` a digit, ``@`` a letter, chosen for each device."""

    maker: str
    model: str
    object_id: str
    description: str
    host: str
    oui: str
    serial: str = ""
    shown: str = ""
    firmware: tuple[str, ...] = ("1.0",)
    tells_firmware: bool = False
    asset: bool = False
    device_id: str = ""


class PagesPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a printer spends its days; ranges are inclusive, each device has a value of its own."""

    start: tuple[int, int]
    job: tuple[int, int]
    every: tuple[int, int]
    per_minute: int
    mix: dict[str, int]
    duplex: int = 0
    large: int = 0
    ledger: int = 0
    legal: int = 0
    letter: int = 0
    scans: int = 0
    millimeters: int = 0
    sleep_after: int = 900


class SupplyPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of prtMarkerSuppliesTable. ``tells`` says how much of its level the standard table gives away.

    One that is ``hidden`` stands in the vendor's rows alone. ``serial`` is a pattern as that of the device.
    """

    kind: SupplyKind
    description: str
    life: int
    color: str | None = None
    uses: Literal["total", "mono", "color"] = "total"
    tells: Literal["units", "percent", "bare-percent", "some", "near-end", "unknown"] = "percent"
    unit: Unit = "percent"
    capacity: int = 0
    vendor_step: int = 0
    vendor_state: bool = False
    serial: str = ""
    part_number: str = ""
    hidden: bool = False


class TrayPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of prtInputTable. A ``quiet`` tray, such as a bypass, raises no alert when it is empty."""

    name: str
    capacity: int
    media: str = "iso_a4_210x297mm"
    tells: Literal["sheets", "some", "unknown"] = "sheets"
    share: int = 100
    quiet: bool = False


class PanelPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the console shows: lines by what the device is doing."""

    lines: int = 1
    ready: tuple[str, ...] = ("Ready",)
    printing: tuple[str, ...] = ("Printing",)
    sleep: tuple[str, ...] = ("Sleep",)
    jam: tuple[str, ...] = ("Paper jam",)
    paper: tuple[str, ...] = ("Load paper",)
    supply: tuple[str, ...] = ()


class InterfacePart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows of ifTable; ``{n}`` in the name counts them, ``high`` adds the Counter64 columns of ifXTable."""

    name: str
    count: int = 1
    type: int = 6
    speed: int = 100_000_000
    high: bool = False


class VendorPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows beyond those of the standard MIBs, as lines of a recording with facts between braces."""

    rows: str = ""


class ModelFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of ``models/``."""

    name: str
    kind: Literal["printer", "other"]
    share: int
    instead_of: str = ""
    identity: IdentityPart
    interface: tuple[InterfacePart, ...] = ()
    pages: PagesPart | None = None
    supply: tuple[SupplyPart, ...] = ()
    tray: tuple[TrayPart, ...] = ()
    panel: PanelPart | None = None
    tells: tuple[str, ...] = ()
    tells_as: dict[str, str] = {}
    lacks: tuple[Lack, ...] = ()
    charset: int = 106
    device_index: int = 1
    short_supply_index: bool = False
    error_octets: int = 2
    vendor: VendorPart = VendorPart()


def parse_model(text: str, name: str) -> ModelFile:
    """Read a model's file; raises ModelError, which names the key and the fault."""
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelError(name, "the file", f"not TOML ({error})") from error
    try:
        model = msgspec.convert(document, ModelFile)
    except msgspec.ValidationError as error:
        fault, _, where = str(error).partition(" - at ")
        raise ModelError(name, where.strip("`") or "the file", fault) from error
    _check(model)
    return model


def _check(model: ModelFile) -> None:
    def refuse(where: str, fault: str) -> None:
        raise ModelError(model.name, where, fault)

    if model.share < 1:
        refuse("share", "is not positive")
    if model.charset not in CHARSETS:
        refuse("charset", f"{model.charset} is none of {', '.join(map(str, CHARSETS))}")
    if not re.fullmatch(r"[0-9a-fA-F]{6}", model.identity.oui):
        refuse("identity.oui", "is not three octets in hexadecimal")
    if re.search(r"[{}]", re.sub(r"\{(mac|tail|number)\}", "", model.identity.host)):
        refuse("identity.host", "has braces round something else than mac, tail or number")
    if model.identity.serial and model.identity.serial.count("#") < 6:
        refuse("identity.serial", "needs at least six # to be different for each device")
    if (model.kind == "printer") != (model.pages is not None):
        refuse("pages", "belong to every printer and to nothing else")
    for meter in (*model.tells, *model.tells_as.values()):
        if meter not in METERS:
            refuse("tells", f"{meter!r} is none of {', '.join(METERS)}")
    if model.pages is not None:
        pages = model.pages
        if set(pages.mix) - set(PAGE_KINDS) or sum(pages.mix.values()) != 100 or min(pages.mix.values()) < 0:
            refuse("pages.mix", f"shares of {', '.join(PAGE_KINDS)} have to add up to 100")
        for name, (low, high) in (("start", pages.start), ("job", pages.job), ("every", pages.every)):
            if not 0 < low <= high:
                refuse(f"pages.{name}", "is not a range of positive numbers")
        if pages.job[1] * 60 > pages.every[0] * pages.per_minute // 2:
            refuse(
                "pages.every", "leaves too little time: the longest job takes more than half of the shortest interval"
            )
        for share in ("duplex", "large", "ledger", "legal", "letter"):
            if not 0 <= getattr(pages, share) <= 100:
                refuse(f"pages.{share}", "is not from 0 to 100")
    standing = [supply for supply in model.supply if not supply.hidden]
    if list(model.supply[: len(standing)]) != standing:
        refuse("supply", "one that is hidden comes before one that is not")
    if model.short_supply_index and len(standing) != 1:
        refuse("short_supply_index", "needs a single supply")
    for number, supply in enumerate(model.supply, 1):
        if supply.life < 100 or (supply.tells == "units" and supply.capacity <= 0):
            refuse(f"supply {number}", "life is below 100 sides, or a capacity in units is missing")
    for number, tray in enumerate(model.tray, 1):
        if tray.capacity <= 0 or not 0 <= tray.share <= 100:
            refuse(f"tray {number}", "capacity is not positive, or share is not from 0 to 100")
