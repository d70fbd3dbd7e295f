"""Facts of every stock point that exceptions and KPIs look at: what it holds, sold, expects and is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.contracts import Tier
from network.economics import sku_economics
from optimization.sales_history import NEVER, SalesHistory, sales_history

if TYPE_CHECKING:
    from network.snapshot import Snapshot
    from optimization.projection import Projection

Floats = npt.NDArray[np.float64]
KEY = ["sku", "location"]
RECENT_DAYS = 28
"""Window in which a slow mover has not sold, and over which recent KPIs are taken [days]."""
FIT_DAYS = 84
"""Window before it, from which ordinary rates of sale are taken [days]."""


@dataclass(frozen=True, eq=False)
class PointFacts:
    """Stock points, row by row those of the positions.

    Parameters
    ----------
    points
        (n,) sku, location, tier, category, zone, region, on_hand, free (on hand less allocated, at least 0), on_order
        [units]; unit_cost, unit_price, margin, shortage_cost [money/unit]; daily_demand (own expected demand, or that
        of the echelon) [units/day]; sold_recent (last 28 days), sold_before (the 84 days before) [units]; last_sale,
        first_sale (NaT if never); is_listed (may be sold on the day after the cutoff); main_source.
    projection
        Expected demand and supply.
    history
        Sales.
    """

    points: pd.DataFrame
    projection: Projection
    history: SalesHistory


def point_facts(
    snapshot: Snapshot, projection: Projection, *, positions: pd.DataFrame, targets: pd.DataFrame
) -> PointFacts:
    """Gather the facts of every stock point."""
    points = positions[[*KEY, "on_hand", "allocated", "on_order", "inventory_position"]].reset_index(drop=True)
    locations = snapshot.table("locations")[["location", "tier", "zone", "region", "opens", "closes"]]
    skus = snapshot.table("skus")[["sku", "category", "launch_date", "end_date", "volume_m3", "shelf_life_days"]]
    money = sku_economics(snapshot)[["sku", "unit_cost", "unit_price", "holding_cost", "shortage_cost"]]
    points = points.merge(locations, on="location", how="left", validate="many_to_one")
    points = points.merge(skus.merge(money, on="sku"), on="sku", how="left", validate="many_to_one")
    history = sales_history(snapshot, points)
    points = _with_sales(points, history, snapshot.cutoff)
    sources = targets[[*KEY, "main_source", "is_blocked", "order_up_to_level", "protection_days"]]
    points = points.merge(sources, on=KEY, how="left", validate="one_to_one")
    points = points.assign(
        free=(points["on_hand"] - points["allocated"]).clip(lower=0),
        margin=(points["unit_price"] - points["unit_cost"]).clip(lower=0),
        daily_demand=projection.daily_demand,
        main_source=points["main_source"].fillna(""),
        is_blocked=points["is_blocked"].eq(True),
    )
    points = points.assign(is_listed=_is_listed(points, snapshot))
    return PointFacts(points=points, projection=projection, history=history)


def _with_sales(points: pd.DataFrame, history: SalesHistory, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Add what each stock point sold recently and before, and when it last and first did."""
    last, first = history.last_sale_age(), history.first_sale_age()
    return points.assign(
        sold_recent=history.units_between(0, RECENT_DAYS - 1),
        sold_before=history.units_between(RECENT_DAYS, RECENT_DAYS + FIT_DAYS - 1),
        last_sale=(cutoff - pd.to_timedelta(np.where(last < NEVER, last, 0), unit="D")).where(last < NEVER),
        first_sale=(cutoff - pd.to_timedelta(np.maximum(first, 0), unit="D")).where(first >= 0),
    )


def _is_listed(points: pd.DataFrame, snapshot: Snapshot) -> npt.NDArray[np.bool_]:
    """Assorted, between launch and delisting, and in an open place that sells, on the day after the cutoff.

    Without an assortment every stock point of a store or forward warehouse counts as assorted.
    """
    day = snapshot.cutoff + pd.Timedelta(days=1)
    listed = snapshot.table("assortment")[[*KEY, "from", "to"]].assign(has_row=True)
    rows = points[KEY].merge(listed, on=KEY, how="left", validate="one_to_one")
    is_assorted = rows["has_row"].eq(True) & _covers(rows["from"], rows["to"], day) if len(listed) else True
    sells = points["tier"].isin([Tier.STORE, Tier.FORWARD])
    in_life = _covers(points["launch_date"], points["end_date"], day) & _covers(points["opens"], points["closes"], day)
    return np.asarray((sells & in_life & is_assorted & ~points["is_blocked"]).to_numpy(dtype=bool), dtype=bool)


def _covers(first: pd.Series[pd.Timestamp], last: pd.Series[pd.Timestamp], day: pd.Timestamp) -> pd.Series[bool]:
    """Whether a day lies within two dates; a missing one is no bound."""
    return (first.isna() | (first <= day)) & (last.isna() | (last >= day))
