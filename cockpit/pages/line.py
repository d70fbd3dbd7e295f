"""Everything about one order line: why, what it is worth, what the stock does with and without it, what else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cockpit.report_charts import StockLines
from optimization.pegging import Use

Floats = npt.NDArray[np.float64]
_HALF_A_CENT = 0.005
_NOTHING = "nothing"
_NOT_LEAVING = ("rejected", "cancelled")
_SAME_FILL = 1e-6


@dataclass(frozen=True)
class Effect:
    """What another quantity would change, against what is proposed.

    Parameters
    ----------
    quantity, was
        New and present quantity [units].
    value_change
        Change of the order's value [money].
    gain
        Change of the plan's benefit, negative where it costs [money]; NaN where the run does not know it.
    fill_before, fill_after
        Share of the destination's expected demand over its protection interval that is served; NaN where it has no
        customers of its own.
    truck_before, truck_after
        Fill of the trucks of its load, the larger of volume and weight; above 1 it does not fit. NaN where unknown.
    is_whole_cases
        Whether the quantity is a multiple of a case.
    is_within
        Whether the quantity lies within those that were valued; beyond, the last slope goes on.
    at_origin
        Units that the origin has for this line; NaN where it is no place of ours.
    """

    quantity: int
    was: int
    value_change: float
    gain: float
    fill_before: float
    fill_after: float
    truck_before: float
    truck_after: float
    is_whole_cases: bool
    is_within: bool
    at_origin: float

    @property
    def is_there(self) -> bool:
        """Whether the origin has that much, or it is no more than now; True where its stock is unknown."""
        return not self.quantity > max(self.at_origin, self.was)

    @property
    def fits(self) -> bool:
        """Whether the trucks still hold it; True where their size is unknown."""
        return not self.truck_after > 1.0 + 1e-9


def stock_path(paths: pd.DataFrame, line: pd.Series, cutoff: pd.Timestamp) -> StockLines | None:
    """Return the expected stock of a line's destination; None where the run holds none.

    The path without the line is that with tonight's whole plan less this line's units from the day they arrive.
    """
    mine = paths[(paths["sku"] == line["sku"]) & (paths["location"] == line["destination"])]
    if mine.empty:
        return None
    demand, supply = (np.asarray(mine[name].iloc[0], dtype=float) for name in ("demand", "supply_after"))
    arrives = max((pd.Timestamp(line["due_date"]) - cutoff).days - 1, 0)
    without = supply - np.where(np.arange(len(supply)) >= arrives, float(line["proposed_quantity"]), 0.0)
    changed = float(line["quantity"]) - float(line["proposed_quantity"])
    now = supply + np.where(np.arange(len(supply)) >= arrives, changed, 0.0)
    days = pd.date_range(cutoff + pd.Timedelta(days=1), periods=len(demand))
    is_echelon = bool(mine["is_echelon"].iloc[0])
    return StockLines(days, left_over(without, demand), left_over(now, demand), arrives, is_echelon=is_echelon)


def left_over(supply: Floats, demand: Floats) -> Floats:
    """Return stock (T,) from cumulative supply and demand, unmet demand being lost (Harrison 1985, chapter 2)."""
    free = supply - demand
    lost = np.maximum.accumulate(np.maximum(-free, 0.0))
    return np.asarray(free + lost)


def terms_of(order_terms: pd.DataFrame, order_id: str) -> list[tuple[str, float]]:
    """Return the money terms of a line, the largest first, those under half a cent left out."""
    mine = order_terms[order_terms["order_id"] == order_id]
    pairs = [(str(term), float(amount)) for term, amount in zip(mine["term"], mine["amount"], strict=True)]
    return sorted((pair for pair in pairs if abs(pair[1]) >= _HALF_A_CENT), key=lambda pair: -abs(pair[1]))


def alternatives_of(alternatives: pd.DataFrame, order_id: str) -> list[dict[str, Any]]:
    """Return what could be done instead of a line, the next best first."""
    mine = alternatives[alternatives["order_id"] == order_id].sort_values("regret", kind="stable")
    return [{str(name): value for name, value in row.items()} for row in mine.to_dict("records")]


def paid_anyway(alternatives: Sequence[Mapping[str, Any]], net_benefit: float) -> float:
    """Return what ordering nothing would not save of a line's share of its trucks, in whole cents [money].

    The trucks that the other lines need go anyway and are paid by them then. Worth of the line + this = what ordering
    nothing is worth less by. Negative where the trucks that the line alone needs cost more than its share; 0 where
    nothing was no alternative.
    """
    regrets = [float(each["regret"]) for each in alternatives if each["alternative"] == _NOTHING]
    return round(regrets[0] - net_benefit, 2) if regrets else 0.0


def pegged(pegging: pd.DataFrame, order_id: str) -> dict[str, Any]:
    """Return which demand a line serves: units, first and last day, and units that are left or leave tonight."""
    mine = pegging[pegging["order_id"] == order_id]
    demand = mine[mine["use"] == str(Use.DEMAND)]
    return {
        "units": float(demand["units"].sum()),
        "first": demand["demand_date"].min() if len(demand) else None,
        "last": demand["demand_date"].max() if len(demand) else None,
        "left": float(mine.loc[mine["use"] == str(Use.LEFT), "units"].sum()),
        "leaves": float(mine.loc[mine["use"] == str(Use.LEAVES), "units"].sum()),
        "is_known": len(mine) > 0,
    }


def left_at_origin(line: Mapping[Any, Any], lines: pd.DataFrame, targets: pd.DataFrame) -> float:
    """Return what a line's origin has on hand beside what its other lines take tonight [units]; NaN where unknown.

    Parameters
    ----------
    line
        Row of `orders`.
    lines
        All lines as they stand now.
    targets
        `targets` of the run: stock on hand of our own places.
    """
    sku, origin = line["sku"], line["origin"]
    stock = targets.loc[(targets["sku"] == sku) & (targets["location"] == origin), "on_hand"]
    if stock.empty:
        return float("nan")
    others = lines[(lines["sku"] == sku) & (lines["origin"] == origin) & (lines["order_id"] != line["order_id"])]
    taken = others.loc[~others["state"].isin(_NOT_LEAVING), "quantity"].sum()
    return float(max(stock.iloc[0] - taken, 0.0))


def effect_of(
    line: pd.Series, quantity: int, *, worth: pd.DataFrame, loads: pd.DataFrame, at_origin: float = np.nan
) -> Effect:
    """Say what another quantity would change.

    Parameters
    ----------
    line
        Row of `orders`, its quantity as the ledger holds it.
    quantity
        New quantity, 0 or more [units].
    worth
        `quantity_worth` of the run.
    loads
        Its trucks.
    at_origin
        As `left_at_origin` tells it [units].
    """
    was = int(line["quantity"])
    about = worth[worth["order_id"] == line["order_id"]]
    known = about.iloc[0] if len(about) else None
    gain = fill_before = fill_after = np.nan
    is_within, lot = False, 1
    if known is not None:
        tried = np.asarray(known["quantities"], dtype=float)
        gains, unmet = (np.asarray(known[name], dtype=float) for name in ("gains", "unmet"))
        gain = between(quantity, tried, gains) - between(was, tried, gains)
        demand, lot = float(known["expected_demand"]), int(known["lot"])
        if demand > 0:
            fill_before, fill_after = (
                float(np.clip(1.0 - between(each, tried, unmet) / demand, 0.0, 1.0)) for each in (was, quantity)
            )
        is_within = bool(tried[0] <= quantity <= tried[-1])
    truck_before, truck_after = _fills(line, quantity - was, known, loads)
    return Effect(
        quantity, was, round((quantity - was) * float(line["unit_cost"]), 2), gain, fill_before, fill_after,
        truck_before, truck_after, quantity % lot == 0, is_within, at_origin,
    )  # fmt: skip


def between(x: float, xs: Floats, ys: Floats) -> float:
    """Return y at x by straight lines through the points; beyond them the last slope goes on."""
    if len(xs) < 2:
        return float(ys[0])
    place = int(np.clip(np.searchsorted(xs, x, side="right") - 1, 0, len(xs) - 2))
    slope = (ys[place + 1] - ys[place]) / (xs[place + 1] - xs[place])
    return float(ys[place] + slope * (x - xs[place]))


def _fills(line: pd.Series, more: int, known: pd.Series | None, loads: pd.DataFrame) -> tuple[float, float]:
    """Fill of the line's load before and after `more` units; NaN where sizes are unknown."""
    mine = loads[(loads["load_id"] == line["load_id"]) & (loads["vehicle"] == "truck")]
    if mine.empty or known is None:
        return np.nan, np.nan
    load = mine.iloc[0]
    fill, volume, weight = (float(load[name]) for name in ("fill", "volume_m3", "weight_kg"))
    room = float(load["trucks"]) * float(load["truck_volume_m3"])
    by_volume = volume / room if np.isfinite(room) and room > 0 else np.nan
    shares = [(volume + more * float(known["volume_m3"])) / room] if np.isfinite(by_volume) else []
    if fill > 0 and not by_volume >= fill - _SAME_FILL:  # then weight is what fills the truck, and tells its limit
        shares.append((weight + more * float(known["weight_kg"])) * fill / weight if weight > 0 else np.nan)
    finite = [each for each in shares if np.isfinite(each)]
    return (fill, max(finite)) if finite else (np.nan, np.nan)
