"""Columns as PostgreSQL's binary arrays (array_send in its source), which it makes rows of by ``unnest``.

psycopg can do this too, and looks at each value to find its type; here the table's column says it, which costs a
quarter. An array is its number of dimensions, whether there are NULLs, its elements' type, their number and the first
one's index; then each element's length, -1 for NULL, and its octets.
"""

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any, Final

from sqlalchemy import BigInteger, Double, Integer, LargeBinary, Text
from sqlalchemy.types import TypeEngine

_HEAD: Final = Struct(">iiIii").pack
_LENGTH: Final = Struct(">i").pack
_NULL: Final = _LENGTH(-1)
_INTEGER: Final = Struct(">ii").pack
_BIGINT: Final = Struct(">iq").pack
_DOUBLE: Final = Struct(">id").pack


class Array(bytes):
    """One array, encoded; its class says of what."""

    oid = 0
    """PostgreSQL's number of the array's type."""


class Integers(Array):
    """``integer[]``."""

    oid = 1007


class Bigints(Array):
    """``bigint[]``."""

    oid = 1016


class Doubles(Array):
    """``double precision[]``."""

    oid = 1022


class Texts(Array):
    """``text[]``."""

    oid = 1009


class Octets(Array):
    """``bytea[]``."""

    oid = 1001


KINDS: Final = (Integers, Bigints, Doubles, Texts, Octets)


def _text(value: str) -> bytes:
    octets = value.encode()
    return _LENGTH(len(octets)) + octets


# By the column's type, subclasses first: the array, its elements' oid and SQL name, and how one is encoded.
_BY_TYPE: Final[tuple[tuple[type[TypeEngine[Any]], type[Array], int, str, Callable[[Any], bytes]], ...]] = (
    (BigInteger, Bigints, 20, "bigint", lambda value: _BIGINT(8, value)),
    (Integer, Integers, 23, "integer", lambda value: _INTEGER(4, value)),
    (Double, Doubles, 701, "double precision", lambda value: _DOUBLE(8, value)),
    (Text, Texts, 25, "text", _text),
    (LargeBinary, Octets, 17, "bytea", lambda value: _LENGTH(len(value)) + value),
)


def array_of(kind: TypeEngine[Any], values: Sequence[Any]) -> Array:
    """``values`` of a column of the type ``kind``."""
    array, element, _, encode = _entry(kind)
    head = _HEAD(1, None in values, element, len(values), 1)
    return array(head + b"".join([_NULL if value is None else encode(value) for value in values]))


def name_of(kind: TypeEngine[Any]) -> str:
    """What SQL calls a column's type."""
    return _entry(kind)[2]


def _entry(kind: TypeEngine[Any]) -> tuple[type[Array], int, str, Callable[[Any], bytes]]:
    return next(entry[1:] for entry in _BY_TYPE if isinstance(kind, entry[0]))
