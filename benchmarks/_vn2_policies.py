"""Rules for the VN2 game: the organisers', a seasonal mean with a buffer, base-stock, the clairvoyant, and ours."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.append(str(Path(__file__).resolve().parents[1]))

from _vn2_forecast import WeeklyForecaster, seasonal_mean
from _vn2_game import HOLDING, SHORTAGE, Known, Policy, Records, Shelf

from forecasting.counts import negative_binomial_quantile
from optimization.policies import OrderUpTo, QuantileNewsvendor

Floats = npt.NDArray[np.float64]
COVER_WEEKS = 4
# Chosen on the early start weeks of rolling games (`--development`).
BUFFER = 0.7
# Variance of a week's demand around its forecast: mean + DISPERSION * mean ** 2 + EXCESS * mean.
DISPERSION, EXCESS = 0.1, 0.2
# Share of paths on which the arriving week is covered; below the 5/6 of the costs because the mean is uncertain too.
COVERED = 0.78
N_PATHS = 200
# Means between which quantiles are interpolated [units/week].
MEANS = np.exp(np.linspace(np.log(0.02), np.log(2000.0), 320))


def organisers(known: Known, shelf: Shelf) -> Floats:
    """Order up to four weeks of the seasonal mean, as the organisers' example does."""
    cover = OrderUpTo(seasonal_mean(known, COVER_WEEKS).sum(axis=1))
    return np.round(cover.quantities(shelf.on_hand + shelf.incoming.sum(axis=0)))


def buffered(known: Known, shelf: Shelf) -> Floats:
    """Project the stock by the seasonal mean, losing what is short, and cover the week of arrival and BUFFER * sqrt."""
    mean = seasonal_mean(known, 3)
    left = np.maximum(shelf.on_hand + shelf.incoming[0] - mean[:, 0], 0.0)
    left = np.maximum(left + shelf.incoming[1] - mean[:, 1], 0.0)
    return np.round(OrderUpTo(mean[:, 2] + BUFFER * np.sqrt(mean[:, 2])).quantities(left))


def base_stock(known: Known, shelf: Shelf) -> Floats:
    """Textbook order-up-to: the 5/6 quantile of three weeks' demand, negative binomial around the seasonal mean."""
    mean = seasonal_mean(known, 3).sum(axis=1)
    levels = np.array([0.8, SHORTAGE / (SHORTAGE + HOLDING), 0.86])
    quantiles = negative_binomial_quantile(levels, mean[:, None], np.full((mean.size, 1), DISPERSION))
    rule = QuantileNewsvendor(levels, quantiles, shortage_cost=SHORTAGE, holding_cost=HOLDING)
    return np.round(rule.quantities(shelf.on_hand + shelf.incoming.sum(axis=0)))


def clairvoyant(records: Records) -> Policy:
    """Order what the week of arrival will lack: the least any policy can cost; later weeks have their own orders."""

    def policy(known: Known, shelf: Shelf) -> Floats:
        first = known.n_weeks
        left = np.maximum(shelf.on_hand + shelf.incoming[0] - records.sales[:, first], 0.0)
        left = np.maximum(left + shelf.incoming[1] - records.sales[:, first + 1], 0.0)
        lacking: Floats = np.maximum(records.sales[:, first + 2] - left, 0.0)
        return lacking

    return policy


class Ours:
    """Forecast three weeks with models fitted at the start of the game, project paths of stock, protect the third week.

    Parameters
    ----------
    threads
        Of LightGBM.
    covered
        Share of paths on which the week of arrival is covered.
    """

    def __init__(self, *, threads: int, covered: float = COVERED) -> None:
        self._threads, self._covered = threads, covered
        self._forecaster: WeeklyForecaster | None = None
        self._paths = DemandPaths(N_PATHS, n_weeks=3)

    def __call__(self, known: Known, shelf: Shelf) -> Floats:
        """Units to order, (n,)."""
        if self._forecaster is None:
            self._forecaster = WeeklyForecaster.fitted(known, threads=self._threads)
        return protected(self._paths.of(self._forecaster.means(known)), shelf, covered=self._covered)


def protected(paths: Floats, shelf: Shelf, *, covered: float) -> Floats:
    """Order the quantile of what the third week lacks, with sales lost before it, (n,).

    Parameters
    ----------
    paths
        (n, n_paths, 3) demand of the next weeks.
    shelf
        Stock and what arrives before.
    covered
        Level of the quantile.
    """
    left = np.maximum((shelf.on_hand + shelf.incoming[0])[:, None] - paths[:, :, 0], 0.0)
    left = np.maximum(left + shelf.incoming[1][:, None] - paths[:, :, 1], 0.0)
    lacking = np.sort(np.maximum(paths[:, :, 2] - left, 0.0), axis=1)
    return np.floor(lacking[:, int(covered * lacking.shape[1])] + 0.5)


class DemandPaths:
    """Negative-binomial paths around given means: every level once in each week, in an order fixed by the seed."""

    def __init__(self, n_paths: int, *, n_weeks: int, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self._order = np.stack([random.permutation(n_paths) for _ in range(n_weeks)])
        levels = (np.arange(n_paths) + 0.5) / n_paths
        self._table = negative_binomial_quantile(levels, MEANS[:, None], (DISPERSION + EXCESS / MEANS)[:, None])

    def of(self, mean: Floats) -> Floats:
        """Return paths (n, n_paths, n_weeks) around means (n, n_weeks) [units/week]."""
        at = np.clip(mean, MEANS[0], MEANS[-1])
        upper = np.clip(np.searchsorted(MEANS, at), 1, MEANS.size - 1)
        share = ((at - MEANS[upper - 1]) / (MEANS[upper] - MEANS[upper - 1]))[:, :, None]
        drawn = (1.0 - share) * self._table[upper - 1] + share * self._table[upper]
        return np.stack([drawn[:, week, order] for week, order in enumerate(self._order)], axis=2)
