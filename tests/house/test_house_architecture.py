"""The rules of docs/architecture.md that a linter can't hold, read off the syntax trees of the sources."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import codec

ROOT = Path(__file__).resolve().parents[2]
GROUND = ("codec", "proto_schema")
# "I/O: client (sockets), reader." up to the full stop; what stands in round brackets is for the reader.
IO_LINE = re.compile(r"^\s*I/O: (.+?)\.(?:\s|$)", re.MULTILINE | re.DOTALL)

# What a pure module has no business with: each of these waits, looks at a clock, draws lots or reaches outside.
IO_MODULES = {"asyncio", "secrets", "select", "selectors", "signal", "ssl", "subprocess", "threading", "time", "trio"}
# Two modules have parts that do none of this: a seeded Random, and addresses as text and octets.
PURE_PARTS = {
    "random": {"Random"},
    "socket": {"AF_INET", "AF_INET6", "inet_aton", "inet_ntoa", "inet_ntop", "inet_pton"},
}
IO_CALLS = {"open", "read_bytes", "read_text", "write_bytes", "write_text", "urandom", "uuid1", "uuid4"}
CLOCK_CALLS = {"now", "today", "utcnow"}
# Other SNMP stacks are peers in tests, never parts.
PEERS = {"aiosnmp", "easysnmp", "gufo", "netsnmp", "puresnmp", "pyasn1", "pysnmp", "snmpkit", "snmpsim", "x690"}
STREAMS = {"SOCK_STREAM", "create_connection", "open_tcp_listeners", "open_tcp_stream", "serve_tcp"}
STREAM_ROOMS = frozenset({"ptscan.link", "ptscan.tls", "ptscan.agent", "ptscan.collector"})
"""The rooms between agent and collector, which speak to each other by TCP; no device is spoken to there."""
STREAM_MODULES = {"ftplib", "h2", "http", "httpx", "requests", "smtplib", "telnetlib", "urllib3"}
# AppSocket (9100 to 9107) and LPD (515): what arrives there is printed.
PRINTING_PORTS = {515, *range(9100, 9108)}
NO_NAMES = {"common", "handler", "handlers", "helper", "helpers", "info", "manager", "misc", "util", "utils"}


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name, the room that it stands in, its tree."""

    name: str
    room: str
    tree: ast.Module
    path: Path

    @property
    def inside(self) -> str:
        """The name without the room's, as the room's I/O line writes it; empty for the package root."""
        return self.name.removeprefix(self.room).removeprefix(".")

    def at(self, node: ast.AST) -> str:
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def _room_of(name: str) -> str:
    first, *rest = name.split(".")
    return f"{first}.{rest[0]}" if first == "ptscan" and rest else first


@cache
def modules() -> tuple[Module, ...]:
    found = []
    for top in ("codec", "proto_schema", "ptscan"):
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append(Module(name, _room_of(name), ast.parse(path.read_text()), path))
    return tuple(found)


def rooms() -> list[str]:
    folders = [path.parent.name for path in (ROOT / "ptscan").glob("*/__init__.py")]
    return [*GROUND, *sorted(f"ptscan.{folder}" for folder in folders)]


def root_of(room: str) -> Module:
    return next(module for module in modules() if module.name == room)


def exported(room: str) -> set[str] | None:
    """The names in a room's `__all__`; None where there is none."""
    for node in root_of(room).tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == "__all__" and isinstance(node, ast.Assign | ast.AnnAssign):
            return set(ast.literal_eval(node.value)) if node.value else None
    return None


def does_io(room: str) -> set[str] | None:
    """The modules that a room's docstring names after `I/O:`; None where it has no such line, or two."""
    lines = IO_LINE.findall(ast.get_docstring(root_of(room).tree) or "")
    if len(lines) != 1:
        return None
    names = re.sub(r"\([^)]*\)|`", "", lines[0])
    return {name.strip() for name in names.split(",")} - {"none"}


def imports(module: Module, *, for_types: bool = True) -> Iterator[tuple[ast.AST, str, str | None]]:
    """Yield each import at any depth as (node, dotted module, name or None), relative ones made absolute."""
    typing_only = {
        id(inner)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    package = module.name if module.path.name == "__init__.py" else module.name.rpartition(".")[0]
    for node in ast.walk(module.tree):
        if id(node) in typing_only and not for_types:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name, None
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            source = ".".join(part for part in (base, node.module) if part)
            for alias in node.names:
                yield node, source, alias.name


def calls(module: Module) -> Iterator[tuple[ast.Call, str, str]]:
    """Yield each call as (node, what it is called on, its last name): `Path(x).open()` gives `Path(x)`, `open`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, ast.unparse(node.func.value), node.func.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node, "", node.func.id


def waits_and_reaches(module: Module) -> Iterator[str]:
    """Yield every place where a module waits, reads a clock, draws lots or reaches outside."""
    for node, source, name in imports(module, for_types=False):
        if source.split(".")[0] in IO_MODULES:
            yield f"{module.at(node)} imports {source}"
        elif name and name not in PURE_PARTS.get(source, {name}):
            yield f"{module.at(node)} imports {source}.{name}"
    for call, on, name in calls(module):
        clock = name in CLOCK_CALLS and on.split(".")[-1] in {"datetime", "date"}
        if name in IO_CALLS or clock:
            yield f"{module.at(call)} calls {name}()"
        if name == "Random" and not call.args:
            yield f"{module.at(call)} makes a Random without a seed"
    seams = {
        id(method)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases)
        for method in ast.walk(node)
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await) and id(node) not in seams:
            yield f"{module.at(node)} is async"
        elif isinstance(node, ast.Attribute) and node.attr not in PURE_PARTS.get(ast.unparse(node.value), {node.attr}):
            yield f"{module.at(node)} uses {ast.unparse(node)}"


def hold(faults: Iterable[str], mend: str) -> None:
    """Fail with every fault on a line of its own, and how to mend them."""
    if found := list(faults):
        pytest.fail("\n  ".join(["", *found, f"mend: {mend}"]), pytrace=False)


def test_a_room_has_an_all() -> None:
    hold(
        (f"{room} has no __all__" for room in rooms() if exported(room) is None),
        "list in the room's __init__.py what it offers to the floors above",
    )


def test_a_room_says_which_modules_do_io() -> None:
    hold(
        (f"{room} has no I/O line" for room in rooms() if does_io(room) is None),
        "give the docstring of its __init__.py one line `I/O: client, socket.` with the modules that wait or reach "
        "outside, or `I/O: none.`",
    )
    there = {(module.room, module.inside) for module in modules()}
    hold(
        (f"{room}: no module {name}" for room in rooms() for name in does_io(room) or () if (room, name) not in there),
        "name only modules that the room has",
    )


def test_a_room_has_a_folder_of_tests() -> None:
    folders = {room: ROOT / "tests" / room.removeprefix("ptscan.") for room in rooms()}
    hold(
        (f"{room} has none" for room, folder in folders.items() if not list(folder.glob("test_*.py"))),
        "write them in tests/<room>/test_<room>_….py",
    )


def test_a_module_is_pure_unless_its_room_names_it() -> None:
    named = {(room, name) for room in rooms() for name in does_io(room) or ()}
    hold(
        (
            fault
            for module in modules()
            if (module.room, module.inside) not in named
            for fault in waits_and_reaches(module)
        ),
        "pass bytes, `now`, a seed in and keep the module pure, or name it in the I/O line of its room's __init__.py",
    )


def test_a_module_first_says_its_one_job() -> None:
    hold(
        (str(module.path) for module in modules() if not (ast.get_docstring(module.tree) or "").strip()),
        "begin it with a docstring whose first line says its one job",
    )
    hold(
        (str(module.path) for module in modules() if NO_NAMES & set(module.name.split("."))),
        "find a name that says what is in it",
    )


def test_a_room_is_entered_through_its_root() -> None:
    hold(
        (fault for module in modules() for fault in _side_doors(module)),
        "import from the room itself; what it should offer belongs into its __all__",
    )


def _side_doors(module: Module) -> Iterator[str]:
    names = {found.name for found in modules()}
    for node, source, name in imports(module):
        target = f"{source}.{name}" if f"{source}.{name}" in names else source
        room = _room_of(target)
        if room == module.room or room not in rooms():
            continue
        if source == room and name in (exported(room) or ()):
            continue  # offered, though a module has the same name
        if target != room:
            yield f"{module.at(node)} reaches into {target}"
        elif name and source == room and name not in (exported(room) or ()):
            yield f"{module.at(node)} takes {name}, which {room} does not offer"


def test_codec_imports_the_standard_library_only_but_for_ciphers() -> None:
    allowed = {"codec", *sys.stdlib_module_names}
    ciphers = {("privacy", "cryptography")}
    hold(
        (
            f"{module.at(node)} imports {source}"
            for module in modules()
            if module.room == "codec"
            for node, source, _ in imports(module)
            if source.split(".")[0] not in allowed and (module.inside, source.split(".")[0]) not in ciphers
        ),
        "leave it out",
    )


def test_nothing_imports_asyncio_or_another_snmp_stack() -> None:
    hold(
        (
            f"{module.at(node)} imports {source}"
            for module in modules()
            for node, source, _ in imports(module)
            if source.split(".")[0] in {*PEERS, "asyncio"}
        ),
        "use Trio and our own codec",
    )


def test_no_pattern_is_possessive() -> None:
    possessive = re.compile(r"(?<!\\)[*+?}]\+|\(\?>")
    hold(
        (
            f"{module.at(call)} {ast.unparse(call.args[0])}"
            for module in modules()
            for call, on, _ in calls(module)
            if on == "re" and call.args and possessive.search(ast.unparse(call.args[0]))
        ),
        "write it without: Python 3.11.2, which Debian 12 has, finds what is not there with possessive quantifiers",
    )


def test_trio_is_run_by_the_cli_alone() -> None:
    hold(
        (
            module.at(call)
            for module in modules()
            if module.room != "ptscan.cli"
            for call, on, name in calls(module)
            if (on, name) == ("trio", "run")
        ),
        "be async, and let ptscan.cli run it",
    )


def test_nothing_opens_a_stream_or_knows_a_printing_port() -> None:
    hold(
        (fault for module in modules() for fault in _streams(module)),
        "leave it out: devices are asked by UDP to SNMP ports only, and whatever is sent to 9100 comes out on paper",
    )


def _streams(module: Module) -> Iterator[str]:
    between_us = module.room in STREAM_ROOMS
    for node, source, name in imports(module):
        if between_us:
            break
        if source.split(".")[0] in STREAM_MODULES or source == "urllib.request" or name in STREAMS:
            yield f"{module.at(node)} imports {source}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in STREAMS and not between_us:
            yield f"{module.at(node)} uses {node.attr}"
        elif isinstance(node, ast.Constant) and type(node.value) is int and node.value in PRINTING_PORTS:
            yield f"{module.at(node)} says {node.value}"


def test_nothing_above_the_codec_names_set() -> None:
    """Only the simulator knows it besides, to refuse it as a responder has to."""
    hold(
        (
            module.at(node)
            for module in modules()
            if module.room not in {"codec", "ptscan.simulator"}
            for node in ast.walk(module.tree)
            if (isinstance(node, ast.Attribute) and ast.unparse(node) == "PduType.SET")
            or (isinstance(node, ast.Constant) and type(node.value) is int and node.value == codec.PduType.SET)
        ),
        "leave SET out: ptscan reads and never writes",
    )


@pytest.mark.parametrize(
    "source",
    [
        "import trio",
        "def f():\n    import time",
        "from random import random",
        "import random\nrandom.random()",
        "import socket\nsocket.socket()",
        "from random import Random\nRandom()",
        "from datetime import datetime\nx = datetime.now()",
        "async def f(): ...",
        "open('x')",
        "path.read_text()",
    ],
)
def test_what_is_not_pure_is_seen(source: str) -> None:
    assert list(waits_and_reaches(Module("ptscan.x.y", "ptscan.x", ast.parse(source), ROOT / "y.py")))


@pytest.mark.parametrize(
    "source",
    [
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import trio",
        "import random\nrandom.Random(7)",
        "from socket import inet_pton",
        "from typing import Protocol\nclass Door(Protocol):\n    async def open(self) -> None: ...",
    ],
)
def test_what_is_pure_is_let_be(source: str) -> None:
    assert not list(waits_and_reaches(Module("ptscan.x.y", "ptscan.x", ast.parse(source), ROOT / "y.py")))


@pytest.mark.parametrize(
    "source",
    [
        "import codec.ber",
        "from codec.ber import decode",
        "from codec import nothing_of_the_kind",
        "from ..cli import clean",
    ],
)
def test_a_side_door_is_seen(source: str) -> None:
    assert list(_side_doors(Module("ptscan.x.y", "ptscan.x", ast.parse(source), ROOT / "y.py")))


@pytest.mark.parametrize("source", ["import socket\nsocket.SOCK_STREAM", "import httpx", "port = 9100"])
def test_a_stream_is_seen(source: str) -> None:
    assert list(_streams(Module("ptscan.x.y", "ptscan.x", ast.parse(source), ROOT / "y.py")))


READS = {codec.PduType.GET, codec.PduType.GET_NEXT, codec.PduType.GET_BULK}


@pytest.mark.parametrize("pdu_type", sorted(set(codec.PduType) - READS))
def test_the_codec_makes_no_request_that_writes(pdu_type: codec.PduType) -> None:
    with pytest.raises(codec.EncodeError):
        codec.RequestTemplate(codec.V2C, b"public", pdu_type, [codec.parse_oid("1.3.6.1.2.1.1.4.0")])


def test_the_codec_makes_no_answer_that_writes() -> None:
    with pytest.raises(codec.EncodeError):
        codec.encode_response(codec.V2C, b"public", codec.REQUEST_ID_MIN, [], pdu_type=codec.PduType.SET)


def test_the_command_starts_light() -> None:
    """What a person waits for at every start: spreadsheets, tables and profiles are imported where they are used."""
    late = ("asyncio", "csv", "rich", "tomllib", "xlsxwriter")
    code = f"import sys, ptscan.cli; print(*sorted(set(sys.modules) & set({late!r})))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert not loaded.split(), f"import ptscan.cli loads {loaded.strip()}; mend: import it inside what uses it"
