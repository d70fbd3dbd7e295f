"""Last week in review: the largest lost sales and idle or expired stock, each put down once, to its first cause.

The order of causes is declared in `CAUSES`: what others did comes before what we ordered, that before what we foresaw.
A later cause may have played its part too; a loss is never counted twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

Points = pd.MultiIndex
Bools = npt.NDArray[np.bool_]
REVIEW_DAYS = 7
N_LOSSES = 60
REVIEW_COLUMNS = ("loss", "sku", "location", "units", "money", "cause")
_FULL_SHELF = 0.999
_SURPRISE = 1.25
_LEAST_UNITS = 1.0
_BURST = 1.5
_USUAL_DAYS = 28
_HELD_BACK = "cut to the trucks|held to a maximum"


class Cause(StrEnum):
    """What a loss is put down to, in the order in which causes are tried."""

    SUPPLIER = "supplier"
    RECORD = "wrong record"
    OVERRIDE = "override"
    CAPACITY = "capacity"
    SIGNAL = "late signal"
    FORECAST = "forecast"
    POLICY = "policy"


CAUSES = tuple(Cause)


@dataclass(frozen=True, eq=False)
class Week:
    """What is known of the last week.

    Parameters
    ----------
    cutoff
        Its last day.
    wanted, expected
        Demand of each point, and what the run of a week ago expected [units], by (sku, location).
    overdue, doubtful, cut_by_people, raised_by_people, held_back, told_late
        Points with an open order past its day, on the way to it or to its source; with a phantom or a wrong count; with
        a line that a person made smaller or larger; with a line cut by trucks or limits; with a burst of a signal that
        the run of a week ago could not know.
    """

    cutoff: pd.Timestamp
    wanted: pd.Series
    expected: pd.Series
    overdue: Points
    doubtful: Points
    cut_by_people: Points
    raised_by_people: Points
    held_back: Points
    told_late: Points


def review(losses: pd.DataFrame, week: Week) -> pd.DataFrame:
    """Put each loss down to its first cause.

    Parameters
    ----------
    losses
        loss (`lost sales`, `idle stock`, `expired stock`), sku, location, units, money.
    week
        What is known.

    Returns
    -------
    `REVIEW_COLUMNS`, the dearest first, at most `N_LOSSES`.
    """
    table = losses[losses["money"] > 0].sort_values(["money", "sku", "location"], ascending=[False, True, True])
    table = table.head(N_LOSSES).reset_index(drop=True)
    keys = pd.MultiIndex.from_frame(table[["sku", "location"]].astype("str"))
    is_lost = (table["loss"] == "lost sales").to_numpy()
    expected = week.expected.reindex(keys).to_numpy(dtype=float)
    wanted = week.wanted.reindex(keys).fillna(0.0).to_numpy(dtype=float)
    too_low = (wanted > _SURPRISE * expected) & (wanted - expected >= _LEAST_UNITS)
    too_high = (expected > _SURPRISE * wanted) & (expected - wanted >= _LEAST_UNITS)
    fits: Mapping[Cause, Bools] = {
        Cause.SUPPLIER: is_lost & keys.isin(week.overdue),
        Cause.RECORD: keys.isin(week.doubtful),
        Cause.OVERRIDE: np.where(is_lost, keys.isin(week.cut_by_people), keys.isin(week.raised_by_people)),
        Cause.CAPACITY: is_lost & keys.isin(week.held_back),
        Cause.SIGNAL: is_lost & too_low & keys.isin(week.told_late),
        Cause.FORECAST: np.where(is_lost, too_low, too_high),
    }
    cause = np.select([fits[each] for each in CAUSES[:-1]], [str(each) for each in CAUSES[:-1]], str(Cause.POLICY))
    return table.assign(cause=cause)[[*REVIEW_COLUMNS]]


def lost_sales(
    series: pd.DataFrame, wanted: npt.NDArray[np.float32], sales: npt.NDArray[np.float32],
    available: npt.NDArray[np.float32], *, margin: pd.Series,
) -> pd.DataFrame:  # fmt: skip
    """Return units wanted and not sold on days with an empty shelf, and the margin lost with them.

    Parameters
    ----------
    series
        (n,) sku, location.
    wanted, sales, available
        (n, d) units wanted and sold, share of the day on the shelf.
    margin
        Price less cost of a unit by SKU [money/unit].
    """
    short = np.where(available < _FULL_SHELF, np.maximum(np.nan_to_num(wanted) - np.nan_to_num(sales), 0.0), 0.0)
    units = short.sum(axis=1)
    keys = series[["sku", "location"]].astype("str").reset_index(drop=True)
    money = units * margin.reindex(keys["sku"]).fillna(0.0).to_numpy()
    return keys.assign(loss="lost sales", units=units.round(1), money=money.round(2))


def idle_stock(exceptions: pd.DataFrame, lots: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Return tonight's slow movers with the money that lies idle, and lots that have expired, at cost."""
    slow = exceptions[exceptions["kind"].isin(["slow mover", "excess after promotion"])]
    idle = slow[["sku", "location", "money"]].assign(loss="idle stock", units=np.nan)
    gone = lots[(lots["expiry_date"] <= cutoff) & (lots["quantity"] > 0)]
    waste = gone.groupby(["sku", "location"], as_index=False)[["quantity", "value"]].sum()
    expired = waste.rename(columns={"quantity": "units", "value": "money"}).assign(loss="expired stock")
    parts = [part for part in (idle, expired) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else idle


def overdue_points(coming: pd.DataFrame, targets: pd.DataFrame, cutoff: pd.Timestamp) -> Points:
    """Return the points that wait for a line past its day, or whose source does; `coming` are the lines still open."""
    late = coming[coming["due_date"] <= cutoff]
    waiting = _points(late["sku"], late["destination"])
    sources = _points(targets["sku"], targets["main_source"])
    return waiting.append(_points(targets["sku"], targets["location"])[sources.isin(waiting)]).unique()


def changed_by_people(states: pd.DataFrame) -> tuple[Points, Points]:
    """Return the points with a line that a person made smaller or rejected, and those with one made larger."""
    is_less = (states["quantity"] < states["proposed_quantity"]) | states["state"].isin(["rejected", "cancelled"])
    is_more = states["quantity"] > states["proposed_quantity"]
    less, more = (_points(states["sku"][which], states["destination"][which]) for which in (is_less, is_more))
    return less, more


def held_back_points(orders: pd.DataFrame, exceptions: pd.DataFrame) -> Points:
    """Return the points whose line trucks or limits cut, or with a breach of capacity."""
    cut = orders[orders["reason"].astype("str").str.contains(_HELD_BACK)]
    breached = exceptions[exceptions["kind"].astype("str").str.contains("capacity")]
    return _points(cut["sku"], cut["destination"]).append(_points(breached["sku"], breached["location"]))


def doubtful_points(exceptions: pd.DataFrame, counts: pd.DataFrame, cutoff: pd.Timestamp) -> Points:
    """Return the points with phantom stock, or counted in the week with less than the record said."""
    phantom = exceptions[exceptions["kind"] == "phantom stock"]
    recent = counts[counts["date"] > cutoff - pd.Timedelta(days=REVIEW_DAYS)]
    short = recent[recent["recorded"] - recent["counted"] > np.maximum(1.0, 0.02 * recent["counted"])]
    return _points(phantom["sku"], phantom["location"]).append(_points(short["sku"], short["location"]))


def told_late_points(signals: pd.DataFrame, points: pd.DataFrame, known: pd.Timestamp) -> Points:
    """Return the points of which a signal burst after the run of a week ago knew it.

    Parameters
    ----------
    signals
        The chain's signals.
    points
        sku, location, category, brand, zone, region.
    known
        When that run was planned.
    """
    since = signals[(signals["known_at"] > known) & (signals["date"] > known)]
    before = signals[(signals["date"] <= known) & (signals["date"] > known - pd.Timedelta(days=_USUAL_DAYS))]
    names = ["signal", "key_type", "key"]
    usual = before.groupby(names, observed=True)["value"].mean()
    peak = since.groupby(names, observed=True)["value"].max()
    burst = peak[peak > _BURST * usual.reindex(peak.index)].reset_index()
    found = [
        points[points[kind].astype("str").isin(rows["key"].astype("str"))]
        for kind, rows in burst.groupby("key_type", observed=True)
        if kind in points
    ]
    hit = pd.concat(found) if found else points.head(0)
    return _points(hit["sku"], hit["location"])


def _points(sku: Sequence[str] | pd.Series, location: Sequence[str] | pd.Series) -> Points:
    keys = pd.DataFrame({"sku": sku, "location": location}).fillna("").astype("str")
    return pd.MultiIndex.from_frame(keys)
