"""The report of one run: one HTML file that opens anywhere, with styles and pictures inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from cockpit import report_tables as tables
from cockpit.report_charts import terms_bar
from cockpit.report_facts import (
    assumption_items,
    data_facts,
    excluded_items,
    signal_items,
    solver_facts,
    timing_rows,
)
from cockpit.report_forecasts import demand_pictures, forecast_figure
from cockpit.report_layout import Layout, lay_out
from cockpit.report_lines import line_words
from cockpit.report_map import MAX_FLOWS, network_picture, shape
from cockpit.report_messages import message_values
from cockpit.svg import element
from cockpit.wording import MODEL_LABELS, count, is_known, label, money, share, whole
from optimization.actions import new_lines

if TYPE_CHECKING:
    from engine import Plan

N_LANES = 12
N_TRUCKS = 25
N_EXCEPTIONS = 20
N_ORDERS = 25
N_FORECASTS = 6
_SHOWN_ZOOM = 1.5
_LOW_FILL, _MIDDLE_FILL = 40.0, 75.0
_TERM_CONVENTION = (
    "One plan moves everything together, so splitting its money over lines is a convention: each line is the finished "
    "plan against the same plan without this one line. Lines that could stand in for each other each count in full, so "
    "the sum is more than the plan is worth. Green is benefit, red is cost."
)
_FORECAST_CHOICE = (
    "A choice out of {n:,} stock points: where the orders of largest benefit go, and where most is wanted. The "
    "forecast of every stock point is in forecast.parquet."
)


def build_report(plan: Plan, *, status: str, next_command: str, changes: pd.DataFrame) -> str:
    """Return the report of a plan as one self-contained HTML page.

    Parameters
    ----------
    plan
        The finished plan.
    status
        `published` or `dry run`; what limited the run is taken from its manifest.
    next_command
        What to type to send the orders out.
    changes
        What changed in the forecast since the run before, as `changes_since` gives it.

    Returns
    -------
    HTML text; every value from the data is escaped.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader("cockpit"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    values = page_values(plan, status=status, next_command=next_command, changes=changes)
    return pages.get_template("report.html").render(values)


def page_values(plan: Plan, *, status: str, next_command: str, changes: pd.DataFrame) -> dict[str, Any]:
    """Return everything the template shows, by name."""
    currency = plan.snapshot.settings.currency
    lines = new_lines(plan.orders)
    tomorrow = plan.cutoff + pd.Timedelta(days=1)
    return {
        "chain": plan.snapshot.settings.id,
        "cutoff": f"{plan.cutoff:%Y-%m-%d}",
        "cutoff_words": f"{plan.cutoff:%A} {plan.cutoff.day} {plan.cutoff:%B %Y}",
        "tomorrow_words": f"{tomorrow:%A} {tomorrow.day} {tomorrow:%B}",
        "run_id": plan.run_id,
        "status": _status(plan.manifest, status),
        "lead": _lead(plan, currency),
        "tiles": [tile for tile in tables.tiles(plan.kpis, currency) if tile.is_pair],
        "figures": [tile for tile in tables.tiles(plan.kpis, currency) if not tile.is_pair],
        "next_command": next_command,
        "kinds": _kinds(lines, currency),
        "totals": _totals(lines, currency),
        "lanes": _lanes(lines, currency),
        "worth": _worth(plan.order_terms[plan.order_terms["order_id"].isin(lines["order_id"])], currency),
        "top": _top(plan, currency),
        "messages": message_values(plan, currency),
        "trucks": _trucks(plan.loads, currency),
        "exceptions": _exceptions(plan.exceptions, currency),
        "forecast_hint": _FORECAST_CHOICE.format(n=len(plan.forecast.series)),
        "forecasts": [forecast_figure(shown, changes) for shown in demand_pictures(plan, n=N_FORECASTS)],
        "data": data_values(plan),
        "solver": {
            "facts": solver_facts(plan.manifest, currency),
            "timings": timing_rows(plan.manifest),
            "hint": "Objective and bound belong to the optimizer's model of the coming weeks, in which demand is a "
            "distribution. An unknown bound means that nothing proves how far the plan is from the best one.",
        },
        **_network(plan, currency),
    }


def data_values(plan: Plan) -> dict[str, Any]:
    """Return the section on data and assumptions."""
    models = [
        {
            "n": row["n"],
            "words": ": ".join(filter(None, [MODEL_LABELS.get(row["model"], row["model"]), row["fallback"]])),
        }
        for row in tables.rows_of(tables.models_used(plan.forecast.series).head(N_LANES))
    ]
    return {
        "assumptions": assumption_items(plan),
        "excluded": excluded_items(plan.snapshot.excluded),
        "models": models,
        "signals": signal_items(plan.manifest),
        "tables": data_facts(plan.snapshot),
    }


def _status(manifest: Mapping[str, Any], status: str) -> dict[str, str]:
    limited = manifest.get("is_degraded") or manifest.get("degraded")
    if limited:
        return {"css": "warning", "words": f"{status}, but a limit or a fallback hit the whole run"}
    return {"css": "good", "words": status}


def _lead(plan: Plan, currency: str) -> str:
    orders, n_trucks = new_lines(plan.orders), int(tables.by_truck(plan.loads)["trucks"].sum())
    n_critical = int((plan.exceptions["severity"] == "critical").sum())
    if orders.empty:
        return f"No order pays tonight; {count(n_critical, 'critical exception')}."
    return (
        f"{count(len(orders), 'order line')} for {count(int(orders['quantity'].sum()), 'unit')} worth "
        f"{money(float(orders['value'].sum()), currency)}, on {count(n_trucks, 'truck')}"
        f"{_margin_saved(plan.kpis, currency)}; {count(n_critical, 'critical exception')}."
    )


def _margin_saved(kpis: pd.DataFrame, currency: str) -> str:
    """Say what the plan does to the margin that would be lost; nothing where the plan does not know it."""
    lost = kpis[kpis["kpi"] == "lost_margin"]
    if lost.empty or lost[["today", "planned"]].isna().any(axis=None):
        return ""
    today, planned = float(lost["today"].iloc[0]), float(lost["planned"].iloc[0])
    return f"; expected lost margin {money(today, currency)} without them, {money(planned, currency)} with them"


def _kinds(orders: pd.DataFrame, currency: str) -> list[dict[str, Any]]:
    return [_worded(row, currency) for row in tables.rows_of(tables.by_kind(orders))]


def _worded(row: Mapping[Any, Any], currency: str) -> dict[str, Any]:
    """Return a grouped row with its numbers as text."""
    units = row["units"] if "units" in row else row["quantity"]
    return {
        **row,
        "lines": whole(row["lines"]),
        "units": whole(units),
        "money": money(row["value"], currency),
        "benefit": money(row["benefit"], currency),
    }


def _totals(orders: pd.DataFrame, currency: str) -> dict[str, str]:
    return {
        "lines": whole(len(orders)),
        "units": whole(float(orders["quantity"].sum())),
        "money": money(float(orders["value"].sum()), currency),
        "benefit": money(float(orders["net_benefit"].sum()), currency),
    }


def _worth(order_terms: pd.DataFrame, currency: str) -> list[dict[str, Any]]:
    """Return what all orders are worth by term, each with its bar."""
    return [
        {
            "name": label(str(row["term"])),
            "amount": money(row["amount"], currency, is_signed=True),
            "sign": "up" if row["amount"] >= 0 else "down",
            "bar": row["bar"],
        }
        for row in tables.rows_of(tables.terms_of_all(order_terms))
    ]


def _note(n_shown: int, n_all: int, file: str) -> str:
    return f": the first {n_shown} of {n_all:,}, all in {file}" if n_all > n_shown else ""


def _lanes(orders: pd.DataFrame, currency: str) -> dict[str, Any]:
    table = tables.by_lane(orders)
    rows = [_worded(row, currency) for row in tables.rows_of(table.head(N_LANES))]
    return {"rows": rows, "note": _note(len(rows), len(table), "orders.csv")}


def _top(plan: Plan, currency: str) -> dict[str, Any]:
    lines = new_lines(plan.orders)
    best = tables.top_orders(lines, plan.order_terms, N_ORDERS)
    words = line_words(plan, [str(order["order_id"]) for order in best])
    scale = max((sum(abs(amount) for _, amount in order["terms"]) for order in best), default=1.0)
    rows = []
    for order in best:
        terms = sorted(order["terms"], key=lambda term: -abs(term[1]))
        rows.append(
            {
                **{name: str(order[name]) for name in ("sku", "origin", "destination", "kind", "reason")},
                "quantity": whole(order["quantity"]),
                "cases": count(int(order["cases"]), "case") if is_known(order["cases"]) and order["cases"] else "",
                "due": f"{order['due_date']:%a} {order['due_date'].day} {order['due_date']:%b}",
                "bar": terms_bar(terms, scale, currency),
                "terms": " · ".join(f"{label(name).lower()} {money(a, '', is_signed=True)}" for name, a in terms[:4]),
                "benefit": money(order["net_benefit"], currency),
                "also": words[str(order["order_id"])],
            }
        )
    return {
        "rows": rows,
        "note": _note(len(rows), len(lines), "orders.csv"),
        "convention": _TERM_CONVENTION,
    }


def _trucks(loads: pd.DataFrame, currency: str) -> dict[str, Any]:
    table = tables.trucks(loads)
    rows = [
        {
            **{name: str(row[name]) for name in ("origin", "destination", "mode")},
            "trucks": whole(row["trucks"]),
            "fill": share(row["fill"]) if is_known(row["fill_percent"]) else "size unknown",
            "bar": row["bar"],
            "level": "low" if row["bar"] < _LOW_FILL else ("middle" if row["bar"] < _MIDDLE_FILL else "high"),
            "volume": f"{row['volume_m3']:,.1f} m³",
            "weight": f"{row['weight_kg']:,.0f} kg",
            "lines": whole(row["lines"]),
            "value": money(row["value"], currency),
            "cost": money(row["cost"], currency),
        }
        for row in tables.rows_of(table.head(N_TRUCKS))
    ]
    hint = (
        f"{count(int(table['trucks'].sum()), 'truck')} tomorrow for {money(float(table['cost'].sum()), currency)}; "
        f"fill weighted by cost {share(tables.cost_weighted_fill(loads))}. Fill is the larger of the volume share and "
        "the weight share."
    )
    return {"rows": rows, "hint": hint, "note": _note(len(rows), len(table), "loads.csv")}


def _exceptions(exceptions: pd.DataFrame, currency: str) -> dict[str, Any]:
    ranked = exceptions.sort_values("rank", kind="stable")
    rows = [
        {
            **{name: _text(row[name]) for name in ("severity", "sku", "location", "message", "suggestion")},
            "kind": label(str(row["kind"])),
            "money": money(row["money"], currency),
        }
        for row in tables.rows_of(ranked.head(N_EXCEPTIONS))
    ]
    kinds = [
        {**row, "n": whole(row["n"]), "money": money(row["money"], currency)}
        for row in tables.rows_of(tables.exceptions_by_kind(exceptions))
    ]
    return {"rows": rows, "kinds": kinds, "note": _note(len(rows), len(exceptions), "exceptions.csv")}


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _network(plan: Plan, currency: str) -> dict[str, Any]:
    layout = lay_out(plan.network.locations)
    lanes = tables.by_lane(new_lines(plan.orders))
    picture = network_picture(layout, lanes, tables.alerts_by_location(plan.exceptions), currency)
    return {"network": picture, "map_hint": _map_hint(layout, len(lanes)), "svg_symbols": _symbols()}


def _map_hint(layout: Layout, n_lanes: int) -> str:
    zoom = f", each region magnified {layout.magnification:.0f} times" if layout.magnification >= _SHOWN_ZOOM else ""
    placed = (
        f"Locations stand at their coordinates{zoom}, nudged apart where symbols would touch."
        if layout.is_geographic
        else "Coordinates are missing, so locations stand in layers, from suppliers on the left to stores on the right."
    )
    drawn = f"The {MAX_FLOWS} lanes of largest value of {n_lanes:,} are drawn." if n_lanes > MAX_FLOWS else ""
    return f"{placed} Every curve is one lane's goods leaving tomorrow. {drawn}".strip()


def _symbols() -> Markup:
    """Return the legend of tier symbols."""
    keys = []
    for tier in ("supplier", "central", "forward", "store"):
        symbol = element("g", {"class": f"place {tier}"}, shape(tier, 8.0, 8.0, 5.5 if tier == "store" else 6.5))
        drawing = element("svg", {"viewBox": "0 0 16 16", "aria-hidden": "true"}, symbol)
        keys.append(element("span", {"class": "key"}, drawing, tier))
    return Markup("").join(keys)
