"""``ptscan get`` and ``ptscan walk``: one device, numeric OIDs, and the lines that net-snmp's tools print."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Final

import msgspec
import trio

from codec import END_OF_MIB_VIEW, NO_SUCH_OBJECT, Oid, OidError, Varbind, format_oid, parse_oid
from proto_schema import Problem
from ptscan.cli.destination import Destination, open_destination
from ptscan.cli.endpoints import parse_endpoint
from ptscan.cli.exits import Exit, judged
from ptscan.cli.flat import Grid, Shape
from ptscan.cli.formats import Output, format_of
from ptscan.cli.interrupt import until_interrupted
from ptscan.cli.netsnmp import TYPE_NAMES, format_varbind
from ptscan.cli.options import DEFAULT_ASKING, DEFAULT_SHOWING, Address, Asking, Format, Option, Showing
from ptscan.cli.trying import credentials_of
from ptscan.cli.ways import failure_line, open_session
from ptscan.cli.words import Words
from ptscan.errors import InputError
from ptscan.profiles import MAKER_OF_ACTING, leads_to_action, never_shown
from ptscan.snmp import Outcome, Session

MIB_2: Final = "1.3.6.1.2.1"  # where snmpwalk begins, too
ISO_ORG: Final = "1.3"  # what a walk of .1 means: the wire has no OID of one number, and SNMP nothing else below it
NO_SUCH_NAME: Final = "(noSuchName) there is no such variable in this MIB"
END_OF_MIB: Final = "End of MIB"  # snmpwalk's last line of a v1 device

_STEPS_ONTO_ACTION: Final = (
    "a walk of Epson's objects may end on its control channel, where reading an object runs a command: "
    "get the objects one by one, or walk 1.3.6.1.2.1"
)

_HELD_LINES: Final = 1_000  # before they are written
_HELD_SECONDS: Final = 0.2


class OidInputError(InputError):
    """What was typed is no numeric OID."""


class Row(msgspec.Struct, frozen=True):
    """A varbind for machines: ``hex`` are the octets of what is no number, ``value`` their text where it is one."""

    oid: str
    type: str
    value: int | str | None
    hex: str | None = None


def get(
    address: Address,
    /,
    *oids: Annotated[str, Option(name="OID", help="Numeric OIDs, as 1.3.6.1.2.1.1.1.0.")],
    asking: Asking = DEFAULT_ASKING,
    showing: Showing = DEFAULT_SHOWING,
) -> int:
    """Get the values of OIDs from one device, printed as snmpget -On does."""
    if not oids:
        raise OidInputError("get: no OID was given: name at least one, as 1.3.6.1.2.1.1.1.0")
    names = [_open(text) for text in oids]
    return trio.run(_with_device, address, partial(_get, names), asking, showing)


def walk(
    address: Address,
    /,
    *oids: Annotated[str, Option(name="OID", help="Numeric OIDs to walk below, one after the other.")],
    asking: Asking = DEFAULT_ASKING,
    showing: Showing = DEFAULT_SHOWING,
) -> int:
    """Walk the values below OIDs (default: 1.3.6.1.2.1) of one device, printed as snmpbulkwalk -On does."""
    roots = [_open(ISO_ORG if text in ("1", ".1") else text) for text in oids or (MIB_2,)]
    for root in filter(leads_to_action, roots):
        raise OidInputError(f"walk: {format_oid(root)}: {_STEPS_ONTO_ACTION}")
    return trio.run(_with_device, address, partial(_walk, roots), asking, showing)


def _oid(text: str) -> Oid:
    try:
        return parse_oid(text)
    except OidError as error:
        raise OidInputError(f'"{text}" is no numeric OID ({error}): write it as 1.3.6.1.2.1.1.1.0') from error


def _open(text: str) -> Oid:
    """An OID of which nothing is closed to everybody."""
    oid = _oid(text)
    if (why := never_shown(oid)) is not None:
        raise OidInputError(f"{format_oid(oid)} is never asked for: {why}")
    return oid


class _Printer:
    """Prints varbinds as lines, or collects them as rows for the formats of machines."""

    def __init__(self, form: Format, destination: Destination, words: Words) -> None:
        self.words = words
        self._destination = destination
        self._rows = Output(_ROWS, form, destination) if form != "table" else None
        self._held: list[str] = []
        self._written_at = trio.current_time()

    @property
    def is_for_people(self) -> bool:
        return self._rows is None

    def add(self, varbind: Varbind) -> None:
        if self._rows is not None:
            self._rows.add([_row(varbind)])
            self._flush_when_due()
        else:
            self.line(format_varbind(varbind))

    def line(self, text: str) -> None:
        self._held.append(text + "\n")
        self._flush_when_due()

    def _flush_when_due(self) -> None:
        if len(self._held) >= _HELD_LINES or trio.current_time() >= self._written_at + _HELD_SECONDS:
            self.flush()

    def flush(self) -> None:
        text = "".join(self._held)
        self._held.clear()
        self._written_at = trio.current_time()
        if self._destination.is_terminal():
            text = text.translate(_NO_CURSOR)
        self._destination.write(text.encode())
        if self._rows is not None:
            self._rows.flush()

    def finish(self) -> None:
        self.flush()
        if self._rows is not None:
            self._rows.finish()

    def failed(self, session: Session, outcome: Outcome, problems: tuple[Problem, ...]) -> int:
        """Name what went wrong, and return how many operations failed: 0 or 1."""
        for problem in problems:
            self.words.complain(failure_line((session.address, session.port), problem.text, outcome))
        return 0 if outcome is Outcome.OK else 1


# net-snmp prints white space of every kind as it is; on a terminal these three would move the cursor.
_NO_CURSOR: Final = str.maketrans("\r\v\f", "...")


async def _with_device(
    address: str, work: Callable[[Session, _Printer], Awaitable[Exit]], asking: Asking, showing: Showing
) -> Exit:
    words = Words(quiet=showing.quiet)
    endpoint = parse_endpoint(address, asking.port)
    credentials = credentials_of(asking)
    form = format_of(showing)
    status = Exit.INTERRUPTED
    with open_destination(showing.output, whole=form != "jsonl") as destination:
        printer = _Printer(form, destination, words)

        async def ask() -> None:
            nonlocal status
            async with open_session(endpoint, asking, credentials) as session:
                status = await work(session, printer)

        if await until_interrupted(ask):
            words.complain("interrupted")
            status = Exit.INTERRUPTED
        printer.finish()
    return status


async def _get(names: list[Oid], session: Session, printer: _Printer) -> Exit:
    answer = await session.get_many(names)
    absent = 0
    for varbind in answer.varbinds:
        if varbind[1] == NO_SUCH_OBJECT and session.version == "1":
            printer.words.complain(f".{format_oid(varbind[0])}: {NO_SUCH_NAME}")
            absent += 1
        else:
            printer.add(varbind)
    failed = printer.failed(session, answer.outcome, answer.problems)
    return judged(right=len(answer.varbinds) - absent, wrong=absent + failed)


async def _walk(roots: list[Oid], session: Session, printer: _Printer) -> Exit:
    right = wrong = 0
    left_out: dict[str, None] = {}
    for root in roots:
        if MAKER_OF_ACTING.startswith(root) and await _is_of_the_maker_of_acting(session):
            printer.words.complain(f"walk: {format_oid(root)}: {_STEPS_ONTO_ACTION}")
            wrong += 1
            continue
        last = None
        under_way = session.iter_walk(root)
        async for varbind in under_way:
            last = varbind[0]
            if (why := never_shown(last)) is None:
                printer.add(varbind)
            else:
                left_out[why] = None
        failed = printer.failed(session, under_way.outcome, under_way.problems)
        wrong += failed
        right += not failed or last is not None
        if not failed and printer.is_for_people:
            await _say_how_it_ended(session, printer, root, last)
    for why in left_out:
        printer.words.say(f"left out: {why}")
    return judged(right=right, wrong=wrong)


async def _is_of_the_maker_of_acting(session: Session) -> bool:
    answer = await session.get_next([MAKER_OF_ACTING])
    return any(name.startswith(MAKER_OF_ACTING) and value is not None for name, _, value in answer.varbinds)


async def _say_how_it_ended(session: Session, printer: _Printer, root: Oid, last: Oid | None) -> None:
    """Print what snmpwalk says of the end of the MIB, and of a root that has nothing below it."""
    after = await session.get_next([last or root])
    if after.varbinds and after.varbinds[0][1] == END_OF_MIB_VIEW:
        if session.version == "1":
            printer.line(END_OF_MIB)
        else:
            printer.add(after.varbinds[0])
    elif last is None:
        await _get([root], session, printer)


def _row(varbind: Varbind) -> Row:
    name, tag, value = varbind
    kind = TYPE_NAMES[tag]
    if not isinstance(value, bytes):
        return Row(format_oid(name), kind, value)
    if kind == "OBJECT IDENTIFIER":
        return Row(format_oid(name), kind, format_oid(value))
    if kind == "IpAddress" and len(value) == 4:
        return Row(format_oid(name), kind, ".".join(map(str, value)), value.hex())
    return Row(format_oid(name), kind, _text(value), value.hex())


def _text(octets: bytes) -> str | None:
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return None
    return text if all(char.isprintable() or char in "\t\r\n" for char in text) else None


def _grid(rows: Sequence[Row]) -> Grid:
    return Grid(Row.__struct_fields__, [(row.oid, row.type, row.value, row.hex) for row in rows])


_ROWS: Final = Shape[Row](wide=_grid, short=_grid)
