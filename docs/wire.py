"""Writes docs/wire.md and docs/wire.schema.json from proto_schema; `make docs` runs it, and a test holds them to it."""

import ast
import inspect
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
from msgspec import inspect as shapes

import proto_schema
from proto_schema import METHODS, Reading, enrolment, health, job, limits, session, settings, upload

HERE = Path(__file__).parent
MODULES = (enrolment, upload, session, health, job, settings)
HEAD = """\
# The wire

What agent and collector say to each other. This page and [`wire.schema.json`](wire.schema.json) are made from
[`proto_schema`](../proto_schema/__init__.py) by `make docs`; no other message is ever sent, and what is not on this
page never leaves an agent.

The agent opens one TLS 1.3 connection to one port of the collector ({port}, if nothing else is said). On it both speak
gRPC: HTTP/2, `content-type: application/grpc+msgpack`, or `application/grpc+json` for people who look on. Who an agent
is, its certificate says, and never a field.

## How a message is written
A message is an array of its fields in the order of its table, encoded as [MessagePack](https://msgpack.org), or as JSON
with octets in base64. A message of which any one of several may come has its tag before its first field. A Reading
alone, and what is in it, is a map, keyed by its fields' names: it is the same object that `ptscan scan` prints. In a
record it is MessagePack always.

Messages only grow. A field is added at the end, with a default, and never changes its meaning, its type or its place:

- an old reader skips the fields that it does not know, and a tag that it does not know with its whole message;
- a new reader fills in the default where an old writer sent no such field.

The octets of each release's messages are kept and read by a test.

A message that is none, or is beyond a limit below, is refused as a whole, with a typed error and without taking memory
for what it says will come.
"""


def page() -> str:
    """The text of wire.md."""
    lines = [HEAD.format(port=proto_schema.PORT), *_services()]
    for module in MODULES:
        name, _, text = (module.__doc__ or "").partition(":")
        lines += [f"## Messages: {name.lower()}", _upper(" ".join(text.split("\n\n")[0].split())), ""]
        lines += [part.replace("``", "`").replace("\n", " ") + "\n" for part in text.strip().split("\n\n")[1:]]
        for struct in structs(module):
            lines += _message(struct)
    lines += [
        "## Reading",
        "The body of a record of the kind `reading`. What its values mean: [the Reading](reading.md).\n",
    ]
    for struct in _within(Reading):
        lines += _object(struct)
    lines += _limits()
    return "\n".join(lines).rstrip() + "\n"


def schema() -> str:
    """The text of wire.schema.json: JSON Schema of every message as it is written in JSON."""
    kinds = [*dict.fromkeys(kind for method in METHODS for kind in (*method.asks, *method.answers)), Reading]
    _, components = msgspec.json.schema_components(kinds)
    for struct in (struct for module in MODULES for struct in structs(module)):
        items = components[struct.__name__]["prefixItems"]
        tagged = len(items) - len(struct.__struct_fields__)
        names = ["tag"] * tagged + list(struct.__struct_fields__)
        components[struct.__name__]["prefixItems"] = [
            {"title": name, **item} for name, item in zip(names, items, strict=True)
        ]
    for component in components.values():
        if "description" in component:  # which Python 3.13 takes the indentation out of by itself
            component["description"] = inspect.cleandoc(component["description"])
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ptscan.v1",
        "$defs": dict(sorted(components.items())),
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def structs(module: ModuleType) -> list[type[msgspec.Struct]]:
    """The messages that a module defines, in its order."""
    return [
        kind
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
    ]


def meanings(kind: object) -> dict[str, str]:
    """The text below each field of a class, or below each constant of a module, on one line."""
    tree: ast.AST = ast.parse(inspect.getsource(kind))  # type: ignore[arg-type]
    body = tree.body[0].body if inspect.isclass(kind) else tree.body  # type: ignore[attr-defined]
    return {
        field.target.id: " ".join(str(text.value.value).split()).replace("``", "`")
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }


def _services() -> Iterator[str]:
    yield "## Services"
    yield "| method | asks | answers | how | certificate |\n| --- | --- | --- | --- | --- |"
    for method in METHODS:
        needs = "needed" if method.needs_certificate else "none"
        how = "both stream" if method.streams else "one, one"
        yield f"| `{method.path}` | {_any(method.asks)} | {_any(method.answers)} | {how} | {needs} |"
    kept = ", ".join(f"`{name}`" for name in proto_schema.service.KEPT_NAMES)
    yield f"\nThe names {kept} of the agent's service are kept for what is to come.\n"


def _any(kinds: tuple[type[msgspec.Struct], ...]) -> str:
    return ", ".join(f"[{kind.__name__}](#{kind.__name__.lower()})" for kind in kinds)


def _message(struct: type[msgspec.Struct]) -> Iterator[str]:
    tag = struct.__struct_config__.tag
    yield f"### {struct.__name__}"
    yield _doc(struct) + (f" Its tag is `{tag}`." if tag else "") + "\n"
    yield "| field | type | default | meaning |\n| --- | --- | --- | --- |"
    said = meanings(struct)
    for field in msgspec.structs.fields(struct):
        yield f"| `{field.name}` | {_type(shapes.type_info(field.type))} | {_default(field)} | {said[field.name]} |"
    yield ""


def _object(struct: type[msgspec.Struct]) -> Iterator[str]:
    yield f"### {struct.__name__}"
    yield _doc(struct) + "\n"
    yield "| field | type | default |\n| --- | --- | --- |"
    for field in msgspec.structs.fields(struct):
        yield f"| `{field.name}` | {_type(shapes.type_info(field.type))} | {_default(field)} |"
    yield ""


def _within(struct: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """A struct, and all that are in it."""
    found = {struct: None}
    for kind in shapes.multi_type_info([field.type for field in msgspec.structs.fields(struct)]):
        for inner in _structs_of(kind):
            found |= dict.fromkeys(_within(inner))
    return list(found)


def _structs_of(kind: shapes.Type) -> Iterator[type[msgspec.Struct]]:
    match kind:
        case shapes.StructType():
            yield kind.cls
        case shapes.ListType():
            yield from _structs_of(kind.item_type)
        case shapes.DictType():
            yield from _structs_of(kind.value_type)


def _type(kind: shapes.Type) -> str:
    match kind:
        case shapes.Metadata():
            return _type(kind.type)
        case shapes.UnionType():
            return " or ".join(
                _type(one) for one in sorted(kind.types, key=lambda one: isinstance(one, shapes.NoneType))
            )
        case shapes.NoneType():
            return "nil"
        case shapes.BoolType():
            return "boolean"
        case shapes.IntType():
            return f"integer{_between(kind.ge, kind.le)}"
        case shapes.FloatType():
            return f"float{_between(kind.ge, kind.le)}"
        case shapes.StrType():
            return f"text{_at_most(kind.max_length)}"
        case shapes.BytesType():
            return f"octets{_at_most(kind.max_length)}"
        case shapes.ListType():
            return f"array{_at_most(kind.max_length)} of {_type(kind.item_type)}"
        case shapes.DictType():
            return f"map of {_type(kind.key_type)} to {_type(kind.value_type)}"
        case shapes.StructType():
            return f"[{kind.cls.__name__}](#{kind.cls.__name__.lower()})"
    raise TypeError(f"{kind} has no words yet; mend: give it some in docs/wire.py")


def _at_most(length: int | None) -> str:
    return "" if length is None else f" (≤ {length:,})"


def _between(least: float | None, most: float | None) -> str:
    if least is None or most is None:
        return ""
    return f" ({least:g} to {'2⁶³ - 1' if most == limits.SEQUENCE else f'{most:,.0f}'})"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return ""
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return "its defaults" if isinstance(value, msgspec.Struct) else f"`{json.dumps(value).replace('null', 'nil')}`"


def _doc(struct: type[msgspec.Struct]) -> str:
    return " ".join((struct.__doc__ or "").split()).replace("``", "`")


def _limits() -> Iterator[str]:
    yield "## Limits"
    yield "Lengths are octets for octets and characters for text.\n"
    yield "| limit | most | of what |\n| --- | --- | --- |"
    for name, text in meanings(limits).items():
        most = getattr(limits, name)
        yield f"| `{name}` | {'2⁶³ - 1' if most == limits.SEQUENCE else f'{most:,.0f}'} | {text} |"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


if __name__ == "__main__":
    (HERE / "wire.md").write_text(page(), encoding="utf-8")
    (HERE / "wire.schema.json").write_text(schema(), encoding="utf-8")
