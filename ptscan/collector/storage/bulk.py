"""Many rows written at once, without what SQLAlchemy and the server do for each: half of the cost of a batch.

The rows' values go to the driver as they are, which suits numbers, text and octets on both databases. SQLite runs a
statement for each row, which is what it does best. PostgreSQL is given columns, and makes rows of them by ``unnest``:
one statement to plan and one answer to wait for. No word of the statements comes from outside: names and types are
those of the tables.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Connection, Dialect, Table, bindparam, insert, update

Row = Mapping[str, object]
NUMBER = "number"
"""What the rows of ``change_many`` call the id of the row that they change."""


def add_many(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert ``rows``, which all have the same keys."""
    if rows:
        _run(connection, rows, _insertion(table, connection.dialect, tuple(rows[0])))


def change_many(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Change the row whose ``id`` is ``number``, for each of ``rows``, which all have the same keys."""
    if rows:
        _run(connection, rows, _change(table, connection.dialect, tuple(rows[0])))


def _run(connection: Connection, rows: Sequence[Row], statement: tuple[str, tuple[str, ...]]) -> None:
    text, order = statement
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(text, {name: _array([row[name] for row in rows]) for name in order})
    else:
        connection.exec_driver_sql(text, [tuple([row[name] for name in order]) for row in rows])


def _array(values: list[object]) -> list[object] | None:
    """None for nothing but NULLs, which says no type of theirs: unnest fills up what is shorter."""
    return values if any(value is not None for value in values) else None


@lru_cache(maxsize=64)
def _insertion(table: Table, dialect: Dialect, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The statement, and the names of its values in order."""
    if dialect.name != "postgresql":
        compiled = insert(table).compile(dialect=dialect, column_keys=list(names))
        return compiled.string, tuple(compiled.positiontup or ())
    into = ", ".join(dialect.identifier_preparer.quote(name) for name in names)
    return f"INSERT INTO {table.name} ({into}) SELECT * FROM {_unnest(table, dialect, names)}", names  # noqa: S608


@lru_cache(maxsize=64)
def _change(table: Table, dialect: Dialect, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    if dialect.name != "postgresql":
        changed = update(table).values({name: bindparam(name) for name in names if name != NUMBER})
        compiled = changed.where(table.c.id == bindparam(NUMBER)).compile(dialect=dialect)
        return compiled.string, tuple(compiled.positiontup or ())
    quoted = {name: dialect.identifier_preparer.quote(name) for name in names}
    news = ", ".join(f"{name} = said.{name}" for key, name in quoted.items() if key != NUMBER)
    source = f"{_unnest(table, dialect, names)} AS said ({', '.join(quoted.values())})"
    return f"UPDATE {table.name} SET {news} FROM {source} WHERE {table.name}.id = said.{NUMBER}", names  # noqa: S608


def _unnest(table: Table, dialect: Dialect, names: tuple[str, ...]) -> str:
    # As binary (b): text would be quoted value by value.
    types = {name: table.c["id" if name == NUMBER else name].type.compile(dialect) for name in names}
    return f"unnest({', '.join(f'%({name})b::{kind}[]' for name, kind in types.items())})"
