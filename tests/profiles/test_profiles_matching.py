"""A printer is known as one, nothing else ever is, and the profiles that serve it are the right ones."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from codec import Oid, Varbind, format_oid, parse_oid
from ptscan.profiles import Fact, ProfileSet, extract
from ptscan.profiles.matching import MAX_MEMO
from ptscan.profiles.profile import MAX_TEXT

SYS_DESCR = parse_oid("1.3.6.1.2.1.1.1.0")
SYS_OBJECT_ID = parse_oid("1.3.6.1.2.1.1.2.0")


def said(values: dict[Oid, Varbind]) -> tuple[str | None, str | None]:
    """SysObjectID and sysDescr, where the recording has them."""
    number, text = values.get(SYS_OBJECT_ID), values.get(SYS_DESCR)
    return (
        format_oid(number[2]) if number is not None and isinstance(number[2], bytes) else None,
        text[2].decode("latin-1") if text is not None and isinstance(text[2], bytes) else None,
    )


def test_every_recording_is_classified_as_what_it_is(
    shared: Path, profiles: ProfileSet, recording: Callable[[str], dict[Oid, Varbind]]
) -> None:
    expected = json.loads((shared / "printers" / "expected.json").read_text())
    for name, entry in expected.items():
        if not name.endswith(".snmprec"):
            continue
        number, text = said(recording(name))
        kind = profiles.classify(number, text)
        if entry["is_printer"]:
            assert kind == ("printer" if number or text else "unknown"), name
        else:
            assert kind != "printer", name


def test_a_printer_is_known_by_its_number_alone_and_by_its_text_alone(
    shared: Path, profiles: ProfileSet, recording: Callable[[str], dict[Oid, Varbind]]
) -> None:
    expected = json.loads((shared / "printers" / "expected.json").read_text())
    names = [name for name, entry in expected.items() if name.endswith(".snmprec") and entry["is_printer"]]
    said_by = {name: said(recording(name)) for name in names}
    assert [
        name for name, (number, _) in said_by.items() if number and profiles.classify(number, None) != "printer"
    ] == []
    assert [name for name, (_, text) in said_by.items() if text and profiles.classify(None, text) != "printer"] == []
    assert len([name for name, (number, text) in said_by.items() if number and text]) > 30


def test_only_net_snmp_and_what_says_nothing_stay_unknown(
    shared: Path, profiles: ProfileSet, recording: Callable[[str], dict[Oid, Varbind]]
) -> None:
    folder = shared / "printers" / "librenms_negative"
    kinds = {
        p.stem: profiles.classify(*said(recording(f"librenms_negative/{p.name}"))) for p in folder.glob("*.snmprec")
    }
    assert [name for name, kind in kinds.items() if kind == "unknown"] == ["linux_lsi"]


# What FusionInventory calls the makers, where our name is another.
MAKERS = {"Hewlett-Packard": "HP", "Konica": "Konica Minolta"}
# It names the maker of the engine or of the network card, the text names the brand.
BRANDS = {("Kyocera", "UTAX_TA Printing System"): "UTAX"}
DELL_BY_OTHERS = ("Dell Laser Printer M5200", "DELL NETWORK PRINTER")


def test_what_real_printers_say_leads_to_their_maker(shared: Path, profiles: ProfileSet) -> None:
    expected = json.loads((shared / "printers" / "expected.json").read_text())
    checked = 0
    for name, entry in expected.items():
        text = entry["fields"].get("sys_descr")
        if not name.startswith("fusioninventory_expected") or not text:
            continue
        assert profiles.classify(None, text) == "printer", text
        maker = entry["fields"].get("manufacturer")
        told = first_maker(profiles, text)
        if maker is None:
            continue
        wanted = BRANDS.get((maker, text)) or MAKERS.get(maker, maker)
        if text.startswith(DELL_BY_OTHERS):
            wanted = "Dell"
        assert told == wanted, text
        checked += 1
    assert checked > 90


def first_maker(profiles: ProfileSet, text: str) -> str | int | float | bytes | None:
    """The manufacturer that a reading would show for a device that says only this."""
    values: dict[Oid, Varbind] = {SYS_DESCR: (SYS_DESCR, 4, text.encode())}
    facts: list[Fact] = [f for p in profiles.match(None, [text]) for f in extract(p, values).facts]
    return next((fact.value for fact in facts if fact.field == "identity.manufacturer"), None)


def test_network_gear_of_fusioninventory_is_no_printer(shared: Path, profiles: ProfileSet) -> None:
    folder = shared / "printers" / "fusioninventory_expected"
    gear = [item for path in folder.glob("_not_printers_*.json") for item in json.loads(path.read_text())]
    assert len(gear) > 30
    for item in gear:
        assert profiles.classify(None, item.get("DESCRIPTION")) != "printer", item


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1.3.6.1.4.1.11.2.3.7.11.160", "HP J9729A 2920-48G-POE+ Switch, revision WB.16.02"),
        (None, "HP J9729A 2920-48G-POE+ Switch, revision WB.16.02"),
        (None, "Aruba JL253A 2930F-24G-4SFP+ Switch, revision WC.16.05"),
        ("1.3.6.1.4.1.11.2.14.11.5", "HP UPS Network Module"),
        ("1.3.6.1.4.1.11.2.3.2.5", "HP-UX printsrv B.11.11 U 9000/800"),
        ("1.3.6.1.4.1.11.5.7.5.1", "Integrated Lights-Out 5 printers"),
        ("1.3.6.1.4.1.674.10895.3046", "Dell EMC Networking N3048EP-ON"),
        ("1.3.6.1.4.1.674.10892.5", ""),
        (None, "Dell Out-of-band SNMP Agent for Remote Access Controller"),
        (None, "Hardware: Intel64 Family 6 - Software: Windows Version 6.3 (Build 17763) with HP LaserJet queue"),
        ("1.3.6.1.4.1.311.1.1.3.1.2", None),
        (None, "Linux cups-printserver 5.10.0-21-amd64 #1 SMP Debian"),
        ("1.3.6.1.4.1.8072.3.2.10", "Linux printer-gw 4.19.0"),
        (None, "KX-NS700 Ver 004.41062"),
        ("1.3.6.1.4.1.368.4.1", "; AXIS P1375; Network Camera; 9.80.1"),
        (None, "Canon Network Camera VB-H43"),
        (None, "Canon XEED WUX500"),
        ("1.3.6.1.4.1.1248.4.1", "EPSON PJ"),
        (None, "EPSON Projector EB-L1100U"),
        (None, "SHARP PN-B501 LCD monitor"),
        (None, "Samsung SNB-6004 Network Camera"),
        (None, "Samsung OfficeServ 7200"),
        (None, "RICOH Interactive Whiteboard D5520"),
        (None, "TOSHIBA UPS RemotEye4"),
        (None, "KYOCERA KC-S701"),
        (None, "Panasonic KX-PRW120 DECT phone"),
        (None, "Brother ADS-2800W"),
        (None, "Lenovo RackSwitch G8264"),
        (None, "D-Link DP-303 Print Server"),
        (None, "Fuji Electric UPS"),
        (None, "FUJIFILM Synapse Server"),
        (None, "IBM Flex System Fabric EN4093"),
        (None, "Zebra FX9600 RFID reader"),
        (None, "TA5000 Version: 6.1"),
        (None, "NRG Energy meter 300"),
        (None, "Xerox DocuMate 6710"),
        (None, "Xerox N60w Scanner"),
        (None, "MS Switch Version: 3.2"),
        # Under a printer's number, and no printer.
        ("1.3.6.1.4.1.11.2.3.9.1", "HP ETHERNET MULTI-ENVIRONMENT,SN:X,PID:HP Digital Sender Flow 8500 fn2"),
        ("1.3.6.1.4.1.11.2.3.9.1", "HP Scanjet Enterprise 9120 fn3"),
        ("1.3.6.1.4.1.1602.4.9", "Canon DR-G2140"),
        ("1.3.6.1.4.1.2435.2.3.9.1", "Brother ADS-4700W"),
        # Network gear, servers, power, storage, cameras and telephones as they write themselves.
        ("1.3.6.1.4.1.9.1.1208", "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(2)E7"),
        ("1.3.6.1.4.1.9.12.3.1.3.1084", "Cisco NX-OS(tm) n5000, Software (n5000-uk9), Version 7.3"),
        ("1.3.6.1.4.1.2636.1.1.1.2.43", "Juniper Networks, Inc. ex2200-48t-4g internet router, kernel JUNOS 12.3R12"),
        ("1.3.6.1.4.1.11.2.3.7.11.50", "ProCurve J9088A Switch 2610-48, revision R.11.107, ROM R.10.06"),
        ("1.3.6.1.4.1.25506.11.1.187", "HPE Comware Platform Software, Software Version 7.1.045"),
        ("1.3.6.1.4.1.14823.1.1.23", "ArubaOS (MODEL: Aruba7005), Version 6.5.4"),
        ("1.3.6.1.4.1.43.10.27.4.1.2.1", "3Com SuperStack 3 Switch 4500 26-Port Software Version 3Com OS V3.02.00"),
        ("1.3.6.1.4.1.45.3.71.4", "Ethernet Routing Switch 4548GT-PWR  HW:02 FW:5.1.0.8 SW:v5.1.3"),
        ("1.3.6.1.4.1.318.1.3.27", "APC Web/SNMP Management Card (MB:v4.1.0 PF:v6.5.0 PN:apc_hw05_aos_650.bin)"),
        ("1.3.6.1.4.1.534.1", "Eaton 5PX 1500"),
        ("1.3.6.1.4.1.3808.1.1.1", "UPS SNMP Card"),
        ("1.3.6.1.4.1.6574.1", "Linux nas 4.4.59+ #25426 SMP PREEMPT x86_64"),
        ("1.3.6.1.4.1.24681", "Linux TS-453A 7.5.0"),
        ("1.3.6.1.4.1.6876.4.1", "VMware ESXi 6.7.0 build-17700523 VMware, Inc. x86_64"),
        ("1.3.6.1.4.1.674.10893.2.31", "Dell EMC PowerVault ME4024"),
        ("1.3.6.1.4.1.674.10892.5", "Dell iDRAC9"),
        ("1.3.6.1.4.1.232.9.4.11", "Integrated Lights-Out 5 2.44"),
        ("1.3.6.1.4.1.368.4", " ; AXIS 210A; Network Camera; 4.40"),
        ("1.3.6.1.4.1.39165.1.1", "Hikvision DS-2CD2142FWD-I IP Camera"),
        ("1.3.6.1.4.1.12356.101.1.10003", "FortiGate-60E"),
        ("1.3.6.1.4.1.25461.2.3.8", "Palo Alto Networks PA-500 series firewall"),
        ("1.3.6.1.4.1.14988.1", "RouterOS RB750Gr3"),
        ("1.3.6.1.4.1.41112.1.4", "Linux U7PG2 4.4.153"),
        ("1.3.6.1.4.1.4526.100.4.20", "FS726T"),
        (None, "HP ProCurve Access Point 420: v2.1.7 v3.0.6"),
        (None, "ProSafe 802.11b/g Wireless Access Point -WG102 V5.0.0"),
        (None, "GbE2c Ethernet Blade Switch for HP c-Class BladeSystem"),
        (None, "BladeCenter Advanced Management Module"),
        (None, "DES-3550 Fast-Ethernet Switch"),
        (None, "OmniStack LS 6200"),
        (None, "Evolution 1500"),
        (None, "ZyWALL USG 300"),
        (None, "Linux printer.example.org 5.15.0-91-generic #101-Ubuntu SMP x86_64"),
        (None, "FreeBSD print1 13.2-RELEASE amd64"),
        (None, "Darwin colorprinter.local 21.6.0 Darwin Kernel Version 21.6.0"),
        (None, "SunOS labelprinter 5.10 Generic_147147-26 sun4v"),
        (None, "Apple AirPort - Apple Computer, 2006.  All rights Reserved"),
        (None, "Lenovo ThinkSystem NE1032 RackSwitch"),
        (None, "Panasonic WV-S2250L Network Camera"),
        (None, "Star Network Switch 24"),
        (None, "Fujitsu PRIMERGY RX2540"),
        (None, "NEC Univerge SV9100"),
        (None, "Honeywell CT60 Mobile Computer"),
        (None, "Zebra TC52"),
        (None, "Citizen time server"),
        (None, "Axis Door Controller A1001"),
        (None, "IBM PowerPC CHRP Computer Base Operating System Runtime AIX version: 05.03"),
        (None, "IBM 2109 F32 switch"),
        (None, "Lexar storage"),
        (None, "Samsung Wireless Access Point WEA303i"),
        (None, "RICOH R07 Wireless Tag"),
        (None, "Kodak Scan Station 710"),
        (None, "KIPOR generator"),
        (None, ""),
        (None, None),
        ("no oid", "nothing"),
        ("0.0", None),
    ],
)
def test_never_taken_for_a_printer(number: str | None, text: str | None, profiles: ProfileSet) -> None:
    assert profiles.classify(number, text) != "printer"


@pytest.mark.parametrize(
    ("number", "text", "profile"),
    [
        ("1.3.6.1.4.1.11.2.3.9.1", "HP ETHERNET MULTI-ENVIRONMENT", "hp"),
        ("1.3.6.1.4.1.11.1", "HP Laser MFP 432fdn;V4.00.02.16", "hp"),
        (".1.3.6.1.4.1.29999.1", None, "hp"),
        (None, "HP Color LaserJet MFP M480f", "hp"),
        (None, "HP OfficeJet Pro 9020 series", "hp"),
        ("1.3.6.1.4.1.11.2.3.9.1", "Brother NC-6200h, Firmware Ver.1.01", "brother"),
        ("1.3.6.1.4.1.2435.2.3.9.1", "Brother NC-8700w", "brother"),
        ("1.3.6.1.4.1.1602.4.3", "Canon iR-ADV C5250 /P", "canon"),
        (None, "Canon iR C1028 /P", "canon"),
        (None, "Canon G3090 series /P", "canon"),
        ("1.3.6.1.4.1.18334.1.2.1.2.1.103.2.5", "Generic 55C-6E", "konica-minolta"),
        (None, "Develop ineo+ 280", "konica-minolta"),
        (None, "KONICA MINOLTA magicolor 1690MF", "konica-minolta"),
        (None, "Olivetti d-Color MF223", "konica-minolta"),
        (None, "SAVIN 8035/8035g 1.24.1 / SAVIN Network Printer C model", "ricoh"),
        (None, "Gestetner MP C4502 1.03 / Gestetner Network Printer C model", "ricoh"),
        (None, "GX e3350N 4.0.0/RICOH Network Printer C model", "ricoh"),
        (None, "Network I/F-GX4 Ver V2.72 / RICOH Network Printer D model", "ricoh"),
        (None, "RICOH IM C4500 1.10", "ricoh"),
        ("1.3.6.1.4.1.2385.3.1.134.1.1", "SHARP MX-2651", "sharp"),
        (None, "SHARP BP-70C31", "sharp"),
        (None, "SHARP AR", "sharp"),
        (None, "SHARP AR-M351U", "sharp"),
        ("1.3.6.1.4.1.1347.41", "KYOCERA MITA Printing System", "kyocera"),
        (None, "OLIVETTI Printing System", "kyocera"),
        (None, "UTAX_TA Printing System", "kyocera"),
        (None, "Triumph-Adler Printing System", "kyocera"),
        ("1.3.6.1.4.1.641.52.71107158", "Lexmark CX725 version CXTAT.230.307 kernel 4.1", "lexmark"),
        (None, "IBM Infoprint 1532 version NS.NP.N212 kernel 2.6.6 All-N-1", "lexmark"),
        ("1.3.6.1.4.1.253.8.62.1.40.3.1.1", "Xerox VersaLink C405 Color MFP", "xerox"),
        (None, "FUJIFILM Apeos C3570", "fujifilm"),
        (None, "FUJI XEROX DocuCentre-IV C2263", "fujifilm"),
        ("1.3.6.1.4.1.674.10898.100.2", "Dell C1765nfw Color MFP", "dell"),
        (None, "Dell  1815dn Series", "dell"),
        (None, "DELL NETWORK PRINTER,ROM A.03.15,JETDIRECT,JD24,EEPROM A.08.20", "dell"),
        (None, "Dell 2330dn Laser Printer version NL.APS.N213e kernel 2.6.6 All-N-1", "dell"),
        (None, "Samsung SL-M4020ND Series;V3.00", "samsung"),
        (None, "Samsung K7600LX", "samsung"),
        (None, "Samsung C", "samsung"),
        (None, "TOSHIBA e-STUDIO4508A", "toshiba"),
        ("1.3.6.1.4.1.1129.1.2.2", "TOSHIBA TEC B-EX4T1", "toshiba"),
        (None, "OKI OkiLAN 8100e Rev.01.31 Attached to B430 Rev.", "oki"),
        (None, "EPSON Built-in 10Base-T/100Base-TX Print Server", "epson"),
        (None, "EPSON AL-M320DN", "epson"),
        ("1.3.6.1.4.1.10642.200.1", "ZebraNet Wired PS", "zebra"),
        ("1.3.6.1.4.1.683.6.0", "ZebraNet PrintServer", "zebra"),
        ("1.3.6.1.4.1.40093.1.1", None, "pantum"),
        (None, "Pantum M6550NW", "pantum"),
        ("1.3.6.1.4.1.51966.2.6", "TTP-2410MT Version: 1.0 EZ", "tsc"),
        ("1.3.6.1.4.1.20998.3.1.1.1", "Honeywell PM43", "honeywell"),
        (None, "MB240T Version: A2.12", "tsc"),
        (None, "SATO CL4NX", "label-printers"),
        (None, "TSC TTP-244 Pro", "tsc"),
        (None, "TX600 Version: V1.0", "tsc"),
        (None, "Avery Dennison ADTP1", "label-printers"),
        (None, "Brother PJ-883", "brother"),
        (None, "Generic 36C-6e", "konica-minolta"),
        (None, "AccurioPress C4080", "konica-minolta"),
        (None, "Samsung C48x Series", "samsung"),
        (None, "SAMSUNG NETWORK PRINTER,ROM V4.01", "samsung"),
        (None, "EPSON ColorWorks C7500", "epson"),
        (None, "Rex Rotary MP C2003", "ricoh"),
        (None, "AXIS 540+ Print Server", "axis"),
        # A scanner's word in a printer's text.
        ("1.3.6.1.4.1.11.2.3.9.1", "HP LaserJet M9050 with Scanjet module", "hp"),
        (None, "RISO ComColor 7150", "more-makers"),
        (None, "Panasonic KX-MB2060", "panasonic"),
        (None, "Fiery X3eTY", "more-makers"),
        ("1.3.6.1.4.1.368.1.3", "AXIS 5550 Network Print Server V7.10.2", "axis"),
    ],
)
def test_known_as_a_printer_of_its_maker(
    number: str | None, text: str | None, profile: str, profiles: ProfileSet
) -> None:
    assert profiles.classify(number, text) == "printer"
    matched = profiles.match(number, [text] if text else [])
    assert matched[0].name == profile
    assert matched[-1].name == "printer-mib"


def test_a_brand_outranks_the_number_of_its_network_board_and_both_serve(profiles: ProfileSet) -> None:
    names = [p.name for p in profiles.match("1.3.6.1.4.1.11.2.3.9.1", ["Brother NC-6200h, Firmware Ver.1.01"])]
    assert names == ["brother", "hp", "printer-mib"]
    device_id = "MANUFACTURE:OKI DATA CORP;MODEL:B430;CLS:PRINTER;"
    names = [p.name for p in profiles.match("1.3.6.1.4.1.11.2.3.9.1", ["HP ETHERNET MULTI-ENVIRONMENT", device_id])]
    assert names == ["oki", "hp", "printer-mib"]


def test_a_jetdirect_box_before_a_kyocera_is_read_as_the_kyocera(profiles: ProfileSet) -> None:
    text = "HP ETHERNET MULTI-ENVIRONMENT,ROM J.sp.00,JETDIRECT EX,JD28 EEPROM 5.58"
    assert [p.name for p in profiles.match("1.3.6.1.4.1.1347.41", [text])] == ["kyocera", "printer-mib"]


def test_a_device_that_says_nothing_is_known_by_its_trees(profiles: ProfileSet) -> None:
    for oid, name in {
        "1.3.6.1.4.1.1248.1.2.2.28.1.1.2.1.1": "epson",
        "1.3.6.1.4.1.1347.42.2.1.1.1.2.1.1": "kyocera",
        "1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.1.0": "brother",
        "1.3.6.1.4.1.367.3.2.1.2.19.1.0": "ricoh",
    }.items():
        assert any(parse_oid(oid).startswith(tree) for tree in profiles.trees)
        assert profiles.match(None, [], answered=[parse_oid(oid)])[0].name == name
    assert [p.name for p in profiles.match(None, [])] == ["printer-mib"]


def test_the_trees_of_hosts_are_no_printers_trees(
    shared: Path, profiles: ProfileSet, recording: Callable[[str], dict[Oid, Varbind]]
) -> None:
    for path in (shared / "printers" / "librenms_negative").glob("*.snmprec"):
        values = recording(f"librenms_negative/{path.name}")
        assert not [format_oid(oid) for oid in values for tree in profiles.trees if oid.startswith(tree)], path.name


def test_problem_13_models_that_crash_get_no_vendor_objects(profiles: ProfileSet) -> None:
    for text in ("Brother MFC-8860DN", "MFG:Brother;MDL:MFC-8660DN;CLS:PRINTER;"):
        assert profiles.fragile([text])
        assert [p.name for p in profiles.match("1.3.6.1.4.1.2435.2.3.9.1", [text])] == ["printer-mib"]
    assert not profiles.fragile(["Brother MFC-8870DW", "Brother MFC-L8690CDW"])


def test_the_memory_of_answers_is_bounded(profiles: ProfileSet) -> None:
    for n in range(MAX_MEMO + 10):
        assert profiles.classify(None, f"SHARP MX-{n}N") == "printer"
    assert len(profiles._memo) <= MAX_MEMO


def test_of_a_text_without_end_the_front_alone_is_remembered(profiles: ProfileSet) -> None:
    assert profiles.classify(None, "Acme Press " + "x" * 60_000) == "unknown"
    assert profiles.classify(None, "x" * 2000 + " SHARP MX-2600N") == "unknown"
    assert max(len(text or "") for _, text in profiles._memo) <= MAX_TEXT
