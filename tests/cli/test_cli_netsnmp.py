"""What `ptscan get` prints is what `snmpget -On` prints, value by value."""

import shutil
import struct
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import (
    COUNTER32,
    COUNTER64,
    END_OF_MIB_VIEW,
    GAUGE32,
    INTEGER,
    IP_ADDRESS,
    NO_SUCH_INSTANCE,
    NO_SUCH_OBJECT,
    NSAP,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    OPAQUE,
    TIMETICKS,
    UINTEGER32,
    Value,
    Varbind,
    format_oid,
    parse_oid,
)
from ptscan.cli.netsnmp import format_varbind

NAME = parse_oid("1.3.6.1.4.1.99999")


def shown(tag: int, value: Value) -> str:
    return format_varbind((NAME, tag, value)).removeprefix(".1.3.6.1.4.1.99999 = ")


@pytest.mark.parametrize(
    ("tag", "value", "expected"),
    [
        (INTEGER, -5, "INTEGER: -5"),
        (COUNTER32, 7, "Counter32: 7"),
        (GAUGE32, 4294967295, "Gauge32: 4294967295"),
        (COUNTER64, 2**64 - 1, "Counter64: 18446744073709551615"),
        (UINTEGER32, 9, "9"),
        (TIMETICKS, 123, "Timeticks: (123) 0:00:01.23"),
        (TIMETICKS, 8640000, "Timeticks: (8640000) 1 day, 0:00:00.00"),
        (TIMETICKS, 4294967295, "Timeticks: (4294967295) 497 days, 2:27:52.95"),
        (OBJECT_IDENTIFIER, parse_oid("2.100.3"), "OID: .2.100.3"),
        (IP_ADDRESS, b"\x0a\x00\x00\x07", "IpAddress: 10.0.0.7"),
        (NULL, None, "NULL"),
        (NO_SUCH_OBJECT, None, "No Such Object available on this agent at this OID"),
        (NO_SUCH_INSTANCE, None, "No Such Instance currently exists at this OID"),
        (END_OF_MIB_VIEW, None, "No more variables left in this MIB View (It is past the end of the MIB tree)"),
        (OCTET_STRING, b"", '""'),
        (OCTET_STRING, b'he said "x\\y"', 'STRING: "he said \\"x\\\\y\\""'),
        (OCTET_STRING, b"two\nlines\t", 'STRING: "two\nlines\t"'),
        (OCTET_STRING, b"\x00", "Hex-STRING: 00 "),
        (OCTET_STRING, "café".encode(), "Hex-STRING: 63 61 66 C3 A9 "),
        (OCTET_STRING, bytes(17), "Hex-STRING: " + "00 " * 16 + "\n00 "),
        (OPAQUE, b"\x9f\x78\x04" + struct.pack(">f", 3.14), "Opaque: Float: 3.140000"),
        (OPAQUE, b"\x9f\x79\x08" + struct.pack(">d", 2.5), "Opaque: Float: 2.500000"),
        (OPAQUE, b"\x9f\x7a\x01\xfb", "Opaque: Int64: -5"),
        (OPAQUE, b"\x9f\x7b\x02\x00\xfb", "Opaque: UInt64: 251"),
        (OPAQUE, b"\x9f\x76\x01\x05", "Opaque: Counter64: 5"),
        (OPAQUE, b"\x01\x02", "OPAQUE: 01 02 "),
        (NSAP, b"\x01", "NsapAddress: 01 "),
    ],
)
def test_a_value_is_printed_as_net_snmp_does(tag: int, value: Value, expected: str) -> None:
    assert shown(tag, value) == expected


@given(st.sampled_from([OCTET_STRING, OPAQUE, NSAP, IP_ADDRESS]), st.binary(max_size=60))
def test_no_octets_break_the_printing_or_reach_the_terminal_as_controls(tag: int, value: bytes) -> None:
    line = shown(tag, value)
    assert all(char.isprintable() or char in "\t\n\v\f\r" for char in line)


def test_random_values_are_printed_as_snmpget_prints_them(
    responder_at: Callable[[list[Varbind]], AbstractContextManager[str]],
) -> None:
    """A seeded choice of octets, through the wire, by net-snmp's own formatting code."""
    if shutil.which("snmpget") is None:
        pytest.skip("snmpget is absent: install Debian's snmp")
    import random

    chance = random.Random(2)
    alphabet = [b"A", b'"', b"\\", b" ", b"\n", b"\t", b"\r", b"\x00", b"\xff", b"\xc3\xa9", b"\x1b", b"~", b"%s"]
    values: list[tuple[int, Value]] = [
        (OCTET_STRING, b"".join(chance.choices(alphabet[: chance.choice([7, 13])], k=chance.randrange(40))))
        for _ in range(60)
    ]
    values += [(TIMETICKS, chance.randrange(2**32)) for _ in range(10)]
    values += [(INTEGER, chance.randrange(-(2**31), 2**31)) for _ in range(10)]
    values += [(OPAQUE, b"\x9f\x78\x04" + struct.pack(">f", chance.uniform(-1e9, 1e9))) for _ in range(10)]
    rows = [(NAME + bytes([number]), tag, value) for number, (tag, value) in enumerate(values, 1)]
    with responder_at(rows) as endpoint:
        for start in range(0, len(rows), 30):
            some = rows[start : start + 30]
            theirs = subprocess.run(
                ["snmpget", "-v2c", "-cpublic", "-On", "-m", "", endpoint, *(format_oid(row[0]) for row in some)],
                capture_output=True,
                check=True,
                timeout=30,
            )
            assert theirs.stdout.decode() == "".join(format_varbind(row) + "\n" for row in some)
