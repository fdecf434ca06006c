"""An engine ID says its maker, and the MAC address where it was made of one (RFC 3411 section 5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import engine_enterprise, engine_mac


@pytest.mark.parametrize(
    ("engine_id", "enterprise", "mac"),
    [
        ("8000000b03001122334455", 11, "001122334455"),  # HP, of its MAC address
        ("8000000b030011223344556677", 11, "001122334455"),  # with more behind it
        ("8000000b030011223344", 11, None),  # one octet short
        ("8000000b0400112233445566", 11, None),  # text
        ("80001f8880e9bd0c1d12667a5100000000", 8072, None),  # net-snmp, of its own making
        ("0000000b0300112233445566", 11, None),  # old style: the fifth octet is no format
        ("0000000000", None, None),
        ("8000000000", None, None),
        ("80000001", None, None),
        ("8000000101", 1, None),
        ("ffffffff0300112233445566", 0x7FFF_FFFF, "001122334455"),
        ("", None, None),
    ],
)
def test_what_an_engine_id_says(engine_id: str, enterprise: int | None, mac: str | None) -> None:
    octets = bytes.fromhex(engine_id)
    assert engine_enterprise(octets) == enterprise
    assert engine_mac(octets) == (None if mac is None else bytes.fromhex(mac))


@given(st.binary(max_size=40))
def test_any_octets_say_something_or_nothing(octets: bytes) -> None:
    enterprise, mac = engine_enterprise(octets), engine_mac(octets)
    assert enterprise is None or 0 < enterprise < 2**31
    assert mac is None or (len(mac) == 6 and mac in octets)
