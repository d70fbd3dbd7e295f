"""How the server does, for Prometheus: requests and their seconds, by route, method and status."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cockpit.web.api import PREFIX

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0)
_OTHER = "other"


class Meter:
    """The figures of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._seconds = Histogram(
            "tierflow_request_seconds",
            "Seconds from a request to the end of its answer.",
            ("route", "method", "status"),
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def note(self, route: str, method: str, status: int, *, seconds: float) -> None:
        """Count a request."""
        self._seconds.labels(route, method, str(status)).observe(seconds)

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self._registry)


class Metering:
    """Counts every request; addresses count by their route, so that nobody can make up labels.

    Parameters
    ----------
    app
        The application behind.
    meter
        Where to count.
    """

    def __init__(self, app: ASGIApp, *, meter: Meter) -> None:
        self.app = app
        self.meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, begin = 500, time.perf_counter()

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        finally:
            route = route_of(scope)
            method = scope["method"] if route != _OTHER else _OTHER
            self.meter.note(route, method, status, seconds=time.perf_counter() - begin)


def route_of(scope: Scope) -> str:
    """Return the route that answered a request, with its place below the API, or `other`."""
    route = getattr(scope.get("route"), "path", _OTHER)
    is_below = scope["path"].startswith(f"{PREFIX}/") and not route.startswith(PREFIX) and route != _OTHER
    return f"{PREFIX}{route}" if is_below else route
