"""Reads one printer over one session: asks by the plan, stops when a device stays silent, and assembles one Reading."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Final

import msgspec
import trio

from codec import NO_SUCH_INSTANCE, NO_SUCH_OBJECT, OCTET_STRING, Oid, Varbind, oid_key
from proto_schema import Reading
from ptscan.printer import macs, plan, standard
from ptscan.printer.assemble import Source, assemble, printer_row
from ptscan.printer.evidence import Evidence, Ledger
from ptscan.printer.rows import Columns, oid_text
from ptscan.printer.text import decode_text
from ptscan.profiles import Profile, ProfileSet, allowed, leads_to_action
from ptscan.snmp import Answer, Outcome, Session

_NOT_LET_IN: Final = frozenset(
    {
        *(Outcome.REFUSED, Outcome.UNKNOWN_USER, Outcome.WRONG_DIGEST, Outcome.UNSUPPORTED_LEVEL),
        *(Outcome.DECRYPTION_ERROR, Outcome.NOT_IN_TIME_WINDOW, Outcome.UNKNOWN_ENGINE, Outcome.UNKNOWN_CONTEXT),
        Outcome.NO_CREDENTIAL,
    }
)
"""The device is there, and it is the credential that has to be mended."""
_NO_SUCH: Final = frozenset({NO_SUCH_OBJECT, NO_SUCH_INSTANCE})


class DeviceReading(msgspec.Struct, frozen=True, kw_only=True):
    """What reading one device came to.

    ``outcome`` is that of the first request: anything but OK means that the device said nothing at all, and ``reading``
    then holds the address and a problem alone. ``is_printer`` is False for what answers and is none. ``profiles`` were
    used, as far as they hold for the model; ``answers`` is all that was told, and what it was said that there is not
    (noSuchObject, noSuchInstance), by object.
    """

    reading: Reading
    is_printer: bool
    outcome: Outcome
    evidence: tuple[Evidence, ...]
    profiles: tuple[Profile, ...] = ()
    answers: Mapping[Oid, Varbind] = {}


async def read_device(session: Session, profiles: ProfileSet, *, at: datetime) -> DeviceReading:
    """Read the device behind ``session``, within MAX_SECONDS; ``at`` is the time that the reading bears.

    Returns a DeviceReading whatever the device does; cancelled, it leaves nothing behind but the session.
    """
    reading = _Reading(session, profiles)
    with trio.move_on_after(plan.MAX_SECONDS) as deadline:
        await reading.ask()
    if deadline.cancelled_caught:
        reading.ledger.problem(
            "deadline", f"The device took longer than {plan.MAX_SECONDS:.0f} s; the rest is missing."
        )
    return reading.result(at)


class _Reading:
    """One reading in the making: what was answered so far, and whether to go on."""

    def __init__(self, session: Session, profiles: ProfileSet) -> None:
        self._session = session
        self._profiles = profiles
        self._matched: tuple[Profile, ...] = ()
        self._values: dict[Oid, Varbind] = {}
        self._none: dict[Oid, Varbind] = {}
        self._columns = Columns((), plan.COLUMNS)
        self._allow: tuple[Oid, ...] = ()
        self._never: tuple[Oid, ...] = ()
        self._fragile = False
        self._asked: set[Oid] = set()
        self._cut: set[Oid] = set()  # what was to be asked and was not answered to its end
        self._silences = 0
        self.outcome = Outcome.SILENT
        self.is_printer = False
        self.ledger = Ledger()

    async def ask(self) -> None:
        """Ask by the plan (see plan.py), until the device has been silent too often or has sent too much."""
        first = await self._session.get(plan.SYSTEM)
        self.outcome = first.outcome
        if first.outcome is not Outcome.OK:
            why = first.problems[0].text if first.problems else first.outcome.value
            code = first.outcome.value if first.outcome in _NOT_LET_IN else "no-answer"
            self.ledger.problem(code, why.removeprefix(f"{self._session.address} port {self._session.port}: "))
            return
        self._take(first)
        if not await self._recognise():
            return
        head = (*plan.HEAD, plan.NEXT_PRINTER, plan.NEXT_MARKER, *self._device_ids())
        await self._next(head)
        if not any(oid.startswith(standard.PRINTER_TREES) for oid in self._values):
            await self._try_jetdirect(head)
        self._match()
        has_tables = any(oid.startswith(standard.PRINTER_MIB) for oid in self._values)
        await self._walk(tuple(plan.LEADS), first=plan.FIRST_ROWS if has_tables else 1)
        for lead, table in plan.rest_of_tables(self._columns):
            await self._rest(lead, table)
        if tables_behind := plan.rows_behind(self._columns):
            for table in tables_behind:
                await self._walk(table)
            self._match()  # they may have told the printer's name
        await self._scalars(plan.pointed_at(self._columns, printer_row(self._columns)))
        if (trees := self._profiles.also_trees(self._matched, self._values)) and not self._must_stop():
            await self._look_for(trees)
            self._match()
            await self._scalars([])
        await self._rows(plan.supply_rows(self._columns, self._matched))
        # All tables side by side: each ends by itself, and together they take fewer round trips.
        tables = chain.from_iterable(table for profile in self._matched[:-1] for table in profile.ask.tables)
        await self._walk(tuple(dict.fromkeys(tables)), first=plan.VENDOR_ROWS, most=plan.MAX_VENDOR_ROWS)
        if plan.interfaces_open(self._columns):
            await self._walk(macs.COLUMNS)
        if damaged := macs.suspect_macs(self._columns):
            # A GETBULK garbles the MACs of some printers where a GET gives them right.
            await self._get([oid for oid, _, _ in damaged[: plan.MAX_DAMAGED]])

    async def _try_jetdirect(self, head: Sequence[Oid]) -> None:
        """Look for the printer where HP's print servers keep it in SNMPv3: some show their system group to anybody."""
        other = self._session.in_jetdirect()
        if other is None:
            return
        answer = await other.get_next(head)
        if any(oid.startswith(standard.PRINTER_TREES) for oid in answer.values):
            self._session = other
            self._take(answer, {oid: item for oid, item in answer.values.items() if oid.startswith(tuple(head))})

    async def _recognise(self) -> bool:
        """Whether this is a printer at all; a print server's queues do not make it one."""
        kind = self._profiles.classify(*self._identifiers())
        self.is_printer = kind == "printer"
        if not self.is_printer:
            await self._next(standard.PRINTER_TREES)
            trees = standard.PRINTER_TREES
            if kind == "unknown" and not any(oid.startswith(trees) for oid in self._values):
                trees = self._profiles.trees  # what has no Printer-MIB may still be a vendor's
                await self._look_for([tree for tree in trees if tree not in standard.PRINTER_TREES])
            self.is_printer = any(oid.startswith(trees) for oid in self._values)
        return self.is_printer

    def _match(self) -> None:
        """Choose the profiles by all that the device has said of itself so far."""
        object_id, _ = self._identifiers()
        texts = self._texts()
        self._matched = self._profiles.match(object_id, texts, answered=self._values)
        self._fragile = self._profiles.fragile(texts)
        vendors = () if self._fragile else self._matched
        self._allow = tuple(subtree for profile in vendors for subtree in profile.allow)
        self._never = tuple(subtree for profile in self._matched for subtree in profile.never_ask)

    def _texts(self) -> list[str]:
        """The texts that name a printer: sysDescr, hrDeviceDescr and the IEEE 1284 IDs."""
        names = (standard.HR_DEVICE_DESCR, *self._profiles.identify)
        return [
            decode_text(value) or ""
            for oid, (_, tag, value) in self._values.items()
            if tag == OCTET_STRING and isinstance(value, bytes) and oid.startswith(names)
        ]

    def _identifiers(self) -> tuple[str | None, str | None]:
        """sysObjectID, dotted, and sysDescr."""
        object_id = self._values.get(standard.SYS_OBJECT_ID)
        _, _, descr = self._values.get(standard.SYS_DESCR, (b"", 0, None))
        return (
            oid_text(object_id) if object_id else None,
            decode_text(descr) if isinstance(descr, bytes) else None,
        )

    def _device_ids(self) -> list[Oid]:
        """What stands before each IEEE 1284 ID, for a GETNEXT.

        None for a maker of whose models vendor objects restart some: which one this is, the standard MIBs tell first.
        """
        if self._profiles.may_be_fragile(*self._identifiers()):
            return []
        return [plan.parent(oid) for oid in self._profiles.identify if oid not in plan.SYSTEM]

    def _may_ask(self, oids: Iterable[Oid]) -> list[Oid]:
        """Of ``oids`` those that the lists of the house let pass; a rule that goes beyond them asks for nothing."""
        return [oid for oid in oids if allowed(oid, self._allow) and not oid.startswith(self._never)]

    async def _get(self, oids: Sequence[Oid]) -> None:
        """GET, of a model that falls over one object at a time."""
        self._cut.update(oids)
        for batch in [[oid] for oid in oids] if self._fragile else [list(oids)] if oids else []:
            if self._must_stop():
                return
            self._take(await self._session.get_many(self._may_ask(batch)), whole=batch)

    async def _next(self, oids: Sequence[Oid]) -> None:
        """GETNEXT, of which only what lies below the objects asked is kept."""
        answer = await self._session.get_next(oids)
        below = tuple(oids)
        self._take(answer, {oid: item for oid, item in answer.values.items() if oid.startswith(below)})

    async def _look_for(self, trees: Sequence[Oid]) -> None:
        """GETNEXT of trees. Of those before what acts the first alone: a later one it finds, and none steps beyond."""
        before = sorted(filter(leads_to_action, trees), key=oid_key)[1:]
        answer = await self._session.get_next([tree for tree in trees if tree not in before])
        self._take(answer, {oid: item for oid, item in answer.values.items() if oid.startswith(tuple(trees))})

    async def _scalars(self, others: Sequence[Oid]) -> None:
        """Read ``others`` and the profiles' scalars, as far as they were not answered yet; a device may lack any.

        In v1 each that it lacks makes the whole answer noSuchName; a GETNEXT from just before them finds the others.
        Not so where it could step onto an object whose reading acts.
        """
        scalars = (oid for profile in self._matched for oid in profile.ask.scalars)
        oids = self._may_ask(oid for oid in dict.fromkeys((*others, *scalars)) if oid not in self._asked)
        self._asked.update(oids)
        steps = self._session.version == "1" and not self._never and not any(map(leads_to_action, oids))
        if not steps or self._fragile:
            await self._get(oids)
        elif oids and not self._must_stop():
            self._cut.update(oids)
            answer = await self._session.get_next(list(dict.fromkeys(map(plan.before, oids))))
            self._take(answer, {oid: item for oid, item in answer.values.items() if oid in oids}, whole=oids)

    async def _rest(self, lead: Oid, table: tuple[Oid, ...]) -> None:
        """Read the other columns of a table of which one was walked.

        In v1 a walk takes a request for each row; a GETNEXT from where each row begins takes all of them at once.
        """
        rows = self._columns.column(lead)
        if not rows:
            await self._walk(table, first=1)
        elif self._session.version != "1" or self._fragile:
            await self._walk(table, expected=len(rows))
        elif not self._must_stop():
            before = [b"", *(plan.suffix(index) for index in sorted(rows))][:-1]
            await self._next([column + index for index in before for column in self._may_ask(table)])

    async def _rows(self, rows: Sequence[tuple[Oid, ...]]) -> None:
        """GET rows that must not be walked: all at once, or in v1, which fails for each that is not there, in turn."""
        if self._session.version != "1" and not self._fragile:
            await self._get(self._may_ask(chain.from_iterable(rows)))
            return
        for cells in rows:
            known = len(self._values)
            await self._get(self._may_ask(cells))
            if len(self._values) == known:
                return

    async def _walk(
        self,
        table: tuple[Oid, ...],
        *,
        expected: int | None = None,
        first: int = plan.FIRST_ROWS,
        most: int = plan.MAX_TABLE_ROWS,
    ) -> None:
        """Read a table, unless the device has been silent too often or has sent too much."""
        columns = self._may_ask(table)
        self._cut.update(columns)
        for batch in [[column] for column in columns] if self._fragile else [columns]:
            if batch and not self._must_stop():
                self._take(
                    await self._session.columns(
                        batch, max_rows=most, expected=expected, first=1 if self._fragile else first
                    ),
                    whole=batch,
                )

    def _take(self, answer: Answer, values: Mapping[Oid, Varbind] | None = None, *, whole: Iterable[Oid] = ()) -> None:
        """Keep what came, or ``values`` of it, and what went wrong; ``whole`` was asked and told to its end."""
        if answer.outcome is Outcome.OK:
            self._cut.difference_update(whole)
        values = answer.values if values is None else values
        self._values.update(values)
        self._none.update((item[0], item) for item in answer.varbinds if item[1] in _NO_SUCH)
        self._columns.add(values.values())
        self._silences += answer.outcome is Outcome.SILENT
        for problem in answer.problems:
            self.ledger.problem(problem.code, problem.text)

    def _must_stop(self) -> bool:
        if self._silences >= plan.MAX_SILENT:
            self.ledger.problem("no-answer", "The device stopped answering; what it told before that is here.")
            return True
        if self._session.traffic.received_octets > plan.MAX_OCTETS:
            self.ledger.problem(
                "too-much", f"The device sent more than {plan.MAX_OCTETS} octets; the rest was not read."
            )
            return True
        return False

    def result(self, at: datetime) -> DeviceReading:
        """Assemble the reading of what came so far."""
        if self.is_printer and not self._matched:  # it was cut short before it came to that
            self._match()
        if self.outcome is Outcome.OK and not self.is_printer:
            self.ledger.problem("not-a-printer", "It answers SNMP, but has no row of the Printer-MIB.")
        version, engine_id = self._session.version, self._session.engine_id
        source = Source(
            address=self._session.address,
            port=self._session.port,
            time=at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            via=f"snmp-{version}" if version and self.outcome is Outcome.OK else None,
            engine_id=engine_id.hex() if engine_id else None,
        )
        profiles = [profile.as_far_as_read(self._cut) for profile in self._matched]
        assembled = assemble(self._values, profiles, source, self.ledger)
        return DeviceReading(
            reading=assembled.reading,
            is_printer=self.is_printer,
            outcome=self.outcome,
            evidence=assembled.evidence,
            profiles=self._matched,
            answers=self._none | self._values,
        )
