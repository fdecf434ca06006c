"""What the simulator's tests ask with: views walked in memory, and net-snmp's own clients."""

import os
import re
import shutil
import struct
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import pytest
import trio

from codec import Message, Varbind, decode_message, parse_oid
from ptscan.simulator.table import View

START = parse_oid("0.0")


def _rows_of(view: View) -> list[Varbind]:
    cells = []
    oid = START
    while (row := view.step(oid)) is not None:
        oid, cell = row
        cells.append(cell)
    return [varbind for cell in cells for varbind in _decode(cell)]


def _decode(cell: bytes) -> list[Varbind]:
    """Through a whole message, so that codec's strict decoder is what reads it."""
    body = b"\x02\x01\x00" * 3 + b"\x30" + _length(len(cell)) + cell
    content = b"\x02\x01\x01\x04\x00\xa2" + _length(len(body)) + body
    message = decode_message(b"\x30" + _length(len(content)) + content)
    assert isinstance(message, Message)
    return message.varbinds


def _length(size: int) -> bytes:
    return bytes((size,)) if size < 0x80 else b"\x83" + size.to_bytes(3, "big")


@pytest.fixture(scope="session")
def rows_of() -> Callable[[View], list[Varbind]]:
    """Every row of a view, by stepping through it, decoded."""
    return _rows_of


_END = "(It is past the end of the MIB tree)"

NetSnmp = Callable[..., Awaitable[list[tuple[str, str, bytes | int | str]]]]


@pytest.fixture(scope="session")
def net_snmp() -> NetSnmp:
    """Run one of net-snmp's clients; gives (OID, type, value) of each line, octets as octets."""
    if shutil.which("snmpbulkwalk") is None:
        pytest.skip("net-snmp's clients are absent (Debian: apt install snmp): nobody else to prove the answers")
    return _run


async def _run(
    program: str, version: str, destination: str, *arguments: str, community: str = "public", user: Sequence[str] = ()
) -> list[tuple[str, str, bytes | int | str]]:
    """``user`` are the options that say who asks by SNMPv3."""
    who = user or ("-c", community)
    command = [program, f"-v{version}", *who, "-m", "", "-Onxet", "-r", "2", "-t", "2", destination]
    done = await trio.run_process(
        [*command, *arguments],
        capture_stdout=True,
        capture_stderr=True,
        check=False,
        env={**os.environ, "SNMPCONFPATH": "/nonexistent"},
    )
    text = done.stdout.decode("latin-1").strip("\n").removesuffix("\nEnd of MIB")
    lines = re.split(r"\n(?=\.[0-9])", text) if text else []
    if not lines:
        return [("", "error", done.stderr.decode("latin-1").strip())]
    return [_parse(line) for line in lines if not line.endswith(_END)]


def _parse(line: str) -> tuple[str, str, bytes | int | str]:
    name, _, rest = line.partition(" = ")
    name = name[1:]
    if rest == '""':
        return name, "STRING", b""
    kind, colon, value = rest.partition(":")
    if not colon:
        return (name, "Timeticks", int(rest)) if rest.isdecimal() else (name, "said", rest)
    return name, *_READERS.get(kind, partial(_said, kind))(value.strip())


def _said(kind: str, value: str) -> tuple[str, bytes | int | str]:
    return kind, value


_READERS: dict[str, Callable[[str], tuple[str, bytes | int | str]]] = {
    "Hex-STRING": lambda value: ("STRING", bytes.fromhex(value)),
    "STRING": lambda value: ("STRING", value.strip('"').encode("latin-1")),
    "INTEGER": lambda value: ("INTEGER", int(value)),
    "Counter32": lambda value: ("Counter32", int(value)),
    "Gauge32": lambda value: ("Gauge32", int(value)),
    "Counter64": lambda value: ("Counter64", int(value)),
    "OID": lambda value: ("OID", value.removeprefix(".")),
    "IpAddress": lambda value: ("IpAddress", bytes(int(part) for part in value.split("."))),
    # net-snmp unpacks the floats that its own agent packs into an Opaque
    "Opaque": lambda value: ("Opaque", b"\x9f\x78\x04" + struct.pack(">f", float(value.removeprefix("Float: ")))),
}
