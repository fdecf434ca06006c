"""A tiny reader of recordings, so that profiles are held against what devices said and against nothing of ours."""

from collections.abc import Callable
from pathlib import Path

import pytest

from codec import parse_oid
from ptscan.profiles import ProfileSet, load_profiles

from .telling import Reader, Recording, reader_of


def read_recording(path: Path) -> Recording:
    """Read the lines ``OID|type|value`` of a .snmprec file."""
    values: Recording = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.count("|") < 2:
            continue
        name, kind, text = line.split("|", 2)
        tag = int(kind.rstrip("xe"))
        oid = parse_oid(name)
        if kind.endswith("x"):
            values[oid] = (oid, tag, bytes.fromhex(text))
        elif tag == 4:
            values[oid] = (oid, tag, text.encode())
        elif tag == 6:
            values[oid] = (oid, tag, parse_oid(text))
        elif tag == 64:
            values[oid] = (oid, tag, bytes(int(part) for part in text.split(".")))
        else:
            values[oid] = (oid, tag, int(text))
    return values


@pytest.fixture(scope="session")
def profiles() -> ProfileSet:
    """Our own profiles."""
    return load_profiles()


@pytest.fixture(scope="session")
def read(profiles: ProfileSet) -> Reader:
    """Read what a device answers by a profile of ours."""
    return reader_of(profiles)


@pytest.fixture(scope="session")
def recording(shared: Path) -> Callable[[str], Recording]:
    """Read a recording of ../shared/printers by its name there."""
    return lambda name: read_recording(shared / "printers" / name)
