"""What the tables and tiles of the report hold: plain values taken from a plan, no markup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cockpit.wording import KIND_LABELS, KIND_ORDER, is_known, label, money, share, whole

HIGHER_IS_BETTER = frozenset({"fill_rate", "network_fill", "truck_fill", "record_accuracy", "auto_approved"})
NEUTRAL = frozenset({"stock_value", "on_order_value"})
_SMALL_CHANGE = 1e-9
_HALF_A_CENT = 0.005
_UNKNOWN = "–"


@dataclass(frozen=True)
class Tile:
    """One KPI: its value if nothing is ordered tonight, and with the plan."""

    name: str
    today: str
    planned: str
    change: str
    verdict: str
    meaning: str
    is_pair: bool


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as one mapping a row."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def tiles(kpis: pd.DataFrame, currency: str) -> list[Tile]:
    """Return one tile a KPI, in the order of the table."""
    return [_tile(row, currency) for row in rows_of(kpis)]


def _tile(row: dict[str, Any], currency: str) -> Tile:
    today, planned, unit = _float(row["today"]), _float(row["planned"]), str(row["unit"])
    change, verdict = "", "same"
    if is_known(today) and is_known(planned):
        difference = planned - today
        if abs(difference) > _SMALL_CHANGE * max(abs(today), 1.0):
            change = _change(difference, today, unit)
            verdict = _verdict(str(row["kpi"]), difference)
    return Tile(
        name=label(str(row["kpi"])),
        today=quantity(today, unit, currency),
        planned=quantity(planned, unit, currency),
        change=change,
        verdict=verdict,
        meaning=str(row["meaning"]),
        is_pair=is_known(today) and is_known(planned),
    )


def _change(difference: float, today: float, unit: str) -> str:
    arrow = "▲" if difference > 0 else "▼"
    if unit in {"share", "%", "ratio"}:
        return f"{arrow} {abs(difference) * (1 if unit == '%' else 100):.1f} points"
    if abs(today) > _SMALL_CHANGE:
        return f"{arrow} {abs(difference / today):.0%}"
    return f"{arrow} from none"


def _verdict(kpi: str, difference: float) -> str:
    if kpi in NEUTRAL:
        return "same"
    return "better" if (difference > 0) == (kpi in HIGHER_IS_BETTER) else "worse"


def quantity(value: float, unit: str, currency: str) -> str:
    """Return a KPI value with its unit: shares as percentages, money with its currency."""
    if not is_known(value):
        return _UNKNOWN
    if unit in {"share", "ratio"}:
        return share(value)
    if unit == "%":
        return f"{value:.1f}%"
    if unit == "money" or unit == currency:
        return money(value, currency)
    figure = f"{value:,.1f}" if value % 1 and abs(value) < 1000 else f"{value:,.0f}"
    return figure if unit in {"", "count"} else f"{figure} {unit}"


def _float(value: Any) -> float:
    return float("nan") if value is None or value is pd.NA else float(value)


def by_kind(orders: pd.DataFrame) -> pd.DataFrame:
    """Return lines, units, value and net benefit of each kind that has orders, in the fixed order of kinds."""
    grouped = orders.groupby("kind", sort=False).agg(
        lines=("order_id", "size"), units=("quantity", "sum"), value=("value", "sum"), benefit=("net_benefit", "sum")
    )
    known = [kind for kind in KIND_ORDER if kind in grouped.index]
    table = grouped.loc[known].reset_index()
    return table.assign(label=table["kind"].map(KIND_LABELS), bar=_bar(table["value"]))


def by_lane(orders: pd.DataFrame) -> pd.DataFrame:
    """Return lines, quantity and value of each (origin, destination, kind), largest value first."""
    grouped = orders.groupby(["origin", "destination", "kind"], sort=True).agg(
        lines=("order_id", "size"), quantity=("quantity", "sum"), value=("value", "sum"), benefit=("net_benefit", "sum")
    )
    table = grouped.reset_index()
    order = ["value", "quantity", "origin", "destination", "kind"]
    table = table.sort_values(order, ascending=[False, False, True, True, True], kind="stable").reset_index(drop=True)
    return table.assign(bar=_bar(table["value"]))


def _bar(values: pd.Series) -> pd.Series:
    """Return values as a percentage of the largest [0..100]."""
    largest = float(values.max()) if len(values) else 0.0
    return (100.0 * values.clip(lower=0) / largest).round(1) if largest > 0 else values * 0.0


def trucks(loads: pd.DataFrame) -> pd.DataFrame:
    """Return loads that use trucks, dearest first, with fill in percent where the truck's size is known."""
    table = by_truck(loads).sort_values(["cost", "load_id"], ascending=[False, True], kind="stable")
    percent = (100.0 * table["fill"].astype(float)).where(has_size(table))
    return table.assign(fill_percent=percent.round(1), bar=percent.clip(0, 100).fillna(0.0)).reset_index(drop=True)


def by_truck(loads: pd.DataFrame) -> pd.DataFrame:
    """Return the loads that go by truck; parcels are counted apart."""
    return loads[(loads["trucks"] > 0) & (loads["vehicle"] == "truck")]


def has_size(loads: pd.DataFrame) -> pd.Series:
    """Return which loads go on trucks of a known size; of others no fill can be told."""
    size, fill = loads["truck_volume_m3"].astype(float), loads["fill"].astype(float)
    is_sized = size.between(0.0, np.inf, inclusive="neither") | (fill > 0)
    return is_sized & fill.between(0.0, np.inf, inclusive="left")


def terms_of_all(order_terms: pd.DataFrame) -> pd.DataFrame:
    """Return the money of all orders by term, largest first, with bars relative to the largest."""
    table = order_terms.groupby("term", sort=True)["amount"].sum().reset_index()
    table = table[table["amount"].abs() >= _HALF_A_CENT]
    ranked = table.reindex(table["amount"].abs().sort_values(ascending=False, kind="stable").index)
    return ranked.assign(bar=_bar(ranked["amount"].abs())).reset_index(drop=True)


def cost_weighted_fill(loads: pd.DataFrame) -> float:
    """Return truck fill weighted by truck cost (by trucks where trucks cost nothing); NaN without sized trucks."""
    sized = by_truck(loads)
    sized = sized[has_size(sized)]
    if sized.empty:
        return float("nan")
    weight = sized["cost"] if float(sized["cost"].sum()) > 0 else sized["trucks"]
    return float((sized["fill"] * weight).sum() / weight.sum())


def exceptions_by_kind(exceptions: pd.DataFrame) -> pd.DataFrame:
    """Return how many exceptions of each kind there are, how many critical, and the money at stake."""
    table = exceptions.assign(is_critical=exceptions["severity"] == "critical")
    grouped = table.groupby("kind", sort=True).agg(
        n=("rank", "size"), n_critical=("is_critical", "sum"), money=("money", "sum"), first=("rank", "min")
    )
    return grouped.sort_values("first").reset_index().assign(label=lambda t: t["kind"].map(label))


def top_orders(orders: pd.DataFrame, order_terms: pd.DataFrame, n: int) -> list[dict[str, Any]]:
    """Return the `n` orders of largest net benefit, each with its money terms as a list of (term, amount)."""
    columns = ["net_benefit", "value", "order_id"]
    best = orders.sort_values(columns, ascending=[False, False, True], kind="stable").head(n)
    wanted = order_terms[order_terms["order_id"].isin(best["order_id"])]
    terms = {str(order_id): _terms(rows) for order_id, rows in wanted.groupby("order_id", sort=False)}
    return [{**row, "terms": terms.get(str(row["order_id"]), [])} for row in rows_of(best)]


def _terms(rows: pd.DataFrame) -> list[tuple[str, float]]:
    """Return terms and amounts of one order, those of less than half a cent left out."""
    pairs = [(str(term), float(amount)) for term, amount in zip(rows["term"], rows["amount"], strict=True)]
    return [(term, amount) for term, amount in pairs if abs(amount) >= _HALF_A_CENT]


def alerts_by_location(exceptions: pd.DataFrame) -> dict[str, int]:
    """Return the number of critical exceptions at each location."""
    critical = exceptions[(exceptions["severity"] == "critical") & exceptions["location"].notna()]
    counts = critical["location"].astype(str).value_counts()
    return {str(location): int(n) for location, n in counts.items() if location}


def models_used(series: pd.DataFrame) -> pd.DataFrame:
    """Return how many stock points each model and fallback reason serves."""
    table = series.assign(fallback=series["fallback"].astype(str)).groupby(["model", "fallback"], sort=True).size()
    counted = table.rename("n").reset_index().sort_values(["n", "model"], ascending=[False, True])
    return counted.assign(n=[whole(n) for n in counted["n"]]).reset_index(drop=True)
