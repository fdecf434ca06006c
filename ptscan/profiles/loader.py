"""Profiles from files, ours of the package and a person's from a folder: the one module of this room that does I/O."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

import msgspec

from ptscan.errors import InputError
from ptscan.profiles.compiling import compile_profile
from ptscan.profiles.faults import FaultError
from ptscan.profiles.guessing import instead
from ptscan.profiles.matching import ProfileSet
from ptscan.profiles.profile import Profile
from ptscan.profiles.schema import ProfileFile

MAX_FILE_OCTETS: Final = 256 * 1024
MAX_FILES: Final = 256
"""Profiles of a person's folder."""
MAX_DOTS: Final = 1024
"""Dots of one line: a key of as many parts costs the TOML parser their square in memory."""
# C0 but for tab and line feed (as JSON writes them), C1 and the marks that turn the direction of what is read.
_HIDDEN: Final = re.compile(
    r"(?<!\\)(?:\\\\)*\\(?:[bfr]|u00[01][0-9a-f])|[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_DATA: Final = Path(__file__).with_name("data")


class ProfileError(InputError):
    """A profile that cannot be used: the file, the key in it, and what is wrong there."""

    def __init__(self, file: str, key: str, fault: str) -> None:
        super().__init__(f"profile {file}: {key}: {fault}" if key else f"profile {file}: {fault}")
        self.file = file
        self.key = key
        self.fault = fault


def load_profiles(user_folder: Path | None = None) -> ProfileSet:
    """Load our profiles and those of ``user_folder``, where a profile of the same name replaces ours.

    Raises ProfileError, whose text is one line, for a file that is unreadable, not TOML or not a profile.
    """
    profiles = {profile.name: profile for profile in _ours()}
    if user_folder is not None:
        profiles.update((profile.name, profile) for profile in _theirs(user_folder))
    for profile in profiles.values():
        for name in profile.also:
            if name not in profiles:
                raise ProfileError(profile.file, "match.also", f"no profile {name!r}")
    return ProfileSet(tuple(profiles.values()))


def load_profile(path: Path) -> Profile:
    """Load and check one profile file, its patterns included; raises ProfileError."""
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise ProfileError(str(path), "", "no regular file")  # a pipe or a device might never end
        with path.open("rb") as file:
            octets = file.read(MAX_FILE_OCTETS + 1)
    except OSError as error:
        raise ProfileError(str(path), "", error.strerror or "unreadable") from error
    return _parse(str(path), path.stem, octets, check_patterns=True)


def _ours() -> Iterator[Profile]:
    # Our own patterns are held by the tests: compiling them would double the start-up, as importlib.resources would.
    for path in _files_in(_DATA):
        yield _parse(path.name, path.stem, path.read_bytes(), check_patterns=False)


def _theirs(folder: Path) -> Iterator[Profile]:
    if not folder.is_dir():
        raise ProfileError(str(folder), "", "no such folder of profiles")
    try:
        paths = _files_in(folder)
    except OSError as error:
        raise ProfileError(str(folder), "", error.strerror or "unreadable") from error
    if len(paths) > MAX_FILES:
        raise ProfileError(str(folder), "", f"holds {len(paths)} profiles, over {MAX_FILES}")
    for path in paths:
        yield load_profile(path)


def _files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix == ".toml")  # glob would keep its errors to itself


def _parse(file: str, stem: str, octets: bytes, *, check_patterns: bool) -> Profile:
    import tomllib  # here, because a sweep that is given no text needs no TOML

    if len(octets) > MAX_FILE_OCTETS:
        raise ProfileError(file, "", f"over {MAX_FILE_OCTETS} octets")
    if any(line.count(b".") > MAX_DOTS for line in octets.splitlines()):
        raise ProfileError(file, "", f"a line has over {MAX_DOTS} dots")
    try:
        raw = tomllib.loads(octets.decode("utf-8"))
    except ValueError as error:  # also a number of thousands of digits, which tomllib leaves to int()
        raise ProfileError(file, "", f"no TOML: {error}") from error
    except RecursionError as error:
        raise ProfileError(file, "", "no TOML: nested too deep") from error
    try:
        form = msgspec.convert(raw, ProfileFile)
    except msgspec.ValidationError as error:
        raise ProfileError(file, *_key_and_fault(str(error))) from error
    if check_patterns and (marks := _HIDDEN.search(msgspec.json.encode(form).decode())):
        raise ProfileError(file, "", f"a text has the control character {marks[0]!a}, which a terminal would obey")
    if form.name != stem:
        raise ProfileError(file, "name", f"{form.name!r}, but the file is called {stem!r}: rename one of them")
    try:
        return compile_profile(form, file, check_patterns=check_patterns)
    except FaultError as fault:
        raise ProfileError(file, fault.key, fault.fault) from fault


def _key_and_fault(text: str) -> tuple[str, str]:
    """Turn msgspec's "Object contains unknown field `x` - at `$.scalars[0]`" into a key and a fault."""
    fault, _, where = text.partition(" - at `$")
    key = where.removeprefix(".").rstrip("`")
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", fault)
    if unknown:
        return key, f"unknown key {unknown[1]!r}: {instead(unknown[1], _keys_in(key))}"
    missing = re.fullmatch(r"Object missing required field `(.*)`", fault)
    if missing:
        return key, f"key {missing[1]!r} is missing: add it"
    return key, fault[:1].lower() + fault[1:]


def _keys_in(section: str) -> tuple[str, ...]:
    """The keys that may stand in a section such as ``scalars[0]``, or in the file where it is none."""
    kinds = {field.name: field.type for field in msgspec.structs.fields(ProfileFile)}
    kind = kinds.get(section.partition("[")[0])
    names: tuple[str, ...] = getattr(next(iter(get_args(kind)), kind), "__struct_fields__", ())
    return names or ProfileFile.__struct_fields__
