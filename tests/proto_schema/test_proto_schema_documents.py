"""The wire's page and its JSON Schema say what the messages are, field by field."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from every_message import FULL

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def wire() -> ModuleType:
    """docs/wire.py, which writes both."""
    spec = importlib.util.spec_from_file_location("wire_documents", DOCS / "wire.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_messages_make_it(wire: ModuleType) -> None:
    assert (DOCS / "wire.md").read_text(encoding="utf-8") == wire.page(), "mend: make docs"


def test_the_schema_is_what_the_messages_make_it(wire: ModuleType) -> None:
    assert (DOCS / "wire.schema.json").read_text(encoding="utf-8") == wire.schema(), "mend: make docs"


def test_the_page_names_every_field_that_is_ever_sent(wire: ModuleType) -> None:
    page = wire.page()
    for message in FULL:
        _, found, rest = page.partition(f"\n### {type(message).__name__}\n")
        assert found
        section = rest.partition("\n#")[0]
        assert [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")] == list(
            message.__struct_fields__
        )


def test_the_schema_knows_the_place_of_every_field() -> None:
    schema: dict[str, Any] = json.loads((DOCS / "wire.schema.json").read_text(encoding="utf-8"))["$defs"]
    for message in FULL:
        kind, config = type(message), type(message).__struct_config__
        described = schema[kind.__name__]
        if config.array_like:
            tag = ["tag"] if config.tag else []
            assert [item["title"] for item in described["prefixItems"]] == [*tag, *kind.__struct_fields__]
            required = [field.required for field in msgspec.structs.fields(kind)]
            assert described["minItems"] == len(tag) + sum(required)
            assert required == sorted(required, reverse=True), "a field without a default stands behind one with"
        else:
            assert list(described["properties"]) == list(kind.__struct_fields__)
