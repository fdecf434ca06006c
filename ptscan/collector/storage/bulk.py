"""Many rows found, written and deleted at once, without what SQLAlchemy and the server do for each.

The rows' values go to the driver as they are, which suits numbers, text and octets on both databases. SQLite runs a
statement for each row that is written, which is what it does best. PostgreSQL is given columns, and makes rows of them
by ``unnest``: one statement to plan and one answer to wait for. No word of the statements comes from outside: names and
types are those of the tables, conditions those of the code.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Table

from ptscan.collector.storage import arrays, limits

Names = tuple[str, ...]
Rows = Sequence[tuple[Any, ...]]


def add_many(connection: Connection, table: Table, names: Names, rows: Rows, *, conflict: str = "") -> None:
    """Insert ``rows``, the values of the columns ``names``. ``conflict`` is what follows ON CONFLICT."""
    if rows:
        _run(connection, table, names, rows, _insertion(table, names, _is_postgresql(connection), conflict))


def change_many(connection: Connection, table: Table, names: Names, rows: Rows, *, adding: Names = ()) -> None:
    """Change the row whose ``id`` comes first in each of ``rows``; ``adding`` are counted up and not set."""
    if not rows:
        return
    postgresql = _is_postgresql(connection)
    statement = _change(table, names, postgresql, adding)
    # SQLite's parameters come in the order of the statement, where the id is last.
    _run(connection, table, names, rows if postgresql else [row[1:] + row[:1] for row in rows], statement)


def remove_many(connection: Connection, table: Table, names: Names, rows: Rows) -> None:
    """Delete what has the values of ``rows`` in the columns ``names``."""
    if rows:
        _run(connection, table, names, rows, _removal(table, names, _is_postgresql(connection)))


def find_many(
    connection: Connection,
    table: Table,
    names: Names,
    columns: Names,
    rows: Rows,
    *,
    also: str = "true",
    lock: str = "",
) -> list[Row[*tuple[Any, ...]]]:
    """``columns`` of what has the values of ``rows`` in the columns ``names``, in their order.

    ``lock`` is a strength of PostgreSQL's locks of rows: taken in that order, so that transactions that meet at the
    same rows wait for each other in turn.
    """
    found: list[Row[*tuple[Any, ...]]] = []
    if not rows:
        return found
    if _is_postgresql(connection):
        statement = _look_up(table, names, columns, also, lock)
        return list(connection.exec_driver_sql(statement, _arrays(table, names, rows)).all())
    for start in range(0, len(rows), limits.KEYS_AT_ONCE // len(names)):
        some = rows[start : start + limits.KEYS_AT_ONCE // len(names)]
        statement = _look_through(table, names, columns, also, len(some))
        found += connection.exec_driver_sql(statement, tuple([value for row in some for value in row])).all()
    return found


def _run(connection: Connection, table: Table, names: Names, rows: Rows, statement: str) -> None:
    if _is_postgresql(connection):
        connection.exec_driver_sql(statement, _arrays(table, names, rows))
    else:
        connection.exec_driver_sql(statement, list(rows))


def _arrays(table: Table, names: Names, rows: Rows) -> dict[str, arrays.Array]:
    columns = zip(*rows, strict=True)
    return {name: arrays.array_of(table.c[name].type, values) for name, values in zip(names, columns, strict=True)}


def _is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


@lru_cache(maxsize=64)
def _insertion(table: Table, names: Names, postgresql: bool, conflict: str) -> str:
    into = ", ".join(map(_quoted, names))
    values = f"SELECT * FROM {_unnest(table, names)}" if postgresql else f"VALUES ({_marks(names)})"  # noqa: S608
    # Without a condition, ON after a SELECT would be taken for a join's (sqlite.org/lang_upsert.html); here is none.
    return f"INSERT INTO {table.name} ({into}) {values}{f' ON CONFLICT {conflict}' if conflict else ''}"


@lru_cache(maxsize=64)
def _change(table: Table, names: Names, postgresql: bool, adding: Names) -> str:
    news = ", ".join(
        f"{_quoted(name)} = {f'{table.name}.{_quoted(name)} + ' if name in adding else ''}"
        f"{f'said.{_quoted(name)}' if postgresql else '?'}"
        for name in names[1:]
    )
    mine = f"{table.name}.{_quoted(names[0])} ="
    if not postgresql:
        return f"UPDATE {table.name} SET {news} WHERE {mine} ?"  # noqa: S608
    return f"UPDATE {table.name} SET {news} FROM {_said(table, names)} WHERE {mine} said.{_quoted(names[0])}"  # noqa: S608


@lru_cache(maxsize=64)
def _removal(table: Table, names: Names, postgresql: bool) -> str:
    if not postgresql:
        return f"DELETE FROM {table.name} WHERE {' AND '.join(f'{_quoted(name)} = ?' for name in names)}"  # noqa: S608
    mine = " AND ".join(f"{table.name}.{_quoted(name)} = said.{_quoted(name)}" for name in names)
    return f"DELETE FROM {table.name} USING {_said(table, names)} WHERE {mine}"  # noqa: S608


@lru_cache(maxsize=64)
def _look_up(table: Table, names: Names, columns: Names, also: str, lock: str) -> str:
    wanted = ", ".join(f"{table.name}.{_quoted(name)}" for name in columns)
    # As Python sorts, whatever the database's own order is.
    plain = {name: ' COLLATE "C"' if arrays.name_of(table.c[name].type) == "text" else "" for name in names}
    order = ", ".join(f"{table.name}.{_quoted(name)}{plain[name]}" for name in names)
    said, mine = _said(table, names), _matches(table, names)
    locked = f" FOR {lock} OF {table.name}" if lock else ""
    return f"SELECT {wanted} FROM {said} JOIN {table.name} ON {mine} WHERE {also} ORDER BY {order}{locked}"  # noqa: S608


@lru_cache(maxsize=1_024)
def _look_through(table: Table, names: Names, columns: Names, also: str, many: int) -> str:
    wanted = ", ".join(f"{table.name}.{_quoted(name)}" for name in columns)
    values = ", ".join([f"({_marks(names)})"] * many)
    said = f"WITH said ({', '.join(map(_quoted, names))}) AS (VALUES {values})"
    # CROSS: what is asked for is gone through, and looked up (sqlite.org/optoverview.html, 8.2).
    joined = f"said CROSS JOIN {table.name} ON {_matches(table, names)}"
    order = ", ".join(f"{table.name}.{_quoted(name)}" for name in names)
    return f"{said} SELECT {wanted} FROM {joined} WHERE {also} ORDER BY {order}"  # noqa: S608


def _matches(table: Table, names: Names) -> str:
    return " AND ".join(f"{table.name}.{_quoted(name)} = said.{_quoted(name)}" for name in names)


def _said(table: Table, names: Names) -> str:
    return f"{_unnest(table, names)} AS said ({', '.join(map(_quoted, names))})"


def _unnest(table: Table, names: Names) -> str:
    # As binary (b).
    return f"unnest({', '.join(f'%({name})b::{arrays.name_of(table.c[name].type)}[]' for name in names)})"


def _marks(names: Names) -> str:
    return ", ".join("?" * len(names))


def _quoted(name: str) -> str:
    return f'"{name}"'
