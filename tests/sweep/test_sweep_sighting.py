"""What a device said of itself, cleaned and typed; what it did not say is null."""

import msgspec
import pytest

from codec import INTEGER, NO_SUCH_INSTANCE, OBJECT_IDENTIFIER, OCTET_STRING, V1, V2C, Message, PduType, parse_oid
from ptscan.sweep.sighting import SYS_DESCR, SYS_NAME, SYS_OBJECT_ID, Sighting, SightingReader
from ptscan.targets import parse_address


def read(*varbinds, version=V2C, error_status=0) -> Sighting:
    message = Message(version, b"public", PduType.RESPONSE, 1, error_status, 0, list(varbinds))
    reader = SightingReader(lambda oid, descr: "printer" if oid else "unknown", port=161)
    return reader.read(message, parse_address("10.0.0.1"), rtt_ms=12.346)


def test_the_keys_of_a_line_are_the_contract() -> None:
    keys = "address port version engine_id enterprise sys_object_id sys_descr sys_name kind rtt_ms engine_boots"
    assert list(msgspec.to_builtins(read())) == keys.split()


def test_a_full_answer() -> None:
    sighting = read(
        (SYS_OBJECT_ID, OBJECT_IDENTIFIER, parse_oid("1.3.6.1.4.1.2435.2.3.9.1")),
        (SYS_DESCR, OCTET_STRING, b"Brother NC-8300h"),
        (SYS_NAME, OCTET_STRING, "Büro 3".encode()),
        version=V1,
    )
    assert sighting == Sighting(
        "10.0.0.1", 161, "1", None, 2435, "1.3.6.1.4.1.2435.2.3.9.1", "Brother NC-8300h", "Büro 3", "printer", 12.346
    )


def test_values_of_a_wrong_type_exceptions_and_errors_are_null() -> None:
    strange = read(
        (SYS_OBJECT_ID, OCTET_STRING, b"1.3.6.1"), (SYS_DESCR, NO_SUCH_INSTANCE, None), (SYS_NAME, INTEGER, 7)
    )
    assert (strange.sys_object_id, strange.sys_descr, strange.sys_name, strange.kind) == (None, None, None, "unknown")
    assert read((SYS_NAME, OCTET_STRING, b"x"), error_status=2).sys_name is None


@pytest.mark.parametrize(
    ("object_id", "enterprise"),
    [("0.0", None), ("1.3.6.1.4.1", None), ("1.3.6.1.4.1.11", 11), ("1.3.6.1.4.1.4294967295.1", 4294967295)],
)
def test_the_enterprise_is_the_number_below_enterprises(object_id: str, enterprise: int | None) -> None:
    sighting = read((SYS_OBJECT_ID, OBJECT_IDENTIFIER, parse_oid(object_id)))
    assert (sighting.sys_object_id, sighting.enterprise) == (object_id, enterprise)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"", ""),
        (b"Cisco IOS\r\nVersion 12\n", "Cisco IOS Version 12"),
        (b"a\tb", "a b"),
        (b"name\x00\x00", "name"),
        (b"\x1b[31mred\x07\x9b", "[31mred"),
        ("evil\u202etxt\u2066".encode(), "eviltxt"),
        (b"B\xfcro", "Büro"),
        ("日本語".encode(), "日本語"),
    ],
)
def test_text_is_cleaned_of_what_a_terminal_would_obey(octets: bytes, text: str) -> None:
    assert read((SYS_DESCR, OCTET_STRING, octets)).sys_descr == text
