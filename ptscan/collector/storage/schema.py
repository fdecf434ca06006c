"""The tables of a store brought to this version's, all of the way or not at all."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from ptscan.collector.storage.errors import SchemaError, StoreUrlError

_MIGRATIONS = Path(__file__).with_name("migrations")
_ADVISORY_LOCK = 0x70747363


def upgrade(connection: Connection, name: str) -> tuple[str | None, str]:
    """Run the migrations that are missing, in the transaction of ``connection``; the version before, and now.

    Raises:
        SchemaError: the store is of a later version.
        StoreUrlError: the database is somebody else's.
    """
    if connection.dialect.name == "postgresql":
        # Of two collectors that start at once, one waits for the other.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    before, head = versions(connection)
    if before is None and inspect(connection).get_table_names():
        raise StoreUrlError(f"{name} holds tables that are none of ptscan's: name an empty database")
    if before != head:
        if before is not None and before not in known_versions():
            raise SchemaError(f"{name} is of a later version of ptscan ({before}): upgrade ptscan, or restore a backup")
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, head


def versions(connection: Connection) -> tuple[str | None, str]:
    """The version of a store's tables (None: it has none), and this program's."""
    head = _scripts().get_current_head()
    return MigrationContext.configure(connection).get_current_revision(), str(head)


def known_versions() -> set[str]:
    """Every version that this program can bring to its own."""
    return {script.revision for script in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
