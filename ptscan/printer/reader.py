"""Reads one printer over one session: asks by the plan, stops when a device stays silent, and assembles one Reading."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
import trio

from codec import Oid, Varbind, format_oid
from proto_schema import Reading
from ptscan.printer import plan, standard
from ptscan.printer.assemble import STANDARD_COLUMNS, Source, assemble, printer_row
from ptscan.printer.evidence import Evidence, Ledger
from ptscan.printer.identity import suspect_macs
from ptscan.printer.rows import Columns
from ptscan.printer.text import decode_text
from ptscan.profiles import Profile, ProfileSet
from ptscan.snmp import Answer, Outcome, Session


class DeviceReading(msgspec.Struct, frozen=True, kw_only=True):
    """What reading one device came to.

    ``outcome`` is that of the first request: anything but OK means that the device said nothing at all, and ``reading``
    then holds the address and a problem alone. ``is_printer`` is False for what answers and is none.
    """

    reading: Reading
    is_printer: bool
    outcome: Outcome
    evidence: tuple[Evidence, ...]


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
        self._silences = 0
        self.outcome = Outcome.SILENT
        self.is_printer = False
        self.ledger = Ledger()

    async def ask(self) -> None:
        """Ask by the plan (see plan.py), until the device has been silent too often or has sent too much."""
        system = await self._session.get(plan.SYSTEM)
        self.outcome = system.outcome
        if system.outcome is not Outcome.OK:
            return
        self._take(system)
        if not await self._recognise():
            return
        self._take(await self._session.columns(plan.HEAD, max_rows=plan.HEAD_ROWS))
        columns = self._columns()
        device = printer_row(columns)
        self._match(columns)
        scalars = (oid for profile in self._matched for oid in profile.ask.scalars)
        if wanted := self._unknown((*plan.pointed_at(columns, device), *scalars)):
            self._take(await self._session.get_many(wanted))
        vendor_tables = (table for profile in self._matched for table in profile.ask.tables)
        for table in dict.fromkeys((*plan.TABLES, *vendor_tables)):
            if self._must_stop():
                return
            self._take(await self._session.columns(table, max_rows=plan.MAX_TABLE_ROWS))
        if damaged := suspect_macs(self._columns()):
            # A GETBULK garbles the MACs of some printers where a GET gives them right.
            self._take(await self._session.get_many([oid for oid, _, _ in damaged[: plan.HEAD_ROWS]]))

    async def _recognise(self) -> bool:
        """Whether this is a printer at all; a print server's queues do not make it one."""
        object_id, descr = self._identifiers()
        self.is_printer = self._profiles.classify(object_id, descr) == "printer"
        if not self.is_printer:
            self._take(await self._session.get_next((*standard.PRINTER_TREES, *plan.DEVICE_IDS)))
            self.is_printer = plan.proves_printer(self._values)
        return self.is_printer

    def _match(self, columns: Columns) -> None:
        object_id, descr = self._identifiers()
        texts = [descr] if descr else []
        for oid, (_, _, value) in self._values.items():
            if isinstance(value, bytes) and oid.startswith((standard.HR_DEVICE_DESCR, *plan.DEVICE_IDS)):
                texts.append(decode_text(value) or "")
        self._matched = self._profiles.match(object_id, texts)

    def _identifiers(self) -> tuple[str | None, str | None]:
        """sysObjectID, dotted, and sysDescr."""
        _, _, object_id = self._values.get(standard.SYS_OBJECT_ID, (b"", 0, None))
        _, _, descr = self._values.get(standard.SYS_DESCR, (b"", 0, None))
        return (
            format_oid(object_id) if isinstance(object_id, bytes) else None,
            decode_text(descr) if isinstance(descr, bytes) else None,
        )

    def _columns(self) -> Columns:
        return Columns(self._values.values(), STANDARD_COLUMNS)

    def _unknown(self, oids: Iterable[Oid]) -> list[Oid]:
        return [oid for oid in dict.fromkeys(oids) if oid not in self._values]

    def _take(self, answer: Answer) -> None:
        """Keep what came, and what went wrong with it."""
        self._values.update(answer.values)
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
        if self.outcome is not Outcome.OK:
            self.ledger.problem("no-answer", f"The device gave no reading: {self.outcome.value}.")
        elif not self.is_printer:
            self.ledger.problem("not-a-printer", "It answers SNMP, but has no row of the Printer-MIB.")
        version = self._session.version
        source = Source(
            address=self._session.address,
            port=self._session.port,
            time=at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            via=f"snmp-{version}" if version and self.outcome is Outcome.OK else None,
        )
        assembled = assemble(self._values, self._matched, source, self.ledger)
        return DeviceReading(
            reading=assembled.reading,
            is_printer=self.is_printer,
            outcome=self.outcome,
            evidence=assembled.evidence,
        )
