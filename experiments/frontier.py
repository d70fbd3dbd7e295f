"""Service against its price: settings of a rule that no other setting beats, and what another rule saves on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Frontier:
    """Service and its price at the settings that none beats in both, (n,) each, service ascending.

    Parameters
    ----------
    service
        Share of demand served, or any measure of which more is better.
    price
        Mean stock at cost, or total cost, or any measure of which less is better [money].
    """

    service: Floats
    price: Floats

    def price_at(self, service: float) -> float | None:
        """Price of a service, linear between two settings; None outside the range of settings tried."""
        return _between(service, self.service, self.price)

    def service_at(self, price: float) -> float | None:
        """Service for a price, linear between two settings; None outside the range of settings tried."""
        return _between(price, self.price, self.service)


def frontier(service: Floats, price: Floats) -> Frontier:
    """Keep the settings that no other beats: none has as much service for less, or more for as much.

    Example: (0.90, 10), (0.95, 12), (0.94, 13), (0.95, 15) keep the first two.

    Parameters
    ----------
    service, price
        (n,) of each setting tried.
    """
    order = np.lexsort((-service, price))
    best = np.maximum.accumulate(np.concatenate([[-np.inf], service[order][:-1]]))
    kept = order[service[order] > best]
    return Frontier(service[kept], price[kept])


@dataclass(frozen=True)
class Saving:
    """What one setting of ours saves against a frontier.

    Parameters
    ----------
    at_equal_service
        1 - our price / the frontier's price of our service; None where it is outside what was tried.
    at_equal_price
        Our service less the frontier's for our price; None likewise.
    """

    at_equal_service: float | None
    at_equal_price: float | None


def saving(rival: Frontier, *, service: float, price: float) -> Saving:
    """Compare one setting with a rival's frontier, never beyond the settings that it was tried with.

    Example: a rival at (0.90, 10) and (0.94, 14); ours at (0.92, 9): it pays 12 for 0.92, so 25% are saved; at price 9
    it has no setting.
    """
    paid, served = rival.price_at(service), rival.service_at(price)
    return Saving(
        at_equal_service=None if paid is None else 1.0 - price / paid,
        at_equal_price=None if served is None else service - served,
    )


def _between(at: float, x: Floats, y: Floats) -> float | None:
    """Interpolate ascending x; None outside."""
    if not x.size or at < x[0] or at > x[-1]:
        return None
    return float(np.interp(at, x, y))
