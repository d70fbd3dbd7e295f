"""Write a chain folder from FreshRetailNet-50K: 50,000 fresh store-product series in 18 cities.

The data (CC-BY-4.0, by Dingdong Limited) are one Parquet file, `train_daily.parquet`, or the publisher's
`train.parquet`. Sales, stock-out hours, discounts, activity flags, holidays and weather are theirs. Stock, lanes,
costs, volumes, shelf lives and coordinates are not in them: they are invented here from a fixed seed, and declared in
`chain.toml`.

    python examples/freshretailnet.py DATA CHAIN [--cities N]
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from chain_writer import (
    ChainFolder,
    Lane,
    labels,
    lane_table,
    parse_folders,
    write_chain,
)
from invented_supply import StockRule, distance_km, invented_stock, scatter

FILES = ("train_daily.parquet", "train.parquet")
OUR_NAMES = {"sale_amount": "sale_amount_sum24", "stock_hour6_22_cnt": "stockout_hours_6_22"}
COLUMNS = (
    *("city_id", "store_id", "first_category_id", "product_id", "dt", "discount", "holiday_flag", "activity_flag"),
    *("precpt", "avg_temperature", "sale_amount_sum24", "stockout_hours_6_22"),
)

UNIT_FACTOR = 10.0
"""The publisher's amounts come in steps of 0.1, of which a median series sells 6 a day: one step is taken as a unit."""

SELLING_HOURS = 16
SEED = 20240611
DISTRICT_STORES = 12

SUPPLIER, CENTRAL = "SUPPLIER", "CENTRAL"
CENTRAL_PLACE = (31.0, 117.0)
SHELF_LIVES_DAYS = (3, 5, 7, 10, 15)
CASE_PACKS = (4, 6, 8, 10, 12)

STOCK = StockRule(
    store_days=(0.5, 3.5),
    forward_days=(0.5, 2.0),
    central_days=(1.0, 3.0),
    empty_share=0.06,
    order_days=1.0,
    due_in_days=(1, 2),
    lead_time_days=2,
    mean_days=14,
)

ASSUMPTIONS = (
    ("sales", f"A unit is 0.1 of the publisher's normalised amount (unit factor {UNIT_FACTOR:g})."),
    ("sales", "Availability is 1 - stock-out hours between 6 and 22 h / 16; price = list price x discount."),
    ("signals", "Weather actuals are known at the end of the next day."),
    ("stock", STOCK.text()),
    ("open_orders", "One day's mean sales of each SKU is due at the central warehouse on each of the next two days."),
    ("locations", "Cities and stores are anonymous: coordinates are random, and on no real map."),
    ("lanes", "One supplier, 2 days to one central warehouse; 1 day to a forward warehouse in each city; 1 day to its "
              "stores (15 a drop, 1.2 m3); laterals inside a city in 1 day (30 a drop); emergency the same night (8 a "
              "parcel and 0.5 a unit)."),
    ("skus", "Cost, margin (25 to 35%), volume, weight, case pack and shelf life (3 to 15 days, by category) are drawn "
             "from a fixed seed."),
    ("assortment", "Every series of the data is carried, with two units on display."),
)  # fmt: skip


def read_days(folder: Path, cities: int | None) -> pd.DataFrame:
    """The publisher's rows, one a series and day.

    Parameters
    ----------
    folder
        Where the Parquet file lies.
    cities
        Keep the first so many city ids; None keeps all.
    """
    path = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if path is None:
        raise SystemExit(f"{folder} holds neither {' nor '.join(FILES)}")
    theirs = {ours: name for name, ours in OUR_NAMES.items()} if path.name == FILES[1] else {}
    rows = pd.read_parquet(path, columns=[theirs.get(name, name) for name in COLUMNS]).rename(columns=OUR_NAMES)
    if cities is not None:
        rows = rows[rows["city_id"] < cities].reset_index(drop=True)
    rows["date"] = pd.to_datetime(rows.pop("dt")).astype("datetime64[ns]")
    rows["sku"] = labels("P{:03d}", rows["product_id"])
    rows["location"] = labels("STORE_{:03d}", rows["store_id"])
    return rows


def sku_table(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """SKUs with invented costs, sizes and, by category, shelf life."""
    skus = rows[["product_id", "sku", "first_category_id"]].drop_duplicates("sku").sort_values("sku")
    n, n_categories = len(skus), int(skus["first_category_id"].max()) + 1
    cost_by_category = rng.lognormal(np.log(3.0), 0.5, n_categories)
    life_by_category = rng.choice(SHELF_LIVES_DAYS, n_categories)
    category = skus["first_category_id"].to_numpy()
    unit_cost = np.round(cost_by_category[category] * rng.lognormal(0.0, 0.25, n), 2)
    volume = np.round(rng.lognormal(np.log(0.0012), 0.4, n), 5)
    return pd.DataFrame(
        {
            "sku": skus["sku"],
            "category": labels("CATEGORY_{:02d}", skus["first_category_id"]),
            "unit_cost": unit_cost,
            "unit_price": np.round(unit_cost / (1 - rng.uniform(0.25, 0.35, n)), 2),
            "case_pack": rng.choice(CASE_PACKS, n),
            "volume_m3": volume,
            "weight_kg": np.round(volume * 350, 3),
            "temperature": "chilled",
            "shelf_life_days": life_by_category[category],
        }
    ).reset_index(drop=True)


def location_table(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Supplier, central, a forward a city, and the stores, on an invented map; a zone is a district of a city."""
    stores = rows[["city_id", "location"]].drop_duplicates("location").sort_values(["city_id", "location"])
    fixed = pd.DataFrame(
        {
            "location": [SUPPLIER, CENTRAL],
            "tier": ["supplier", "central"],
            "latitude": [CENTRAL_PLACE[0] - 2.0, CENTRAL_PLACE[0]],
            "longitude": [CENTRAL_PLACE[1] - 3.0, CENTRAL_PLACE[1]],
        }
    )
    parts = [fixed]
    for city, of_city in stores.groupby("city_id"):
        angle, radius = rng.uniform(0, 2 * np.pi), rng.uniform(1.0, 6.0)
        place = CENTRAL_PLACE[0] + radius * np.sin(angle), CENTRAL_PLACE[1] + radius * np.cos(angle)
        latitude, longitude = scatter(*place, len(of_city), spread_degrees=0.08, rng=rng)
        west_to_east = np.argsort(np.argsort(longitude)) // DISTRICT_STORES
        parts.append(
            pd.DataFrame(
                {
                    "location": [f"FORWARD_{city:02d}", *of_city["location"]],
                    "tier": ["forward", *["store"] * len(of_city)],
                    "region": f"CITY_{city}",
                    "zone": [f"CITY_{city}_D00", *(f"CITY_{city}_D{district:02d}" for district in west_to_east)],
                    "latitude": np.round([place[0], *latitude], 5),
                    "longitude": np.round([place[1], *longitude], 5),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def lanes_of(locations: pd.DataFrame, laterals: Literal["city", "district"]) -> pd.DataFrame:
    """Purchase, transfers down, laterals inside a city (or district), emergency from the forward warehouse."""
    lanes = [Lane(SUPPLIER, CENTRAL, "purchase", 2, truck_cost=600.0, truck_volume_m3=40.0, lead_time_sd_days=0.4)]
    forwards = locations[locations["tier"] == "forward"]
    for row in forwards.itertuples():
        km = distance_km(CENTRAL_PLACE, (float(row.latitude), float(row.longitude)))  # type: ignore[arg-type]
        city, forward = f"region:{row.region}", str(row.location)
        truck = round(150 + 2.2 * km, 0)
        lanes += [
            Lane(CENTRAL, forward, "transfer", 1, truck_cost=truck, truck_volume_m3=25.0, distance_km=km),
            Lane(forward, city, "transfer", 1, truck_cost=15.0, truck_volume_m3=1.2),
            Lane(forward, city, "emergency", 0, unit_cost=0.5, parcel_cost=8.0),
        ]
    group = "region" if laterals == "city" else "zone"
    for name in locations.loc[locations["tier"] == "store", group].unique():
        place = f"{group}:{name}"
        lanes.append(Lane(place, place, "transshipment", 1, truck_cost=30.0, truck_volume_m3=1.5))
    return lane_table(lanes)


def sales_table(rows: pd.DataFrame, skus: pd.DataFrame) -> pd.DataFrame:
    """Daily sales with price, promotion flag and availability."""
    list_price = rows["sku"].map(skus.set_index("sku")["unit_price"]).to_numpy()
    discount = rows["discount"].to_numpy()
    return pd.DataFrame(
        {
            "date": rows["date"],
            "sku": rows["sku"],
            "location": rows["location"],
            "units": rows["sale_amount_sum24"],
            "price": np.where(discount > 0, np.round(list_price * discount, 4), np.nan),
            "is_promotion": rows["activity_flag"] == 1,
            "availability": 1.0 - rows["stockout_hours_6_22"] / SELLING_HOURS,
        }
    )


def weather_signals(rows: pd.DataFrame) -> pd.DataFrame:
    """Rain and temperature at each store, known at the end of the next day."""
    daily = rows.drop_duplicates(["location", "date"])[["location", "date", "precpt", "avg_temperature"]]
    long = daily.rename(columns={"precpt": "rain_mm", "avg_temperature": "temperature_c"}).melt(
        ["location", "date"], var_name="signal", value_name="value"
    )
    return pd.DataFrame(
        {
            "signal": long["signal"].astype("str"),
            "key_type": "location",
            "key": long["location"],
            "date": long["date"],
            "known_at": long["date"] + pd.Timedelta(days=1),
            "family": "weather",
            "value": long["value"],
        }
    )


def calendar_table(rows: pd.DataFrame) -> pd.DataFrame:
    """The publisher's days off; one on a weekday is called a public holiday."""
    days = rows[["date", "holiday_flag"]].drop_duplicates("date").sort_values("date")
    is_off = days["holiday_flag"].to_numpy() == 1
    is_holiday = is_off & (days["date"].dt.day_of_week.to_numpy() < 5)
    return pd.DataFrame(
        {
            "date": days["date"],
            "region": "",
            "event": np.where(is_holiday, "public holiday", ""),
            "event_type": np.where(is_holiday, "holiday", ""),
            "is_workday": ~is_off,
        }
    )


def build_chain(rows: pd.DataFrame, laterals: Literal["city", "district"] = "city") -> ChainFolder:
    """The whole chain from the publisher's rows.

    Parameters
    ----------
    rows
        Result of `read_days`.
    laterals
        Which stores may help each other: all of a city, or districts of a dozen.
    """
    rng = np.random.default_rng(SEED)
    skus, locations = sku_table(rows, rng), location_table(rows, rng)
    sales = sales_table(rows, skus)
    tables = {
        "locations": locations,
        "skus": skus,
        "lanes": lanes_of(locations, laterals),
        "sales": sales,
        "signals": weather_signals(rows),
        "calendar": calendar_table(rows),
        **invented_stock(sales, locations, STOCK, unit_factor=UNIT_FACTOR, rng=rng),
    }
    tables["assortment"] = tables["assortment"].assign(presentation_stock=2)
    return ChainFolder(
        id="freshretailnet",
        currency="CNY",
        time_zone="Asia/Shanghai",
        tables=tables,
        assumptions=ASSUMPTIONS,
        unit_factor=UNIT_FACTOR,
        economics={"holding_rate_per_year": 0.25, "gross_margin": 0.30},
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: DATA CHAIN [--cities N] [--laterals city|district]."""
    parser = parse_folders(__doc__)
    parser.add_argument("--cities", type=int, default=None, help="keep the first N of the 18 cities")
    parser.add_argument("--laterals", choices=("city", "district"), default="city", help="how far laterals reach")
    options = parser.parse_args(arguments)
    chain = build_chain(read_days(options.data, options.cities), options.laterals)
    write_chain(chain, options.chain)
    print(f"{options.chain}: {len(chain.tables['stock'])} stock points; next: tierflow check {options.chain}")


if __name__ == "__main__":
    main()
