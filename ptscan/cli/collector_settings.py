"""``ptscan collector settings set``, ``show`` and ``drop``: what agents do by themselves, as the collector says.

session = true                 # hold a session open; false: check in now and then
check_in_seconds = 300.0
health_seconds = 60.0

[[schedule]]
name = "readings"
cron = "0 6 * * *"             # in the agent's local time
verb = "scan"
targets = ["local"]
"""

import time
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from sqlalchemy import Connection

from proto_schema import JOB_VERBS, Schedule, Settings
from ptscan.cli.collector_place import Folder, find_agent, open_collector, path_of, paths_of, typed
from ptscan.cli.destination import print_data
from ptscan.cli.exits import Exit
from ptscan.cli.options import MAX_RATE, Option
from ptscan.cli.times import DAY
from ptscan.cli.words import Words
from ptscan.collector import Entity, ensure_entity, find_entity, list_entities, own_settings, put_settings, settings_of
from ptscan.errors import InputError

MOST_OCTETS: Final = 1 << 20

_Pause = Annotated[float, Meta(ge=1, le=7 * DAY)]
"""As on the wire."""


class SettingsFileError(InputError):
    """A file of settings that can't be used: the text names it, what is wrong and how to mend it."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: {fault}")
        self.path = path


class ScheduleTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ``[[schedule]]`` of the file, as in proto_schema's Schedule."""

    name: str
    cron: str
    verb: str = "scan"
    targets: list[str]
    excludes: list[str] = []
    rate: Annotated[int, Meta(ge=0, le=MAX_RATE)] = 500


class SettingsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file: all that the collector sets, as in proto_schema's Settings, but for the revision."""

    session: bool = True
    check_in_seconds: _Pause = 300.0
    health_seconds: _Pause = 60.0
    schedule: list[ScheduleTable] = []


def settings_set(
    file: Annotated[Path, Option(name="FILE", help="The settings (TOML), as settings show prints them.")],
    /,
    *,
    entity: Annotated[str, Option(metavar="NAME")],
    folder: Folder = None,
) -> int:
    """Say what the agents of an entity do by themselves, and all those below it that have no settings of their own.

    Parameters
    ----------
    entity
        Whose agents: a path such as "ACME/Berlin", made where it is not there; / for all.
    """
    settings = read_settings(file)

    def write(connection: Connection) -> int:
        now = time.time()
        return put_settings(connection, ensure_entity(connection, typed(entity), now=now).id, settings, now=now)

    with open_collector(folder) as store:
        Words().say(f"revision {store.write(write)}: agents that are connected have it within seconds")
    return Exit.DONE


def settings_show(
    *,
    entity: Annotated[str | None, Option(metavar="NAME")] = None,
    agent: Annotated[str | None, Option(metavar="ID")] = None,
    folder: Folder = None,
) -> int:
    """Show what agents do by themselves, as a file that settings set takes.

    Parameters
    ----------
    entity
        Of this entity: its own, else those of the nearest one above it. [default: /]
    agent
        Of this agent.
    """
    if entity is not None and agent is not None:
        raise InputError("settings show: name an entity or an agent, not both")

    def read(connection: Connection) -> tuple[str, Settings]:
        if agent is not None:
            found = find_agent(connection, agent)
            return f"agent {found.id} in {paths_of(connection)[found.entity_id]}", settings_of(connection, found.id)
        place, settings = _in_force(connection, find_entity(connection, typed(entity or "")))
        return f"{path_of(place)}, its own" if settings else "nobody's: the defaults", settings or Settings(revision=0)

    with open_collector(folder) as store:
        whose, settings = store.read(read)
    text = f"# Settings of {whose}; revision {settings.revision}.\n{written(settings)}"
    print_data(text)
    return Exit.DONE


def settings_drop(*, entity: Annotated[str, Option(metavar="NAME")], folder: Folder = None) -> int:
    """Take an entity's own settings away: those of the nearest one above it hold again.

    Parameters
    ----------
    entity
        Whose: a path such as "ACME/Berlin", or a name that only one has; / for the root.
    """

    def write(connection: Connection) -> bool:
        found = find_entity(connection, typed(entity))
        had = own_settings(connection, found.id) is not None
        if had:
            put_settings(connection, found.id, None, now=time.time())
        return had

    with open_collector(folder) as store:
        if not store.write(write):
            Words().say(f"{entity} has no settings of its own")
    return Exit.DONE


def read_settings(path: Path) -> Settings:
    """The settings in a person's file. Raises SettingsFileError."""
    try:
        with path.open("rb") as file:
            octets = file.read(MOST_OCTETS + 1)
    except OSError as error:
        raise SettingsFileError(path, f"it can't be read ({error.strerror}): name a file that you may read") from error
    if len(octets) > MOST_OCTETS:
        raise SettingsFileError(path, f"it has more than {MOST_OCTETS:,} octets: it is no file of settings")
    try:
        given = msgspec.toml.decode(octets, type=SettingsFile)
    except msgspec.ValidationError as error:
        raise SettingsFileError(path, f"{str(error)[:300]}: mend it as docs/cli.md says") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SettingsFileError(path, f"it is no TOML: {error}") from error
    except (ValueError, RecursionError):  # which tomllib lets pass: a number of 5,000 digits, a thousand brackets
        raise SettingsFileError(
            path, "not to be read as TOML: a number is too long, or brackets are too deep"
        ) from None
    for number, one in enumerate(given.schedule):
        _check(path, f"schedule[{number}]", one)
    names = [one.name for one in given.schedule]
    for name in names:
        if names.count(name) > 1:
            raise SettingsFileError(path, f"two schedules are called {name!r}: give each a name of its own")
    return Settings(
        revision=0,
        schedules=[Schedule(**msgspec.structs.asdict(one)) for one in given.schedule],
        session=given.session,
        check_in_seconds=given.check_in_seconds,
        health_seconds=given.health_seconds,
    )


def written(settings: Settings) -> str:
    """Settings as the text of such a file."""
    tables = [ScheduleTable(**msgspec.structs.asdict(one)) for one in settings.schedules]
    file = SettingsFile(
        session=settings.session,
        check_in_seconds=settings.check_in_seconds,
        health_seconds=settings.health_seconds,
        schedule=tables,
    )
    if not tables:  # an empty list would hide the tables that a person adds below it
        plain = msgspec.structs.asdict(file)
        return msgspec.toml.encode({key: value for key, value in plain.items() if key != "schedule"}).decode()
    return msgspec.toml.encode(file).decode()


def _check(path: Path, key: str, one: ScheduleTable) -> None:
    from ptscan.agent import parse_cron  # for ``settings set`` alone

    if one.verb not in JOB_VERBS:
        raise SettingsFileError(path, f"{key}.verb: {one.verb[:40]!r} is none of {', '.join(JOB_VERBS)}")
    if not one.targets:
        raise SettingsFileError(path, f'{key}.targets: say where, as ["local"]')
    try:
        parse_cron(one.cron)
    except InputError as error:
        raise SettingsFileError(path, f"{key}.cron: {error}") from error


def _in_force(connection: Connection, entity: Entity) -> tuple[Entity, Settings | None]:
    """Whose settings hold for an entity, and what they are."""
    everything = {one.id: one for one in list_entities(connection)}
    here: Entity | None = entity
    while here is not None:
        if (own := own_settings(connection, here.id)) is not None:
            return here, own
        here = None if here.parent_id is None else everything[here.parent_id]
    return entity, None
