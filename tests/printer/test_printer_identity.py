"""Who a printer is: one id for one device whatever changes around it, and no id for what many devices bear."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto_schema import Identity, Reading
from ptscan.printer import plan
from ptscan.printer.assemble import Source, assemble
from ptscan.printer.device_ids import device_id, maker_slug, serial_key
from ptscan.printer.evidence import Ledger
from ptscan.printer.macs import choose_mac, mac_text
from ptscan.printer.placeholders import mac_fault, serial_fault
from ptscan.printer.rows import Columns
from ptscan.profiles import ProfileSet

from .telling import Tell, Told

ADDRESS = "10.1.2.3"
PRINTER: Told = {
    "1.1.0": "Example Laser 100",
    "1.2.0": "oid:1.3.6.1.4.1.99999.1",
    "2.2.1.3.1": 6,
    "2.2.1.6.1": bytes.fromhex("001b78010203"),
    "25.3.2.1.2.1": "oid:1.3.6.1.2.1.25.3.1.5",
    "25.3.2.1.3.1": "Example Laser 100",
    "43.5.1.1.17.1": "EX100-00042",
    "43.10.2.1.4.1.1": 12345,
}


def reading_of(
    told: Tell, profiles: ProfileSet, rows: Told, *, address: str = ADDRESS, engine_id: str | None = None
) -> Reading:
    source = Source(address=address, port=161, time="2026-11-21T06:00:00Z", via="snmp-2c", engine_id=engine_id)
    return assemble(told(rows), [profiles.generic], source, Ledger()).reading


def named(who: Identity, *, engine_id: str | None = None, address: str = ADDRESS) -> str:
    return device_id(who, engine_id=engine_id, address=address, port=161)[0]


@pytest.mark.parametrize(
    "names",
    [
        ("HP", "Hewlett-Packard", "HP Inc.", "hewlett packard", "Hewlett-Packard Company"),
        ("Kyocera", "KYOCERA", "KYOCERA MITA", "Kyocera Document Solutions", "Kyocera Document Solutions Inc."),
        ("Epson", "EPSON", "SEIKO EPSON", "Seiko Epson Corp."),
        ("OKI", "OKI DATA CORP", "Oki Data Corporation"),
        ("Lexmark", "Lexmark International", "LEXMARK INTERNATIONAL, INC."),
        ("Konica Minolta", "KONICA MINOLTA", "KONICAMINOLTA"),
        ("Xerox", "Xerox Corporation"),
        ("Samsung", "Samsung Electronics", "SAMSUNG ELECTRONICS CO., LTD."),
        ("Zebra", "Zebra Technologies"),
        ("Acme", "ACME Inc.", "acme corporation"),
    ],
)
def test_a_maker_is_one_whatever_source_named_it(profiles: ProfileSet, names: tuple[str, ...]) -> None:
    assert len({maker_slug(name, profiles.profiles) for name in names}) == 1


def test_however_long_a_maker_calls_itself_the_id_is_short(profiles: ProfileSet) -> None:
    who = Identity(manufacturer="Acme " * 200, serial="EX100-00042")
    identifier, _ = device_id(who, profiles=profiles.profiles, engine_id=None, address=ADDRESS, port=161)
    assert len(identifier) <= 64 + 1 + len("EX100-00042")


def test_no_maker_is_taken_for_another_kind_of_id() -> None:
    assert [named(Identity(manufacturer=name, serial="A1B2")) for name in ("Mac", "ENGINE", "address")] == [
        "maker-mac:A1B2",
        "maker-engine:A1B2",
        "maker-address:A1B2",
    ]


def test_a_rebrand_keeps_its_own_name(profiles: ProfileSet) -> None:
    rebrands = ("Kyocera", "UTAX", "Triumph-Adler", "Copystar", "Ricoh", "Lanier", "Savin", "NRG", "Develop", "Dell")
    slugs = [maker_slug(name, profiles.profiles) for name in rebrands]
    assert slugs == [name.casefold() for name in rebrands]


@pytest.mark.parametrize(
    "spelling", ["EX100-00042", "ex100-00042", " EX100-00042  ", "EX100 -00042", "ＥＸ100-00042", "S/N: EX100-00042",
                 "Serial No. : EX100-00042", "EX100-00042\xff\xff", "*EX100-00042*"]
)  # fmt: skip
def test_problem_25_the_spelling_of_a_serial_is_no_other_device(spelling: str) -> None:
    assert serial_key(spelling) == "EX100-00042"


@pytest.mark.parametrize("octets", [b"\x01\x15EX100-00042", b"EX100-00042\0\0\0\0", b"EX100-00042   ", b"ex100-00042"])
def test_problem_25_headers_and_padding_are_no_part_of_a_serial(
    told: Tell, profiles: ProfileSet, octets: bytes
) -> None:
    reading = reading_of(told, profiles, PRINTER | {"43.5.1.1.17.1": octets})
    assert reading.device_id == "enterprise-99999:EX100-00042"


@pytest.mark.parametrize(
    "serial",
    ["0000000000", "000-000", "XXXXXXXX", "xxxx-xxxx", "-----", "..", "0", "A1" * 40, "11111111", "\xff\xff\xff\xff",
     "n/a", "N.A.", "Unknown", "(none)", "<private>", "Not Available", "To be filled by O.E.M.", "Default string",
     "unbekannt", "inconnu", "Desconocido", "sconosciuto", "onbekend", "okänt", "неизвестно", "不明", "未知",
     "알 수 없음", "12345678", "1234567890", "0123456789ABCDEF", "987654321", "abcdefgh", "A1", "x9z",
     "No Asset Tag", "LaserJet 9", "LASERJET-9", "Acme", "Acme LaserJet 9", "001122334455", "AA:BB:CC:DD:EE:FF",
     "000000000001", "S/N: 0000000000", "Serial Number: N/A", "SN: unknown", "S/N:LaserJet 9", "Serial: "],
)  # fmt: skip
def test_problem_25_placeholders_are_no_serials(serial: str) -> None:
    assert serial_fault(serial, ["Acme", "LaserJet-9", "Acme LaserJet-9"]) is not None


def test_the_model_without_the_word_series_is_no_serial_either() -> None:
    assert serial_fault("ET-5850", ["Epson", "ET-5850 Series"]) is not None
    assert serial_fault("HLL8360CDW", ["HL-L8360CDW series Printer"]) is not None
    assert serial_fault("ET-5850-0042", ["ET-5850 Series"]) is None


@pytest.mark.parametrize(
    "serial",
    ["VNB3R12345", "MKRA012345", "X3B8022793", "TC101630131338", "6509415X00", "992B216-46-13", "000A5J431816",
     "W492KB03439", "120012345678", "0017c8945f14", "20221234", "A0ED011001234", "10000001", "5552",
     "N/A-17-4", "LaserJet 9 0042"],
)  # fmt: skip
def test_what_a_maker_could_have_given_is_a_serial(serial: str) -> None:
    assert serial_fault(serial, ["Acme", "LaserJet-9"]) is None


@pytest.mark.parametrize(
    "mac",
    ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "02:1b:78:01:02:03", "00:00:00:00:00:01",
     "00:00:00:00:00:ff", "00:11:22:33:44:55", "00:01:02:03:04:05", "12:34:56:78:9a:bc", "de:ad:be:ef:00:01",
     "00:de:ad:be:ef:00", "00:01:23:45:67:89", "aa:bb:cc:dd:ee:ff", "00:aa:bb:cc:dd:ee", "00:1b:78:00:00:00",
     "00:1b:78:ff:ff:ff", "88:88:88:88:88:88"],
)  # fmt: skip
def test_an_address_that_was_given_to_nobody_names_nobody(mac: str) -> None:
    assert mac_fault(mac) is not None
    assert named(Identity(mac=mac)).startswith("address:")


@pytest.mark.parametrize("mac", ["00:1b:78:01:02:03", "3c:2a:f4:bf:f5:1b", "00:00:74:8f:39:4b", "00:00:aa:12:00:01"])
def test_a_makers_address_names_a_device(mac: str) -> None:
    assert mac_fault(mac) is None
    assert named(Identity(mac=mac)) == "mac:" + mac.replace(":", "")


CABLE, WIRELESS, DIRECT, ODD = "001b78010203", "5cfb3a0d7df0", "5efb3a0d7df0", "0021b7445566"


def chosen(told: Tell, *interfaces: tuple[int, int | None, str]) -> str | None:
    rows: Told = {}
    for index, kind, octets in interfaces:
        rows[f"2.2.1.6.{index}"] = bytes.fromhex(octets)
        if kind is not None:
            rows[f"2.2.1.3.{index}"] = kind
    found = choose_mac(Columns(told(rows).values(), plan.COLUMNS))
    return found and found[0].replace(":", "")


def test_problem_26_a_cable_comes_before_wifi_and_wifi_before_the_rest_whatever_their_order(told: Tell) -> None:
    cable, wireless, direct, odd = (6, CABLE), (71, WIRELESS), (71, DIRECT), (1, ODD)
    for order in ((cable, wireless, direct, odd), (odd, direct, wireless, cable), (wireless, odd, cable, direct)):
        interfaces = [(number, *interface) for number, interface in enumerate(order, 1)]
        assert chosen(told, *interfaces) == CABLE
        assert chosen(told, *reversed(interfaces)) == CABLE
        assert chosen(told, *(each for each in interfaces if each[2] != CABLE)) == WIRELESS


def test_problem_26_a_loopback_and_a_made_up_address_come_last_or_not_at_all(told: Tell) -> None:
    assert chosen(told, (1, 24, CABLE)) is None
    assert chosen(told, (1, 6, DIRECT), (2, 71, WIRELESS)) == WIRELESS
    assert chosen(told, (1, 6, "001122334455"), (2, 1, ODD)) == ODD
    assert chosen(told, (1, 6, DIRECT)) == DIRECT


def test_the_other_interfaces_are_read_unless_the_first_is_the_cable(told: Tell) -> None:
    def is_open(kind: int | None, octets: str) -> bool:
        rows: Told = {"2.2.1.6.1": bytes.fromhex(octets)} | ({"2.2.1.3.1": kind} if kind else {})
        return plan.interfaces_open(Columns(told(rows).values(), plan.COLUMNS))

    assert not is_open(6, CABLE)
    assert is_open(71, WIRELESS)
    assert is_open(None, CABLE)
    assert is_open(6, DIRECT)
    assert is_open(24, "")


def test_a_refused_serial_is_said_and_the_mac_steps_in(told: Tell, profiles: ProfileSet) -> None:
    reading = reading_of(told, profiles, PRINTER | {"43.5.1.1.17.1": "0000000000"})
    assert reading.identity.serial is None
    assert reading.device_id == "mac:001b78010203"
    assert [(problem.code, problem.text) for problem in reading.problems] == [
        (
            "placeholder-serial",
            "The serial '0000000000' is a placeholder and was refused: it is one character repeated.",
        )
    ]


@pytest.mark.parametrize("serial", ["serial_number", "Serial Number", "SERIAL NO."])
def test_the_name_of_the_field_is_reported_and_names_nobody(told: Tell, profiles: ProfileSet, serial: str) -> None:
    reading = reading_of(told, profiles, PRINTER | {"43.5.1.1.17.1": serial})
    assert reading.identity.serial == serial
    assert reading.device_id == "mac:001b78010203"
    assert [problem.code for problem in reading.problems] == ["placeholder-serial"]


@pytest.mark.parametrize("octets", ["000000000000", "ffffffffffff", "01005e000001", "0001000000"])
def test_a_mac_that_no_interface_can_have_is_refused_and_said(told: Tell, profiles: ProfileSet, octets: str) -> None:
    reading = reading_of(told, profiles, PRINTER | {"2.2.1.6.1": bytes.fromhex(octets), "43.5.1.1.17.1": ""})
    assert reading.identity.mac is None
    assert reading.device_id.startswith("address:")
    assert {"placeholder-mac", "unstable-identity"} == {problem.code for problem in reading.problems}


@pytest.mark.parametrize("octets", ["021b78010203", "aabbccddeeff", "001122334455", "000000000001"])
def test_a_mac_that_many_may_have_is_reported_and_said_and_names_nobody(
    told: Tell, profiles: ProfileSet, octets: str
) -> None:
    reading = reading_of(told, profiles, PRINTER | {"2.2.1.6.1": bytes.fromhex(octets), "43.5.1.1.17.1": ""})
    assert reading.identity.mac == bytes.fromhex(octets).hex(":")
    assert octets not in reading.device_id
    assert "placeholder-mac" in [problem.code for problem in reading.problems]


def test_an_interface_that_is_off_is_not_worth_a_word(told: Tell, profiles: ProfileSet) -> None:
    off: Told = {"2.2.1.3.2": 71, "2.2.1.6.2": bytes(6), "2.2.1.3.3": 71, "2.2.1.6.3": bytes.fromhex(DIRECT)}
    assert reading_of(told, profiles, PRINTER | off).problems == []


HP: Told = PRINTER | {"1.2.0": "oid:1.3.6.1.4.1.11.2.3.9.1", "43.5.1.1.17.1": ""}
HP_HARDWARE_ADDRESS = ".1.3.6.1.4.1.11.2.4.3.1.23.0"


@pytest.mark.parametrize(
    "told_as", ["001B784A5B6C", "001b784a5b6c", "00:1B:78:4A:5B:6C", bytes.fromhex("001b784a5b6c")]
)
def test_a_mac_that_only_the_vendors_object_tells_steps_in(
    told: Tell, profiles: ProfileSet, told_as: str | bytes
) -> None:
    hp = next(profile for profile in profiles.profiles if profile.name == "hp")

    def read(interface: str) -> Reading:
        rows = HP | {"2.2.1.6.1": bytes.fromhex(interface), HP_HARDWARE_ADDRESS: told_as}
        source = Source(address=ADDRESS, port=161, time="2026-11-21T06:00:00Z", via="snmp-2c")
        return assemble(told(rows), [hp, profiles.generic], source, Ledger()).reading

    for interface in ("", "000000000000", "021b78010203"):
        assert read(interface).device_id == "mac:001b784a5b6c"
        assert read(interface).provenance["identity.mac"].at == HP_HARDWARE_ADDRESS[1:]
    assert read(CABLE).identity.mac == "00:1b:78:01:02:03"


ENTERPRISE = "80001f88"


@pytest.mark.parametrize(
    ("engine_id", "identifier"),
    [
        (f"{ENTERPRISE}80aabbccdd11223344", f"engine:{ENTERPRISE}80aabbccdd11223344"),
        (f"{ENTERPRISE}04{b'press-7'.hex()}", f"engine:{ENTERPRISE}04{b'press-7'.hex()}"),
        ("0000000b0000a1b2c3d4e5f6", "engine:0000000b0000a1b2c3d4e5f6"),
        (f"{ENTERPRISE}03001b78010203", "mac:001b78010203"),
        (f"{ENTERPRISE}03001122334455", None),
        (f"{ENTERPRISE}010a010203", None),
        (f"{ENTERPRISE}01c0a80005", None),
        (f"{ENTERPRISE}0220010db8000000000000000000000001", None),
        (f"{ENTERPRISE}04{b'192.168.0.5'.hex()}", None),
        (f"{ENTERPRISE}050a01020300a1", None),
        (f"{ENTERPRISE}0500000000", None),
        ("0000000b000a010203000000", None),
        ("000000000000000000000000", None),
        ("80001f88", None),
        ("no hex", None),
    ],
)
def test_an_engine_id_names_a_device_unless_it_is_made_of_an_address_or_of_nothing(
    engine_id: str, identifier: str | None
) -> None:
    found, stable = device_id(Identity(), engine_id=engine_id, address=ADDRESS, port=161)
    assert (found, stable) == (identifier or f"address:{ADDRESS}:161", identifier is not None)


def test_problem_29_the_id_is_the_same_by_community_and_by_user() -> None:
    by_community = named(Identity(mac="00:1b:78:01:02:03"))
    by_user = named(Identity(), engine_id=f"{ENTERPRISE}03001b78010203")
    assert by_community == by_user


@pytest.mark.parametrize(
    "change",
    [
        {"2.2.1.6.1": bytes.fromhex("001b78aabbcc")},  # another board
        {"2.2.1.3.1": 71, "2.2.1.6.1": bytes.fromhex(WIRELESS)},
        {"1.5.0": "moved-and-renamed", "1.6.0": "another floor"},
        {"2.2.1.6.1": b""},
    ],
)
def test_problem_26_what_changes_around_a_serial_changes_no_id(told: Tell, profiles: ProfileSet, change: Told) -> None:
    before = reading_of(told, profiles, PRINTER)
    after = reading_of(told, profiles, PRINTER | change, address="192.168.7.8", engine_id=f"{ENTERPRISE}01c0a80708")
    assert before.device_id == after.device_id


ANYTHING = st.none() | st.text(max_size=80)


@given(ANYTHING, ANYTHING, st.binary(max_size=20), ANYTHING)
def test_whatever_a_device_says_it_gets_one_id_of_printable_characters(
    maker: str | None, serial: str | None, octets: bytes, engine_id: str | None
) -> None:
    if serial is not None and serial_fault(serial) is not None:
        serial = None
    who = Identity(manufacturer=maker, serial=serial, mac=mac_text(octets))
    identifier, stable = device_id(who, engine_id=engine_id, address=ADDRESS, port=161)
    assert identifier.partition(":")[2]
    assert not set(identifier) & set(" \t\r\n")
    assert stable is not identifier.startswith("address:")


@given(st.binary(min_size=12, max_size=12))
def test_text_and_octets_of_a_mac_are_the_same(octets: bytes) -> None:
    octets = octets[:6]
    spelt = [octets, octets.hex().encode(), octets.hex(":").upper().encode(), octets.hex("-").encode()]
    assert len({mac_text(each) for each in spelt}) == 1


BESIDE: Told = {
    "25.3.2.1.2.2": "oid:1.3.6.1.2.1.25.3.1.5",
    "25.3.2.1.3.2": "Other Laser 200",
    "43.5.1.1.2.1": 1,
    "43.5.1.1.2.2": 1,
    "43.5.1.1.17.2": "OT200-00007",
    "43.10.2.1.4.2.1": 999,
    "43.11.1.1.6.1.1": "Black Toner",
    "43.11.1.1.9.1.1": 40,
    "43.11.1.1.6.2.1": "Cyan Toner",
    "43.11.1.1.9.2.1": 70,
}


def test_printers_behind_one_address_are_said_and_not_merged(told: Tell, profiles: ProfileSet) -> None:
    reading = reading_of(told, profiles, PRINTER | BESIDE)
    assert reading.device_id.endswith(":EX100-00042")
    assert reading.meters == {"total": 12345}
    assert [row.index for row in reading.supplies] == ["1.1"]
    assert [problem.code for problem in reading.problems] == ["several-printers"]


def test_ports_without_serials_are_several_printers_and_a_fax_is_none(told: Tell, profiles: ProfileSet) -> None:
    nameless = PRINTER | BESIDE | {"43.5.1.1.17.1": "", "43.5.1.1.17.2": ""}
    assert "several-printers" in [problem.code for problem in reading_of(told, profiles, nameless).problems]
    fax = PRINTER | BESIDE | {"43.5.1.1.17.2": "", "25.3.2.1.2.2": "oid:1.3.6.1.2.1.25.3.1.14"}
    assert reading_of(told, profiles, fax).problems == []
    same = PRINTER | BESIDE | {"43.5.1.1.17.2": "EX100-00042"}
    assert reading_of(told, profiles, same).problems == []
