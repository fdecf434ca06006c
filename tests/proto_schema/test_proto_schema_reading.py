"""The Reading on the wire: the contract's keys, in its order, and room to grow."""

import json

import msgspec
import pytest

from proto_schema import READING_SCHEMA, Alert, Identity, Problem, Provenance, RawMeter, Reading, Status, Supply, Tray

BARE = Reading(device_id="hp:X1", address="127.1.0.7", port=161, time="2026-11-21T06:00:00Z")
FULL = Reading(
    device_id="hp:X1",
    address="127.1.0.7",
    port=161,
    time="2026-11-21T06:00:00Z",
    via=["snmp-2c"],
    identity=Identity(manufacturer="HP", serial="X1"),
    meters={"total": 182736, "color": 0},
    supplies=[Supply(index="1.1", kind="toner", color="black", level=1350, capacity=2700, percent=50.0, state="ok")],
    trays=[Tray(index="1.1", name="Tray 1", level=250, capacity=500, state="ok")],
    status=Status(state="idle", conditions=["low-toner"]),
    alerts=[Alert(severity="warning", code=1104)],
    display=["Ready"],
    provenance={"meters.total": Provenance(source="snmp", at="1.3.6.1.2.1.43.10.2.1.4.1.1", profile="printer-mib")},
    missing=["meters.print"],
    problems=[Problem(code="sum-differs", text="print and copy exceed the total")],
    meters_raw=[RawMeter(label="Total 1", value=182736, oid="1.3.6.1.4.1.1602.1.11.1.3.1.4.101", meter="total")],
)


def test_the_keys_are_those_of_the_contract() -> None:
    # This list is what every reader of the output holds on to: a key may be added at the end of its object, no more.
    said = json.loads(msgspec.json.encode(FULL))
    assert said["schema"] == READING_SCHEMA == "ptscan.reading/1"
    assert " ".join(said) == (
        "schema device_id address port time via identity meters supplies trays status alerts display provenance "
        "missing problems meters_raw"
    )
    assert " ".join(said["identity"]) == (
        "manufacturer model serial mac name location contact description firmware asset sys_object_id"
    )
    assert " ".join(said["supplies"][0]) == (
        "index kind color description part_number serial level capacity unit percent state coarse"
    )
    assert " ".join(said["trays"][0]) == "index name media level capacity state"
    assert " ".join(said["status"]) == "state conditions"
    assert " ".join(said["alerts"][0]) == "severity group code description location"
    assert " ".join(said["provenance"]["meters.total"]) == "source at profile"
    assert " ".join(said["problems"][0]) == "code text"
    assert " ".join(said["meters_raw"][0]) == "label value oid meter"


def test_absent_is_null_and_nought_is_a_reading() -> None:
    said = json.loads(msgspec.json.encode(FULL))
    assert said["identity"]["mac"] is None
    assert said["supplies"][0]["part_number"] is None
    assert said["meters"] == {"total": 182736, "color": 0}


@pytest.mark.parametrize("reading", [BARE, FULL], ids=["bare", "full"])
def test_what_is_encoded_is_decoded_alike(reading: Reading) -> None:
    assert msgspec.json.decode(msgspec.json.encode(reading), type=Reading) == reading
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(reading), type=Reading) == reading


def test_a_reading_of_a_later_version_is_understood() -> None:
    said = json.loads(msgspec.json.encode(FULL)) | {"weather": "fair"}
    said["supplies"][0]["taste"] = "bitter"
    assert msgspec.json.decode(json.dumps(said), type=Reading) == FULL


def test_a_reading_of_an_earlier_version_is_understood() -> None:
    said = {key: getattr(BARE, key) for key in ("schema", "device_id", "address", "port", "time")}
    assert msgspec.json.decode(json.dumps(said), type=Reading) == BARE


def test_a_reading_does_not_change() -> None:
    with pytest.raises(AttributeError):
        FULL.port = 9161
