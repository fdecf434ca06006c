"""A reading explained: the proof of each value, what was tried for each that is missing, and the sums. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from codec import Oid, Varbind
from ptscan.printer.attempts import Attempt, attempts
from ptscan.printer.evidence import Evidence
from ptscan.printer.meters import sums_to_hold
from ptscan.printer.proofs import prove
from ptscan.printer.reader import DeviceReading
from ptscan.profiles import Profile, ProfileSet, check_sums, extract


class HeldSum(msgspec.Struct, frozen=True, kw_only=True):
    """A sum that was held against its whole: ``parts`` by name, those that are no meters without their underscore."""

    whole: str
    value: int
    parts: dict[str, int]
    holds: bool


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Where all of a reading came from, and where what is not in it did not."""

    proofs: list[Evidence]
    attempts: list[Attempt]
    sums: list[HeldSum]


def explain(device: DeviceReading, profiles: ProfileSet, asked: Collection[Oid]) -> Explanation:
    """Explain the reading of ``device``; ``asked`` is what it was asked for, ``profiles`` are all there are."""
    values = {oid: varbind for oid, varbind in device.answers.items() if varbind[2] is not None}
    return Explanation(
        proofs=prove(device.reading, device.evidence, values, device.profiles),
        attempts=attempts(
            device.reading, device.evidence, device.answers, device.profiles, known=profiles, asked=asked
        ),
        sums=list(_sums(device.reading.meters, values, device.profiles)),
    )


def _sums(meters: Mapping[str, int], values: Mapping[Oid, Varbind], profiles: Sequence[Profile]) -> Iterator[HeldSum]:
    known: dict[str, int] = {}
    for profile in profiles:
        known = {**extract(profile, values).parts, **known}
    known |= meters
    for check in sums_to_hold(profiles):
        value = known.get(check.total)
        if value is not None and check.parts.add(known) is not None:
            parts = {name.strip("_"): known[name] for name in check.parts.there(known)}
            yield HeldSum(whole=check.total, value=value, parts=parts, holds=not check_sums([check], known))
