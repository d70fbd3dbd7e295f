"""Deposits paid ahead of an event: demand that is certain, put on its shipping days without counting it twice.

A deposit is a sale that has been made: its goods leave from ``ship_from`` on, from where the customer fetches them or
from the location that serves the zone first. The model already expects more than usual on the days of an announced
pre-sale, and much of that is these same customers. So the deposits first claim the extra units that the model sees
within the event; only what they exceed it by is added, on the shipping days:

    added = max(0, k * deposits - sum over the event of max(0, forecast - usual))

with k the extra units that came per deposit in earlier events of the chain, never below 1: more is bought than was paid
ahead, and deposits counted before the last day are not all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.promotions import MECHANISMS, PromotionPlan

if TYPE_CHECKING:
    from forecasting.history import History

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

# Share of the deposits that leaves on the first day of shipping and on the days after it.
SHIP_SHARES = np.array([0.5, 0.3, 0.2])
# Extra units that came per deposit before: shrunk to 1 as by this many deposits, and cut.
DEPOSIT_WEIGHT, LARGEST_MULTIPLE = 40.0, 8.0
USUAL_DAYS = 28
PRESALE = float(MECHANISMS.index("presale") + 1)


@dataclass(frozen=True, eq=False)
class Deposits:
    """Deposits by stock point and first shipping day.

    Parameters
    ----------
    series
        (n,) row of the panel.
    ship_day
        (n,) day index of the first day of shipping.
    units
        (n,) deposits [units].
    start, stop
        (n,) first and last day index of the event: of the announced pre-sale that covers the first day of shipping,
        and at least the shipping days.
    """

    series: Ints
    ship_day: Ints
    units: Array
    start: Ints
    stop: Ints


def deposits_by_point(
    presales: pd.DataFrame, series: pd.DataFrame, serving: pd.DataFrame, *, rate: Array, plan: PromotionPlan,
    first: pd.Timestamp,
) -> Deposits:  # fmt: skip
    """Map deposits to the stock points that will ship them.

    A pick-up location takes its own; a zone's go to the location that serves its channel first on the day of shipping;
    all others are spread over the SKU's stock points by what these usually sell.

    Parameters
    ----------
    presales
        The contract's table as known at the cutoff; rows without ship_from say nothing of a day and are left out.
    series
        Stock points.
    serving
        The contract's table.
    rate
        (n_series,) usual units a day.
    plan
        Promotions, for the days of the event.
    first
        Date of day index 0.
    """
    paid = presales[presales["ship_from"].notna() & (presales["deposits"] > 0)].reset_index(drop=True)
    places = _places(paid, serving)
    keyed = paid[["sku"]].astype("str").assign(location=places, entry=np.arange(len(paid)))
    points = series[["sku", "location"]].assign(row=np.arange(len(series)), rate=np.maximum(rate, 1e-9))
    exact = keyed.merge(points, on=["sku", "location"], how="inner").assign(share=1.0)
    spread = keyed[~keyed["entry"].isin(exact["entry"])][["sku", "entry"]].merge(points, on="sku", how="inner")
    spread = spread.assign(share=spread["rate"] / spread.groupby("entry")["rate"].transform("sum"))
    joined = pd.concat([exact, spread[exact.columns]], ignore_index=True)
    entry = joined["entry"].to_numpy(dtype=np.int64)
    ship_day = np.asarray((paid["ship_from"] - first).dt.days, dtype=np.int64)[entry]
    units = paid["deposits"].to_numpy(dtype=np.float64)[entry] * joined["share"].to_numpy(dtype=np.float64)
    total = pd.DataFrame({"row": joined["row"].to_numpy(dtype=np.int64), "ship_day": ship_day, "units": units})
    total = total.groupby(["row", "ship_day"], as_index=False).agg(units=("units", "sum"))
    rows, days = total["row"].to_numpy(dtype=np.int64), total["ship_day"].to_numpy(dtype=np.int64)
    start, stop = _event_days(plan, rows, days)
    return Deposits(rows, days, total["units"].to_numpy(dtype=np.float64), start, stop)


def multiple_of_deposits(deposits: Deposits, history: History) -> float:
    """Return how many extra units came per deposit in the events that are over, at least 1."""
    n_days = history.panel.n_days
    over = (deposits.stop < n_days) & (deposits.start >= USUAL_DAYS)
    extra = 0.0
    for start, stop in sorted(set(zip(deposits.start[over].tolist(), deposits.stop[over].tolist(), strict=True))):
        rows = np.unique(deposits.series[over & (deposits.start == start) & (deposits.stop == stop)])
        usual = np.nan_to_num(history.own.rate(start - 1, USUAL_DAYS)[rows])
        came = np.nan_to_num(history.panel.demand[rows, start : stop + 1]).sum(axis=1)
        extra += float((came - usual * (stop - start + 1)).sum())
    paid = float(deposits.units[over].sum())
    return float(np.clip((extra + DEPOSIT_WEIGHT) / (paid + DEPOSIT_WEIGHT), 1.0, LARGEST_MULTIPLE))


def with_deposits(mean: Array, deposits: Deposits, *, usual: Array, last_day: int, multiple: float) -> Array:
    """Add what deposits promise beyond the extra units already forecast for the event.

    Parameters
    ----------
    mean, usual
        (n_series, horizon) forecast and ordinary units a day.
    deposits
        Of the snapshot.
    last_day
        Day index of the cutoff, the day before the first column.
    multiple
        Units to expect per deposit.

    Returns
    -------
    (n_series, horizon), nowhere below ``mean``.
    """
    horizon = mean.shape[1]
    result = mean.copy()
    extra = np.concatenate([np.zeros((mean.shape[0], 1)), np.cumsum(np.maximum(mean - usual, 0.0), axis=1)], axis=1)
    begin = np.clip(deposits.start - last_day - 1, 0, horizon)
    end = np.clip(deposits.stop - last_day, 0, horizon)
    claimed = extra[deposits.series, end] - extra[deposits.series, np.minimum(begin, end)]
    ahead = deposits.ship_day[:, None] + np.arange(SHIP_SHARES.size)[None, :] - last_day - 1
    share = np.where((ahead >= 0) & (ahead < horizon), SHIP_SHARES[None, :], 0.0)
    promised = multiple * deposits.units * np.where(ahead >= 0, SHIP_SHARES[None, :], 0.0).sum(axis=1)
    added = np.maximum(promised - claimed, 0.0)
    scale = np.where(share.sum(axis=1) > 0, added / np.maximum(share.sum(axis=1), 1e-9), 0.0)
    rows, columns = np.nonzero(share)
    np.add.at(result, (deposits.series[rows], ahead[rows, columns]), (scale[:, None] * share)[rows, columns])
    return result


def _places(paid: pd.DataFrame, serving: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Location of each entry; empty where neither a pick-up location nor a server is told."""
    rules = serving.sort_values(["zone", "channel", "priority", "location"], kind="stable")
    rules = rules.astype({"zone": "str", "channel": "str"})[["zone", "channel", "location", "from", "to"]]
    keyed = paid[["zone", "channel"]].astype("str").assign(ship_from=paid["ship_from"], entry=np.arange(len(paid)))
    joined = keyed.merge(rules, on=["zone", "channel"], how="inner")
    has_begun = joined["from"].isna() | (joined["from"] <= joined["ship_from"])
    has_ended = joined["to"].notna() & (joined["to"] < joined["ship_from"])
    best = joined[has_begun & ~has_ended].drop_duplicates("entry").set_index("entry")["location"]
    served = best.reindex(np.arange(len(paid))).astype("str").fillna("").to_numpy(dtype=object)
    fetched = paid["pickup_location"].astype("str").fillna("").to_numpy(dtype=object)
    return np.where(fetched != "", fetched, served)


def _event_days(plan: PromotionPlan, rows: Ints, ship_day: Ints) -> tuple[Ints, Ints]:
    """First and last day of each row's event."""
    events = pd.DataFrame({"row": plan.series, "start": plan.start, "stop": plan.stop})[plan.mechanism == PRESALE]
    keyed = pd.DataFrame({"row": rows, "ship_day": ship_day, "entry": np.arange(rows.size)})
    joined = keyed.merge(events, on="row", how="inner")
    joined = joined[(joined["start"] <= joined["ship_day"]) & (joined["ship_day"] <= joined["stop"])]
    spans = joined.groupby("entry").agg(start=("start", "min"), stop=("stop", "max")).reindex(np.arange(rows.size))
    last = ship_day + SHIP_SHARES.size - 1
    start = np.fmin(spans["start"].to_numpy(dtype=np.float64), ship_day).astype(np.int64)
    stop = np.fmax(spans["stop"].to_numpy(dtype=np.float64), last).astype(np.int64)
    return start, stop
