"""What a server counts, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """Counts of one server.

    Example:
        >>> from sslzoo.serving.server.metrics import Metrics
        >>> metrics = Metrics()
        >>> metrics.requests.labels("digits", "predict", "200").inc()
        >>> b'sslzoo_requests_total{code="200",' in metrics.text()
        True
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        shared = {"registry": self.registry}
        self.requests = Counter(
            "sslzoo_requests", "Answers, by HTTP code.", ["model", "method", "code"], **shared
        )
        self.seconds = Histogram(
            "sslzoo_request_seconds",
            "From request to answer.",
            ["model"],
            buckets=SECONDS,
            **shared,
        )
        self.rows = Histogram(
            "sslzoo_batch_rows", "Items computed together.", ["model"], buckets=ROWS, **shared
        )
        self.versions = Gauge(
            "sslzoo_version_loaded",
            "1 for each version that is loaded.",
            ["model", "version"],
            **shared,
        )

    def text(self) -> bytes:
        """All counts in Prometheus' format."""
        return generate_latest(self.registry)
