"""The facts of a device's profiles, by field: what they say of one section of a reading, as text, into the ledger."""

from typing import TypeAlias

from ptscan.printer.evidence import Ledger
from ptscan.printer.text import decode_text
from ptscan.profiles import Fact

Facts: TypeAlias = dict[str, list[Fact]]
"""The facts of all profiles by field, the most specific profile's first."""


def facts_on(section: str, facts: Facts) -> list[tuple[str, Fact]]:
    """The facts on one section of the reading, with their paths."""
    return [(path, fact) for path, found in facts.items() if path.startswith(f"{section}.") for fact in found]


def fact_text(fact: Fact, charset: int | None = None) -> str | None:
    """The value as text, decoded by ``charset`` where the device says which it speaks."""
    return decode_text(fact.value, charset) if isinstance(fact.value, bytes) else str(fact.value)


def book_fact(ledger: Ledger, path: str, value: str | float | None, fact: Fact) -> None:
    """Keep a fact as the evidence for ``path``."""
    ledger.book(
        path, value, fact.raw, rule=fact.rule, profile=fact.profile, confidence=fact.confidence, source=fact.source
    )
