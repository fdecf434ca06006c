"""Old readers meet new messages, new readers old ones: the octets of version 1 are kept and mean what they meant."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from every_message import ALL, FULL

import proto_schema
from proto_schema import (
    AGENT_MESSAGES,
    COLLECTOR_MESSAGES,
    METHODS,
    Reading,
    Record,
    Settings,
    Unknown,
    Welcome,
    WireError,
    decode,
    encode,
    enrolment,
    health,
    job,
    session,
    settings,
    upload,
)

FROZEN = Path(__file__).with_name("version_1.json")
VERSION_1: list[dict[str, Any]] = json.loads(FROZEN.read_text())
"""Written when version 1 was made, and never again: a mistake in it is a mistake that agents out there have."""


def kind_of(name: str) -> type[msgspec.Struct]:
    return getattr(proto_schema, name)  # type: ignore[no-any-return]


@pytest.mark.parametrize("kept", VERSION_1, ids=lambda kept: kept["message"])
def test_a_message_of_version_1_is_understood(kept: dict[str, Any]) -> None:
    kind = kind_of(kept["message"])
    message = decode(bytes.fromhex(kept["octets"]), kind)
    assert message == decode(json.dumps(kept["json"]).encode(), kind, as_json=True)
    said = kept["json"]
    if isinstance(said, list):
        said = dict(zip(kept["fields"], said[len(said) - len(kept["fields"]) :], strict=True))
    for field in kept["fields"]:
        value = getattr(message, field)
        if isinstance(value, str | int | float | bool | None):
            assert value == said[field]


@pytest.mark.parametrize("kept", VERSION_1, ids=lambda kept: kept["message"])
def test_a_field_is_added_at_the_end_and_never_moved(kept: dict[str, Any]) -> None:
    kind = kind_of(kept["message"])
    assert list(kind.__struct_fields__)[: len(kept["fields"])] == kept["fields"]
    for added in msgspec.structs.fields(kind)[len(kept["fields"]) :]:
        assert not added.required, f"{added.name} needs a default: version 1 does not send it"


@pytest.mark.parametrize("kept", VERSION_1, ids=lambda kept: kept["message"])
def test_a_reader_of_version_1_understands_what_is_sent_today(kept: dict[str, Any]) -> None:
    kind = kind_of(kept["message"])
    config = kind.__struct_config__
    old = msgspec.defstruct(
        "Old", [(field, Any) for field in kept["fields"]], array_like=config.array_like, tag=config.tag
    )
    for message in (message for message in ALL if type(message) is kind):
        read = msgspec.msgpack.decode(encode(message), type=old)
        for field in kept["fields"]:
            assert getattr(read, field) == msgspec.to_builtins(getattr(message, field), builtin_types=[bytes])


def test_every_message_is_kept() -> None:
    kept = {row["message"] for row in VERSION_1}
    assert kept == {type(message).__name__ for message in FULL} == {kind.__name__ for kind in messages()} | {"Reading"}


def messages() -> list[type[msgspec.Struct]]:
    return [
        kind
        for module in (enrolment, upload, session, health, job, settings)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
    ]


@pytest.mark.parametrize("message", ALL, ids=lambda message: type(message).__name__)
def test_fields_of_a_later_version_are_skipped(message: msgspec.Struct) -> None:
    said = msgspec.msgpack.decode(encode(message))
    later: object = {"deep": [{"er": [1, 2.5, None, "x", b"y"]}]}
    more = said | {"later": later} if isinstance(said, dict) else [*said, later, 7]
    assert decode(msgspec.msgpack.encode(more), type(message)) == message
    said = json.loads(encode(message, as_json=True))
    later = {"deep": [{"er": [1, 2.5, None, 'x"[', "[\\"]}]}
    more = said | {"later": later} if isinstance(said, dict) else [*said, later, 7]
    assert decode(json.dumps(more, indent=1).encode(), type(message), as_json=True) == message


@pytest.mark.parametrize("message", ALL, ids=lambda message: type(message).__name__)
@pytest.mark.parametrize("as_json", [False, True], ids=["msgpack", "json"])
def test_what_is_encoded_is_decoded_alike(message: msgspec.Struct, as_json: bool) -> None:
    assert decode(encode(message, as_json=as_json), type(message), as_json=as_json) == message


@pytest.mark.parametrize("of", [AGENT_MESSAGES, COLLECTOR_MESSAGES], ids=lambda of: of.name)
@pytest.mark.parametrize("as_json", [False, True], ids=["msgpack", "json"])
def test_messages_of_a_session_are_told_apart(of: Any, as_json: bool) -> None:
    sent = [message for message in ALL if type(message) in of.kinds]
    assert {type(message) for message in sent} == set(of.kinds)
    for message in sent:
        assert of.decode(encode(message, as_json=as_json), as_json=as_json) == message


@pytest.mark.parametrize("of", [AGENT_MESSAGES, COLLECTOR_MESSAGES], ids=lambda of: of.name)
def test_a_message_of_a_later_version_is_known_as_such(of: Any) -> None:
    assert of.decode(msgspec.msgpack.encode(["weather", 1, {"wind": [3]}])) == Unknown(kind="weather")
    assert of.decode(b'["weather", 1, {"wind": [3]}]', as_json=True) == Unknown(kind="weather")


@pytest.mark.parametrize(
    "octets", [b"", b"\x90", b"\xc0", b"\x91\x01", b"\x91\xa5hello", b"\x92\xa4wind" + b"\x91" * 40]
)
def test_what_is_no_message_of_a_session_is_refused(octets: bytes) -> None:
    with pytest.raises(WireError, match=r"^(AgentMessage|Hello): "):
        AGENT_MESSAGES.decode(octets)


def test_the_tags_of_a_session_are_all_different() -> None:
    tags = [kind.__struct_config__.tag for kind in (*AGENT_MESSAGES.kinds, *COLLECTOR_MESSAGES.kinds)]
    assert tags == ["hello", "health", "job-update", "welcome", "job-offer", "job-cancel", "settings"]


@pytest.mark.parametrize("kind", messages(), ids=lambda kind: kind.__name__)
def test_a_message_is_a_frozen_array(kind: type[msgspec.Struct]) -> None:
    config = kind.__struct_config__
    assert (config.frozen, config.array_like, config.forbid_unknown_fields) == (True, True, False)
    assert all(
        field.required or field.default_factory in {msgspec.NODEFAULT, list} for field in msgspec.structs.fields(kind)
    )


def test_the_methods_are_those_of_the_contract() -> None:
    assert [method.path for method in METHODS] == [
        "/ptscan.v1.Enrolment/Enrol",
        "/ptscan.v1.Enrolment/Renew",
        "/ptscan.v1.Agent/Session",
        "/ptscan.v1.Agent/CheckIn",
        "/ptscan.v1.Agent/Upload",
    ]
    assert [method.name for method in METHODS if not method.needs_certificate] == ["Enrol"]
    assert [method.name for method in METHODS if method.streams] == ["Session", "Upload"]


def test_a_reading_survives_the_way_through_a_record() -> None:
    reading = next(message for message in FULL if isinstance(message, Reading))
    record = Record(sequence=1, kind=proto_schema.READING, at=reading.time, body=encode(reading))
    for as_json in (False, True):
        read = decode(encode(record, as_json=as_json), Record, as_json=as_json)
        assert decode(read.body, Reading) == reading


def test_settings_stand_by_themselves_and_in_a_welcome() -> None:
    welcome = next(message for message in FULL if isinstance(message, Welcome))
    assert isinstance(welcome.settings, Settings)
    assert COLLECTOR_MESSAGES.decode(encode(welcome.settings)) == welcome.settings
