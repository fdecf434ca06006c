"""The question that finds SNMPv3 engines without a credential, and what is read from an answer to it."""

from codec import (
    DISCOVERY_ID_OFFSET,
    REQUEST_ID_MIN,
    decode_discovery,
    discovery_request,
    engine_enterprise,
)
from ptscan.datagram import Stencil
from ptscan.sweep.sighting import Sighting


def discovery_stencil() -> Stencil:
    """The probe of a discovery: its msgID is the stamp."""
    return Stencil(discovery_request(REQUEST_ID_MIN), DISCOVERY_ID_OFFSET)


def read_report(payload: bytes, address: str, port: int, *, rtt_ms: float | None) -> Sighting:
    """Read the answer ``payload`` of the engine at ``address`` and ``port``, ``rtt_ms`` after it was asked.

    What it says is not proven, and its maker does not make it a printer. Raises DecodeError for what is no such answer.
    """
    report = decode_discovery(payload)
    enterprise = engine_enterprise(report.engine_id)
    engine_id = report.engine_id.hex()
    return Sighting(
        address, port, "3", engine_id, enterprise, None, None, None, "unknown", rtt_ms, engine_boots=report.boots
    )
