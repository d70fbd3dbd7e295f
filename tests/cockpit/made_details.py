"""Detail tables of the plan made by hand: small, and easy to add up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cockpit.details import PLACE_COLUMNS, driver_table

HORIZON = 28
PRODUCT_NAME = "Fresh milk <b>1 l</b>"
PLACE_NAMES = {"ST-EAST-000": "Nanjing Road", "DC-EAST": "Shanghai centre"}


def made_details(plan: Any) -> dict[str, pd.DataFrame]:
    """Everything beside the plan's own tables that a run publishes for the cockpit, and `targets` and `planned`."""
    series = plan.forecast.series[["sku", "location"]].astype("str").reset_index(drop=True)
    ends = plan.orders.drop_duplicates(["sku", "destination"])
    days = np.arange(1, HORIZON + 1)
    n = len(ends)
    paths = ends[["sku", "destination"]].rename(columns={"destination": "location"}).assign(is_echelon=False)
    lists = {"demand": days * 2.0, "supply_before": np.full(HORIZON, 10), "supply_after": 10 + 30 * (days >= 3)}
    paths = paths.assign(**{name: pd.Series([values] * n, index=paths.index) for name, values in lists.items()})
    return {
        "stock_paths": paths.reset_index(drop=True),
        "quantity_worth": made_worth(plan.orders),
        "alternatives": made_alternatives(plan.orders),
        "drivers": driver_table(plan.forecast.series, plan.forecast.drivers),
        "places": made_places(plan),
        "products": pd.DataFrame({"sku": ["SKU-000"], "product_name": [PRODUCT_NAME]}),
        "history": series.assign(
            sales=pd.Series([np.full(56, 3.0)] * len(series)), is_censored=pd.Series([np.arange(56) > 53] * len(series))
        ),
        "accuracy": pd.DataFrame(
            [("all", "all", 70, 0.4, 0.1, "R1"), ("category", "FOOD", 70, 0.4, 0.1, "R1")],
            columns=["slice", "name", "n_days", "wape", "bias", "run_id"],
        ),
        "draws": series.assign(draws=pd.Series([np.full(2 * HORIZON, 2.5)] * len(series))),
        "lots": made_lots(plan),
        "promoted": made_promoted(plan),
        "review": pd.DataFrame(
            [("lost sales", "SKU-000", "ST-EAST-000", 4.0, 90.0, "supplier")],
            columns=["loss", "sku", "location", "units", "money", "cause"],
        ),
        "signal_feeds": pd.DataFrame(
            [("footfall", "traffic", plan.cutoff, plan.cutoff - pd.Timedelta(days=3), 90)],
            columns=["signal", "family", "last_day", "last_known", "rows"],
        ),
        "figures": pd.DataFrame(
            [("co2_kg", np.nan, 120.0, "kg", "trucks"), ("wape", 0.4, np.nan, "share", "last week")],
            columns=["kpi", "today", "planned", "unit", "meaning"],
        ),
        "targets": made_targets(series),
        "planned": made_planned(plan),
        "forecast_changes": pd.DataFrame(columns=["sku", "location", "part", "before", "after", "change"]),
    }


def made_places(plan: Any) -> pd.DataFrame:
    """Two places have a name."""
    places = plan.network.locations.reindex(columns=[*PLACE_COLUMNS])
    return places.assign(location_name=places["location"].map(PLACE_NAMES).fillna(""))


def made_worth(orders: pd.DataFrame) -> pd.DataFrame:
    """Each line is worth most as proposed; half of it loses 10, nothing 40, twice as much 30."""
    quantities = [np.array([0, q // 2, q, 2 * q]) if q > 1 else np.array([0, 1, 2, 3]) for q in orders["quantity"]]
    return pd.DataFrame(
        {
            "order_id": orders["order_id"].to_numpy(),
            "lot": 1,
            "volume_m3": 0.1,
            "weight_kg": 1.0,
            "expected_demand": 20.0,
            "quantities": pd.Series(quantities),
            "gains": pd.Series([np.array([-40.0, -10.0, 0.0, -30.0])] * len(orders)),
            "unmet": pd.Series([np.array([10.0, 5.0, 2.0, 0.0])] * len(orders)),
        }
    )


def made_alternatives(orders: pd.DataFrame) -> pd.DataFrame:
    """Ordering nothing leaves a fifth of each line's worth to pay for trucks that go anyway; waiting costs a tenth."""
    worth = orders["net_benefit"].to_numpy(dtype=float)
    parts = []
    for name, regret in (("next ship day", 0.1 * worth), ("nothing", 1.2 * worth)):
        part = orders[["order_id", "origin", "ship_date", "due_date"]].assign(alternative=name, regret=regret.round(2))
        parts.append(part.assign(net_benefit=worth - part["regret"], is_next_best=name != "nothing"))
    return pd.concat(parts, ignore_index=True)


def made_lots(plan: Any) -> pd.DataFrame:
    expiry = [plan.cutoff + pd.Timedelta(days=days) for days in (1, 5, 60)]
    return pd.DataFrame({"sku": "SKU-000", "location": "ST-EAST-000", "expiry_date": expiry, "quantity": [4, 6, 9],
                         "value": [40.0, 60.0, 90.0]})  # fmt: skip


def made_promoted(plan: Any) -> pd.DataFrame:
    span = {"from": [plan.cutoff + pd.Timedelta(days=2)], "to": [plan.cutoff + pd.Timedelta(days=4)]}
    return pd.DataFrame({"sku": ["SKU-000"], "location": ["ST-EAST-000"], "promotion": ["P1"], **span})


def made_targets(series: pd.DataFrame) -> pd.DataFrame:
    fixed = {"tier": "store", "on_hand": 6, "on_order": 2, "inventory_position": 8, "review_days": 1.0,
             "lead_time_days": 2.0, "protection_days": 3.0, "expected_demand": 9.0, "order_up_to_level": 12,
             "safety_stock": 3.0, "service_class": "A", "main_source": "DC-EAST"}  # fmt: skip
    return series.assign(**fixed)


def made_planned(plan: Any) -> pd.DataFrame:
    load = plan.loads.iloc[0]
    when = {"ship_date": [plan.cutoff + pd.Timedelta(days=3)], "due_date": [plan.cutoff + pd.Timedelta(days=4)]}
    ends = {name: [load[name]] for name in ("origin", "destination", "mode")}
    return pd.DataFrame({"sku": ["SKU-000"], **ends, **when, "quantity": [5]})


def complete_orders(plan: Any) -> pd.DataFrame:
    """The orders with all columns that pages read."""
    orders = plan.orders
    rest = {"status": "proposed", "action": "new", "barcode": "", "on_hand": 3, "on_order": 0, "expected_demand": 12.5,
            "target": 20.0, "cover_before": 2.0, "cover_after": 9.0, "amends_order_id": "",
            "supplier_item_code": "", "run_id": plan.run_id,
            "stockout_date_without": plan.cutoff + pd.Timedelta(days=2)}  # fmt: skip
    return orders.assign(**rest, priority=range(1, len(orders) + 1), proposed_quantity=orders["quantity"])


def with_details(plan: Any) -> dict[str, pd.DataFrame]:
    """All tables of a run of the plan made by hand, orders among them."""
    loads = plan.loads.assign(ship_date=plan.cutoff + pd.Timedelta(days=1))
    return {"orders": complete_orders(plan), "loads": loads, **made_details(plan)}
