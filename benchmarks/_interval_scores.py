"""Scores of interval forecasts: coverage by the randomised transform, and pinball against sums of daily quantiles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.counts import negative_binomial_cdf
from forecasting.forecast import Forecast
from forecasting.metrics import randomised_pit

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LEVELS = (0.8, 0.9, 0.95, 0.98)
LENGTHS = (3, 7, 14, 28)
# Daily levels among which the one is sought whose sums cover as often as the quantile of the sum.
DAILY_LEVELS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.725, 0.75, 0.775, 0.8, 0.825, 0.85, 0.875, 0.9, 0.925, 0.95, 0.965, 0.98,
                0.985, 0.99, 0.995, 0.998)  # fmt: skip
# Clusters below which those of the next finer kind give the interval.
LEAST_CLUSTERS = 5
NORMAL_95 = 1.96


def interval_rows(forecast: Forecast, demand: Array, usable: Flags, *, origin: str, seed: int) -> pd.DataFrame:
    """Return one row a series and length: what was said and what came.

    Parameters
    ----------
    forecast
        At one origin.
    demand
        (n_series, horizon) [units/day] that came.
    usable
        (n_series, horizon); an interval counts where all of its days are.
    origin
        Name of the origin, a cluster of the intervals.
    seed
        Of the randomised transform.

    Returns
    -------
    origin, sku, location, demand_class, length, mean, demand, pit, ``q`` + level, and ``d`` + level for sums of daily
    quantiles.
    """
    random = np.random.default_rng(seed)
    horizon = demand.shape[1]
    days = [forecast.interval_quantiles(DAILY_LEVELS, day, day + 1) for day in range(horizon)]
    summed = np.cumsum(np.stack(days), axis=0)
    parts = []
    for length in (length for length in LENGTHS if length <= horizon):
        mean, came = forecast.interval_mean(0, length), demand[:, :length].sum(axis=1)
        keep = usable[:, :length].all(axis=1)
        cdf = forecast.interval_cdf(np.column_stack([came, np.ceil(came) - 1.0]), 0, length)
        frame = forecast.series[["sku", "location", "demand_class"]].assign(
            origin=origin, length=length, mean=mean, demand=came,
            pit=randomised_pit(cdf[:, 0], np.minimum(cdf[:, 1], cdf[:, 0]), random=random),
        )  # fmt: skip
        cumulative = pd.DataFrame(forecast.interval_quantiles(LEVELS, 0, length), columns=[f"q{v:g}" for v in LEVELS])
        daily = pd.DataFrame(summed[length - 1], columns=[f"d{v:g}" for v in DAILY_LEVELS])
        parts.append(pd.concat([frame, cumulative, daily], axis=1)[keep])
    return pd.concat(parts, ignore_index=True)


def pooled_rows(forecast: Forecast, demand: Array, usable: Flags, *, origin: str, seed: int) -> pd.DataFrame:
    """Return one row a pool and length: the SKU at all of its locations, and the whole chain.

    Parameters
    ----------
    forecast, demand, usable, origin, seed
        As in `interval_rows`; a stock point takes part where all of its days are usable.

    Returns
    -------
    origin, pool (``sku`` or ``chain``), sku, length, mean, demand, pit.
    """
    random = np.random.default_rng(seed)
    sku = forecast.codes_of("sku")
    parts = []
    for length in (length for length in LENGTHS if length <= demand.shape[1]):
        inside = usable[:, :length].all(axis=1)
        came = np.where(inside, demand[:, :length].sum(axis=1), 0.0)
        for pool, codes in (("sku", sku), ("chain", np.zeros_like(sku))):
            groups = np.where(inside, codes, -1)
            mean, variance = forecast.pooled_moments(groups, 0, length)
            total = np.bincount(codes[inside], weights=came[inside], minlength=mean.size)
            spread = np.maximum(variance - mean, 0.0) / np.maximum(mean, 1e-9) ** 2
            high, low = (negative_binomial_cdf(at, mean, spread) for at in (total, np.ceil(total) - 1.0))
            frame = pd.DataFrame({"mean": mean, "demand": total, "pit": randomised_pit(high, low, random=random)})
            parts.append(frame.assign(origin=origin, pool=pool, sku=np.arange(mean.size), length=length)[mean > 0])
    return pd.concat(parts, ignore_index=True)


def pooled_summary(rows: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Return length -> pool -> n, bias and coverage with its 95% interval from origins."""
    result: dict[str, dict[str, dict[str, float]]] = {}
    for length, group in rows.groupby("length"):
        result[str(length)] = {str(pool): coverages(part) for pool, part in group.groupby("pool")}
    return result


def summary(rows: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Return length -> class (and ``all``) -> figures."""
    result: dict[str, dict[str, dict[str, float]]] = {}
    for length, group in rows.groupby("length"):
        by_class = {str(name): figures(part) for name, part in group.groupby("demand_class")}
        result[str(length)] = {"all": figures(group), **by_class}
    return result


def figures(rows: pd.DataFrame) -> dict[str, float]:
    """Coverage, its intervals and pinball losses of some intervals.

    ``coverage_L`` is the share of transforms at or below L; ``low_L`` and ``high_L`` its 95% interval from clusters
    (origins where there are enough, else SKUs); ``pinball_cumulative``, ``pinball_daily`` and ``pinball_daily_equal``
    are mean losses at 0.9 of the quantile of the sum, of the sum of quantiles, and of the sum of those daily quantiles
    that cover as often.
    """
    return {name: round(value, 4) for name, value in (coverages(rows) | pinball_figures(rows)).items()}


def coverages(rows: pd.DataFrame) -> dict[str, float]:
    """Number, bias and coverage with its interval at each level."""
    result: dict[str, float] = {"n": len(rows), "mean_demand": float(rows["demand"].mean())}
    result["bias"] = float(rows["mean"].sum() / max(rows["demand"].sum(), 1e-9) - 1.0)
    for level in LEVELS:
        covered = (rows["pit"] <= level).to_numpy(dtype=np.float64)
        half = NORMAL_95 * clustered_error(covered, _clusters(rows))
        share = float(covered.mean())
        result |= {f"coverage_{level:g}": share, f"low_{level:g}": share - half, f"high_{level:g}": share + half}
    return {name: round(value, 4) for name, value in result.items()}


def pinball_figures(rows: pd.DataFrame, level: float = 0.9) -> dict[str, float]:
    """Pinball at one level of the three ways to say an interval's quantile."""
    came = rows["demand"].to_numpy()
    quantile, daily = rows[f"q{level:g}"].to_numpy(), rows[f"d{level:g}"].to_numpy()
    equal, equal_level = equally_covering(rows, float(np.mean(came <= quantile)))
    losses = {name: _loss(values, came, level) for name, values in
              (("cumulative", quantile), ("daily", daily), ("daily_equal", equal))}  # fmt: skip
    return {
        **{f"pinball_{name}": loss for name, loss in losses.items()},
        "against_daily": losses["cumulative"] / max(losses["daily"], 1e-12) - 1.0,
        "against_daily_equal": losses["cumulative"] / max(losses["daily_equal"], 1e-12) - 1.0,
        "raw_coverage": float(np.mean(came <= quantile)),
        "raw_coverage_daily": float(np.mean(came <= daily)),
        "equal_level": equal_level,
    }


def equally_covering(rows: pd.DataFrame, share: float) -> tuple[Array, float]:
    """Sums of daily quantiles at the level, between the grid's, at which they cover this share; and the level."""
    came = rows["demand"].to_numpy()
    sums = rows[[f"d{value:g}" for value in DAILY_LEVELS]].to_numpy()
    low, high = 0.0, float(len(DAILY_LEVELS) - 1)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if np.mean(came <= _between(sums, middle)) < share else (low, middle)
    return _between(sums, high), float(_between(np.array([DAILY_LEVELS]), high)[0])


def clustered_error(values: Array, clusters: npt.NDArray[np.int64]) -> float:
    """Standard error of a mean whose residuals may be correlated within clusters (Liang and Zeger 1986)."""
    n_clusters = int(clusters.max()) + 1 if clusters.size else 0
    if n_clusters < 2:
        return float("nan")
    sums = np.bincount(clusters, weights=values - values.mean(), minlength=n_clusters)
    return float(np.sqrt(n_clusters / (n_clusters - 1) * np.sum(sums**2)) / values.size)


def _clusters(rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    if rows["origin"].nunique() >= LEAST_CLUSTERS:
        return pd.factorize(rows["origin"])[0].astype(np.int64)
    return pd.factorize(rows["origin"] + "/" + rows["sku"].astype(str))[0].astype(np.int64)


def _between(table: Array, position: float) -> Array:
    """Columns of a table read at a fractional position."""
    low = min(int(position), table.shape[1] - 2)
    result: Array = table[:, low] + (position - low) * (table[:, low + 1] - table[:, low])
    return result


def _loss(quantile: Array, came: Array, level: float) -> float:
    short = came - quantile
    return float(np.mean(np.maximum(level * short, (level - 1.0) * short)))
