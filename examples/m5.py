"""Write a chain folder from the M5 data: item-store series of ten Walmart stores in three states, daily units.

Reads `sales_sample1000*.parquet` (or the publisher's `sales_train_evaluation.csv`), `calendar.csv` and
`sell_prices.parquet` (or .csv). The competition's rules forbid copying them here. Events and SNAP days become the
calendar, price cuts become promotions known ahead. Stock, lanes and costs are invented from a fixed seed, and declared
in `chain.toml`.

    python examples/m5.py DATA CHAIN
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from chain_writer import ChainFolder, Lane, lane_table, parse_folders, write_chain
from invented_supply import StockRule, invented_stock

SEED = 20160522
SUPPLIER, CENTRAL = "SUPPLIER", "CENTRAL"
KEYS = ["id", "item_id", "dept_id", "cat_id", "store_id", "state_id"]
# A week's price below this share of the usual one of the last quarter is a price cut.
CUT_SHARE = 0.97
USUAL_WEEKS = 13
NOTICE_DAYS = 60

STOCK = StockRule(
    store_days=(2.0, 10.0),
    forward_days=(2.0, 6.0),
    central_days=(7.0, 14.0),
    empty_share=0.03,
    order_days=5.0,
    due_in_days=(2, 4),
    lead_time_days=5,
    mean_days=28,
)

ASSUMPTIONS = (
    ("sales", "Days without units after the first sale sold nothing; stock-outs are not recorded."),
    ("promotions", f"A weekly price below {CUT_SHARE:.0%} of the highest of the last {USUAL_WEEKS} weeks is a cut, "
                   f"known {NOTICE_DAYS} days ahead."),
    ("calendar", "SNAP days of a state are events of its region."),
    ("stock", STOCK.text()),
    ("lanes", "One supplier, 5 days to one central warehouse; 1 day to a forward warehouse of each state; 1 day to its "
              "stores."),
)  # fmt: skip


def read_wide(folder: Path) -> pd.DataFrame:
    """One row a series: ids and d_1, d_2, ... [units].

    Parameters
    ----------
    folder
        As published; the last matching file is read.

    Raises
    ------
    FileNotFoundError
        If it has no sales file.
    """
    found = [*sorted(folder.glob("sales_train*.csv")), *sorted(folder.glob("sales_sample1000*.parquet"))]
    if not found:
        raise FileNotFoundError(f"{folder}: no sales_sample1000*.parquet and no sales_train*.csv")
    return pd.read_parquet(found[-1]) if found[-1].suffix == ".parquet" else pd.read_csv(found[-1])


def read_prices(folder: Path, wide: pd.DataFrame) -> pd.DataFrame:
    """Weekly prices of the series: store_id, item_id, wm_yr_wk, sell_price, and `is_cut`."""
    path = folder / "sell_prices.parquet"
    prices = pd.read_parquet(path) if path.is_file() else pd.read_csv(folder / "sell_prices.csv")
    names = ["store_id", "item_id"]
    prices = prices.astype(dict.fromkeys(names, "str")).merge(wide[names].drop_duplicates(), on=names)
    prices = prices.sort_values([*names, "wm_yr_wk"], ignore_index=True)
    # the weeks before only: a price that stays low becomes the usual one
    usual = prices.groupby(names)["sell_price"].transform(lambda p: p.shift().rolling(USUAL_WEEKS, min_periods=1).max())
    return prices.assign(is_cut=(prices["sell_price"] < CUT_SHARE * usual).to_numpy(dtype=bool))


def sales_table(wide: pd.DataFrame, calendar: pd.DataFrame, prices: pd.DataFrame, *, last_day: int) -> pd.DataFrame:
    """Days with units up to d_``last_day``, with the price paid.

    Parameters
    ----------
    wide
        From `read_wide`.
    calendar
        As published.
    prices
        From `read_prices`.
    last_day
        N of the last day d_N read.
    """
    days = [f"d_{day}" for day in range(1, last_day + 1)]
    units = wide[days].to_numpy(dtype=np.float64)
    row, day = np.nonzero(units > 0)
    dates = pd.to_datetime(calendar["date"]).to_numpy()
    sales = pd.DataFrame(
        {
            "date": dates[day],
            "item_id": wide["item_id"].to_numpy()[row],
            "store_id": wide["store_id"].to_numpy()[row],
            "units": units[row, day],
            "wm_yr_wk": calendar["wm_yr_wk"].to_numpy()[day],
        }
    )
    sales = sales.merge(prices, on=["store_id", "item_id", "wm_yr_wk"], how="left")
    sales = sales.rename(columns={"item_id": "sku", "store_id": "location", "sell_price": "price"})
    sales["is_promotion"] = sales["is_cut"].fillna(False).astype(bool)
    columns = ["date", "sku", "location", "units", "price", "is_promotion"]
    return sales[columns].sort_values(["date", "sku", "location"], ignore_index=True)


def promotion_table(prices: pd.DataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    """Runs of weeks with a cut price, one row a run."""
    cut = prices[prices["is_cut"]].copy()
    weeks = pd.to_datetime(calendar["date"]).groupby(calendar["wm_yr_wk"]).agg(["min", "max"])
    cut = cut[cut["wm_yr_wk"].isin(weeks.index)]
    cut["from"], cut["to"] = weeks["min"].reindex(cut["wm_yr_wk"]).array, weeks["max"].reindex(cut["wm_yr_wk"]).array
    before = cut.groupby(["store_id", "item_id"])[["to", "sell_price"]].shift()
    goes_on = (before["to"] + pd.Timedelta(days=1) == cut["from"]) & (before["sell_price"] == cut["sell_price"])
    runs = cut.assign(run=(~goes_on).cumsum()).groupby("run")
    table = runs.agg({"from": "min", "to": "max", "sell_price": "first", "item_id": "first", "store_id": "first"})
    table = table.rename(columns={"item_id": "sku", "store_id": "location", "sell_price": "price"})
    name = "CUT_" + table["sku"] + "_" + table["location"] + "_" + table["from"].dt.strftime("%Y%m%d")
    known_at = table["from"] - pd.Timedelta(days=NOTICE_DAYS)
    return table.assign(promotion=name, mechanism="discount", known_at=known_at).reset_index(drop=True)


def calendar_table(calendar: pd.DataFrame, states: Sequence[str]) -> pd.DataFrame:
    """Events everywhere (the first of a day) and SNAP days by state."""
    events = calendar[["date", "event_name_1", "event_type_1"]].dropna()
    events = events.set_axis(["date", "event", "event_type"], axis=1).assign(region=None)
    parts = [events]
    for state in states:
        days = calendar.loc[calendar[f"snap_{state}"] == 1, ["date"]]
        parts.append(days.assign(event="SNAP", event_type="SNAP", region=state))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(date=pd.to_datetime(table["date"]))


def sku_table(wide: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """Items with their department as category and their last price."""
    price = prices.groupby("item_id")["sell_price"].last()
    skus = wide[["item_id", "dept_id"]].drop_duplicates().sort_values("item_id", ignore_index=True)
    skus = skus.rename(columns={"item_id": "sku", "dept_id": "category"})
    skus["unit_price"] = skus["sku"].map(price).round(2)
    return skus.assign(unit_cost=(0.7 * skus["unit_price"]).round(2), volume_m3=0.002, weight_kg=0.8)


def location_table(wide: pd.DataFrame) -> pd.DataFrame:
    """Supplier, central, a forward a state, and the stores."""
    stores = wide[["store_id", "state_id"]].drop_duplicates().sort_values("store_id")
    stores = stores.set_axis(["location", "region"], axis=1).assign(tier="store")
    states = sorted(stores["region"].unique())
    forwards = pd.DataFrame({"location": [f"FORWARD_{state}" for state in states], "region": states, "tier": "forward"})
    top = pd.DataFrame({"location": [SUPPLIER, CENTRAL], "tier": ["supplier", "central"]})
    return pd.concat([top, forwards, stores], ignore_index=True)


def lanes_of(states: Sequence[str]) -> pd.DataFrame:
    """Purchase, transfers down, laterals inside a state."""
    lanes = [Lane(SUPPLIER, CENTRAL, "purchase", 5, truck_cost=900.0, truck_volume_m3=80.0)]
    for state in states:
        forward, stores = f"FORWARD_{state}", f"region:{state}"
        lanes += [
            Lane(CENTRAL, forward, "transfer", 1, truck_cost=600.0, truck_volume_m3=80.0),
            Lane(forward, stores, "transfer", 1, truck_cost=60.0, truck_volume_m3=12.0),
            Lane(stores, stores, "transshipment", 1, truck_cost=80.0, truck_volume_m3=6.0),
        ]
    return lane_table(lanes)


def build_chain(folder: Path) -> ChainFolder:
    """The whole chain from the public files.

    Parameters
    ----------
    folder
        Where the files lie.
    """
    rng = np.random.default_rng(SEED)
    wide, calendar = read_wide(folder), pd.read_csv(folder / "calendar.csv")
    prices = read_prices(folder, wide)
    last_day = max(int(name.removeprefix("d_")) for name in wide.columns if name.startswith("d_"))
    sales, locations = sales_table(wide, calendar, prices, last_day=last_day), location_table(wide)
    tables = {
        "locations": locations,
        "skus": sku_table(wide, prices),
        "lanes": lanes_of(sorted(wide["state_id"].unique())),
        "sales": sales,
        "promotions": promotion_table(prices, calendar),
        "calendar": calendar_table(calendar, sorted(wide["state_id"].unique())),
        **invented_stock(sales, locations, STOCK, unit_factor=1.0, rng=rng),
    }
    economics = {"holding_rate_per_year": 0.25, "gross_margin": 0.30}
    return ChainFolder("m5", "USD", "America/Chicago", tables, ASSUMPTIONS, country="US", economics=economics)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: DATA CHAIN."""
    options = parse_folders(__doc__).parse_args(arguments)
    chain = build_chain(options.data)
    write_chain(chain, options.chain)
    print(f"{options.chain}: {len(chain.tables['stock'])} stock points; next: tierflow check {options.chain}")


if __name__ == "__main__":
    main()
