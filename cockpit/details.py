"""Tables of a run that only the cockpit reads, so that it never has to read the chain again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cockpit.detail_figures import run_figures
from cockpit.detail_history import HISTORY_DAYS, accuracy, comparable_run, demand_history
from cockpit.detail_week import week_review
from optimization.actions import new_lines

if TYPE_CHECKING:
    from engine import Plan
    from forecasting.forecast import Forecast
    from network.snapshot import Snapshot
    from network.store import RunStore
    from optimization.projection import Projection

PATH_COLUMNS = ("sku", "location", "is_echelon", "demand", "supply_before", "supply_after")
DRIVER_COLUMNS = ("sku", "location", "days", "family", "amount")
PLACE_COLUMNS = ("location", "location_name", "tier", "region", "zone", "latitude", "longitude")
PROMOTED_COLUMNS = ("sku", "location", "promotion", "from", "to")
FEED_COLUMNS = ("signal", "family", "last_day", "last_known", "rows")
DRAW_COLUMNS = ("sku", "location", "draws")
N_DRAWS = 5
_SEED = 1
LOT_COLUMNS = ("sku", "location", "expiry_date", "quantity", "value")


def detail_tables(plan: Plan, store: RunStore) -> Mapping[str, pd.DataFrame]:
    """Return the detail tables of a plan by name.

    Parameters
    ----------
    plan
        The finished plan.
    store
        Earlier runs, against whose forecasts the sales since then are held.
    """
    from forecasting.panel import build_panel
    from optimization.projection import project
    from optimization.quantity_worth import quantity_worth

    curves = plan.decisions.curves
    points = curves.points.iloc[: curves.n_local]
    projection = project(plan.decisions, positions=points, targets=plan.targets, forecast=plan.forecast)
    panel = build_panel(plan.snapshot, plan.network)
    run_id = comparable_run(store, plan.snapshot)
    scored, lots = accuracy(panel, store, run_id), lots_by_expiry(plan.snapshot)
    worth = quantity_worth(
        plan.orders, plan.decisions, forecast=plan.forecast, projection=projection, targets=plan.targets,
        snapshot=plan.snapshot, network=plan.network,
    )  # fmt: skip
    return {
        "stock_paths": stock_paths(plan.orders, projection),
        "quantity_worth": worth,
        "draws": demand_draws(plan.orders, plan.forecast),
        "drivers": driver_table(plan.forecast.series, plan.forecast.drivers),
        "products": product_names(plan.snapshot),
        "places": plan.network.locations.reindex(columns=[*PLACE_COLUMNS]).reset_index(drop=True),
        "history": demand_history(panel, plan.network),
        "accuracy": scored,
        "lots": lots,
        "review": week_review(plan, panel, store, run_id=run_id, lots=lots),
        "promoted": promoted_days(plan),
        "signal_feeds": signal_feeds(plan.snapshot),
        "figures": run_figures(plan, scored),
    }


def stock_paths(orders: pd.DataFrame, projection: Projection) -> pd.DataFrame:
    """Return expected demand and supply of every point that a new line goes to.

    Parameters
    ----------
    orders
        Orders of a plan.
    projection
        Expected stock without and with them.

    Returns
    -------
    `PATH_COLUMNS`, sorted by (sku, location); the last three are lists of cumulative units by day from the day after
    the cutoff, expected demand in hundredths of a unit; of an echelon where `is_echelon`.
    """
    lines = new_lines(orders)
    rows = np.unique(projection.rows_of(lines["sku"], lines["destination"]))
    rows = rows[rows >= 0]
    lists = {
        "demand": projection.demand[rows].round(2),
        "supply_before": projection.supply_before[rows],
        "supply_after": projection.supply_after[rows],
    }
    table = projection.points.iloc[rows].reset_index(drop=True).assign(is_echelon=projection.is_echelon[rows])
    paths = {name: pd.Series(list(values), dtype=object) for name, values in lists.items()}
    return table.assign(**paths)[[*PATH_COLUMNS]]


def demand_draws(orders: pd.DataFrame, forecast: Forecast) -> pd.DataFrame:
    """Return possible courses of demand at every point that a new line goes to.

    Returns
    -------
    `DRAW_COLUMNS`, sorted by (sku, location); `draws` is a list of `N_DRAWS` courses one after the other, each with the
    units of every day of the horizon; sums over it run through the 10, 30, 50, 70 and 90% quantiles.
    """
    from forecasting.draws import sample_paths

    lines = new_lines(orders)
    keys = pd.MultiIndex.from_frame(forecast.series[["sku", "location"]].astype("str"))
    wanted = pd.MultiIndex.from_arrays([lines["sku"].astype("str"), lines["destination"].astype("str")])
    rows = np.unique(keys.get_indexer(wanted))
    part = forecast.take(rows[rows >= 0])
    paths = sample_paths(part, N_DRAWS, seed=_SEED, start=0, stop=forecast.horizon).transpose(1, 0, 2)
    flat = paths.reshape(len(part.series), N_DRAWS * forecast.horizon).astype(np.float32)
    courses = pd.Series(list(flat), dtype=object)
    return part.series[["sku", "location"]].astype("str").reset_index(drop=True).assign(draws=courses)


def driver_table(series: pd.DataFrame, drivers: pd.DataFrame | None) -> pd.DataFrame:
    """Return what each family of drivers adds to the forecasts that are explained [units over `days`]."""
    if drivers is None:
        return pd.DataFrame(columns=[*DRIVER_COLUMNS])
    keys = series[["sku", "location"]].iloc[drivers["series"].astype(int)].astype("str").reset_index(drop=True)
    return pd.concat([keys, drivers[["days", "family", "amount"]].reset_index(drop=True)], axis=1)


def product_names(snapshot: Snapshot) -> pd.DataFrame:
    """Return what products are called: sku, product_name, one row for each that has a name."""
    skus = snapshot.table("skus")[["sku", "product_name"]]
    return skus[skus["product_name"].fillna("") != ""].sort_values("sku").reset_index(drop=True)


def lots_by_expiry(snapshot: Snapshot) -> pd.DataFrame:
    """Return the lots on hand with their value at cost [money], the first to expire first."""
    lots = snapshot.table("lots")
    cost = snapshot.table("skus").set_index("sku")["unit_cost"].reindex(lots["sku"]).to_numpy(dtype=float)
    table = lots.assign(value=(lots["quantity"].to_numpy(dtype=float) * cost).round(2))
    return table.sort_values(["expiry_date", "sku", "location"])[[*LOT_COLUMNS]].reset_index(drop=True)


def promoted_days(plan: Plan) -> pd.DataFrame:
    """Return which promotions touch which stock points, from the first day of history to the end of the forecast."""
    from optimization.promoted import promoted_points

    points = plan.forecast.series[["sku", "location"]].astype("str")
    points = points.merge(plan.snapshot.table("skus")[["sku", "category"]], on="sku", how="left")
    places = plan.snapshot.table("locations")[["location", "zone", "region"]]
    points = points.merge(places, on="location", how="left")
    first = plan.cutoff - pd.Timedelta(days=HISTORY_DAYS)
    last = plan.cutoff + pd.Timedelta(days=plan.forecast.horizon)
    touched = promoted_points(plan.snapshot.table("promotions"), points, first=first, last=last)
    keys = points[["sku", "location"]].iloc[touched["row"].to_numpy(dtype=int)].reset_index(drop=True)
    return pd.concat([keys, touched[["promotion", "from", "to"]]], axis=1)[[*PROMOTED_COLUMNS]]


def signal_feeds(snapshot: Snapshot) -> pd.DataFrame:
    """Return each signal with the last day it tells of, when it last came, and its rows."""
    signals = snapshot.table("signals")
    grouped = signals.groupby("signal", sort=True, observed=True)
    table = grouped.agg(family=("family", "first"), last_day=("date", "max"), last_known=("known_at", "max"),
                        rows=("date", "size"))  # fmt: skip
    return table.reset_index()[[*FEED_COLUMNS]]
