"""What a profile of ours makes of answers that a test makes up or recorded: only what it asks for reaches it."""

from collections.abc import Callable
from dataclasses import dataclass

from codec import COUNTER32, OCTET_STRING, Oid, Value, Varbind, format_oid, parse_oid
from ptscan.profiles import Extraction, Profile, ProfileSet, check_sums, extract

Answers = dict[str, str | int]
"""By dotted OID: a text, or a number."""

Recording = dict[Oid, Varbind]
"""What a device said, by object."""


@dataclass
class Told:
    """What a profile makes of a device's answers."""

    extraction: Extraction
    disagreements: list[str]

    @property
    def meters(self) -> dict[str, object]:
        return self.told("meters")

    @property
    def supplies(self) -> dict[str, object]:
        return self.told("supplies")

    @property
    def identity(self) -> dict[str, object]:
        return self.told("identity")

    @property
    def raw(self) -> dict[str, int]:
        """The counters as the device or its vendor calls them."""
        return {counter.label: counter.value for counter in self.extraction.counters}

    def told(self, head: str) -> dict[str, object]:
        return {
            fact.field.removeprefix(f"{head}."): fact.value.decode() if isinstance(fact.value, bytes) else fact.value
            for fact in self.extraction.facts
            if fact.field.startswith(f"{head}.")
        }


Reader = Callable[[str, Answers], Told]
"""By the name of a profile."""


def named(profiles: ProfileSet, name: str) -> Profile:
    """The profile of that name."""
    (profile,) = (profile for profile in profiles.profiles if profile.name == name)
    return profile


def reader_of(profiles: ProfileSet) -> Reader:
    """Read with one of these profiles."""

    def read(name: str, answers: Answers) -> Told:
        profile = named(profiles, name)
        asked = tuple(column for table in profile.ask.tables for column in table)
        cells = {cell for rows in profile.ask.rows for row in rows for cell in row}
        values: dict[Oid, Varbind] = {}
        for text, said in answers.items():
            oid = parse_oid(text)
            value: Value = said.encode() if isinstance(said, str) else said
            if oid in profile.ask.scalars or oid in cells or oid.startswith(asked):
                values[oid] = (oid, OCTET_STRING if isinstance(said, str) else COUNTER32, value)
        extraction = extract(profile, values)
        meters = {f.field.removeprefix("meters."): f.value for f in extraction.facts if isinstance(f.value, int)}
        problems = (*extraction.problems, *check_sums(profile.checks, {**extraction.parts, **meters}))
        return Told(extraction, [problem.text for problem in problems])

    return read


def as_answers(recording: Recording) -> Answers:
    """What a recording holds, by dotted OID."""
    answers: Answers = {}
    for oid, (_, _, value) in recording.items():
        if isinstance(value, bytes):
            answers[format_oid(oid)] = value.decode("latin-1")
        elif value is not None:
            answers[format_oid(oid)] = value
    return answers


def column(oid: str, cells: dict[str, str] | dict[str, int]) -> Answers:
    """Answers for the rows of a column."""
    return {f"{oid}.{index}": value for index, value in cells.items()}
