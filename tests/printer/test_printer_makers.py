"""Who made it and which model it is, out of what a device says of itself: texts and numbers, held against what others
found out about real printers."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proto_schema import Identity
from ptscan.printer.assemble import Source, assemble
from ptscan.printer.evidence import Ledger
from ptscan.profiles import ProfileSet

from .telling import Tell

Identify = Callable[..., Identity]

NOWHERE = Source(address="127.0.0.1", port=161, time="2026-11-21T00:00:00Z", via="snmp-2c")
SYS_DESCR, SYS_OBJECT_ID, HR_DEVICE_DESCR = "1.1.0", "1.2.0", "25.3.2.1.3.1"
DEVICE_ID = ".1.3.6.1.4.1.2699.1.2.1.2.1.1.3.1"


@pytest.fixture
def identify(profiles: ProfileSet, told: Tell) -> Identify:
    """Who a device is that says this and nothing else."""

    def identify(
        text: str | None = None, *, name: str | None = None, number: str | None = None, id: str = ""
    ) -> Identity:
        rows: dict[str, int | str | bytes] = {}
        rows |= {SYS_DESCR: text} if text is not None else {}
        rows |= {HR_DEVICE_DESCR: name} if name else {}
        rows |= {SYS_OBJECT_ID: f"oid:{number}"} if number else {}
        rows |= {DEVICE_ID: id} if id else {}
        matched = profiles.match(number, [said for said in (text, name, id) if said])
        return assemble(told(rows), matched, NOWHERE, Ledger()).reading.identity

    return identify


def plain(text: str | None) -> str:
    return re.sub(r"[\W_]+", "", text or "").casefold()


# What FusionInventory calls makers for whom we have another name.
MAKERS = {"Hewlett-Packard": "HP", "Konica": "Konica Minolta", "Zebra Technologies": "Zebra", "Oki": "OKI"}

# File -> why its maker is another than the one that FusionInventory reported.
OTHER_MAKER = {
    "dell__M5200.2": "Lexmark made the engine, Dell stands on the case and first in sysDescr",
    "dell__unknown": "HP's is the way that the board says its version; Dell stands first in sysDescr",
    "kyocera__utax_ta": "Kyocera made the engine, UTAX stands on the case and first in sysDescr",
}
# File -> why its model, from sysDescr alone, is another.
OTHER_MODEL = {
    "dell__M5200.2": "FusionInventory keeps the serial and the firmware that follow the name in hrDeviceDescr",
    "konica__bizhub_C224.1": "a list of sysObjectIDs knows the series only; the device says C224e",
    "konica__bizhub_C554.1": "a list of sysObjectIDs knows the series only; the device says C554e",
    "xerox__Phaser_8560DP.01": "the same number is an 8560's and an 8550's; the device says 8550DP",
    "xerox__Phaser_8560DP.02": "as above",
    "xerox__Phaser_8560DP.03": "as above",
    "xerox__Phaser_8560DP.04": "as above",
    "xerox__WorkCentre_5632.02": "v1 is a version and no part of the name",
}


@pytest.fixture(scope="module")
def discovered(shared: Path) -> dict[str, dict[str, Any]]:
    """What each printer of FusionInventory's told it first, and what it made of that; by file."""
    folder = shared / "printers" / "fusioninventory_expected"
    return {
        path.stem: json.loads(path.read_text())["discovery"]
        for path in sorted(folder.glob("*.json"))
        if not path.stem.startswith("_not_printers")
    }


def test_every_printer_of_fusioninventory_is_a_printer_by_sys_descr(
    discovered: dict[str, dict[str, Any]], profiles: ProfileSet
) -> None:
    assert len(discovered) >= 100
    assert [name for name, it in discovered.items() if profiles.classify(None, it["DESCRIPTION"]) != "printer"] == []


def test_its_maker_is_the_one_that_fusioninventory_reported(
    discovered: dict[str, dict[str, Any]], identify: Identify
) -> None:
    differ = {}
    for file, it in discovered.items():
        if it.get("MANUFACTURER") is None:
            continue
        maker = MAKERS.get(it["MANUFACTURER"], it["MANUFACTURER"])
        found = {
            identify(it["DESCRIPTION"]).manufacturer,
            identify(it["DESCRIPTION"], name=it.get("MODEL")).manufacturer,
        }
        if found != {maker}:
            differ[file] = found
    assert differ.keys() == OTHER_MAKER.keys()
    assert all(len(found) == 1 and None not in found for found in differ.values())


def test_its_model_from_sys_descr_is_the_one_that_fusioninventory_reported_or_none(
    discovered: dict[str, dict[str, Any]], identify: Identify
) -> None:
    told = {file: (it, identify(it["DESCRIPTION"])) for file, it in discovered.items() if it.get("MODEL")}
    differ = {
        file
        for file, (it, who) in told.items()
        if who.model and plain(it["MODEL"]) not in (plain(who.model), plain(f"{who.manufacturer}{who.model}"))
    }
    assert differ == OTHER_MODEL.keys()
    assert len([who for _, who in told.values() if who.model]) >= 40


def test_its_model_with_the_name_of_hr_device_descr_is_that_name_without_the_maker(
    discovered: dict[str, dict[str, Any]], identify: Identify
) -> None:
    for file, it in discovered.items():
        if not it.get("MODEL"):
            continue
        who = identify(it["DESCRIPTION"], name=it["MODEL"])
        assert who.model, file
        assert not plain(who.model).startswith(plain(who.manufacturer)), file
        if file != "dell__M5200.2":  # whose name goes on with serial and firmware, see above
            assert plain(it["MODEL"]) in (plain(who.model), plain(f"{who.manufacturer}{who.model}")), file


def test_its_serial_where_sys_descr_tells_one_is_the_one_that_fusioninventory_reported(
    discovered: dict[str, dict[str, Any]], identify: Identify
) -> None:
    pairs = [(it.get("SERIAL"), identify(it["DESCRIPTION"]).serial) for it in discovered.values()]
    told = [(theirs, ours) for theirs, ours in pairs if theirs and ours]
    assert [pair for pair in told if pair[0] != pair[1]] == []
    assert len(told) >= 15


# Rows of the list of sysObjectIDs that are a maker's whole number: others than printers answer under it.
WHOLE_NUMBERS = {1129, 186, 1248, 1347, 1602, 18334, 236, 2385, 2435, 253, 297, 367}
# Row -> why it is no printer, or of another maker.
OTHER_ROW = {
    "1.3.6.1.4.1.714": "Wyse: thin clients",
    "1.3.6.1.4.1.297": "Fuji Xerox bears the name Fujifilm since 2021; the number alone does not tell from when it is",
    "1.3.6.1.4.1.297.1.11.93.1.37.5.2.3": "the same; sysDescr tells",
}


def test_every_printers_sys_object_id_proves_a_printer_of_its_maker(
    shared: Path, profiles: ProfileSet, identify: Identify
) -> None:
    rows = (shared / "printers" / "facts" / "sysobjectid_printers.tsv").read_text().splitlines()[1:]
    assert len(rows) > 400
    wrong = []
    for number, maker in (row.split("\t")[:2] for row in rows):
        kind = profiles.classify(number, None)
        made = identify(number=number).manufacturer
        whole = number.count(".") == 6 and int(number.rpartition(".")[2]) in WHOLE_NUMBERS
        if kind != ("unknown" if whole else "printer") or plain(made) != plain(MAKERS.get(maker, maker)):
            wrong.append(number)
    assert wrong == [*sorted(OTHER_ROW, key=wrong.index)]


# sysDescr as makers write it, with made-up serials. "-": it tells none; "*": it may tell one or not.
SHAPES = [row.split("\t") for row in (Path(__file__).parent / "sys_descr_shapes.tsv").read_text().splitlines()[1:]]


@pytest.mark.parametrize(("text", "maker", "model", "firmware", "serial"), SHAPES, ids=[row[0][:40] for row in SHAPES])
def test_what_sys_descr_tells(
    text: str, maker: str, model: str, firmware: str, serial: str, identify: Identify, profiles: ProfileSet
) -> None:
    who = identify(text)
    assert profiles.classify(None, text) == "printer"
    assert who.manufacturer == maker
    told = {"model": who.model, "firmware": who.firmware, "serial": who.serial}
    wanted = {"model": model, "firmware": firmware, "serial": serial}
    assert {name: told[name] or "-" for name in told if wanted[name] != "*"} == {
        name: value for name, value in wanted.items() if value != "*"
    }


@pytest.mark.parametrize(
    ("number", "name", "maker", "model"),
    [
        ("1.3.6.1.4.1.2001.1.1.1.297", "OKI DATA CORP C610", "OKI", "C610"),
        ("1.3.6.1.4.1.1347.41", "KYOCERA MITA FS-1020D", "Kyocera", "FS-1020D"),
        ("1.3.6.1.4.1.1347.41", "TA Triumph-Adler P-4532i MFP", "Triumph-Adler", "P-4532i MFP"),
        ("1.3.6.1.4.1.1347.41", "TASKalfa 3252ci", "Kyocera", "TASKalfa 3252ci"),
        ("1.3.6.1.4.1.11.2.3.9.1", "Hewlett-Packard HP LaserJet 4000 Series", "HP", "LaserJet 4000 Series"),
        ("1.3.6.1.4.1.11.2.3.9.1", "hp LaserJet 4250", "HP", "LaserJet 4250"),
        ("1.3.6.1.4.1.1248.1.1.2.1.3.5.69.69.80.83.50", "SEIKO EPSON WF-C5790", "Epson", "WF-C5790"),
        ("1.3.6.1.4.1.1129.1.2.1", "TOSHIBA TEC B-EX4T1", "Toshiba", "B-EX4T1"),
        ("1.3.6.1.4.1.297.1.11.93.1.37.5.2.3", "FUJI XEROX DocuCentre-V C3375", "Fuji Xerox", "DocuCentre-V C3375"),
        ("1.3.6.1.4.1.18334.1.1.1.2.1.103.2.5", "KONICA MINOLTA bizhub C224e", "Konica Minolta", "bizhub C224e"),
        ("1.3.6.1.4.1.18334.1.2.1.2.1.50.2.2", "Develop ineo+ 280", "Develop", "ineo+ 280"),
        ("1.3.6.1.4.1.367.1.1", "LANIER MP C3501", "Lanier", "MP C3501"),
        ("1.3.6.1.4.1.367.1.1", "Rex-Rotary MP C2003", "Rex-Rotary", "MP C2003"),
        ("1.3.6.1.4.1.253.8.62.1.40.3.1.1", "Xerox\u00ae VersaLink\u00ae C405", "Xerox", "VersaLink\u00ae C405"),
        ("1.3.6.1.4.1.236.11.5.11.62.1", "Samsung M408x Series", "Samsung", "M408x Series"),
        ("1.3.6.1.4.1.2435.2.3.9.1", "Brother MFC-L2710DW series", "Brother", "MFC-L2710DW series"),
        ("1.3.6.1.4.1.1602.4.7", "Canon iR-ADV C5235/5240", "Canon", "iR-ADV C5235/5240"),
        ("1.3.6.1.4.1.2385.3.1.112.1.2", "SHARP MX-3570N", "Sharp", "MX-3570N"),
        ("1.3.6.1.4.1.641.2.71107158", "Lexmark MX711", "Lexmark", "MX711"),
        ("1.3.6.1.4.1.40093.1.1", "Pantum M7100DW", "Pantum", "M7100DW"),
        ("1.3.6.1.4.1.10642.200.1", "Zebra Technologies ZTC ZD421-203dpi ZPL", "Zebra", "ZTC ZD421-203dpi ZPL"),
        (None, "HP", None, "HP"),
    ],
)
def test_a_name_loses_its_maker_in_whatever_words_he_writes_himself(
    number: str | None, name: str, maker: str | None, model: str, identify: Identify
) -> None:
    who = identify(name=name, number=number)
    assert (who.manufacturer, who.model) == (maker, model)


@pytest.mark.parametrize(
    ("device_id", "maker", "model"),
    [
        ("MFG:Hewlett-Packard;CMD:PJL,PCL;MDL:HP LaserJet P4515;CLS:PRINTER;", "HP", "LaserJet P4515"),
        ("MFG:HP Inc.;MDL:HP OfficeJet Pro 9020 series;CLS:PRINTER;", "HP", "OfficeJet Pro 9020 series"),
        ("MANUFACTURER:Brother;MODEL:HL-L2340DW series;COMMAND SET:PJL;", "Brother", "HL-L2340DW series"),
        ("MANUFACTURE:OKI DATA CORP;MODEL:B430;", "OKI", "B430"),
        ("MFG:Konica Minolta, Inc.;MDL:KONICA MINOLTA bizhub C250i;", "Konica Minolta", "bizhub C250i"),
        ("MFG:KYOCERA MITA;MDL:FS-1020D;", "Kyocera", "FS-1020D"),
        ("MFG:Samsung Electronics Co., Ltd.;MDL:SL-M4020 Series;", "Samsung", "SL-M4020 Series"),
        ("MFG:FX;MDL:DocuPrint CM305 df;", "Fuji Xerox", "DocuPrint CM305 df"),
        ("MFG:Xerox Corporation;MDL:Phaser 6510;", "Xerox", "Phaser 6510"),
        ("MFG:Lexmark International;MDL:Lexmark MX711;", "Lexmark", "MX711"),
        ("MFG:TA Triumph-Adler;MDL:P-4532i MFP;", "Triumph-Adler", "P-4532i MFP"),
        ("MFG:NRG;MDL:MP 161;", "NRG", "MP 161"),
        ("MFG:Dell Inc.;MDL:B3465dnf Laser MFP;", "Dell", "B3465dnf Laser MFP"),
        ("MFG:Zebra Technologies ;MDL:ZTC ZD420-203dpi ZPL;", "Zebra", "ZTC ZD420-203dpi ZPL"),
        ("MFG:Intermec;MDL:PM43;", "Intermec", "PM43"),
        ("MFG:Acme;MDL:Acme 1;", "Acme", "1"),  # a maker of whom nobody has heard is a maker
        ("MFG:GENERIC;MDL:45C-1;", None, "45C-1"),
    ],
)
def test_what_an_ieee_1284_id_tells(device_id: str, maker: str | None, model: str, identify: Identify) -> None:
    who = identify(id=device_id)
    assert (who.manufacturer, who.model) == (maker, model)
