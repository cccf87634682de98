"""What the gateway counts, for Prometheus. Counters begin anew with the process; the gauges are read from the store."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from blueprint.events import Accepted, EventCounts
from deployments.gateway.refusals import Reason

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Counters:
    """All of them, in a registry of their own. Only known sources become labels: nobody outside can make new ones."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._received = Counter("missions_events_received", "Events in requests that were taken.", ["source"], registry=registry)
        self._stored = Counter("missions_events_stored", "Events that were new.", ["source"], registry=registry)
        self._duplicate = Counter("missions_events_duplicate", "Events that were there already.", ["source"], registry=registry)
        self._refused = Counter("missions_event_requests_refused", "Requests, by reason.", ["reason"], registry=registry)
        self._passed = Counter("missions_events_passed_on", "Events that Prefect took.", ["source"], registry=registry)
        self._unwanted = Counter("missions_events_unwanted", "Events that no rule waits for.", ["source"], registry=registry)
        self._seconds = Histogram(
            "missions_event_request_seconds", "Time to the answer of a POST.", buckets=_SECONDS, registry=registry
        )
        self._gauges = {
            name: Gauge(f"missions_events_{name}", field.description or name, registry=registry)
            for name, field in EventCounts.model_fields.items()
        }

    def accepted(self, source: str, what: Accepted) -> None:
        """A request was taken."""
        self._received.labels(source).inc(what.stored + what.repeated)
        self._stored.labels(source).inc(what.stored)
        self._duplicate.labels(source).inc(what.repeated)

    def refused(self, reason: Reason) -> None:
        """A request was not taken."""
        self._refused.labels(reason).inc()

    def answered(self, seconds: float) -> None:
        """A POST was answered, whatever the answer."""
        self._seconds.observe(seconds)

    def passed_on(self, source: str, *, is_wanted: bool) -> None:
        """Prefect took an event."""
        self._passed.labels(source).inc()
        if not is_wanted:
            self._unwanted.labels(source).inc()

    def page(self, counts: EventCounts | None) -> bytes:
        """Prometheus' text format; without the gauges of the queue, when the store does not tell them."""
        for name, gauge in self._gauges.items():
            gauge.set(getattr(counts, name) if counts is not None else float("nan"))
        return generate_latest(self._registry)
