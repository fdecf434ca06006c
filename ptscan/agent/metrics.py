"""What an agent shows to scrapers: OpenMetrics by prometheus-client, made anew for each. Pure."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from ptscan.agent.status import AgentStatus

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST


def metrics_of(status: AgentStatus) -> bytes:
    """How an agent stands, in numbers."""
    registry = CollectorRegistry()
    for name, text, value in _numbers(status):
        Gauge(f"ptscan_agent_{name}", text, registry=registry).set(value)
    found = Gauge("ptscan_agent_finding", "Something that is not as it should be.", ["code"], registry=registry)
    for finding in status.findings:
        found.labels(finding.code).set(1)
    return bytes(generate_latest(registry))  # type: ignore[no-untyped-call]


def _numbers(status: AgentStatus) -> Iterator[tuple[str, str, float]]:
    yield "connected", "Whether a connection to the collector stands.", float(status.is_connected or False)
    yield "in_touch", "Whether the collector answers on it.", float(bool(status.mode))
    yield "stored_records", "That the collector has stored since the connection began.", status.stored or 0
    yield "devices", "Printers that the last scan read.", status.devices or 0
    yield "resident_bytes", "What it holds in memory.", status.memory_octets or 0
    yield "settings_revision", "Of the settings that the collector set.", status.settings_revision or 0
    if (spool := status.spool) is not None:
        yield "spool_waiting_records", "That wait for the collector.", spool.records
        yield "spool_bytes", "What the spool takes on disk.", spool.octets
        yield "spool_set_aside_records", "That the collector would not have.", spool.set_aside
        yield "spool_thinned_records", "That went when the spool was full.", spool.thinned
        yield "spool_turned_away_records", "That were not taken since the start.", spool.turned_away
        yield "spool_lost_records", "That were damaged past saving.", spool.lost
