"""Where every value came from: one piece of evidence for each path of a reading, kept while it is put together."""

from collections.abc import Iterator
from typing import Final

import msgspec

from codec import Oid, Varbind, format_oid
from proto_schema import Problem, Provenance
from ptscan.printer.standard import PROFILE
from ptscan.printer.text import clean_text

MAX_PROBLEMS: Final = 64
"""Problems that one reading carries; a hostile device cannot make it say more."""

MAX_PROBLEM_TEXT: Final = 256
"""Characters of one problem's text."""

FieldValue = str | int | float | list[str] | None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a reading and its proof: ``varbind`` is what the device sent, ``rule`` how it was understood."""

    path: str
    value: FieldValue
    varbind: Varbind | None
    profile: str
    rule: str
    confidence: str = "high"
    source: str | None = None

    @property
    def oid(self) -> Oid | None:
        """The object that the value was read from, or None where it was derived from no single one."""
        return self.varbind[0] if self.varbind else None


def problem_of(code: str, text: str) -> Problem:
    """A problem of MAX_PROBLEM_TEXT characters at most, cleaned, for it may quote the device."""
    return Problem(code=code, text=(clean_text(text) or "")[:MAX_PROBLEM_TEXT])


class Ledger:
    """The evidence and the problems of one reading, in the order in which they were found."""

    def __init__(self) -> None:
        self._evidence: dict[str, Evidence] = {}
        self._problems: dict[Problem, None] = {}

    def book(
        self,
        path: str,
        value: FieldValue,
        varbind: Varbind | None,
        *,
        rule: str,
        profile: str = PROFILE,
        confidence: str = "high",
        source: str | None = None,
    ) -> None:
        """Keep the evidence for ``path``; a later one replaces an earlier one, as the value itself does."""
        self._evidence[path] = Evidence(
            path=path, value=value, varbind=varbind, profile=profile, rule=rule, confidence=confidence, source=source
        )

    def problem(self, code: str, text: str) -> None:
        """Keep a problem once; beyond MAX_PROBLEMS they are dropped."""
        if len(self._problems) < MAX_PROBLEMS:
            self._problems[problem_of(code, text)] = None

    def __getitem__(self, path: str) -> Evidence:
        return self._evidence[path]

    def __iter__(self) -> Iterator[Evidence]:
        return iter(self._evidence.values())

    @property
    def problems(self) -> list[Problem]:
        """The problems so far."""
        return list(self._problems)

    def provenance(self) -> dict[str, Provenance]:
        """Return the provenance of each path for the reading.

        A field of a table's row gets an entry of its own only where it came from another place than its row: a path
        without an entry is covered by its nearest parent (``supplies.1.1`` covers ``supplies.1.1.percent``).
        """
        return {
            item.path: Provenance(source="snmp", at=format_oid(item.oid) if item.oid else None, profile=item.profile)
            for item in self._evidence.values()
        }
