"""Key figures today against the plan, as the design defines them; what the data cannot tell is missing, never 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.contracts import Mode, Tier
from optimization.actions import MESSAGES, messages, new_lines
from optimization.exception_stock import SLOW_COVER_DAYS
from optimization.expected_loss import expected_loss
from optimization.explain import PRICE_TERMS
from optimization.point_facts import RECENT_DAYS
from optimization.record_counts import COUNT_WINDOW_DAYS, record_accuracy

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from network.snapshot import Snapshot
    from optimization.decisions import Decisions
    from optimization.point_facts import PointFacts

KPI_COLUMNS = {"kpi": "str", "today": "float64", "planned": "float64", "unit": "str", "meaning": "str"}
Floats = npt.NDArray[np.float64]
_LESS_THAN_A_UNIT = 0.5


@dataclass(frozen=True)
class Kpi:
    """One key figure; NaN where unknown or meaningless on that side."""

    kpi: str
    today: float
    planned: float
    unit: str
    meaning: str


def build_kpis(
    facts: PointFacts,
    decisions: Decisions,
    *,
    forecast: Forecast,
    orders: pd.DataFrame,
    terms: pd.DataFrame,
    nervousness: float = np.nan,
    snapshot: Snapshot | None = None,
) -> pd.DataFrame:
    """Compute the key figures that one snapshot and one plan can tell.

    Parameters
    ----------
    facts
        Stock points with their projection.
    decisions
        The plan.
    forecast
        Demand to come.
    orders
        Its orders; messages about published lines among them are counted apart.
    terms
        Money of each line, from `explain.line_terms`.
    nervousness
        From `stability.nervousness`; left out where unknown.
    snapshot
        What was known; its random counts tell how true the records are.

    Returns
    -------
    pandas.DataFrame
        kpi, today (as things stand, or the horizon without tonight's moves), planned (with them), unit, meaning.
    """
    figures = [
        *_availability(facts),
        *_service(facts, forecast, decisions),
        *_stock(facts),
        *_slow_movers(facts),
        *_transport(decisions, terms, new_lines(orders)),
        *_orders(new_lines(orders)),
        *_stability(messages(orders), nervousness),
        *([] if snapshot is None else _records(snapshot)),
    ]
    frame = pd.DataFrame([vars(figure) for figure in figures], columns=list(KPI_COLUMNS))
    return frame.astype(KPI_COLUMNS)


def _availability(facts: PointFacts) -> list[Kpi]:
    """Active points that open without free stock: tomorrow, expected ahead, and the shelf of the last 28 days."""
    points, projection = facts.points, facts.projection
    active = points["is_listed"].to_numpy()
    tomorrow = (points["free"].to_numpy() <= 0)[active]
    used = np.concatenate([np.zeros((len(points), 1)), projection.demand[:, :-1]], axis=1)
    before, after = (
        (supply - used < _LESS_THAN_A_UNIT)[active] for supply in (projection.supply_before, projection.supply_after)
    )
    history = facts.history
    recent = (history.row >= 0) & (history.age < RECENT_DAYS) & np.isfinite(history.availability)
    return [
        Kpi("out_of_stock_points", _mean(tomorrow), np.nan, "share",
            "active points that open tomorrow with no free stock / active points"),
        Kpi("out_of_stock_days", _mean(before), _mean(after), "share",
            "expected active point-days of the horizon that open with no free stock / active point-days"),
        Kpi("unavailable_time_28d", _mean(1.0 - history.availability[recent]), np.nan, "share",
            "selling time without stock on the shelf in the last 28 days, where availability is recorded"),
    ]  # fmt: skip


def _service(facts: PointFacts, forecast: Forecast, decisions: Decisions) -> list[Kpi]:
    """Expected fill rate and lost margin over the days that tonight's orders must cover."""
    points, projection = facts.points, facts.projection
    sells = points["is_listed"].to_numpy()
    days = points["protection_days"].fillna(1).clip(1, projection.horizon).to_numpy(dtype=np.int64)
    n = len(points)
    early = decisions.curves.lost_before_first_receipt[:n]
    margin = points["margin"].to_numpy()
    fill, lost_margin = [], []
    for supply in (projection.own_supply_before, projection.own_supply_after):
        unmet, demand = expected_loss(forecast, points, supply=supply, days=days)
        unmet = np.maximum(unmet, np.minimum(early, demand))[sells]
        total = float(demand[sells].sum())
        fill.append(float(1.0 - unmet.sum() / total) if total > 0 else np.nan)
        lost_margin.append(float((unmet * margin[sells]).sum()))
    return [
        Kpi("fill_rate", fill[0], fill[1], "share",
            "expected demand of each point's protection interval served from its own stock / expected demand"),
        Kpi("lost_margin", lost_margin[0], lost_margin[1], "money",
            "expected unmet units of each point's protection interval x (price - cost)"),
    ]  # fmt: skip


def _stock(facts: PointFacts) -> list[Kpi]:
    """Stock at cost, on the way, and how long it lasts."""
    points, demand = facts.points, facts.projection.own_demand
    cost = points["unit_cost"].to_numpy()
    held = float((points["on_hand"] * cost).sum())
    sold = float((points["sold_recent"] * cost).sum()) / RECENT_DAYS
    wanted = float((demand[:, -1] * cost).sum()) / facts.projection.horizon
    left = (
        pd.DataFrame(facts.projection.own_supply_after - demand).groupby(points["sku"].to_numpy()).sum().clip(lower=0.0)
    )
    unit_cost = points.groupby("sku", observed=True)["unit_cost"].first().reindex(left.index)
    ahead = float((left.mean(axis=1) * unit_cost).sum())
    return [
        Kpi("stock_value", held, ahead, "money",
            "stock on hand at cost; planned: expected mean of the horizon, SKUs pooled, tonight's orders included"),
        Kpi("on_order_value", float((points["on_order"] * cost).sum()), np.nan, "money",
            "on order and not received, at cost"),
        Kpi("turnover_days", held / sold if sold > 0 else np.nan, ahead / wanted if wanted > 0 else np.nan, "days",
            "stock at cost / mean daily cost of goods sold in 28 days; planned: expected stock / expected demand"),
    ]  # fmt: skip


def _slow_movers(facts: PointFacts) -> list[Kpi]:
    """Stock that lasts more than 60 days or has not sold in 28, tonight and after tonight's moves."""
    points, projection = facts.points, facts.projection
    sells = points["tier"].isin([Tier.STORE, Tier.FORWARD]).to_numpy()
    idle = (points["sold_recent"] == 0).to_numpy() & points["first_sale"].notna().to_numpy()
    counts, values = [], []
    moved = (projection.supply_after - projection.supply_before)[:, -1].clip(max=0)
    for units in (points["free"].to_numpy(), np.maximum(points["free"].to_numpy() + moved, 0)):
        is_slow = sells & (units > 0) & ((projection.cover_days(units) > SLOW_COVER_DAYS) | idle)
        excess = np.maximum(units - points["daily_demand"].to_numpy() * SLOW_COVER_DAYS, 0.0)
        counts.append(float(is_slow.sum()))
        values.append(float((excess * points["unit_cost"].to_numpy())[is_slow].sum()))
    return [
        Kpi(
            "slow_movers",
            counts[0],
            counts[1],
            "points",
            "stock points with over 60 days of cover, or nothing sold in 28 days",
        ),
        Kpi(
            "slow_mover_value", values[0], values[1], "money", "their stock beyond 60 days of expected demand, at cost"
        ),
    ]


def _transport(decisions: Decisions, terms: pd.DataFrame, orders: pd.DataFrame) -> list[Kpi]:
    """Cost, fill and number of tonight's trucks; emergency apart."""
    loads = decisions.loads
    regular = loads.loc[
        (loads["mode"] != Mode.EMERGENCY)
        & (loads["vehicle"] == "truck")
        & ((loads["fill"] > 0) | np.isfinite(loads["truck_volume_m3"]))
    ]
    sized = regular.loc[regular["fill"] > 0]
    cost = float(sized["cost"].sum())
    fill = float((sized["cost"] * sized["fill"]).sum() / cost) if cost > 0 else np.nan
    freight = 0.0 - float(terms["unit_freight"].sum() + terms["transport_share"].sum())
    urgent = orders.loc[orders["kind"] == Mode.EMERGENCY]
    dropped = float(len(decisions.dropped))
    waste = 0.0 - float(terms["waste_risk"].sum())
    benefit = float(orders["net_benefit"].sum() - terms[list(PRICE_TERMS)].sum().sum())
    return [
        Kpi("transport_cost", np.nan, freight, "money", "trucks, parcels and unit freight of tonight's orders"),
        Kpi("truck_fill", np.nan, fill, "share", "sum of truck cost x max(volume, weight share) / sum of truck cost; "
            "emergency, parcels and loads of unknown size apart"),
        Kpi("trucks", np.nan, float(regular["trucks"].sum()), "trucks", "trucks that leave, no emergency, no parcels"),
        Kpi("emergency_moves", np.nan, float(len(urgent)), "orders", "emergency orders"),
        Kpi("dropped_moves", np.nan, dropped, "moves", "moves not worth their truck tonight"),
        Kpi("waste_risk", np.nan, waste, "money", "expected waste that tonight's orders add"),
        Kpi("net_benefit", np.nan, benefit, "money",
            "sum over tonight's lines of the plan's cost without the line less with it; prices of scarcity left out"),
    ]  # fmt: skip


def _orders(orders: pd.DataFrame) -> list[Kpi]:
    """Number and value of tonight's orders, by kind."""
    by_kind = [
        Kpi(f"orders_{mode}", np.nan, float((orders["kind"] == mode).sum()), "orders", f"{mode} orders")
        for mode in Mode
    ]
    bought = orders.loc[orders["kind"] == Mode.PURCHASE, "value"]
    return [
        Kpi("orders", np.nan, float(len(orders)), "orders", "all order lines"),
        *by_kind,
        Kpi("order_value", np.nan, float(orders["value"].sum()), "money", "value of all orders at cost"),
        Kpi("purchase_value", np.nan, float(bought.sum()), "money", "value of purchases at cost"),
    ]


def _stability(asked: pd.DataFrame, nervousness: float) -> list[Kpi]:
    """Changes asked of published lines, by action, and how much the plan changed since the one before."""
    counts = [
        Kpi(f"messages_{action}", np.nan, float((asked["action"] == action).sum()), "lines",
            f"published lines of which {action} is asked for")
        for action in (MESSAGES if len(asked) else ())
    ]  # fmt: skip
    worth = float(asked["net_benefit"].sum()) if len(asked) else 0.0
    changed = Kpi("nervousness", np.nan, nervousness, "share", "sum of absolute change / sum of quantity, over the "
                  "unreleased days that this plan and the one before cover")  # fmt: skip
    return [
        *(each for each in counts if each.planned > 0),
        *([Kpi("messages_benefit", np.nan, worth, "money", "what these changes would save")] if len(asked) else []),
        *([changed] if np.isfinite(nervousness) else []),
    ]


def _records(snapshot: Snapshot) -> list[Kpi]:
    """How true the stock records are, where anything was counted at random."""
    share, n_counts = record_accuracy(snapshot.table("counts"), snapshot.cutoff)
    meaning = (
        f"randomly counted points within 1 unit or 2% of their record / the {n_counts:,} of the last "
        f"{COUNT_WINDOW_DAYS} days"
    )
    return [Kpi("record_accuracy", share, np.nan, "share", meaning)] if n_counts else []


def _mean(values: npt.NDArray[np.bool_] | Floats) -> float:
    """Mean, missing without values."""
    return float(values.astype(np.float64).mean()) if values.size else np.nan
