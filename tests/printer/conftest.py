"""A device's answers, written as people write them."""

import pytest

from codec import COUNTER32, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, parse_oid
from ptscan.printer.evidence import Ledger
from ptscan.profiles import ProfileSet, load_profiles

from .telling import Tell, Told, Values


@pytest.fixture(scope="session")
def profiles() -> ProfileSet:
    """Our own profiles."""
    return load_profiles()


@pytest.fixture
def ledger() -> Ledger:
    """A ledger in which nothing is booked yet."""
    return Ledger()


@pytest.fixture(scope="session")
def told() -> Tell:
    """Turn ``{"43.11.1.1.9.1.1": 5}`` (below 1.3.6.1.2.1, or a whole OID with a leading dot) into varbinds."""

    def build(rows: Told) -> Values:
        values: Values = {}
        for name, value in rows.items():
            oid = parse_oid(name if name.startswith(".") else f"1.3.6.1.2.1.{name}")
            if isinstance(value, int):
                tag = COUNTER32 if value > 0x7FFF_FFFF or ".10.2.1.4." in name else INTEGER
                values[oid] = (oid, tag, value)
            elif isinstance(value, str) and value.startswith("oid:"):
                values[oid] = (oid, OBJECT_IDENTIFIER, parse_oid(value[4:]))
            else:
                values[oid] = (oid, OCTET_STRING, value.encode() if isinstance(value, str) else value)
        return values

    return build
