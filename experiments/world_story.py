"""A tiny chain made by hand: a promotion in region A from the third day on, while its stock idles in region B.

One supplier (14 days away), one central warehouse, and in each region a forward warehouse and two stores. Three SKUs:
HERO is promoted, PLAIN is well stocked, SLOW hardly sells. Everything is counted out, nothing is drawn.

HERO sells 6 a day at each store of A and 10 a day through FA; promoted, three times that. From the day after the last
day to the end of the promotion (2 ordinary days, 7 promoted ones) region A wants about (2 + 7 x 3) x 22 = 506 units. It
has 100, and the central warehouse 60. Region B has 820 and sells 10 a day, so it can spare some 500 and still keep a
month; what is bought tonight comes five days after the promotion. Only goods from B (2 days away) can save it.
"""

from typing import Any

import numpy as np
import pandas as pd

from experiments.world_config import LAST_DAY, Floats, Ints

HISTORY_DAYS, FUTURE_DAYS = 196, 28
PROMOTION_AFTER, PROMOTION_DAYS, UPLIFT, PRICE_CUT = 3, 7, 3, 0.6
"""The promotion starts so many days after the last day, lasts so long, and multiplies demand at this relative price."""
SKUS = ("HERO", "PLAIN", "SLOW")
ZONES = ("ZA1", "ZA2", "ZB1", "ZB2")
STORES = ("SA1", "SA2", "SB1", "SB2")
FORWARDS = ("FA", "FA", "FB", "FB")
WALK_IN = np.array([[6, 6, 3, 3], [4, 4, 4, 4], [1, 1, 1, 1]])
INSTANT = np.array([[5, 5, 2, 2], [2, 2, 2, 2], [0, 0, 0, 0]])
"""Units a day by SKU and zone on an ordinary weekday."""
STOCK = {
    "HERO": {"C1": 60, "FA": 40, "FB": 300, "SA1": 30, "SA2": 30, "SB1": 260, "SB2": 260},
    "PLAIN": {"C1": 360, "FA": 60, "FB": 60, "SA1": 60, "SA2": 60, "SB1": 60, "SB2": 60},
    "SLOW": {"C1": 24, "FA": 6, "FB": 6, "SA1": 8, "SA2": 8, "SB1": 8, "SB2": 8},
}
"""Closing stock of the last day [units]."""


def promotion_story() -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return the contract tables of the story, and its latent demand of the published and the next 28 days."""
    dates = pd.date_range(LAST_DAY - pd.Timedelta(days=HISTORY_DAYS - 1), periods=HISTORY_DAYS + FUTURE_DAYS)
    is_promoted = promoted_days()
    demand = story_demand(is_promoted)
    tables = _place_tables() | {
        "skus": _skus(), "lanes": _lanes(), "sales": _sales(dates, demand, is_promoted), "stock": _stock(),
        "promotions": _promotions(dates, is_promoted),
    }  # fmt: skip
    day, sku, zone, channel = np.nonzero(demand)
    latent = pd.DataFrame(
        {
            "date": dates[day], "sku": np.array(SKUS)[sku], "zone": np.array(ZONES)[zone],
            "channel": np.array(["walk_in", "instant"])[channel], "units": demand[day, sku, zone, channel],
            "is_future": day >= HISTORY_DAYS,
        }
    )  # fmt: skip
    return tables, latent


def promoted_days() -> Ints:
    """Return 1 where HERO is promoted in a region, (days, 2): a week in six in A, in twelve in B, and the story's."""
    flags = np.zeros((HISTORY_DAYS + FUTURE_DAYS, 2), dtype=np.int64)
    for start in range(20, HISTORY_DAYS - 14, 42):
        flags[start : start + PROMOTION_DAYS, 0] = 1
    for start in range(41, HISTORY_DAYS - 14, 84):
        flags[start : start + PROMOTION_DAYS, 1] = 1
    first = HISTORY_DAYS - 1 + PROMOTION_AFTER
    flags[first : first + PROMOTION_DAYS, 0] = 1
    return flags


def story_demand(is_promoted: Ints) -> Ints:
    """Return demand of every day, SKU, zone and channel (walk-in, instant), (days, 3, 4, 2) [units].

    Base times 3 when promoted, plus a fixed ripple of -1, 0, 0, 0, 1 where the base is above 1; SLOW sells one unit at
    each store on every fourth day.
    """
    days = np.arange(len(is_promoted))
    base = np.stack([WALK_IN, INSTANT], axis=2)[None]
    ripple = np.array([-1, 0, 0, 0, 1])[(days[:, None, None, None] + np.arange(24).reshape(3, 4, 2) * 3) % 5]
    factor = np.ones((len(days), 3, 4, 1), dtype=np.int64)
    factor[:, 0] = 1 + (UPLIFT - 1) * is_promoted[:, [0, 0, 1, 1], None]
    demand: Ints = base * factor + ripple * (base > 1)
    demand[:, 2, :, 0] = (days[:, None] + np.arange(4)) % 4 == 0
    return demand


def _place_tables() -> dict[str, pd.DataFrame]:
    """Return locations, zones and who serves them."""
    regions = ["", "", "A", "B", "A", "A", "B", "B"]
    at = [(29.87, 121.54), (30.9, 120.9), (31.23, 121.47), (30.27, 120.15),
          (31.24, 121.49), (31.22, 121.45), (30.28, 120.17), (30.26, 120.13)]  # fmt: skip
    locations = pd.DataFrame(
        {
            "location": ["V1", "C1", "FA", "FB", *STORES],
            "tier": ["supplier", "central", "forward", "forward", *["store"] * 4],
            "region": regions, "zone": ["", "", "", "", *ZONES],
            "latitude": [p[0] for p in at], "longitude": [p[1] for p in at],
        }
    )  # fmt: skip
    rows = [(zone, store, "walk_in", 1) for zone, store in zip(ZONES, STORES, strict=True)]
    rows += [(zone, forward, "instant", 1) for zone, forward in zip(ZONES, FORWARDS, strict=True)]
    rows += [(zone, store, "instant", 2) for zone, store in zip(ZONES, STORES, strict=True)]
    serving = pd.DataFrame(rows, columns=["zone", "location", "channel", "priority"])
    zones = locations.loc[locations["tier"] == "store", ["zone", "latitude", "longitude"]]
    return {"locations": locations, "serving": serving, "zones": zones.reset_index(drop=True)}


def _skus() -> pd.DataFrame:
    """Return the three SKUs."""
    cost, price = [30.0, 12.0, 45.0], [55.0, 20.0, 80.0]
    physical = {"volume_m3": [0.004, 0.004, 0.008], "weight_kg": [0.8, 0.9, 1.5]}
    packs = {"case_pack": [6, 6, 2], "min_order_quantity": [60, 60, 10]}
    return pd.DataFrame({"sku": SKUS, "category": "STORY", "unit_cost": cost, "unit_price": price} | packs | physical)


def _lanes() -> pd.DataFrame:
    """Return the lanes: everything may leave tomorrow; purchases take 14 days, goods from the other region 2."""
    truck = {"truck_cost": 80.0, "truck_volume_m3": 3.0, "truck_weight_kg": 700.0}
    rows: list[dict[str, Any]] = []
    bought = {"origin": "V1", "destination": "C1", "mode": "purchase", "lead_time_days": 14, "lead_time_sd_days": 1.0}
    rows.append(bought | {"truck_cost": 300.0, "truck_volume_m3": 6.0, "truck_weight_kg": 1400.0})
    for group in ("tier:forward", "tier:store"):
        rows.append(
            {"origin": "C1", "destination": group, "mode": "transfer", "lead_time_days": 2, "unit_cost": 0.1} | truck
        )
    rows.append({"origin": "C1", "destination": "tier:forward", "mode": "emergency", "lead_time_days": 1,
                 "unit_cost": 1.5, "parcel_cost": 25.0})  # fmt: skip
    for here, other in (("region:A", "region:B"), ("region:B", "region:A")):
        rows.append({"origin": here, "destination": here, "mode": "transshipment", "lead_time_days": 1,
                     "unit_cost": 0.5, "parcel_cost": 15.0})  # fmt: skip
        rows.append({"origin": here, "destination": other, "mode": "transshipment", "lead_time_days": 2,
                     "unit_cost": 1.0, "parcel_cost": 40.0})  # fmt: skip
    for store, forward in zip(STORES, FORWARDS, strict=True):
        rows.append({"origin": store, "destination": forward, "mode": "emergency", "lead_time_days": 0,
                     "unit_cost": 1.2, "parcel_cost": 18.0})  # fmt: skip
    return pd.DataFrame.from_records(rows)


def _sales(dates: pd.DatetimeIndex, demand: Ints, is_promoted: Ints) -> pd.DataFrame:
    """Return the sales of the published days: all demand was served by the first choice."""
    day, sku, zone, channel = np.nonzero(demand[:HISTORY_DAYS])
    cut: Floats = np.where((sku == 0) & (is_promoted[day, zone // 2] == 1), PRICE_CUT, 1.0)
    price = _skus()["unit_price"].to_numpy()[sku] * cut
    site = np.where(channel == 0, np.array(STORES)[zone], np.array(FORWARDS)[zone])
    return pd.DataFrame(
        {
            "date": dates[day], "sku": np.array(SKUS)[sku], "location": site,
            "channel": np.array(["walk_in", "instant"])[channel], "zone": np.array(ZONES)[zone],
            "units": demand[day, sku, zone, channel], "price": price.round(2), "is_promotion": cut < 1,
            "availability": 1.0,
        }
    )  # fmt: skip


def _stock() -> pd.DataFrame:
    """Return the closing stock of the last day."""
    rows = [(LAST_DAY, sku, location, units) for sku, at in STOCK.items() for location, units in at.items()]
    return pd.DataFrame(rows, columns=["as_of", "sku", "location", "on_hand"])


def _promotions(dates: pd.DatetimeIndex, is_promoted: Ints) -> pd.DataFrame:
    """Return every promotion of HERO, past ones and the announced one, each known a week ahead."""
    rows = []
    for region, name in enumerate("AB"):
        starts = np.flatnonzero(np.diff(is_promoted[:, region], prepend=0) == 1)
        for start in starts.tolist():
            end = start + PROMOTION_DAYS - 1
            planned = 66 * UPLIFT * PROMOTION_DAYS // 3 if region == 0 else 30 * UPLIFT * PROMOTION_DAYS // 3
            rows.append((f"HERO-{name}-{start}", "HERO", name, "discount", dates[start], dates[end], 33.0, planned,
                         dates[start] - pd.Timedelta(days=7)))  # fmt: skip
    columns = ["promotion", "sku", "region", "mechanism", "from", "to", "price", "planned_units", "known_at"]
    return pd.DataFrame(rows, columns=columns)
