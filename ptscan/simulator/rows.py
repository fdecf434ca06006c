"""A model's rows, written as in a recording but with facts between braces, made ready to be rendered; pure.

A row without a fact becomes one finished varbind, shared by every device of the model. A row with facts becomes a
function of a moment; only these are worked out for each answer.
"""

import re
from collections.abc import Callable
from typing import TypeAlias

from codec import COUNTER32, IP_ADDRESS, NULL, OBJECT_IDENTIFIER, OCTET_STRING, Oid, OidError, parse_oid
from ptscan.simulator.encoding import element, header, signed
from ptscan.simulator.errors import ModelError, RecordingError
from ptscan.simulator.facts import Fact, find_fact
from ptscan.simulator.life import Moment
from ptscan.simulator.model import ModelFile
from ptscan.simulator.recording import parse_row
from ptscan.simulator.vocabulary import CHARSETS

Render: TypeAlias = Callable[[Moment], bytes | None]

# a fact and, for a number in hexadecimal, in how many octets it stands
_Placed: TypeAlias = tuple[Fact, int]

_SIZES = {"u8": 1, "u16": 2, "u32": 4}
_FACT = re.compile(r"\{([a-z_0-9.]+)(?::(u8|u16|u32))?\}")


def compile_rows(lines: list[str], model: ModelFile) -> dict[Oid, bytes | Render]:
    """Each row as a varbind or as what renders one; raises ModelError, which names the row."""
    rows: dict[Oid, bytes | Render] = {}
    for line in lines:
        oid, cell = _compile(line, model)
        if oid in rows:
            raise ModelError(model.name, line, "stands more than once")
        rows[oid] = cell
    return rows


def _compile(line: str, model: ModelFile) -> tuple[Oid, bytes | Render]:
    charset = CHARSETS[model.charset]
    try:
        if "{" not in line:
            return parse_row(line.encode(charset), 0, model.name)
        name, _, rest = line.partition("|")
        tag_text, _, value = rest.partition("|")
        oid = parse_oid(name)
        tag = int(tag_text.removesuffix("x"))
        pieces = _pieces(value, model, hexadecimal=tag_text.endswith("x"))
    except RecordingError as error:
        raise ModelError(model.name, line, error.fault) from error
    except UnicodeEncodeError as error:
        raise ModelError(model.name, line, f"can't be written in {charset}") from error
    except (OidError, ValueError) as error:
        raise ModelError(model.name, line, str(error)) from error
    if tag in (OBJECT_IDENTIFIER, IP_ADDRESS, NULL):
        raise ModelError(model.name, line, "no fact can stand in a value of this type")
    if tag == OCTET_STRING:
        return oid, _text(oid, pieces, charset)
    if len(pieces) != 1 or isinstance(pieces[0], bytes):
        raise ModelError(model.name, line, "a number is a number or one fact, with nothing round it")
    return oid, _number(oid, tag, pieces[0][0])


def _pieces(value: str, model: ModelFile, *, hexadecimal: bool) -> list[bytes | _Placed]:
    """The fixed octets and the facts, in their order; raises ValueError, which says what is wrong."""
    pieces: list[bytes | _Placed] = []
    end = 0
    for match in _FACT.finditer(value):
        pieces.append(_fixed(value[end : match.start()], model, hexadecimal=hexadecimal))
        fact = find_fact(match[1], model)
        if fact is None:
            raise ValueError(f"{match[1]!r} is no fact of this model")
        pieces.append((fact, _SIZES.get(match[2], 0)))
        end = match.end()
    pieces.append(_fixed(value[end:], model, hexadecimal=hexadecimal))
    return [piece for piece in pieces if piece]


def _fixed(text: str, model: ModelFile, *, hexadecimal: bool) -> bytes:
    if "{" in text or "}" in text:
        raise ValueError("a brace that is no part of a fact")
    return bytes.fromhex(text) if hexadecimal else text.encode(CHARSETS[model.charset])


def _number(oid: Oid, tag: int, fact: Fact) -> Render:
    name = element(0x06, oid)
    # everything before the content octets, by their number: a 64-bit counter has up to nine
    heads = [header(0x30, len(name) + 2 + size) + name + header(tag, size) for size in range(10)]
    mask = 0xFFFF_FFFF if tag == COUNTER32 else -1  # a counter begins again at 0

    def render(moment: Moment) -> bytes | None:
        value = fact(moment)
        if not isinstance(value, int):
            return None
        content = signed(value & mask)
        return heads[len(content)] + content

    return render


def _text(oid: Oid, pieces: list[bytes | _Placed], charset: str) -> Render:
    name = element(0x06, oid)

    def render(moment: Moment) -> bytes | None:
        octets = []
        for piece in pieces:
            if isinstance(piece, bytes):
                octets.append(piece)
                continue
            fact, size = piece
            value = fact(moment)
            if value is None:
                return None
            if isinstance(value, int):
                value = (value % 256**size).to_bytes(size, "big") if size else b"%d" % value
            octets.append(value if isinstance(value, bytes) else value.encode(charset, "replace"))
        value_element = element(OCTET_STRING, b"".join(octets))
        return header(0x30, len(name) + len(value_element)) + name + value_element

    return render
