"""Write a chain folder from dunnhumby's Breakfast at the Frat: weekly units of four products in three stores.

Reads `sales_12series_reconstructed.csv` (store_id, upc, week_end_date, units, visits, hss, feature, display) and
`google_trends_all.csv` (group, series, freq, period_start, index). Their terms forbid copying them here. A week's units
are booked on its last day, a Saturday, and the store counts as closed on the others. Visits and households are traffic,
Google Trends by brand, category and state are search; both are known only when the week is over. Features and displays
are promotions known ahead. Stock, lanes and costs are invented from a fixed seed, and declared in `chain.toml`.

    python examples/breakfast.py DATA CHAIN
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from chain_writer import ChainFolder, Lane, lane_table, parse_folders, write_chain
from invented_supply import StockRule, invented_stock

SEED = 20111231
SUPPLIER, CENTRAL = "SUPPLIER", "CENTRAL"
WEEKS_CLOSED_AHEAD = 27
NOTICE_DAYS = 28
WEEK = pd.Timedelta(days=7)
DAY = pd.Timedelta(days=1)

STATE_BY_STORE = {389: "KY", 2277: "OH", 25229: "TX"}
# By barcode: category (as the trends name their groups), brand, and price of the chain [USD].
PRODUCTS = {
    1111009477: ("bag_snacks", "private label", 1.5),
    1600027527: ("cold_cereal", "HoneyNutCheerios", 3.0),
    3800031838: ("cold_cereal", "FrostedFlakes", 3.0),
    7192100339: ("frozen_pizza", "DiGiorno", 6.0),
}
EVERY_CATEGORY = "cross_category"

STOCK = StockRule(
    store_days=(7.0, 14.0),
    forward_days=(4.0, 10.0),
    central_days=(10.0, 20.0),
    empty_share=0.0,
    order_days=7.0,
    due_in_days=(3, 10),
    lead_time_days=6,
    mean_days=28,
)

ASSUMPTIONS = (
    ("sales", "The publisher gives weeks: a week's units are booked on its Saturday, and the store counts as closed on "
              "the other days."),
    ("signals", "Visits and households are summed over a store's products. A Google Trends index is the mean over the "
                "terms of a brand, a category or a state. All are known on the day after their week; the publisher "
                "scaled the trends over the whole period, which is a slight look ahead."),
    ("promotions", "Weeks in the circular (discount) or on display (bundle) are known 28 days ahead."),
    ("stock", STOCK.text()),
    ("lanes", "One supplier, 6 days to one central warehouse; 1 day to a forward warehouse of each state; 1 day to its "
              "store."),
    ("skus", "One price each, of which 70% are cost."),
)  # fmt: skip


def read_weeks(folder: Path) -> pd.DataFrame:
    """Rows by store, product and week, with sku, location, region, and the week's Saturday as ``date``.

    Parameters
    ----------
    folder
        Where the file lies.
    """
    rows = pd.read_csv(folder / "sales_12series_reconstructed.csv", parse_dates=["week_end_date"])
    rows["date"] = rows.pop("week_end_date").astype("datetime64[ns]")
    rows["location"] = "STORE_" + rows["store_id"].astype("str")
    rows["sku"] = "UPC_" + rows["upc"].astype("str")
    rows["region"] = rows.pop("store_id").map(STATE_BY_STORE)
    return rows.sort_values(["location", "sku", "date"], ignore_index=True)


def sku_table(rows: pd.DataFrame) -> pd.DataFrame:
    """The products with category, brand and money."""
    skus = rows[["sku", "upc"]].drop_duplicates().sort_values("sku", ignore_index=True)
    facts = [PRODUCTS[upc] for upc in skus.pop("upc")]
    skus["category"], skus["brand"], skus["unit_price"] = ([fact[field] for fact in facts] for field in range(3))
    return skus.assign(unit_cost=(0.7 * skus["unit_price"]).round(2), volume_m3=0.003, weight_kg=0.5)


def location_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Supplier, central, a forward a state, and the stores."""
    stores = rows[["location", "region"]].drop_duplicates().assign(tier="store")
    states = sorted(stores["region"].unique())
    forwards = pd.DataFrame({"location": [f"FORWARD_{state}" for state in states], "region": states, "tier": "forward"})
    top = pd.DataFrame({"location": [SUPPLIER, CENTRAL], "tier": ["supplier", "central"]})
    return pd.concat([top, forwards, stores], ignore_index=True)


def lanes_of(states: Sequence[str]) -> pd.DataFrame:
    """Purchase, and transfers down."""
    lanes = [Lane(SUPPLIER, CENTRAL, "purchase", 6, truck_cost=700.0, truck_volume_m3=80.0)]
    for state in states:
        forward = f"FORWARD_{state}"
        lanes += [
            Lane(CENTRAL, forward, "transfer", 1, truck_cost=400.0, truck_volume_m3=80.0),
            Lane(forward, f"region:{state}", "transfer", 1, truck_cost=60.0, truck_volume_m3=12.0),
        ]
    return lane_table(lanes)


def sales_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Units of each week on its Saturday."""
    promoted = (rows["feature"] == 1) | (rows["display"] == 1)
    return rows[["date", "sku", "location", "units"]].assign(is_promotion=promoted, availability=1.0)


def closure_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Every day but Saturdays, until half a year past the data."""
    days = pd.date_range(rows["date"].min() - 6 * DAY, rows["date"].max() + WEEKS_CLOSED_AHEAD * WEEK)
    closed = days[days.day_of_week != 5]
    stores = sorted(rows["location"].unique())
    return pd.MultiIndex.from_product([stores, closed], names=["location", "date"]).to_frame(index=False)


def promotion_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Weeks in the circular and weeks on display, by product and store."""
    parts = []
    for column, mechanism in (("feature", "discount"), ("display", "bundle")):
        weeks = rows.loc[rows[column] == 1, ["sku", "location", "date"]].rename(columns={"date": "to"})
        name = f"{column.upper()}_" + weeks["sku"] + "_" + weeks["location"] + "_" + weeks["to"].dt.strftime("%Y%m%d")
        parts.append(weeks.assign(promotion=name, mechanism=mechanism))
    table = pd.concat(parts, ignore_index=True)
    table["from"] = table["to"] - 6 * DAY
    return table.assign(known_at=table["from"] - NOTICE_DAYS * DAY)


def signal_table(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Traffic by store and search by brand, category, state and country, by week."""
    table = pd.concat([traffic_signals(rows), search_signals(folder, rows)], ignore_index=True)
    return table.assign(known_at=table["date"] + DAY).astype({"value": "float64"})


def traffic_signals(rows: pd.DataFrame) -> pd.DataFrame:
    """Visits and households of a store's products."""
    known = rows.dropna(subset=["visits", "hss"])
    sums = known.groupby(["location", "date"], as_index=False)[["visits", "hss"]].sum()
    sums = sums.rename(columns={"location": "key", "hss": "households"})
    return sums.melt(["key", "date"], var_name="signal").assign(key_type="location", family="traffic")


def search_signals(folder: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Mean index of the terms of each brand, category, state and of the country.

    Parameters
    ----------
    folder
        Where `google_trends_all.csv` lies.
    rows
        From `read_weeks`.
    """
    trends = pd.read_csv(folder / "google_trends_all.csv", parse_dates=["period_start"])
    products = sku_table(rows)
    trends = trends[trends["group"].isin({*products["category"], EVERY_CATEGORY}) & (trends["freq"] == "Week")]
    place = trends["series"].str.rsplit("_", n=1).str[-1]
    trends = trends.assign(date=trends["period_start"].astype("datetime64[ns]") + 6 * DAY, place=place)
    national = trends[~trends["place"].isin(set(STATE_BY_STORE.values()))]
    of_states = trends[trends["place"].isin(set(rows["region"]))]
    by_category, shops = national[national["group"] != EVERY_CATEGORY], national[national["group"] == EVERY_CATEGORY]
    parts = [
        _mean_index(by_category, by_category["group"], signal="google_trends", key_type="category"),
        _mean_index(shops, "", signal=f"google_trends_{EVERY_CATEGORY}", key_type="global"),
    ]
    for group, terms in of_states.groupby("group"):
        parts.append(_mean_index(terms, terms["place"], signal=f"google_trends_{group}", key_type="region"))
    for brand in products["brand"].unique():
        terms = national[national["series"].str.startswith(brand)]
        parts.append(_mean_index(terms, brand, signal="google_trends_brand", key_type="brand"))
    return pd.concat(parts, ignore_index=True)


def _mean_index(terms: pd.DataFrame, key: pd.Series | str, *, signal: str, key_type: str) -> pd.DataFrame:
    """Mean over terms by key and week."""
    means = terms.assign(key=key).groupby(["key", "date"])[["index"]].mean().reset_index()
    return means.rename(columns={"index": "value"}).assign(signal=signal, key_type=key_type, family="search")


def build_chain(folder: Path) -> ChainFolder:
    """The whole chain from the public files.

    Parameters
    ----------
    folder
        Where the files lie.
    """
    rows = read_weeks(folder)
    locations, sales = location_table(rows), sales_table(rows)
    tables = {
        "locations": locations,
        "skus": sku_table(rows),
        "lanes": lanes_of(sorted(rows["region"].unique())),
        "sales": sales,
        "signals": signal_table(rows, folder),
        "promotions": promotion_table(rows),
        "closures": closure_table(rows),
        **invented_stock(sales, locations, STOCK, unit_factor=1.0, rng=np.random.default_rng(SEED)),
    }
    economics = {"holding_rate_per_year": 0.25, "gross_margin": 0.30}
    return ChainFolder("breakfast", "USD", "America/New_York", tables, ASSUMPTIONS, country="US", economics=economics)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: DATA CHAIN."""
    options = parse_folders(__doc__).parse_args(arguments)
    chain = build_chain(options.data)
    write_chain(chain, options.chain)
    print(f"{options.chain}: {len(chain.tables['stock'])} stock points; next: tierflow check {options.chain}")


if __name__ == "__main__":
    main()
