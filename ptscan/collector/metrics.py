"""What the collector counts, for scrapers: OpenMetrics by prometheus-client, in a registry of its own. Pure."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The counters of one collector; each is thread-safe."""

    def __init__(self, *, version: str) -> None:
        ours = self._registry = CollectorRegistry()

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"ptscan_collector_{name}", text, labels, registry=ours)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"ptscan_collector_{name}", text, labels, registry=ours)

        Info("ptscan_collector_build", "Which version this is.", registry=ours).info({"version": version})
        self.ready: Final = gauge("ready", "Whether /readyz says so.")
        self.connections: Final = gauge("connections", "That are open.", "peer")
        self.sessions: Final = gauge("sessions", "That are open.")
        self.check_ins: Final = counter("check_ins", "That were answered.")
        self.batches: Final = counter("batches", "That were stored.")
        self.records: Final = counter("records", "Settled (stored, now or before) or refused.", "outcome")
        self.waiting: Final = gauge("waiting_bytes", "Of batches that wait for their transaction, or are in it.")
        self.commit_seconds: Final = Histogram(
            "ptscan_collector_commit_seconds", "Of a transaction of batches.", buckets=_SECONDS, registry=ours
        )
        self.store_failures: Final = counter("store_failures", "Transactions of batches that failed.")
        self.pruned: Final = counter("pruned_readings", "That were deleted because they are old.")
        self.twins: Final = counter("twins", "Agents that were suspended because two machines spoke as one.")
        self.authority_ends: Final = gauge("issuing_certificate_ends_timestamp_seconds", "When it ends.")

    def show(self) -> bytes:
        """All of them, as OpenMetrics."""
        return bytes(generate_latest(self._registry))  # type: ignore[no-untyped-call]
