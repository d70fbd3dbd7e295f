"""How often somebody may ask: buckets that fill with time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_MAX_KEYS = 20_000


@dataclass(frozen=True)
class Rate:
    """A bucket: `burst` at once, and `per_second` after that.

    Parameters
    ----------
    per_second
        Requests that come back each second [1/s].
    burst
        Requests that may come at once.
    """

    per_second: float
    burst: float


class Limiter:
    """Counts requests by key (a token bucket each), for as many keys as it remembers.

    Parameters
    ----------
    rate
        The bucket of each key.
    clock
        Seconds that only grow.
    """

    def __init__(self, rate: Rate, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def seconds_to_wait(self, key: str, *, is_counted: bool = True) -> float:
        """Return 0.0 and count the request, or how long to wait [seconds] where the bucket is empty."""
        now = self._clock()
        with self._lock:
            left, before = self._buckets.pop(key, (self.rate.burst, now))
            left = min(left + (now - before) * self.rate.per_second, self.rate.burst)
            is_free = left >= 1.0
            self._buckets[key] = (left - 1.0 if is_free and is_counted else left, now)
            while len(self._buckets) > _MAX_KEYS:
                self._buckets.popitem(last=False)
        return 0.0 if is_free else (1.0 - left) / self.rate.per_second

    def forget(self, key: str) -> None:
        """Fill a bucket, as after a sign-in that succeeded."""
        with self._lock:
            self._buckets.pop(key, None)
