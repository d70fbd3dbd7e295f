"""Seeded synthetic chain with known truth: latent demand, leads of signals, stock-outs, wrong records.

`build_world` draws it, `write_world` writes it as a chain folder with the truth beside it in `truth/`, which the engine
never reads. `promotion_story_world` is a tiny chain made by hand that tells one story.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.world_calendar import build_calendar, build_closures
from experiments.world_config import CHANNELS, LAST_DAY, Floats, WorldConfig
from experiments.world_demand import Intensity, Units, build_intensity, draw_demand, mean_demand
from experiments.world_drivers import Drivers, build_drivers
from experiments.world_effects import signal_effects
from experiments.world_goods import CATEGORIES, Goods, build_assortment, build_goods
from experiments.world_lanes import build_lanes
from experiments.world_places import Places, build_places
from experiments.world_promotions import (
    Promotion,
    build_promotions,
    presales_table,
    promotion_effects,
    promotions_table,
)
from experiments.world_records import (
    counts_table,
    dates_of,
    labels,
    lots_table,
    order_tables,
    returns_table,
    sales_table,
    sourcing_table,
    stock_table,
    suppliers_table,
)
from experiments.world_signals import build_signals, signal_truth
from experiments.world_story import promotion_story
from experiments.world_supply import History, point_rates, simulate

__all__ = ["LAST_DAY", "World", "WorldConfig", "build_world", "promotion_story_world", "write_world"]

SETTINGS = """id = "{id}"
currency = "CNY"
time_zone = "Asia/Shanghai"
country = "CN"

[economics]
holding_rate_per_year = 0.25
gross_margin = 0.30
shortage_multiple = 1.0
handling_cost = 0.2
waste_value_share = 1.0
"""
ASSUMPTIONS = (
    ("sales", "Synthetic chain. A day without a row sold nothing and was on the shelf all day."),
    ("sales", "Online sales carry their zone; a row without zone and units says that a point was not on the shelf."),
    ("open_orders", "Closed purchases are all kept, closed transfers for 60 days, so that lead times can be learnt."),
    ("receipts", "The date is the day from whose start the goods were usable."),
)


@dataclass(frozen=True)
class World:
    """One synthetic chain.

    Parameters
    ----------
    id : chain id, from the configuration.
    last_day : last published day, the natural cutoff.
    tables : contract tables by name; nothing in them was known after `last_day`.
    truth : frames that the engine must never see. `latent_demand` (date, sku, zone, channel, units, is_future) lists
        all demand above zero, published days and future ones. `future_signals` and `future_promotions` are rows of the
        contract tables that become known later; `open_order_arrivals` says when open orders will really come.
        `signal_effects` (date, sku, mean, base, effect) says what interest, bursts, weather and footfall truly did.
    settings : text of `chain.toml`.
    """

    id: str
    last_day: pd.Timestamp
    tables: Mapping[str, pd.DataFrame]
    truth: Mapping[str, pd.DataFrame]
    settings: str


@dataclass(frozen=True)
class _Draft:
    """Everything drawn, before it becomes tables."""

    config: WorldConfig
    places: Places
    goods: Goods
    plans: list[Promotion]
    drivers: Drivers
    intensity: Intensity
    demand: Units
    history: History


def build_world(config: WorldConfig | None = None) -> World:
    """Draw a synthetic chain; equal configurations give equal worlds.

    Parameters
    ----------
    config : size and seed; the default has 60 SKUs, 20 stores, 540 days and 84 days of future demand.
    """
    draft = _draw(config or WorldConfig())
    config = draft.config
    signals, later_signals = build_signals(config, draft.places, draft.goods, drivers=draft.drivers)
    tables, truth = _plan_tables(draft)
    tables |= _place_tables(draft) | _record_tables(draft) | {"signals": signals}
    _, _, arrivals = order_tables(config, draft.places, draft.goods, orders=draft.history.orders)
    truth |= {"future_signals": later_signals, "open_order_arrivals": arrivals, "signals": signal_truth(draft.goods)}
    truth |= {"latent_demand": _latent(draft), "skus": _sku_truth(draft), "points": _point_truth(draft)}
    truth["signal_effects"] = signal_effects(
        config, draft.places, draft.goods, intensity=draft.intensity, drivers=draft.drivers
    )
    name = f"demo-{config.n_skus}x{config.n_stores}x{config.n_days}-{config.seed}"
    return World(name, LAST_DAY, tables, truth, _settings_text(name))


def promotion_story_world() -> World:
    """Return the tiny deterministic chain of `experiments.world_story`: a promotion in A while stock idles in B."""
    tables, latent = promotion_story()
    return World("promotion-story", LAST_DAY, tables, {"latent_demand": latent}, _settings_text("promotion-story"))


def _settings_text(name: str) -> str:
    """Return the text of `chain.toml`."""
    told = "".join(f'\n[[assumptions]]\ntable = "{table}"\ntext = "{text}"\n' for table, text in ASSUMPTIONS)
    return SETTINGS.format(id=name) + told


def _draw(config: WorldConfig) -> _Draft:
    """Draw places, goods, plans, drivers, demand, and live through the history."""
    places = build_places(config)
    goods = build_goods(config, places)
    plans = build_promotions(config, places, goods)
    uplift, price = promotion_effects(config, goods, plans, len(places.region_names))
    drivers = build_drivers(config, places, goods)
    intensity = build_intensity(config, places, goods, drivers=drivers, uplift=uplift, price=price)
    demand = draw_demand(config, places, goods, intensity=intensity, drivers=drivers)
    history = simulate(config, places, goods, demand=demand, static=intensity.static, uplift=uplift)
    return _Draft(config, places, goods, plans, drivers, intensity, demand, history)


def _place_tables(draft: _Draft) -> dict[str, pd.DataFrame]:
    """Return the tables that say what the chain is."""
    config, places, goods = draft.config, draft.places, draft.goods
    volume = (point_rates(draft.intensity.static, places) * goods.volume[:, None]).sum(axis=0)
    return {
        "locations": places.table, "skus": goods.table, "zones": places.zones, "serving": places.serving,
        "lanes": build_lanes(config, places, volume), "assortment": build_assortment(config, places, goods),
        "sourcing": sourcing_table(config, places, goods),
        "suppliers": suppliers_table(places, daily_units=float(draft.intensity.static.sum())),
        "calendar": build_calendar(config), "closures": build_closures(config, places.suppliers),
    }  # fmt: skip


def _record_tables(draft: _Draft) -> dict[str, pd.DataFrame]:
    """Return the tables that the history left behind."""
    config, places, goods, history = draft.config, draft.places, draft.goods, draft.history
    orders, receipts, _ = order_tables(config, places, goods, orders=history.orders)
    return {
        "sales": sales_table(config, places, goods, history=history, price=draft.intensity.price),
        "stock": stock_table(config, places, goods, history=history),
        "open_orders": orders, "receipts": receipts, "lots": lots_table(config, places, goods, history=history),
        "returns": returns_table(config, places, goods, history=history),
        "counts": counts_table(config, places, goods, history=history),
    }  # fmt: skip


def _plan_tables(draft: _Draft) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """Return promotions and pre-sales as announced by the last day, and the promotions announced later."""
    config, places, goods = draft.config, draft.places, draft.goods
    usual = np.stack(
        [draft.intensity.static[:, places.zone_region == r].sum(axis=1) for r in range(len(places.region_names))],
        axis=1,
    )
    plans = promotions_table(config, places, goods, plans=draft.plans, uplift=draft.intensity.uplift, usual=usual)
    is_known = (plans["known_at"] <= LAST_DAY) & (plans["to"] >= config.first_day)
    later = plans[plans["known_at"] > LAST_DAY].reset_index(drop=True)
    presales = presales_table(config, goods, places.zone_names, plans=draft.plans, expected=_delivery_of_plans(draft))
    return {"promotions": plans[is_known].reset_index(drop=True), "presales": presales}, {"future_promotions": later}


def _delivery_of_plans(draft: _Draft) -> Floats:
    """Return mean delivery demand in the days of each plan, zero for all but pre-sales, (n_plans, n_zones) [units]."""
    expected = np.zeros((len(draft.plans), len(draft.places.size)))
    rows_by_day: dict[int, list[int]] = {}
    for row, plan in enumerate(draft.plans):
        if plan.mechanism == "presale":
            for day in range(max(plan.first, 0), min(plan.last + 1, draft.config.n_drawn)):
                rows_by_day.setdefault(day, []).append(row)
    for day, rows in rows_by_day.items():
        mean = mean_demand(day, draft.intensity, places=draft.places, goods=draft.goods, drivers=draft.drivers)
        expected[rows] += mean[[draft.plans[row].sku for row in rows], :, 3]
    return expected


def _latent(draft: _Draft) -> pd.DataFrame:
    """Return latent demand above zero, sorted by date, sku, zone and channel."""
    day, sku, zone, channel = np.nonzero(draft.demand)
    return pd.DataFrame(
        {
            "date": dates_of(draft.config, day), "sku": labels(draft.goods.names, sku),
            "zone": labels(draft.places.zone_names, zone), "channel": labels(CHANNELS, channel),
            "units": draft.demand[day, sku, zone, channel], "is_future": day >= draft.config.n_days,
        }
    )  # fmt: skip


def _sku_truth(draft: _Draft) -> pd.DataFrame:
    """Return the true nature of each SKU."""
    goods, kinds = draft.goods, [CATEGORIES[c] for c in draft.goods.category]
    regions = [*draft.places.region_names, ""]
    return pd.DataFrame(
        {
            "sku": goods.names, "category": [k.name for k in kinds], "demand_class": [k.demand_class for k in kinds],
            "mean_walk_in": goods.base, "elasticity": [k.elasticity for k in kinds], "yearly_trend": goods.trend,
            "search_lead_days": [k.search_lead_days for k in kinds],
            "search_effect": np.where(goods.is_watched, 0.0, [k.search_effect for k in kinds]),
            "slow_region": [regions[r] for r in goods.slow_region], "has_interest_without_sales": goods.is_watched,
        }
    )  # fmt: skip


def _point_truth(draft: _Draft) -> pd.DataFrame:
    """Return true closing stock and history of each stock point: phantom records, active and empty days."""
    history, places = draft.history, draft.places
    sku, location = np.nonzero(history.is_carried)
    since = history.phantom_since[sku, location]
    return pd.DataFrame(
        {
            "sku": labels(draft.goods.names, sku), "location": labels(places.names, location),
            "true_stock": history.shelf.true[sku, location], "recorded_stock": history.shelf.record[sku, location],
            "phantom_since": pd.Series(dates_of(draft.config, since)).where(since >= 0),
            "active_days": history.active_days[sku, location], "empty_days": history.empty_days[sku, location],
        }
    )  # fmt: skip


def write_world(world: World, folder: Path) -> None:
    """Write one CSV file a table, `chain.toml`, and the truth as Parquet files in `truth/`.

    Parameters
    ----------
    folder : made if missing; files of the same names are replaced.
    """
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    (folder / "chain.toml").write_text(world.settings, encoding="utf-8")
    for name, table in world.tables.items():
        _write_csv(table, folder / f"{name}.csv")
    for name, frame in world.truth.items():
        frame.to_parquet(folder / "truth" / f"{name}.parquet", index=False)


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table with ISO dates and empty cells for unknown values."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    texts = {name: table[name].fillna("") for name in table.columns if pd.api.types.is_string_dtype(table[name])}
    dates = {name: table[name].dt.date for name in table.columns if pd.api.types.is_datetime64_dtype(table[name])}
    arrow = pa.Table.from_pandas(table.assign(**texts, **dates), preserve_index=False)
    pacsv.write_csv(arrow, path, pacsv.WriteOptions(quoting_style="needed"))
