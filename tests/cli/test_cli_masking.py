"""A masked recording tells nobody whose device it is, and is read as the device itself is."""

import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from codec import (
    COUNTER64,
    INTEGER,
    IP_ADDRESS,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    Varbind,
    oid_from_arcs,
    oid_key,
    parse_oid,
)
from ptscan.cli.masking import Masked, mask
from ptscan.printer import DeviceReading, read_device
from ptscan.profiles import load_profiles
from ptscan.simulator import (
    Recording,
    format_recording,
    load_recording,
    load_recordings,
    make_plan,
    parse_recording,
    run_simulator,
)
from ptscan.snmp import Community, Secret, open_client

PROFILES = load_profiles()
KEY = bytes(range(32))
AT = datetime(2026, 11, 21, tzinfo=UTC)
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def text(oid: str, value: bytes | str) -> Varbind:
    return parse_oid(oid), OCTET_STRING, value.encode() if isinstance(value, str) else value


def spellings(secret: str) -> Iterator[bytes]:
    """The seven encodings in which a secret could still be told: none of ours, so that they cannot agree."""
    for said in {secret, secret.upper(), secret.lower()}:
        octets = said.encode()
        yield octets
        yield octets.hex().encode()
        yield octets.hex().upper().encode()
        yield said.encode("utf-16-le")
        yield said.encode("utf-16-be")
        yield ".".join(map(str, octets)).encode()
        yield b64encode(octets)[: len(octets) // 3 * 4]


def mac_spellings(mac: str) -> Iterator[bytes]:
    octets = bytes.fromhex(mac.replace(":", ""))
    for said in (octets, octets[::-1]):
        yield said
        yield b64encode(said)
        yield ".".join(map(str, said)).encode()
        for separator in ("", ":", "-", ".", " "):
            spelled = said.hex(separator) if separator else said.hex()
            yield spelled.encode()
            yield spelled.upper().encode()
            yield spelled.encode("utf-16-le")


def told(rows: Iterable[Varbind]) -> bytes:
    """All that a file of ``rows`` tells: itself, and every value in it as octets."""
    rows = list(rows)
    return b"\n".join([format_recording(rows), *(value for _, _, value in rows if isinstance(value, bytes))])


def reads(recordings: list[Recording], network: str) -> list[DeviceReading]:
    """Read each of the recordings."""

    async def read_all() -> list[DeviceReading]:
        plan = make_plan(recordings, network=network, port=0)
        async with trio.open_nursery() as nursery:
            playing = await nursery.start(run_simulator, plan)
            async with open_client() as client:
                read = []
                for station in plan.stations:
                    session = client.session(
                        station.address, playing.port, credentials=[Community(name=Secret("public"))], timeout=5
                    )
                    read.append(await read_device(session, PROFILES, at=AT))
            nursery.cancel_scope.cancel()
        return read

    return trio.run(read_all)


def same_but_for_names(device: DeviceReading) -> object:
    """What of a reading is no secret, and whether there is one where a secret stands."""
    reading = msgspec.to_builtins(device.reading)
    who = reading["identity"]
    for name in ("serial", "name", "location", "contact", "asset", "description", "mac"):
        who[name] = who[name] and len(who[name])
    for supply in reading["supplies"]:
        supply["serial"] = supply["serial"] and len(supply["serial"])
        supply["description"] = supply["description"] and len(supply["description"])
    for alert in reading["alerts"]:
        alert["location"] = alert["location"] and len(alert["location"])
    reading["problems"] = [problem["code"] for problem in reading["problems"]]
    for name in ("device_id", "address", "port"):
        reading.pop(name)
    return reading, device.is_printer, [item.path for item in device.evidence]


@pytest.fixture(scope="module")
def recordings(shared: Path) -> list[Recording]:
    return load_recordings([shared / "printers"])


@pytest.fixture(scope="module")
def masked(recordings: list[Recording]) -> list[Recording]:
    """Each of them masked, written to a file and read back."""
    return [
        parse_recording(format_recording(mask(one.varbinds, PROFILES, key=KEY).varbinds), one.path)
        for one in recordings
    ]


@pytest.fixture(scope="module")
def readings(recordings: list[Recording], masked: list[Recording]) -> tuple[list[DeviceReading], list[DeviceReading]]:
    return reads(recordings, "127.60.40.0/22"), reads(masked, "127.60.44.0/22")


def test_every_recording_is_read_the_same_masked(
    recordings: list[Recording], readings: tuple[list[DeviceReading], list[DeviceReading]]
) -> None:
    for recording, before, after in zip(recordings, *readings, strict=True):
        assert same_but_for_names(after) == same_but_for_names(before), recording.path


def test_no_recording_tells_its_secrets_masked(
    recordings: list[Recording], masked: list[Recording], readings: tuple[list[DeviceReading], list[DeviceReading]]
) -> None:
    found = []
    secrets = 0
    for recording, hidden, device in zip(recordings, masked, readings[0], strict=True):
        reading = device.reading
        who = reading.identity
        texts = {who.serial, who.name, who.location, who.contact, *(supply.serial for supply in reading.supplies)}
        products = f"{who.model} {who.description}".lower()
        kept = told(hidden.varbinds)
        for secret in filter(None, texts):
            if secret == "serial_number":  # which whoever published them put there
                continue
            if len(secret) >= 6 and (secret == who.serial or secret.lower() not in products):
                secrets += 1
                found += [(recording.path, secret, spelled) for spelled in spellings(secret) if spelled in kept]
        if who.mac not in (None, "aa:bb:cc:dd:ee:ff", "88:87:17:00:00:00"):  # which whoever published them put there
            secrets += 1
            found += [(recording.path, who.mac, spelled) for spelled in mac_spellings(who.mac) if spelled in kept]
        for _, tag, value in recording.varbinds:
            if tag == IP_ADDRESS and isinstance(value, bytes) and value[0] in (10, 172, 192):
                dotted = b"." + ".".join(map(str, value)).encode() + b"|"
                if value[3]:  # no network
                    assert dotted not in kept.replace(b"|64|", b"|64|.").replace(b"\n", b"|\n"), recording.path
                    secrets += 1
        assert len(hidden.varbinds) == len(recording.varbinds)
        assert [oid_key(oid) for oid, _, _ in hidden.varbinds] == sorted(oid_key(oid) for oid, _, _ in hidden.varbinds)
    assert found == []
    assert secrets > 30


SERIAL = "CNB1R23456"
DEVICE = [
    text("1.3.6.1.2.1.1.1.0", f"HP ETHERNET MULTI-ENVIRONMENT,SN:{SERIAL},PID:HP LaserJet 4250"),
    (parse_oid("1.3.6.1.2.1.1.2.0"), OBJECT_IDENTIFIER, parse_oid("1.3.6.1.4.1.11.2.3.9.1")),
    text("1.3.6.1.2.1.1.5.0", "NPI0A7B01"),
    text("1.3.6.1.2.1.2.2.1.6.1", bytes.fromhex("001b780a7b01")),
    text("1.3.6.1.2.1.25.3.2.1.3.1", "HP LaserJet 4250"),
    text("1.3.6.1.2.1.43.5.1.1.17.1", SERIAL + "\0"),
]


def test_a_serial_is_the_same_wherever_and_however_it_stands() -> None:
    places = [
        text("1.3.6.1.4.1.11.9.1.0", SERIAL.encode()),
        text("1.3.6.1.4.1.11.9.2.0", b"\x01\x15" + SERIAL.lower().encode()),
        text("1.3.6.1.4.1.11.9.3.0", f"MFG:HP;MDL:LaserJet 4250;SN:{SERIAL};".encode()),
        text("1.3.6.1.4.1.11.9.4.0", SERIAL.encode("utf-16-le")),
        text("1.3.6.1.4.1.11.9.5.0", b"\x00\x04" + SERIAL.encode().hex().encode() + b"\xff"),
        text("1.3.6.1.4.1.11.9.6.0", b64encode(SERIAL.encode())),
        text(f"1.3.6.1.4.1.11.9.7.{'.'.join(map(str, SERIAL.encode()))}", b"x"),
        text("1.3.6.1.4.1.11.9.8.0", "PRINTER-" + SERIAL),
    ]
    rows = [*DEVICE, *places]
    hidden = mask(rows, PROFILES, key=KEY)
    values = {oid: value for oid, _, value in hidden.varbinds}
    other = values[parse_oid("1.3.6.1.2.1.43.5.1.1.17.1")]
    assert isinstance(other, bytes)
    other = other.rstrip(b"\0")
    assert len(other) == len(SERIAL)
    assert [chr(one).isdigit() for one in other] == [one.isdigit() for one in SERIAL]
    assert other.decode() != SERIAL
    assert values[parse_oid("1.3.6.1.2.1.1.1.0")] == DEVICE[0][2].replace(SERIAL.encode(), other)  # type: ignore[union-attr]
    assert [values.get(oid) for oid, _, _ in places] == [
        other,
        b"\x01\x15" + other.lower(),
        b"MFG:HP;MDL:LaserJet 4250;SN:" + other + b";",
        other.decode().encode("utf-16-le"),
        b"\x00\x04" + other.hex().encode() + b"\xff",
        b64encode(other),
        None,
        b"PRINTER-" + other,
    ]
    assert parse_oid(f"1.3.6.1.4.1.11.9.7.{'.'.join(map(str, other))}") in values
    assert [spelled for spelled in spellings(SERIAL) if spelled in told(hidden.varbinds)] == []
    assert hidden.serials == 1


def test_a_mac_keeps_its_maker_and_is_the_same_wherever_and_however_it_stands() -> None:
    mac = "00:1b:78:0a:7b:01"
    places = [
        text("1.3.6.1.4.1.11.9.1.0", b"MAC " + mac.encode()),
        text("1.3.6.1.4.1.11.9.2.0", b"001B-780A-7B01"),
        text("1.3.6.1.4.1.11.9.3.0", b"001B780A7B01"),
        text("1.3.6.1.4.1.11.9.4.0", b"\x02\x00\x1b\x78\x0a\x7b\x01\x03"),
        text("1.3.6.1.4.1.11.9.5.0", bytes.fromhex("8000000b03001b780a7b01")),
        text("1.3.6.1.4.1.11.9.6.0", b"16a65700-007c-1000-bb49-001b780a7b01"),
        text("1.3.6.1.4.1.11.9.7.0", b"01:7B:0A:78:1B:00"),
        text("1.3.6.1.4.1.11.9.8.0.27.120.10.123.1", b"x"),
        text("1.3.6.1.4.1.11.9.9.0", b"fe80::21b:78ff:fe0a:7b01"),
        text("1.3.6.1.4.1.11.9.10.0", b"NPI0A7B01.local"),
    ]
    rows = [*DEVICE, *places]
    hidden = mask(rows, PROFILES, key=KEY)
    values = {oid: value for oid, _, value in hidden.varbinds}
    other = values[parse_oid("1.3.6.1.2.1.2.2.1.6.1")]
    assert isinstance(other, bytes)
    assert other[:3].hex(":") == "00:1b:78"
    assert other.hex(":") != mac
    tail = other[3:].hex().upper()
    assert values[parse_oid("1.3.6.1.2.1.1.5.0")] == f"NPI{tail}".encode()
    a, b, c = other[3:]
    uuid = values[places[5][0]]
    assert isinstance(uuid, bytes)
    assert uuid.endswith(b"-" + other.hex().encode())
    assert not uuid.startswith(b"16a65700")
    assert [values.get(oid) for oid, _, _ in (*places[:5], *places[6:])] == [
        b"MAC " + other.hex(":").encode(),
        other.hex("-", -2).upper().encode(),
        other.hex().upper().encode(),
        b"\x02" + other + b"\x03",
        bytes.fromhex("8000000b03") + other,
        other[::-1].hex(":").upper().encode(),
        None,
        f"fe80::21b:78ff:fe{a:02x}:{b:x}{c:02x}".encode(),
        f"NPI{tail}".encode() + values[places[9][0]][9:],  # type: ignore[index]
    ]
    assert parse_oid("1.3.6.1.4.1.11.9.8." + ".".join(map(str, other))) in values
    assert [spelled for spelled in mac_spellings(mac) if spelled in told(hidden.varbinds)] == []


def test_an_address_is_the_same_in_values_texts_and_indexes() -> None:
    own, gateway = bytes((192, 168, 1, 26)), bytes((192, 168, 1, 5))
    rows = [
        *DEVICE,
        (parse_oid("1.3.6.1.2.1.4.20.1.1.192.168.1.26"), IP_ADDRESS, own),
        (parse_oid("1.3.6.1.2.1.4.20.1.2.192.168.1.26"), INTEGER, 1),
        (parse_oid("1.3.6.1.2.1.4.20.1.3.192.168.1.26"), IP_ADDRESS, bytes((255, 255, 255, 0))),
        (parse_oid("1.3.6.1.2.1.4.34.1.3.1.4.192.168.1.26"), INTEGER, 1),
        (parse_oid("1.3.6.1.2.1.4.37.1.4.1.4.192.168.1.5.1"), INTEGER, 1),
        text("1.3.6.1.4.1.11.9.1.0", b"http://192.168.1.26:631/ipp, gateway 192.168.1.5"),
        text("1.3.6.1.4.1.11.9.2.0", b"V 1.2.3.4"),
        text("1.3.6.1.4.1.11.9.3.0", bytes.fromhex("8000000b01c0a8011a")),
        (parse_oid("1.3.6.1.4.1.11.9.4.0"), IP_ADDRESS, bytes((127, 0, 0, 1))),
        text("1.3.6.1.4.1.11.9.5.0", own),
        text("1.3.6.1.4.1.11.9.6.192.168.1.26", b"x"),
        text("1.3.6.1.4.1.11.9.7.0", b"DNS: 9.9.9.9"),
    ]
    hidden = mask(rows, PROFILES, key=KEY)
    values = {oid: value for oid, _, value in hidden.varbinds}
    (name,) = [oid for oid in values if oid.startswith(parse_oid("1.3.6.1.2.1.4.20.1.1"))]
    other = values[name]
    assert isinstance(other, bytes)
    assert other[:2] == own[:2]
    assert other != own
    dotted = ".".join(map(str, other))
    assert len(dotted) == len("192.168.1.26")
    expected = {
        f"1.3.6.1.2.1.4.20.1.1.{dotted}": other,
        f"1.3.6.1.2.1.4.20.1.2.{dotted}": 1,
        f"1.3.6.1.2.1.4.20.1.3.{dotted}": bytes((255, 255, 255, 0)),
        f"1.3.6.1.2.1.4.34.1.3.1.4.{dotted}": 1,
        "1.3.6.1.4.1.11.9.2.0": b"V 1.2.3.4",
        "1.3.6.1.4.1.11.9.3.0": bytes.fromhex("8000000b01") + other,
        "1.3.6.1.4.1.11.9.4.0": bytes((127, 0, 0, 1)),
        "1.3.6.1.4.1.11.9.5.0": other,
        f"1.3.6.1.4.1.11.9.6.{dotted}": b"x",
    }
    assert {oid: values.get(parse_oid(oid)) for oid in expected} == expected
    page = values[parse_oid("1.3.6.1.4.1.11.9.1.0")]
    assert isinstance(page, bytes)
    assert page.startswith(f"http://{dotted}:631/ipp, gateway {other[0]}.{other[1]}.{other[2]}.".encode())
    for address in (own, gateway, bytes((9, 9, 9, 9))):
        assert ".".join(map(str, address)).encode() not in told(hidden.varbinds)


def test_an_ipv6_address_keeps_its_kind_and_its_form() -> None:
    rows = [
        *DEVICE,
        text("1.3.6.1.4.1.11.9.1.0", b"fd12:3456:789a:1::42, FE80::BAD:CAFE"),
        text("1.3.6.1.4.1.11.9.2.0", bytes.fromhex("fd123456789a00010000000000000042")),
        text("1.3.6.1.2.1.4.34.1.3.2.16.253.18.52.86.120.154.0.1.0.0.0.0.0.0.0.66", b"x"),
        text("1.3.6.1.4.1.11.9.3.0", b"::1, ff02::1, 12:34:56"),
    ]
    hidden = mask(rows, PROFILES, key=KEY)
    values = {oid: value for oid, _, value in hidden.varbinds}
    both, octets = values[parse_oid("1.3.6.1.4.1.11.9.1.0")], values[parse_oid("1.3.6.1.4.1.11.9.2.0")]
    assert isinstance(both, bytes)
    assert isinstance(octets, bytes)
    one, other = both.decode().split(", ")
    assert one.startswith("fd")
    assert not one.startswith("fd12")
    assert [len(group) for group in one.split(":")] == [4, 4, 4, 1, 0, 2]
    assert other.startswith("FE80::")
    assert [len(group) for group in other.split(":")] == [4, 0, 3, 4]
    assert octets.hex(":", 2).startswith(one.rpartition("::")[0].rpartition(":")[0])
    assert oid_from_arcs((1, 3, 6, 1, 2, 1, 4, 34, 1, 3, 2, 16, *octets)) in values
    assert values[parse_oid("1.3.6.1.4.1.11.9.3.0")] == b"::1, ff02::1, 12:34:56"
    assert hidden.addresses == 2


def test_a_name_is_the_same_alone_and_before_its_domain_and_what_a_product_is_called_is_nobodys() -> None:
    rows = [
        *DEVICE[:2],
        text("1.3.6.1.2.1.1.4.0", "Ann Example <ann.example@corp.example.com>"),
        text("1.3.6.1.2.1.1.5.0", "prt-floor3.corp.example.com"),
        text("1.3.6.1.2.1.1.6.0", "Büro 12"),
        text("1.3.6.1.2.1.43.5.1.1.16.1", "LaserJet 4250"),
        text("1.3.6.1.4.1.11.9.1.0", "host PRT-FLOOR3 of corp.example.com"),
        text("1.3.6.1.4.1.11.9.2.0", "ipp://prt-floor3/print"),
        text("1.3.6.1.4.1.11.9.3.0", "LaserJet 4250 of Ann Example <ann.example@corp.example.com>"),
        text("1.3.6.1.4.1.11.9.4.0", "corporate floor12"),
        text("1.3.6.1.4.1.11.9.5.0", "Büro 12"),
    ]
    hidden = mask(rows, PROFILES, key=KEY)
    values = {oid: value for oid, _, value in hidden.varbinds}
    contact, name, room, printer, host, url, owner, other, copy = (values[oid] for oid, _, _ in rows[2:])
    assert isinstance(name, bytes)
    assert isinstance(contact, bytes)
    label, _, domain = name.partition(b".")
    assert len(name) == len("prt-floor3.corp.example.com")
    assert printer == b"LaserJet 4250"
    assert host == b"host " + label.upper() + b" of " + domain
    assert url == b"ipp://" + label + b"/print"
    assert owner == b"LaserJet 4250 of " + contact
    assert domain in contact
    assert other == b"corporate floor12"
    assert copy == room
    assert isinstance(room, bytes)
    assert len(room) == len("Büro 12".encode())
    kept = told(hidden.varbinds).lower()
    assert not [secret for secret in (b"ann", b"example", b"floor3", "büro".encode()) if secret in kept]


def test_what_stands_in_the_objects_of_people_is_masked_whatever_it_is_and_what_is_anybodys_stays_elsewhere() -> None:
    rows = [
        text("1.3.6.1.2.1.1.1.0", "Acme label printer 9"),
        text("1.3.6.1.2.1.1.4.0", "unknown"),
        text("1.3.6.1.2.1.1.5.0", "100"),
        text("1.3.6.1.2.1.1.6.0", "Lab"),
        text("1.3.6.1.2.1.43.5.1.1.16.1", "label printer"),
        text("1.3.6.1.2.1.43.8.2.1.12.1.1", "unknown"),
        text("1.3.6.1.2.1.43.11.1.1.6.1.1", "toner of a label printer"),
        text("1.3.6.1.4.1.99999.1.0", "100"),
    ]
    hidden = {oid: value for oid, _, value in mask(rows, PROFILES, key=KEY).varbinds}
    for oid, _, value in rows[1:4]:
        masked = hidden[oid]
        assert masked != value
        assert isinstance(masked, bytes)
        assert isinstance(value, bytes)
        assert len(masked) == len(value)
    for oid, _, value in (rows[0], *rows[4:]):
        assert hidden[oid] == value


def beside(rows: Iterable[Varbind]) -> list[bytes | int | None]:
    """What becomes of the values of ``rows`` in the recording of DEVICE."""
    rows = list(rows)
    values = {oid: value for oid, _, value in mask([*DEVICE, *rows], PROFILES, key=KEY).varbinds}
    return [values.get(oid) for oid, _, _ in rows]


def in_vendors_objects(*values: bytes | str) -> list[Varbind]:
    return [text(f"1.3.6.1.4.1.11.9.{number}.0", value) for number, value in enumerate(values, 1)]


SERIAL_SPELLINGS: list[Callable[[bytes], bytes]] = [
    bytes,
    lambda serial: b"(" + serial.lower() + b")",
    lambda serial: serial[:3] + b"-" + serial[3:],
    lambda serial: serial[:4] + b" " + serial[4:8] + b" " + serial[8:],
    lambda serial: b"_".join([serial[:2], serial[2:]]),
    lambda serial: serial[::-1],
    lambda serial: serial.hex(":").encode(),
    lambda serial: b"hex " + serial.hex(" ").upper().encode(),
    lambda serial: "".join(f"%{octet:02x}" for octet in serial).encode(),
    lambda serial: b64encode(b"x" + serial + b"yy"),
    lambda serial: b"id=" + b64encode(b"xx" + serial),
    lambda serial: b64encode(serial.decode().encode("utf-16-le")),
    lambda serial: b"\x01" + serial.decode().encode("utf-16-be"),
    lambda serial: serial.decode().encode("utf-32-le"),
    lambda serial: b"\0".join(bytes([octet]) for octet in serial),
    lambda serial: "".join(chr(octet + 0xFEE0) for octet in serial).encode(),
    lambda serial: "".join(chr(octet + 0xFEE0) for octet in serial[:4]).encode() + serial[4:],
    lambda serial: "".join(chr(0x41 + half) for octet in serial for half in divmod(octet, 16)).encode(),
]
MAC_SPELLINGS: list[Callable[[bytes], bytes]] = [
    bytes,
    lambda mac: b"\1\6" + mac + b"\2",
    lambda mac: mac[:3] + b"\xff\xfe" + mac[3:],
    lambda mac: b"\x05" + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:],
    lambda mac: (mac[:3] + b"\xff\xfe" + mac[3:]).hex("-", 2).encode(),
    lambda mac: b"%d" % int.from_bytes(mac),
    lambda mac: ".".join(map(str, mac)).encode(),
    lambda mac: "-".join(map(str, mac)).encode("utf-16-le"),
    lambda mac: mac.hex().encode(),
    lambda mac: mac.hex("_").upper().encode(),
    lambda mac: b64encode(b"x" + mac),
    lambda mac: mac[3:],
    lambda mac: b"NPI" + mac[3:].hex().upper().encode(),
    lambda mac: b"host BRN_" + mac[3:].hex().encode() + b" ready",
    lambda mac: mac[3:].hex(":").encode(),
    lambda mac: b"(" + mac[3:].hex().encode() + b") printer",
]
IPV4_SPELLINGS: list[Callable[[bytes], bytes]] = [
    bytes,
    lambda own: b"\x01\x04" + own + b"\0",
    lambda own: b"\x01\x04" + own[::-1] + b"\0",
    lambda own: own.hex().upper().encode(),
    lambda own: b"0x" + own.hex().encode(),
    lambda own: own.hex(" ").encode(),
    lambda own: b"%03d.%03d.%03d.%03d" % tuple(own),
    lambda own: b"IP %d.%d.%d.%d:631" % tuple(own),
    lambda own: b"ip-%d-%d-%d-%d.x" % tuple(own),
    lambda own: b"%d_%d_%d_%d" % tuple(own),
    lambda own: b"%d %d %d %d" % tuple(own),
    lambda own: b"%d,%d,%d,%d" % tuple(own),
    lambda own: b"%d.%d.%d.%d.in-addr.arpa" % tuple(own[::-1]),
    lambda own: ".".join(map(str, own)).encode("utf-16-le"),
    lambda own: b64encode(b"http://%d.%d.%d.%d/" % tuple(own)),
    lambda own: b"%d" % int.from_bytes(own),
]


def test_a_serial_is_told_in_no_spelling_and_is_the_same_in_each() -> None:
    told_as = beside(in_vendors_objects(*(spelled(SERIAL.encode()) for spelled in SERIAL_SPELLINGS)))
    other = told_as[0]
    assert isinstance(other, bytes)
    assert other != SERIAL.encode()
    assert told_as == [spelled(other) for spelled in SERIAL_SPELLINGS]


def test_a_mac_and_its_end_are_told_in_no_spelling_and_are_the_same_in_each() -> None:
    mac = bytes.fromhex("001b780a7b01")
    told_as = beside(in_vendors_objects(*(spelled(mac) for spelled in MAC_SPELLINGS)))
    other = told_as[0]
    assert isinstance(other, bytes)
    assert other != mac
    assert told_as == [spelled(other) for spelled in MAC_SPELLINGS]
    (number,) = beside([(parse_oid("1.3.6.1.4.1.11.9.1.0"), COUNTER64, int.from_bytes(mac))])
    assert number == int.from_bytes(other)
    assert beside(in_vendors_objects("10a7b01 0a7b012")) == [b"10a7b01 0a7b012"]


def test_an_address_is_told_in_no_spelling_and_is_the_same_in_each() -> None:
    own = bytes((192, 168, 40, 126))
    rows = [(parse_oid("1.3.6.1.2.1.4.20.1.1.192.168.40.126"), IP_ADDRESS, own)]
    rows += in_vendors_objects(*(spelled(own) for spelled in IPV4_SPELLINGS))
    numbers = [
        int.from_bytes(own),
        int.from_bytes(own, signed=True),
        int.from_bytes(own, "little"),
        40,
    ]
    rows += [(parse_oid(f"1.3.6.1.4.1.11.8.{number}.0"), INTEGER, value) for number, value in enumerate(numbers)]
    values = {oid: value for oid, _, value in mask([*DEVICE, *rows], PROFILES, key=KEY).varbinds}
    other = values[rows[1][0]]
    assert isinstance(other, bytes)
    assert other != own
    assert [values[oid] for oid, _, _ in rows[1:-4]] == [spelled(other) for spelled in IPV4_SPELLINGS]
    assert [values[oid] for oid, _, _ in rows[-4:]] == [
        int.from_bytes(other),
        int.from_bytes(other, signed=True),
        int.from_bytes(other, "little"),
        40,
    ]


def test_counts_that_look_like_a_low_address_stay() -> None:
    own = (parse_oid("1.3.6.1.2.1.4.20.1.1.10.0.0.1"), IP_ADDRESS, bytes((10, 0, 0, 1)))
    rows = in_vendors_objects(
        b"10 0 0 1", b"\x01\x04\x0a\0\0\x01\xff", b"10.0.0.1.5", b"V 10,0,0,1", b"http://10.0.0.1/"
    )
    *counts, url = beside([own, *rows])[1:]
    assert counts == [value for _, _, value in rows[:-1]]
    assert url != rows[-1][2]


def test_people_and_places_are_told_by_no_few_words_of_theirs_and_single_words_are_anybodys() -> None:
    rows = [
        text("1.3.6.1.2.1.1.4.0", "Jane Doe, IT Support <jane.doe@acmeworks.example>"),
        text("1.3.6.1.2.1.1.5.0", "prn-sales-07.acmeworks.example"),
        text("1.3.6.1.2.1.1.6.0", "Room 4711 Building Quebec"),
        *in_vendors_objects(
            *("Jane Doe", "DOE, JANE", "jane.doe", "JaneDoe", "ACMEWORKS", "Building Quebec", "prn_sales_07"),
            *("IT Support", "call support", "a room", "Doe", "main building", "HP"),
        ),
    ]
    values = {oid: value for oid, _, value in mask([*DEVICE[:2], *rows], PROFILES, key=KEY).varbinds}
    contact, name, place, *others = (values[oid] for oid, _, _ in rows)
    assert isinstance(contact, bytes)
    assert isinstance(name, bytes)
    assert isinstance(place, bytes)
    first, last = contact[:4], contact[5:8]
    assert first + last not in (b"Jane", b"Doe")
    assert others[:7] == [
        first + b" " + last,
        last.upper() + b", " + first.upper(),
        (first + b"." + last).lower(),
        first + last,
        name[13:22].upper(),
        place[10:],
        name[:12].replace(b"-", b"_"),
    ]
    assert others[7:] == [value for _, _, value in rows[-6:]]


@pytest.mark.parametrize(
    "part", [b"a", b"a.", b"1.", b"-", b"00000000-", b"8.8.4.4 ", b"CNB1R2345", b"npi0a7b0", b"a@", b"SN:", b"a\0"]
)
def test_a_long_value_takes_no_longer_than_it_is_long(part: bytes) -> None:
    rows = in_vendors_objects(part * (2**16 // len(part)))
    begun = process_time()
    assert beside(rows) == [rows[0][2]]
    assert process_time() - begun < 5


def test_a_host_is_the_same_in_wide_letters_and_a_name_of_many_wide_pieces_is_masked() -> None:
    rows = [
        text("1.3.6.1.2.1.1.5.0", "prn-sales-07"),
        *in_vendors_objects("prn-sales-07".encode("utf-16-le"), b" " + netbios("prn-sales-07") + b"CACACA"),
        text("1.3.6.1.2.1.1.6.0", b"a\0b\0c\0d" * 9000),
    ]
    values = {oid: value for oid, _, value in mask([*DEVICE[:2], *rows], PROFILES, key=KEY).varbinds}
    name, wide, encoded, place = (values[oid] for oid, _, _ in rows)
    assert isinstance(name, bytes)
    assert isinstance(place, bytes)
    assert wide == name.decode().encode("utf-16-le")
    assert encoded == b" " + netbios(name.decode()) + b"CACACA"
    assert not set(place[:2]) & set(b"ab")


def test_a_name_with_the_octets_of_a_mac_in_it_is_masked_and_its_copies() -> None:
    macs = [bytes.fromhex(f"001b78{number:02x}7b{200 - number:02x}") for number in range(0x30, 0x60)]
    rows = [text(f"1.3.6.1.2.1.2.2.1.6.{number}", mac) for number, mac in enumerate(macs, 2)]
    rows += [text(f"1.3.6.1.2.1.31.1.1.1.18.{number}", b"sales7 " + mac) for number, mac in enumerate(macs)]
    copies = [b"copy of sales7 " + mac + b"!" for mac in macs]
    for copy, masked in zip(copies, beside([*rows, *in_vendors_objects(*copies)])[len(rows) :], strict=True):
        assert isinstance(masked, bytes)
        assert len(masked) == len(copy)
        assert copy[8:] not in masked


def netbios(name: str) -> bytes:
    return "".join(chr(0x41 + half) for octet in name.upper().encode() for half in divmod(octet, 16)).encode()


def test_a_domain_and_a_mac_are_found_in_a_vendors_objects_alone() -> None:
    rows = [
        text("1.3.6.1.2.1.1.1.0", "HP ETHERNET MULTI-ENVIRONMENT"),
        text("1.3.6.1.4.1.11.2.4.3.1.23.0", "001122334456"),
        text("1.3.6.1.4.1.11.9.1.0", "corp.example.com"),
        text("1.3.6.1.4.1.11.9.2.0", "smtp.corp.example.com"),
        text("1.3.6.1.4.1.11.9.3.0", "www.hp.com"),
    ]
    values = [value for _, _, value in mask(rows, PROFILES, key=KEY).varbinds]
    mac, domain, host, public = values[1:]
    assert isinstance(mac, bytes)
    assert isinstance(host, bytes)
    assert isinstance(domain, bytes)
    assert mac.startswith(b"001122")
    assert mac != b"001122334456"
    assert host.endswith(b"." + domain)
    assert b"example" not in b" ".join([domain, host])
    assert public == b"www.hp.com"


def test_placeholders_and_counters_stay() -> None:
    rows = [
        text("1.3.6.1.2.1.1.1.0", "Acme LaserThing;S/N XXXXXXXXXX"),
        text("1.3.6.1.2.1.2.2.1.6.1", bytes(6)),
        text("1.3.6.1.2.1.2.2.1.6.2", bytes.fromhex("001b78000000")),
        text("1.3.6.1.2.1.43.5.1.1.17.1", "1234567890"),
        (parse_oid("1.3.6.1.2.1.43.10.2.1.4.1.1"), INTEGER, 1234567890),
        text("1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.10.0", bytes.fromhex("0001040000064b020104000003860101040a000001ff")),
    ]
    hidden = mask(rows, PROFILES, key=KEY)
    assert hidden == Masked(rows, 0, 0, 0, 0, 0, 0)


def test_another_key_gives_other_pseudonyms_and_the_same_key_the_same() -> None:
    one, again, other = (mask(DEVICE, PROFILES, key=key) for key in (KEY, KEY, KEY[::-1]))
    assert one == again
    assert one.varbinds != other.varbinds


values_of_any_kind = st.one_of(
    st.binary(max_size=40).map(lambda value: (OCTET_STRING, value)),
    st.from_regex(rb"[A-Za-z0-9:. ;/@-]{0,40}", fullmatch=True).map(lambda value: (OCTET_STRING, value)),
    st.binary(max_size=6).map(lambda value: (IP_ADDRESS, value)),
    st.integers(-(2**31), 2**31 - 1).map(lambda value: (INTEGER, value)),
)
places_of_any_kind = st.tuples(
    st.sampled_from(
        [
            *("1.3.6.1.2.1.1.5", "1.3.6.1.2.1.43.5.1.1.17", "1.3.6.1.2.1.2.2.1.6", "1.3.6.1.2.1.4.20.1.1"),
            *("1.3.6.1.2.1.4.34.1.3", "1.3.6.1.2.1.3.1.1.2", "1.3.6.1.2.1.55.1.8.1.2", "1.3.6.1.4.1.11", "1.3.6"),
        ]
    ),
    st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 255), max_size=20),
).map(lambda place: parse_oid(".".join(map(str, (place[0], *place[1])))))


secrets_of_any_kind = st.sampled_from(
    [
        *(spelled(SERIAL.encode()) for spelled in SERIAL_SPELLINGS),
        *(spelled(bytes.fromhex("001b780a7b01")) for spelled in MAC_SPELLINGS),
        *(b"prn-c.acmeworks.example", b"\xef\xbc\xa1", b"\0", b" ", b"99.110.98.49.114.50", b"ABCDEF"),
    ]
)


@given(st.lists(secrets_of_any_kind | st.binary(max_size=4), max_size=8).map(b"".join))
def test_whatever_stands_beside_secrets_a_value_is_as_long_as_before(value: bytes) -> None:
    rows = [text("1.3.6.1.2.1.1.6.0", value), text("1.3.6.1.2.1.2.2.1.6.7", b"ABCDEF"), *in_vendors_objects(value)]
    lengths = [len(masked) for masked in beside(rows) if isinstance(masked, bytes)]
    assert lengths == [len(value), 6, len(value)]


@given(st.dictionaries(places_of_any_kind, values_of_any_kind, max_size=8))
def test_whatever_a_device_holds_is_masked_row_by_row(rows: dict[bytes, tuple[int, bytes | int]]) -> None:
    given = [(oid, tag, value) for oid, (tag, value) in rows.items()]
    hidden = mask(given, PROFILES, key=KEY).varbinds
    assert len(hidden) == len(given)
    assert sorted(tag for _, tag, _ in hidden) == sorted(tag for _, tag, _ in given)
    sizes = [sorted(len(v) for _, _, v in each if isinstance(v, bytes)) for each in (hidden, given)]
    assert sizes[0] == sizes[1]
    assert sorted(v for _, _, v in hidden if isinstance(v, int)) == sorted(v for _, _, v in given if isinstance(v, int))


def test_the_verb_masks_and_says_what(ptscan: Run, sim: Callable[..., int], shared: Path, tmp_path: Path) -> None:
    original = shared / "printers" / "leshk0de" / "hp_envy6000.snmprec"
    port = sim(str(original), "--listen", "127.60.7.3:0")
    done = ptscan("record", f"127.60.7.3:{port}", "-o", "masked.snmprec", "--mask")
    assert done.returncode == 0, done.stderr
    assert "masked: 1 serial number, 1 name, 2 MACs, 2 IP addresses (16 objects)" in done.stderr
    kept = load_recording(tmp_path / "masked.snmprec")
    octets = told(kept.varbinds)
    for secret in ("TH05H3D1F8", "HPB7246C", "192.168.1.26"):
        assert secret.encode() not in octets
    before, after = reads([load_recording(original), kept], "127.60.48.0/24")
    assert same_but_for_names(after) == same_but_for_names(before)
    assert ptscan("record", f"127.60.7.3:{port}", "-o", "again.snmprec", "--mask").returncode == 0
    assert (tmp_path / "again.snmprec").read_bytes() != (tmp_path / "masked.snmprec").read_bytes()


def test_every_model_of_the_fleet_is_read_the_same_masked(ptscan: Run, sim: Callable[..., int], tmp_path: Path) -> None:
    port = sim("--fleet", "24", "--seed", "5", "--network", "127.60.49.0/24")
    recordings, hidden = [], []
    for number in range(1, 25):
        name = tmp_path / f"{number}.snmprec"
        done = ptscan("record", f"127.60.49.{number}:{port}", "-o", str(name))
        if done.returncode == 0:
            recordings.append(load_recording(name))
            kept = mask(recordings[-1].varbinds, PROFILES, key=KEY).varbinds
            hidden.append(parse_recording(format_recording(kept), name))
    assert len(recordings) > 18
    for before, after in zip(reads(recordings, "127.60.50.0/24"), reads(hidden, "127.60.51.0/24"), strict=True):
        assert same_but_for_names(after) == same_but_for_names(before)
        assert before.reading.identity.serial != after.reading.identity.serial or not before.is_printer
