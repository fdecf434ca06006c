"""``ptscan profile check``, ``list`` and ``show``: what profiles hold, and what is wrong in a file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec

from ptscan.cli.delivery import open_delivery
from ptscan.cli.destination import open_destination
from ptscan.cli.exits import Exit
from ptscan.cli.flat import Grid, Shape
from ptscan.cli.knowledge import profiles_of
from ptscan.cli.options import DEFAULT_KNOWING, DEFAULT_SHOWING, SHOWING, Knowing, Option, Showing
from ptscan.cli.words import Words, counted
from ptscan.errors import InputError
from ptscan.profiles import Profile, ProfileError, describe, load_profile, load_profiles

MANY_OBJECTS: Final = 25
MANY_TABLES: Final = 3


class NoProfileError(InputError):
    """No profile was named, or one that there is not."""


class Listed(msgspec.Struct, frozen=True):
    """A profile: ``fields`` are what it can fill, ``objects`` and ``tables`` how much it asks for at most.

    ``in_place`` says that it is used instead of ptscan's own of that name.
    """

    name: str
    vendor: str
    fields: list[str]
    objects: int
    tables: int
    source: str
    file: str
    in_place: bool


class Checked(msgspec.Struct, frozen=True):
    """A file that was checked: the profile in it, or the ``key`` and the ``fault`` there, and what is poor in it."""

    file: str
    profile: Listed | None
    key: str | None
    fault: str | None
    warnings: list[str]


def profile_check(
    *files: Annotated[Path, Option(name="FILE", help="A profile (TOML), called like the profile in it.")],
    knowing: Knowing = DEFAULT_KNOWING,
    showing: Showing = DEFAULT_SHOWING,
) -> int:
    """Check profile files, and say what they hold and what is wrong in them."""
    if not files:
        raise NoProfileError("profile check: no file was given: name at least one, as acme.toml")
    words = Words(quiet=showing.quiet)
    known = profiles_of(knowing).profiles
    ours = {profile.name for profile in load_profiles().profiles}
    loaded = {file: _loaded(file) for file in files}
    names = {profile.name for profile in (*known, *loaded.values()) if isinstance(profile, Profile)}
    checked = [_checked(file, result, names, ours) for file, result in loaded.items()]
    with open_delivery(CHECKS, showing, words) as delivery:
        delivery.give(checked)
    for one in checked:
        if one.fault is not None:
            words.complain(str(ProfileError(one.file, one.key or "", one.fault)))
        for warning in one.warnings:
            words.say(f"{one.file}: {warning}")
    return Exit.WRONG_INPUT if any(one.fault is not None for one in checked) else Exit.DONE


def profile_list(*, knowing: Knowing = DEFAULT_KNOWING, showing: Showing = DEFAULT_SHOWING) -> int:
    """List the profiles that are used."""
    ours = {profile.name: profile.file for profile in load_profiles().profiles}
    with open_delivery(PROFILES, showing, Words(quiet=showing.quiet)) as delivery:
        delivery.give(
            [
                _listed(profile, in_place=ours.get(profile.name, profile.file) != profile.file)
                for profile in profiles_of(knowing).profiles
            ]
        )
    return Exit.DONE


def profile_show(
    *names: Annotated[str, Option(name="NAME", help="A profile, as ptscan profile list names it.")],
    knowing: Knowing = DEFAULT_KNOWING,
    output: Annotated[Path | None, Option(name=["--output", "-o"], metavar="FILE.md", group=SHOWING)] = None,
) -> int:
    """Show what is read of a vendor's printers, from where and how sure that is, as Markdown.

    Parameters
    ----------
    output
        Write to this file instead of standard output.
    """
    if not names:
        raise NoProfileError("profile show: no profile was named: name one of ptscan profile list, as hp")
    known = {profile.name: profile for profile in profiles_of(knowing).profiles}
    for name in names:
        if name not in known:
            raise NoProfileError(f"no profile {name!r}: ptscan profile list names them")
    with open_destination(output, whole=True) as destination:
        destination.write("\n".join(describe(known[name]) for name in names).encode())
    return Exit.DONE


def _loaded(file: Path) -> Profile | ProfileError:
    try:
        return load_profile(file)
    except ProfileError as error:
        return error


def _checked(file: Path, result: Profile | ProfileError, names: set[str], ours: set[str]) -> Checked:
    if isinstance(result, ProfileError):
        return Checked(str(file), None, result.key, result.fault, [])
    for name in result.also:
        if name not in names:
            return Checked(str(file), None, "match.also", f"no profile {name!r}: ptscan profile list names them", [])
    warnings = list(_warnings(result, is_ours=result.name in ours))
    return Checked(str(file), _listed(result, in_place=result.name in ours), None, None, warnings)


def _warnings(profile: Profile, *, is_ours: bool) -> Iterator[str]:
    """What is allowed, and yet worth a second look."""
    if is_ours:
        yield f"replaces ptscan's own profile {profile.name!r} as a whole"
    if (objects := len(profile.ask.scalars)) > MANY_OBJECTS:
        yield f"asks for {objects} objects, more than {MANY_OBJECTS}: each makes every reading slower"
    if (tables := len(profile.ask.tables)) > MANY_TABLES:
        yield f"walks {tables} tables, more than {MANY_TABLES}: each costs every reading a round trip or more"
    if low := sum(rule.confidence == "low" for rule in profile.rules):
        yield f"{counted(low, 'rule')} of low confidence: name a better source, or leave it out"
    if not profile.rules and profile.vendor:
        yield "reads nothing of its own: it only tells that these are printers"


def _listed(profile: Profile, *, in_place: bool) -> Listed:
    return Listed(
        name=profile.name,
        vendor=profile.vendor,
        fields=_fields(profile),
        objects=len(profile.ask.scalars),
        tables=len(profile.ask.tables),
        source=profile.source,
        file=profile.file,
        in_place=in_place,
    )


def _fields(profile: Profile) -> list[str]:
    """Every field that a profile can fill, parts of sums left out."""
    found = [rule.field for rule in profile.scalars]
    for table in profile.tables:
        found += [f"meters.{meter}" for meter in (*table.labels.values(), *table.index.values())]
    for record in profile.records:
        found += record.fields.values()
    found += [f"meters.{rule.meter}" for rule in profile.sums]
    if profile.supplies:
        found.append("supplies")
    return sorted({field for field in found if not field.startswith("meters._")})


def _held(profile: Listed) -> str:
    what = f'profile "{profile.name}", {counted(len(profile.fields), "field")}'
    return f"{what}, {counted(profile.objects, 'object')}, {counted(profile.tables, 'table')}; {profile.source}"


def _drawn(checks: Sequence[Checked], terminal: bool) -> str:
    return "".join(f"{one.file}: {_held(one.profile)}\n" for one in checks if one.profile is not None)


def _check_rows(checks: Sequence[Checked]) -> Grid:
    header = ("file", "profile", "fields", "objects", "tables", "key", "fault", "warnings")
    return Grid(
        header,
        [
            (
                one.file,
                *((one.profile.name, len(one.profile.fields), one.profile.objects, one.profile.tables)
                  if one.profile is not None else (None,) * 4),
                one.key,
                one.fault,
                "; ".join(one.warnings),
            )
            for one in checks
        ],
    )  # fmt: skip


def _profile_rows(profiles: Sequence[Listed]) -> Grid:
    header = ("name", "vendor", "fields", "objects", "tables", "source", "file")
    return Grid(
        header,
        [
            (
                *(one.name, one.vendor, len(one.fields), one.objects, one.tables, one.source),
                f"{one.file}, in place of ptscan's" if one.in_place else one.file,
            )
            for one in profiles
        ],
    )


CHECKS: Final = Shape[Checked](_check_rows, _check_rows, draw=_drawn)
PROFILES: Final = Shape[Listed](_profile_rows, _profile_rows)
