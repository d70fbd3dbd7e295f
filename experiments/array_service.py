"""Customers of all points at once: who is served on a day of `twin_arrays`, who went without, and the money of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.array_chain import ArrayChain, Serving
from experiments.recent_sales import Missing

Ints = npt.NDArray[np.int64]
# Share of the day that goods were on the shelf where they sold out: the hour is not recorded, so half.
SOLD_OUT_AVAILABILITY = 0.5


@dataclass(frozen=True, eq=False)
class Service:
    """A day's customers by their first choice, (L + 1, S) units each; the last row is those whom nobody serves.

    Parameters
    ----------
    latent, first, lost
        Asked for, served by the first choice, and served by nobody.
    """

    latent: Ints
    first: Ints
    lost: Ints


class Customers:
    """Who asks for what, day by day; its arrays are used again.

    Parameters
    ----------
    serving
        Who serves whom.
    shape
        L places and S SKUs.
    """

    def __init__(self, serving: Serving, shape: tuple[int, ...]) -> None:
        self._serving = serving
        self._latent, self._first, self._elsewhere, self._lost = np.zeros((4, shape[0] + 1, shape[1]), dtype=np.int64)
        self._left, self._given = np.empty((2, serving.home.size, shape[1]), dtype=np.int64)
        self._has_second = any(len(ranks) > 1 for _, ranks in serving.levels)

    def serve(self, on_hand: Ints, asked: Ints) -> Service:
        """Serve a day's demand in serving order and take it off the stock; what nobody has is lost.

        Parameters
        ----------
        on_hand
            (L, S) units; changed.
        asked
            (n_groups, S) latent demand.

        Returns
        -------
        What the next day's call overwrites.
        """
        serving, latent, first = self._serving, self._latent, self._first
        latent[...], first[...] = 0, 0
        if self._has_second:
            self._elsewhere[...] = 0
        latent[-1] = asked[serving.home < 0].sum(axis=0)
        for groups, ranks in serving.levels:
            # Groups of a level share no place, so no row is met twice.
            left, home = self._left[: groups.size], serving.home[groups]
            np.copyto(left, asked[_rows(groups)])
            latent[_rows(home)] += left
            for rank, places in enumerate(ranks):
                has = np.flatnonzero(places >= 0)
                at, by = _rows(places[has]), self._elsewhere if rank else first
                wanted, here = left[_rows(has)], on_hand[at]
                given = np.minimum(wanted, here, out=self._given[: has.size])
                here -= given
                on_hand[at] = here
                by[_rows(home[has])] += given
                if rank + 1 < len(ranks):
                    left[_rows(has)] = wanted - given
        lost = np.subtract(latent, first, out=self._lost)
        if self._has_second:
            lost -= self._elsewhere
        return Service(latent, first, lost)


def _rows(index: Ints) -> Ints | slice:
    """Return rows that follow one another as a slice, which copies nothing."""
    first = int(index[0]) if index.size else 0
    follows = index.size > 0 and np.array_equal(index, np.arange(first, first + index.size))
    return slice(first, first + index.size) if follows else index


def missing_shares(chain: ArrayChain, sold: Ints, *, left: Ints, recorded: Ints | None) -> Missing:
    """Find the points that had nothing on the shelf: all day if they sold nothing, half of it if they sold out.

    Parameters
    ----------
    chain
        What each place keeps.
    sold, left
        (L, S) units, before anything expires.
    recorded
        (L, S) what the record shows beyond what was there: where it shows goods, none seem missing; None = it is right.
    """
    points = np.flatnonzero(left == 0)
    has_sold, is_kept = sold.reshape(-1)[points] > 0, chain.is_assorted.reshape(-1)[points]
    if recorded is not None:
        ghost = recorded.reshape(-1)[points] > 0
        has_sold, is_kept = has_sold & ~ghost, is_kept & ~ghost
    share = np.where(has_sold, 1.0 - SOLD_OUT_AVAILABILITY, np.where(is_kept, 1.0, 0.0))
    is_missing = share > 0
    return Missing(points[is_missing], share[is_missing])


def by_place(chain: ArrayChain, service: Service) -> Ints:
    """Add customers up by first choice, rows as the fields of `kpis.PlaceService`, (4, L + 1); the last is nobody."""
    latent, first, lost = (chain.by_physical(each) for each in (service.latent, service.first, service.lost))
    return np.stack([_positive(latent), _positive(lost), latent.sum(axis=1), first.sum(axis=1)])


def _positive(values: Ints) -> Ints:
    """Count the positive values of each row."""
    counts: Ints = np.bitwise_count(np.packbits(values > 0, axis=1)).sum(axis=1, dtype=np.int64)
    return counts


def money(chain: ArrayChain, service: Service, *, held: Ints, asked: Ints, expired: Ints) -> dict[str, float]:
    """Service and money of a day.

    Parameters
    ----------
    chain
        Prices.
    service
        Result of `serve`.
    held
        (S,) units that stand or move between places of our own.
    asked
        Result of `by_place`.
    expired
        (p,) units of perishables.
    """
    lost, latent = service.lost.sum(axis=0), service.latent.sum(axis=0)
    served, waste = latent - lost, np.zeros_like(lost)
    waste[chain.perishable] = expired
    return {
        "latent_units": float(asked[2].sum()),
        "served_first_units": float(asked[3].sum()),
        "served_units": float(served.sum()),
        "holding_cost": float((held * chain.holding).sum()),
        "lost_margin": float((lost * chain.margin).sum()),
        "waste_cost": float((waste * chain.cost).sum()),
        "stock_value": float((held * chain.cost).sum()),
        "cost_of_goods_sold": float((served * chain.cost).sum()),
        "demand_points": float(asked[0].sum()),
        "short_points": float(asked[1].sum()),
    }
