"""What net-snmp's tools print of an agent, and the same said of varbinds of ours."""

import subprocess
from typing import Any

import trio

from codec import (
    COUNTER32,
    COUNTER64,
    GAUGE32,
    INTEGER,
    IP_ADDRESS,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    OPAQUE,
    TIMETICKS,
    Varbind,
    format_oid,
    parse_oid,
)

TREE = parse_oid("1.3")

# What changes between two walks: uptimes, times, neighbours, and everything that counts traffic, memory or processes.
MOVING = tuple(
    parse_oid(text)
    for text in (
        "1.3.6.1.2.1.1.3",
        "1.3.6.1.2.1.2.2.1",
        "1.3.6.1.2.1.3",
        "1.3.6.1.2.1.4",
        "1.3.6.1.2.1.5",
        "1.3.6.1.2.1.6",
        "1.3.6.1.2.1.7",
        "1.3.6.1.2.1.11",
        "1.3.6.1.2.1.25",
        "1.3.6.1.2.1.31",
        "1.3.6.1.2.1.55",
        "1.3.6.1.2.1.88",
        "1.3.6.1.2.1.92",
        "1.3.6.1.4.1.2021",
        "1.3.6.1.4.1.8072",
        "1.3.6.1.6.3.10.2.1.3",
        "1.3.6.1.6.3",
    )
)


def as_net_snmp(varbind: Varbind) -> str:
    """The varbind as ``-On -Oe -Ot -Ox`` prints it, without a MIB."""
    name, tag, value = varbind
    text: str
    if isinstance(value, bytes):
        if tag == OBJECT_IDENTIFIER:
            text = f"OID: .{format_oid(value)}"
        elif tag == IP_ADDRESS:
            text = "IpAddress: " + ".".join(map(str, value))
        elif not value and tag == OCTET_STRING:
            text = '""'
        else:
            text = {OCTET_STRING: "Hex-STRING: ", OPAQUE: "OPAQUE: "}[tag] + value.hex(" ").upper()
    elif tag == TIMETICKS:
        text = str(value)
    else:
        kinds = {INTEGER: "INTEGER", COUNTER32: "Counter32", GAUGE32: "Gauge32", COUNTER64: "Counter64", NULL: "NULL"}
        text = f"{kinds[tag]}: {value}"
    return f".{format_oid(name)} = {text}"


async def net_snmp(tool: str, agent: Any, how: list[str], *oids: bytes) -> list[str]:
    """What a tool of net-snmp prints, line by line; ``how`` are its options for version and credential."""
    command = [tool, *how, "-On", "-Oe", "-Ot", "-Ox", "-t", "5", "-m", ""]
    command += [f"{agent.address}:{agent.port}", *[f".{format_oid(oid)}" for oid in oids]]
    done = await trio.run_process(command, capture_stdout=True, stderr=subprocess.STDOUT, check=False)
    lines: list[str] = []
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        if line.startswith(".") or not lines:
            lines.append(line.rstrip())
        else:
            lines[-1] += " " + line.strip()
    if lines and "No more variables" in lines[-1]:
        del lines[-1]
    return lines


def steady(lines: list[str]) -> list[str]:
    moving = tuple(f".{format_oid(oid)}." for oid in MOVING)
    return [line for line in lines if not line.startswith(moving)]


def held(ours: list[str], before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    """Our lines and the tool's later ones, without what moves, and what its own two walks around ours differ in."""
    changed = {line.partition(" ")[0] for line in set(before) ^ set(after)}
    mine, theirs = (
        [line for line in steady(lines) if line.partition(" ")[0] not in changed] for lines in (ours, after)
    )
    return mine, theirs
