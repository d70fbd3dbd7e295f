"""Lead times of lanes as distributions over whole days, review periods, and the protection interval.

A lead time of L days means: ordered at the end of day t, usable from the start of day t + L. Goods that leave on the
day after the decision and are there before the next day opens have L = 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainc

from network.graph import SupplyNetwork
from network.snapshot import Snapshot

# With fewer receipts than this the declared lead time stands alone; it also is the weight of the declaration, in
# receipts, against the learnt mean and variance (a conjugate prior; Gelman et al. 2013, section 2.5).
MIN_RECEIPTS = 8

# Receipts further than this many robust standard deviations from the median count as this far (Huber 1964).
CLIP_SD = 3.0

# The median absolute deviation of a normal variable is 0.6745 standard deviations.
_SD_PER_MAD = 1.4826

# Below this standard deviation [days] a gamma has no mass to discretise; the two neighbouring days share it.
_POINT_SD = 0.05

# Probability beyond the longest lead time that is kept.
_TAIL = 1e-4

WEEK = 7


def lead_times(network: SupplyNetwork, snapshot: Snapshot) -> pd.DataFrame:
    """Return each lane's lead time, learnt from receipts where at least eight tell of it, else as declared.

    Observed is ship date to last receipt of an order line, both days counted. Orders shipped so recently that only
    the quick ones can have arrived are left out, outliers are clipped at three robust standard deviations, and mean
    and variance are shrunk to the declared ones, which weigh as much as eight receipts.

    Parameters
    ----------
    network
        The lanes.
    snapshot
        What is known: `open_orders` (open and closed) and `receipts`.

    Returns
    -------
    One row a lane in the order of `network.lanes`: `lane_id`, `mean_days`, `sd_days`, `p95_days` (whole days),
    `n_receipts`, `source` ("declared" or "learnt").
    """
    declared_mean = network.lanes["lead_time_days"].to_numpy(dtype=float)
    declared_sd = network.lanes["lead_time_sd_days"].to_numpy(dtype=float)
    learnt = _learnt(_observed(network, snapshot), snapshot.cutoff).reindex(np.arange(len(network.lanes)))
    n_receipts = learnt["n"].fillna(0).to_numpy(dtype=np.int64)
    is_learnt = n_receipts >= MIN_RECEIPTS
    weight = np.where(is_learnt, n_receipts / (n_receipts + MIN_RECEIPTS), 0.0)
    mean = declared_mean + weight * (learnt["mean"].fillna(0.0).to_numpy() - declared_mean)
    variance = declared_sd**2 + weight * (learnt["variance"].fillna(0.0).to_numpy() - declared_sd**2)
    table = pd.DataFrame({
        "lane_id": network.lanes["lane_id"],
        "mean_days": mean,
        "sd_days": np.sqrt(variance),
        "p95_days": 0,
        "n_receipts": n_receipts,
        "source": pd.Series(np.where(is_learnt, "learnt", "declared"), dtype="str"),
    })  # fmt: skip
    return table.assign(p95_days=quantile_days(pmf(table), 0.95))


def pmf(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return the probability of each whole number of days, from a gamma with the given mean and standard deviation.

    P(L = k) = F(k + 1/2) - F(k - 1/2), F the gamma distribution function with shape (mean/sd)^2 and scale sd^2/mean;
    a lead time without spread lies on its day, or on the two days beside it so that the mean is kept.

    Parameters
    ----------
    rows
        Rows of `lead_times`: `mean_days` and `sd_days`, both >= 0.

    Returns
    -------
    Shape (n_lanes, L_max + 1); every row sums to one. L_max leaves out at most 0.01% of any row.
    """
    moments = rows[["mean_days", "sd_days"]].to_numpy(dtype=float)
    distinct, row_of = np.unique(moments, axis=0, return_inverse=True)
    mean, sd = distinct[:, 0], distinct[:, 1]
    # Chebyshev alone would ask for 100 sd; a gamma's tail falls exponentially and 12 sd hold it for any shape >= 0.1.
    longest = int(np.ceil(np.max(mean + 12.0 * sd, initial=0.0))) + 1
    is_point = (sd < _POINT_SD) | (mean <= 0)
    probabilities = np.where(is_point[:, None], _two_points(mean, longest), _gamma(mean, sd, longest=longest))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    beyond = 1.0 - np.cumsum(probabilities, axis=1)
    needed = int(np.max(np.argmax(beyond <= _TAIL, axis=1), initial=0)) + 1
    kept: NDArray[np.float64] = probabilities[:, :needed]
    by_lane: NDArray[np.float64] = (kept / kept.sum(axis=1, keepdims=True))[row_of.reshape(-1)]
    return by_lane


def quantile_days(probabilities: NDArray[np.float64], level: float) -> NDArray[np.int64]:
    """Return the fewest whole days within which goods arrive with at least the given probability.

    Parameters
    ----------
    probabilities
        Result of `pmf`, shape (n, L_max + 1).
    level
        Probability in (0, 1).

    Returns
    -------
    Shape (n,) [days].
    """
    # The margin keeps a cumulative sum of exactly `level` on its own day.
    days: NDArray[np.int64] = np.argmax(np.cumsum(probabilities, axis=1) >= level - 1e-12, axis=1).astype(np.int64)
    return days


def review_periods(network: SupplyNetwork, lanes: ArrayLike | None = None) -> NDArray[np.float64]:
    """Return the mean days between two ordering chances of each lane: 7 / number of order weekdays.

    Parameters
    ----------
    network
        The lanes.
    lanes
        Rows of `network.lanes`; all by default.

    Returns
    -------
    Shape (n,), between 1 and 7 [days].
    """
    masks = network.lanes["order_weekdays"].to_numpy(dtype=np.int64)
    chosen = masks if lanes is None else masks[np.asarray(lanes, dtype=np.intp)]
    n_chances = sum((chosen >> day) & 1 for day in range(WEEK))
    periods: NDArray[np.float64] = WEEK / np.maximum(np.asarray(n_chances, dtype=float), 1.0)
    return periods


def protection_interval(review_days: ArrayLike, lead_time_days: ArrayLike) -> NDArray[np.float64]:
    """Return the days of demand that an order must cover: R + max(L, 1) - 1, decided at the end of a day.

    An order decided tonight with L = 1 and daily review covers tomorrow alone: 1 + 1 - 1 = 1.

    Parameters
    ----------
    review_days
        Days between ordering chances, R.
    lead_time_days
        Lead time, L; 0 and 1 are both there before the next day opens.

    Returns
    -------
    Days, broadcast shape of the two.
    """
    lead = np.maximum(np.asarray(lead_time_days, dtype=np.float64), 1.0)
    days: NDArray[np.float64] = np.asarray(review_days, dtype=np.float64) + lead - 1.0
    return days


def _observed(network: SupplyNetwork, snapshot: Snapshot) -> pd.DataFrame:
    """Return one row for each order line with receipts: `lane` row, `ship_date`, `days`."""
    orders = snapshot.table("open_orders").dropna(subset=["ship_date"])
    last = snapshot.table("receipts").groupby(["order_id", "sku"], observed=True)["date"].max().rename("received")
    lines = orders.join(last, on=["order_id", "sku"], how="inner").reset_index(drop=True)
    lines = lines.assign(
        line=np.arange(len(lines)),
        days=(lines["received"] - lines["ship_date"]).dt.days + 1,
        planned=(lines["due_date"] - lines["ship_date"]).dt.days + 1,
    )
    lanes = network.lanes[["origin", "destination", "lead_time_days"]].assign(lane=np.arange(len(network.lanes)))
    # Orders do not say their mode: of several lanes between two places, the one planned for is meant.
    pairs = lines.loc[lines["days"] >= 0].merge(lanes, on=["origin", "destination"])
    missed = (pairs["lead_time_days"] - pairs["planned"].fillna(0)).abs()
    nearest = pairs.assign(missed=missed).sort_values(["line", "missed", "lane"]).drop_duplicates("line")
    return nearest[["lane", "ship_date", "days"]]


def _learnt(observed: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Return robust `mean`, `variance` and number `n` of the observed days, indexed by lane row."""
    longest = observed.groupby("lane")["days"].transform("quantile", 0.95)
    is_settled = observed["ship_date"] + pd.to_timedelta(longest.to_numpy(), unit="D") <= cutoff + pd.Timedelta(days=1)
    settled = observed[is_settled.to_numpy()]
    median = settled.groupby("lane")["days"].transform("median")
    distance: pd.Series[Any] = (settled["days"] - median).abs()
    # At least a day of spread, or one late truck among many punctual ones would vanish.
    spread = (distance.groupby(settled["lane"]).transform("median") * _SD_PER_MAD).clip(lower=1.0)
    clipped = settled["days"].clip(median - CLIP_SD * spread, median + CLIP_SD * spread)
    groups = clipped.astype(float).groupby(settled["lane"])
    return pd.DataFrame({"n": groups.size(), "mean": groups.mean(), "variance": groups.var(ddof=1).fillna(0.0)})


def _gamma(mean: NDArray[np.float64], sd: NDArray[np.float64], *, longest: int) -> NDArray[np.float64]:
    safe_mean, safe_sd = np.maximum(mean, _POINT_SD), np.maximum(sd, _POINT_SD)
    shape, scale = (safe_mean / safe_sd) ** 2, safe_sd**2 / safe_mean
    edges = np.concatenate([[0.0], np.arange(longest + 1) + 0.5])
    below: NDArray[np.float64] = np.diff(gammainc(shape[:, None], edges[None, :] / scale[:, None]), axis=1)
    return below


def _two_points(mean: NDArray[np.float64], longest: int) -> NDArray[np.float64]:
    """Return all probability on the day, or on the two days beside it in proportion."""
    nearness: NDArray[np.float64] = 1.0 - np.abs(np.arange(longest + 1)[None, :] - mean[:, None])
    return nearness.clip(min=0.0)
