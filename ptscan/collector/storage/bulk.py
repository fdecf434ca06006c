"""One statement for many rows, without what SQLAlchemy and the server do for each: half of the cost of a batch.

The rows' values go to the driver as they are, which suits numbers, text and octets on both databases. SQLite runs the
statement for each row, which is what it does best. PostgreSQL is given columns, and makes rows of them by ``unnest``:
one statement to plan and one answer to wait for.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Connection, Delete, Dialect, Insert, Update
from sqlalchemy.sql.compiler import SQLCompiler

Statement = Insert | Update | Delete


def run_many(connection: Connection, statement: Statement, rows: Sequence[Mapping[str, object]]) -> None:
    """Run ``statement`` for each of ``rows``, which all have the same keys; nothing is done for none.

    A statement is compiled once for its life: make it once. An Insert names no values of its own.
    """
    if not rows:
        return
    names = tuple(rows[0])
    if connection.dialect.name == "postgresql" and isinstance(statement, Insert):
        columns = {name: _array([row[name] for row in rows]) for name in names}
        connection.exec_driver_sql(_unnested(statement, connection.dialect, names), columns)
        return
    compiled = _compiled(statement, connection.dialect, names)
    if compiled.positiontup is None:
        connection.exec_driver_sql(compiled.string, [dict(row) for row in rows])
    else:
        order = compiled.positiontup
        connection.exec_driver_sql(compiled.string, [tuple([row[name] for name in order]) for row in rows])


def _array(values: list[object]) -> list[object] | None:
    """None for nothing but NULLs, which says no type of theirs: unnest fills up what is shorter."""
    return values if any(value is not None for value in values) else None


@lru_cache(maxsize=64)
def _compiled(statement: Statement, dialect: Dialect, names: tuple[str, ...]) -> SQLCompiler:
    return statement.compile(dialect=dialect, column_keys=list(names))


@lru_cache(maxsize=64)
def _unnested(statement: Insert, dialect: Dialect, names: tuple[str, ...]) -> str:
    quote = dialect.identifier_preparer.quote
    table = statement.table
    # As binary (b): text would be quoted value by value.
    arrays = [f"%({name})b::{table.c[name].type.compile(dialect)}[]" for name in names]
    # No word of this comes from outside: names and types are those of the tables.
    into = f"INSERT INTO {quote(table.name)} ({', '.join(map(quote, names))})"
    return f"{into} SELECT * FROM unnest({', '.join(arrays)})"  # noqa: S608
