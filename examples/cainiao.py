"""Write a chain folder from the Cainiao windows: a national warehouse and five regional ones, 14 days ahead.

Reads `windows_all.parquet` (or .csv): one row by window, item and warehouse (`store_code` 1 to 5, "all" for the nation)
with the units sold in the last 3, 5, 7, 14, 30, 60 and 90 days, views, carts and visitors of the last seven, and, where
it is published, the units of the next 14. The competition's rules forbid copying it here. The chain is that of the last
window, `sub`, whose sums are spread evenly over the days they cover. Visitors become signals of the nation, known at
the end of the window. Stock, lanes and costs are invented from a fixed seed, and declared in `chain.toml`.

    python examples/cainiao.py DATA CHAIN
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from chain_writer import ChainFolder, Lane, lane_table, parse_folders, write_chain
from invented_supply import open_purchases, starting_stock, upstream_mean

SEED = 20151227
WINDOW = "sub"
LAST_DAY = pd.Timestamp("2015-12-27")
NATION = "all"
SUPPLIER, CENTRAL = "SUPPLIER", "CENTRAL"
# Days before the end of a window at which its running sums start.
SUM_DAYS = (0, 3, 5, 7, 14, 30, 60, 90)
# Signal by column, with its family: visitors in total, through search, paid search, affiliates and flash sales.
SIGNALS = {
    "pv_uv": ("visitors", "traffic"),
    "ss_pv_uv": ("search_visitors", "search"),
    "ztc_pv_uv": ("paid_search_visitors", "search"),
    "tbk_pv_uv": ("affiliate_visitors", "social"),
    "jhs_pv_uv": ("flash_sale_visitors", "traffic"),
    "cart_uv": ("cart_users", "traffic"),
    "collect_uv": ("collecting_users", "traffic"),
}
UNIT_PRICE = 80.0

ASSUMPTIONS = (
    ("sales", "The publisher gives sums of the last 3, 5, 7, 14, 30, 60 and 90 days: they are spread evenly over the "
              "days that each adds. Sales of flash-sale events are not in them."),
    ("sales", f"The last window ends on {LAST_DAY:%Y-%m-%d}, the last day of the competition's data."),
    ("signals", "Visitors of the nation over the seven days up to the end of the window, known that evening."),
    ("stock", "Regional warehouses hold 5 to 20 days of the last 30 days' mean sales, 5% of stock points nothing; the "
              "national one holds 10 to 25 days of what flows through it, and a week's purchase is due in 5 days."),
    ("lanes", "One supplier, 7 days to the national warehouse, 3 days from there to each regional one."),
    ("skus", "A price of 80 each, of which 70% are cost."),
)  # fmt: skip


def read_windows(folder: Path) -> pd.DataFrame:
    """All rows, with store_code as text and the seller's codes as whole numbers.

    Parameters
    ----------
    folder
        Where the file lies.
    """
    path = folder / "windows_all.parquet"
    rows = pd.read_parquet(path) if path.is_file() else pd.read_csv(folder / "windows_all.csv")
    rows = rows.astype({"store_code": "str", "item_id": "int64"})
    return rows.astype(dict.fromkeys(["cate_id", "cate_level_id", "brand_id", "supplier_id"], "int64"))


def rows_of_chain(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the last window with sku and location."""
    last = rows[rows["window"] == WINDOW]
    location = ("WAREHOUSE_" + last["store_code"]).where(last["store_code"] != NATION, CENTRAL)
    return last.assign(sku="ITEM_" + last["item_id"].astype("str"), location=location)


def sales_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Whole units by day from the running sums of regional warehouses; days without units are left out.

    Parameters
    ----------
    rows
        From `rows_of_chain`.
    """
    regional = rows[rows["store_code"] != NATION]
    sums = np.column_stack([np.zeros(len(regional)), *(regional[f"sales{days}"] for days in SUM_DAYS[1:])])
    back = np.arange(SUM_DAYS[-1] + 1)
    sold_since = np.stack([np.interp(back, SUM_DAYS, row) for row in np.maximum.accumulate(sums, axis=1)])
    # rounding the running sums keeps every total within half a unit
    units = np.diff(np.rint(sold_since), axis=1)
    row, day = np.nonzero(units > 0)
    table = pd.DataFrame(
        {
            "date": LAST_DAY - pd.to_timedelta(day, unit="D"),
            "sku": regional["sku"].to_numpy()[row],
            "location": regional["location"].to_numpy()[row],
            "units": units[row, day],
        }
    )
    return table.sort_values(["date", "sku", "location"], ignore_index=True)


def sku_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Items with their upper category, brand and invented money."""
    skus = rows.drop_duplicates("sku").sort_values("sku", ignore_index=True)
    return pd.DataFrame(
        {
            "sku": skus["sku"],
            "category": "CATEGORY_" + skus["cate_level_id"].astype("str"),
            "brand": "BRAND_" + skus["brand_id"].astype("str"),
            "unit_price": UNIT_PRICE,
            "unit_cost": 0.7 * UNIT_PRICE,
            "volume_m3": 0.005,
            "weight_kg": 0.8,
        }
    )


def signal_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Visitors of the nation by item at the end of the window."""
    names = {column: signal for column, (signal, _) in SIGNALS.items()}
    nation = rows.loc[rows["store_code"] == NATION, ["sku", *names]].rename(columns={"sku": "key", **names})
    table = nation.melt("key", var_name="signal")
    family = table["signal"].map(dict(SIGNALS.values()))
    return table.assign(key_type="sku", family=family, date=LAST_DAY, known_at=LAST_DAY)


def places_of(codes: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Locations and lanes: a supplier, the national warehouse, and regional ones that serve customers."""
    regional = pd.DataFrame({"location": [f"WAREHOUSE_{code}" for code in codes], "tier": "store"})
    regional["region"] = [f"REGION_{code}" for code in codes]
    top = pd.DataFrame({"location": [SUPPLIER, CENTRAL], "tier": ["supplier", "central"]})
    lanes = [
        Lane(SUPPLIER, CENTRAL, "purchase", 7, order_days="MO,WE,FR", truck_cost=800.0, truck_volume_m3=80.0),
        Lane(CENTRAL, "tier:store", "transfer", 3, truck_cost=500.0, truck_volume_m3=60.0),
    ]
    return pd.concat([top, regional], ignore_index=True), lane_table(lanes)


def supply_tables(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Stock, a purchase on its way, and the assortment, from a fixed seed."""
    rng = np.random.default_rng(SEED)
    means = rows.loc[rows["store_code"] != NATION, ["sku", "location", "sales30"]]
    means = means.assign(units_per_day=means.pop("sales30") / 30.0).sort_values(["sku", "location"], ignore_index=True)
    central = upstream_mean(means, pd.Series(CENTRAL, index=sorted(means["location"].unique())))
    stock = [
        starting_stock(means, LAST_DAY, days_of_cover=(5.0, 20.0), empty_share=0.05, rng=rng),
        starting_stock(central, LAST_DAY, days_of_cover=(10.0, 25.0), empty_share=0.0, rng=rng),
    ]
    dates = [(LAST_DAY - pd.Timedelta(days=2), LAST_DAY + pd.Timedelta(days=5))]
    return {
        "stock": pd.concat(stock, ignore_index=True),
        "open_orders": open_purchases(central, SUPPLIER, dates=dates, days=7.0),
        "assortment": means[["sku", "location"]],
    }


def build_chain(folder: Path) -> ChainFolder:
    """The whole chain from the public file.

    Parameters
    ----------
    folder
        Where the file lies.
    """
    rows = rows_of_chain(read_windows(folder))
    locations, lanes = places_of(sorted(set(rows["store_code"]) - {NATION}))
    tables = {
        "locations": locations,
        "skus": sku_table(rows),
        "lanes": lanes,
        "sales": sales_table(rows),
        "signals": signal_table(rows),
        **supply_tables(rows),
    }
    economics = {"holding_rate_per_year": 0.25, "gross_margin": 0.30}
    return ChainFolder("cainiao", "CNY", "Asia/Shanghai", tables, ASSUMPTIONS, country="CN", economics=economics)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: DATA CHAIN."""
    options = parse_folders(__doc__).parse_args(arguments)
    chain = build_chain(options.data)
    write_chain(chain, options.chain)
    print(f"{options.chain}: {len(chain.tables['stock'])} stock points; next: tierflow check {options.chain}")


if __name__ == "__main__":
    main()
