"""Write a chain folder from the Rossmann Store Sales data: 1,115 drug stores, daily turnover.

The files are the competition's `train` (Parquet or CSV) and `store.csv`, and the public additions `store_states.csv`,
`googletrend.csv` (state, week_start, trend) and `weather.csv`. Their licences forbid copying them here. A store sells
one SKU, the turnover of its store type: 100 EUR are a unit. Customers, Google Trends and weather become signals that
are known only after the fact; Promo and Promo2 are promotions known ahead. Stock, lanes and costs are invented from a
fixed seed, and declared in `chain.toml`.

    python examples/rossmann.py DATA CHAIN
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from chain_writer import ChainFolder, Lane, labels, lane_table, parse_folders, write_chain
from invented_supply import StockRule, distance_km, invented_stock, scatter

UNIT_FACTOR = 0.01
"""Sales are in EUR; a unit is 100 EUR of turnover, of which a mean store sells 70 on an open day."""

SEED = 20150619
PROMOTION_NOTICE_DAYS = 28
PROMOTION_RHYTHM_DAYS = 14
LAST_SUNDAYS = 8
CLOSED_SUNDAYS_AHEAD = 6

SUPPLIER, CENTRAL = "SUPPLIER", "CENTRAL"
CENTRAL_PLACE = (52.4, 9.9)
STATE_BY_WEATHER_NAME = {
    "BadenWuerttemberg": "BW",
    "Bayern": "BY",
    "Berlin": "BE",
    "Hamburg": "HH",
    "Hessen": "HE",
    "Niedersachsen": "NI",
    "NordrheinWestfalen": "NW",
    "RheinlandPfalz": "RP",
    "Sachsen": "SN",
    "SachsenAnhalt": "ST",
    "SchleswigHolstein": "SH",
    "Thueringen": "TH",
}
PLACE_BY_STATE = {
    "BW": (48.78, 9.18),
    "BY": (48.14, 11.58),
    "BE": (52.52, 13.40),
    "HH": (53.55, 9.99),
    "HE": (50.11, 8.68),
    "NI": (52.37, 9.73),
    "NW": (51.23, 6.78),
    "RP": (49.99, 8.27),
    "SN": (51.05, 13.74),
    "ST": (52.13, 11.63),
    "SH": (54.32, 10.13),
    "TH": (50.98, 11.03),
}
MONTHS = {"Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6, "Jul": 7, "Aug": 8, "Sept": 9, "Oct": 10}
MONTHS |= {"Nov": 11, "Dec": 12}

STOCK = StockRule(
    store_days=(1.0, 6.0),
    forward_days=(1.0, 4.0),
    central_days=(4.0, 10.0),
    empty_share=0.04,
    order_days=4.0,
    due_in_days=(3, 6),
    lead_time_days=6,
    mean_days=28,
)

ASSUMPTIONS = (
    ("sales", "Turnover in EUR of a store type stands for one SKU; a unit is 100 EUR (unit factor 0.01)."),
    ("sales", "Closed days, and the days of 2014 that 180 stores lack, are not available rather than without demand."),
    ("signals", "Customers and weather actuals are known at the end of the next day, a week's Google Trends "
                "value on the day after the week."),
    ("promotions", "Promo is announced 28 days ahead and goes on every second week after the last day of data; Promo2 "
                   "covers the months of its interval and is known a month ahead."),
    ("closures", "A store that kept its last Sundays closed keeps the next ones closed."),
    ("stock", STOCK.text()),
    ("open_orders", "Four days' mean sales are due at the central warehouse in three days, and again in six."),
    ("locations", "Stores are scattered around the largest city of their state; HB,NI counts as NI."),
    ("lanes", "One supplier, 6 days to one central warehouse; 1 day to a forward warehouse in each state; 1 day to its "
              "stores; no goods leave on Sundays; laterals inside a state in 1 day; emergency the same night."),
    ("skus", "100 EUR of turnover cost 70 EUR, take 0.06 m3 and weigh 12 kg."),
)  # fmt: skip


def read_days(folder: Path) -> pd.DataFrame:
    """Daily rows of all stores, with the state and the store type.

    Parameters
    ----------
    folder
        Where `train.parquet` or `train.csv`, `store.csv` and `store_states.csv` lie.
    """
    path = folder / "train.parquet"
    rows = pd.read_parquet(path) if path.is_file() else pd.read_csv(folder / "train.csv", dtype={"StateHoliday": str})
    stores = pd.read_csv(folder / "store.csv").merge(pd.read_csv(folder / "store_states.csv"), on="Store")
    rows = rows.merge(stores[["Store", "StoreType", "State"]], on="Store")
    rows["date"] = pd.to_datetime(rows.pop("Date")).astype("datetime64[ns]")
    rows["region"] = rows.pop("State").str.split(",").str[-1]
    rows["location"] = labels("STORE_{:04d}", rows["Store"])
    rows["sku"] = "TURNOVER_" + rows.pop("StoreType").str.upper()
    return rows.sort_values(["location", "date"], ignore_index=True)


def sku_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One SKU a store type: 100 EUR of its turnover."""
    skus = pd.DataFrame({"sku": sorted(rows["sku"].unique())})
    return skus.assign(category="drugstore", unit_cost=70.0, unit_price=100.0, volume_m3=0.06, weight_kg=12.0)


def location_table(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Supplier, central, a forward a state, and the stores around it."""
    places = pd.DataFrame(
        {
            "location": [SUPPLIER, CENTRAL],
            "tier": ["supplier", "central"],
            "latitude": [50.9, CENTRAL_PLACE[0]],
            "longitude": [6.9, CENTRAL_PLACE[1]],
        }
    )
    parts = [places]
    for region, of_state in rows.drop_duplicates("location").groupby("region"):
        place = PLACE_BY_STATE[str(region)]
        latitude, longitude = scatter(*place, len(of_state), spread_degrees=0.35, rng=rng)
        parts.append(
            pd.DataFrame(
                {
                    "location": [f"FORWARD_{region}", *of_state["location"]],
                    "tier": ["forward", *["store"] * len(of_state)],
                    "region": region,
                    "latitude": [place[0], *latitude],
                    "longitude": [place[1], *longitude],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def lanes_of(regions: Sequence[str]) -> pd.DataFrame:
    """Purchase, transfers down, laterals inside a state, emergency from its forward warehouse."""
    weekdays = "MO,TU,WE,TH,FR,SA"
    lanes = [Lane(SUPPLIER, CENTRAL, "purchase", 6, order_days="MO,WE,FR", truck_cost=900.0, truck_volume_m3=80.0)]
    haul = Lane(CENTRAL, "", "transfer", 1, order_days=weekdays, truck_volume_m3=80.0)
    for region in regions:
        forward, state = f"FORWARD_{region}", f"region:{region}"
        km = distance_km(CENTRAL_PLACE, PLACE_BY_STATE[region])
        truck = round(120 + 1.4 * km, 0)
        lanes += [
            replace(haul, destination=forward, truck_cost=truck, distance_km=km),
            Lane(forward, state, "transfer", 1, order_days=weekdays, truck_cost=45.0, truck_volume_m3=12.0),
            Lane(forward, state, "emergency", 0, unit_cost=3.0, parcel_cost=20.0),
            Lane(state, state, "transshipment", 1, order_days=weekdays, truck_cost=60.0, truck_volume_m3=6.0),
        ]
    return lane_table(lanes)


def sales_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Daily turnover; days that a store lacks between its first and last are there, as not available."""
    span = rows.groupby("location")["date"].agg(["min", "max"])
    have = pd.MultiIndex.from_frame(rows[["location", "date"]])
    spans = zip(span.index, span["min"], span["max"], strict=True)
    days = [pd.DataFrame({"location": place, "date": pd.date_range(first, last)}) for place, first, last in spans]
    wanted = pd.concat(days, ignore_index=True)
    lacking = wanted[~pd.MultiIndex.from_frame(wanted).isin(have)]
    sku_by_location = rows.drop_duplicates("location").set_index("location")["sku"]
    lacking = lacking.assign(sku=lacking["location"].map(sku_by_location), units=0.0, availability=0.0)
    known = pd.DataFrame(
        {
            "date": rows["date"],
            "sku": rows["sku"],
            "location": rows["location"],
            "units": rows["Sales"].astype("float64"),
            "is_promotion": (rows["Promo"] == 1) & (rows["Open"] == 1),
            "availability": rows["Open"].astype("float64"),
        }
    )
    sales = pd.concat([known, lacking.assign(is_promotion=False)[known.columns]])
    return sales.sort_values(["location", "date"], ignore_index=True)


def signal_table(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Customers (traffic), Google Trends (search) and weather, each known only after the fact."""
    day = pd.Timedelta(days=1)
    is_open = rows["Open"] == 1
    traffic = rows.loc[is_open, ["location", "date", "Customers"]].set_axis(["key", "date", "value"], axis=1)
    traffic = traffic.assign(signal="customers", key_type="location", family="traffic", known_at=traffic["date"] + day)
    regions = set(rows["region"])
    trends = pd.read_csv(folder / "googletrend.csv", parse_dates=["week_start"])
    trends["date"] = trends["week_start"].astype("datetime64[ns]") + 6 * day
    trends = trends[trends["state"].isin(regions | {"DE"})].rename(columns={"state": "key", "trend": "value"})
    is_national = trends["key"] == "DE"
    trends = trends.assign(
        signal=np.where(is_national, "google_trends_national", "google_trends"),
        key_type=np.where(is_national, "global", "region"),
        key=trends["key"].where(~is_national, ""),
        family="search",
        known_at=trends["date"] + day,
    )
    columns = ["signal", "key_type", "key", "date", "known_at", "family", "value"]
    parts = [part[columns] for part in (traffic, trends, weather_signals(folder, regions))]
    return pd.concat(parts, ignore_index=True).astype({"value": "float64"})


def weather_signals(folder: Path, regions: set[str]) -> pd.DataFrame:
    """Mean temperature and rain by state, known at the end of the next day."""
    names = {"Mean_TemperatureC": "temperature_c", "Precipitationmm": "rain_mm"}
    weather = pd.read_csv(folder / "weather.csv", usecols=["state_name", "Date", *names], parse_dates=["Date"])
    weather["key"] = weather["state_name"].map(STATE_BY_WEATHER_NAME)
    weather["date"] = weather["Date"].astype("datetime64[ns]")
    weather = weather[weather["key"].isin(regions)].rename(columns=names)
    long = weather.melt(["key", "date"], list(names.values()), var_name="signal")
    known_at = long["date"] + pd.Timedelta(days=1)
    return long.assign(key_type="region", family="weather", known_at=known_at)


def promotion_table(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Promo runs of the whole chain, continued in their rhythm, and Promo2 months by store."""
    return pd.concat([promo_runs(rows), promo2_months(rows, folder)], ignore_index=True)


def promo_runs(rows: pd.DataFrame) -> pd.DataFrame:
    """Promo runs of the whole chain on record, and three more in their rhythm."""
    spans = promo_spans(rows)
    ahead = [spans.iloc[-1:] + pd.Timedelta(days=PROMOTION_RHYTHM_DAYS * step) for step in (1, 2, 3)]
    return promo_table(pd.concat([spans, *ahead], ignore_index=True), notice_days=PROMOTION_NOTICE_DAYS)


def promo_spans(rows: pd.DataFrame) -> pd.DataFrame:
    """First and last days (from, to) of consecutive Promo days, which are the same in all stores."""
    days = rows.loc[(rows["Open"] == 1) & (rows["Promo"] == 1), "date"].drop_duplicates().sort_values()
    run = (days.diff() > pd.Timedelta(days=1)).cumsum()
    return days.groupby(run).agg(["min", "max"]).set_axis(["from", "to"], axis=1)


def promo_table(spans: pd.DataFrame, *, notice_days: int) -> pd.DataFrame:
    """Promotions of the category, each known some days before its first."""
    known_at = spans["from"] - pd.Timedelta(days=notice_days)
    name = "PROMO_" + spans["from"].dt.strftime("%Y%m%d")
    return spans.assign(promotion=name, category="drugstore", mechanism="discount", known_at=known_at)


def promo2_months(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Months of each store's Promo2 interval after it joined, until a month past the data."""
    stores = pd.read_csv(folder / "store.csv").query("Promo2 == 1")
    first, last = rows["date"].min(), rows["date"].max() + pd.Timedelta(days=PROMOTION_NOTICE_DAYS)
    months = pd.DataFrame({"from": pd.date_range(first, last, freq="MS")})
    months["month"] = months["from"].dt.month
    stores["location"] = labels("STORE_{:04d}", stores["Store"])
    stores["month"] = stores["PromoInterval"].str.split(",")
    stores = stores[stores["location"].isin(rows["location"].unique())].explode("month")
    stores["month"] = stores["month"].map(MONTHS)
    week = stores["Promo2SinceYear"].astype(int).astype(str) + "-" + stores["Promo2SinceWeek"].astype(int).astype(str)
    stores["since"] = pd.to_datetime(week + "-1", format="%G-%V-%u")
    runs = stores.merge(months, on="month")
    runs = runs[runs["from"] >= runs["since"]].sort_values(["from", "location"], ignore_index=True)
    return pd.DataFrame(
        {
            "from": runs["from"],
            "to": runs["from"] + pd.offsets.MonthEnd(0),
            "promotion": "PROMO2_" + runs["location"] + "_" + runs["from"].dt.strftime("%Y%m"),
            "category": "drugstore",
            "location": runs["location"],
            "mechanism": "gift",
            "known_at": runs["from"] - pd.Timedelta(days=PROMOTION_NOTICE_DAYS),
        }
    )


def calendar_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Public and school holidays by state, and carnival, when shops in some towns close early."""
    is_public, is_school = rows["StateHoliday"] != "0", rows["SchoolHoliday"] == 1
    marked = rows[["date", "region"]].assign(public=is_public, school=is_school)
    share = marked.groupby(["date", "region"])[["public", "school"]].mean().reset_index()
    kinds = [share["public"] > 0.5, share["date"].isin(carnival_days(share["date"].dt.year)), share["school"] > 0.5]
    days = share.assign(
        event=np.select(kinds, ["public holiday", "carnival", "school holiday"], ""),
        event_type=np.select(kinds, ["holiday", "carnival", "school"], ""),
        is_workday=(share["date"].dt.day_of_week < 5) & ~kinds[0],
    )
    return days.loc[days["event"] != "", ["date", "region", "event", "event_type", "is_workday"]]


def carnival_days(years: pd.Series) -> list[pd.Timestamp]:
    """Rose Monday and Shrove Tuesday: 48 and 47 days before Easter Sunday."""
    easter = [pd.Timestamp(year, 1, 1) + pd.offsets.Easter() for year in sorted(set(years))]
    return [sunday - pd.Timedelta(days=back) for sunday in easter for back in (48, 47)]


def closure_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Closed days by store, and the next Sundays of stores that kept the last ones closed."""
    last = rows["date"].max()
    closed = rows.loc[rows["Open"] == 0, ["location", "date"]]
    recent = rows[(rows["date"].dt.day_of_week == 6) & (rows["date"] > last - pd.Timedelta(weeks=LAST_SUNDAYS))]
    never_open = recent.groupby("location")["Open"].max().loc[lambda value: value == 0].index
    sundays = pd.date_range(last + pd.Timedelta(days=1), periods=7 * CLOSED_SUNDAYS_AHEAD)
    ahead = pd.MultiIndex.from_product([never_open, sundays[sundays.day_of_week == 6]], names=["location", "date"])
    return pd.concat([closed, ahead.to_frame(index=False)], ignore_index=True)


def build_chain(folder: Path) -> ChainFolder:
    """The whole chain from the public files.

    Parameters
    ----------
    folder
        Where the files lie.
    """
    rng = np.random.default_rng(SEED)
    rows = read_days(folder)
    locations, sales = location_table(rows, rng), sales_table(rows)
    tables = {
        "locations": locations,
        "skus": sku_table(rows),
        "lanes": lanes_of(sorted(rows["region"].unique())),
        "sales": sales,
        "signals": signal_table(rows, folder),
        "promotions": promotion_table(rows, folder),
        "calendar": calendar_table(rows),
        "closures": closure_table(rows),
        **invented_stock(sales, locations, STOCK, unit_factor=UNIT_FACTOR, rng=rng),
    }
    return ChainFolder(
        "rossmann",
        "EUR",
        "Europe/Berlin",
        tables,
        ASSUMPTIONS,
        country="DE",
        unit_factor=UNIT_FACTOR,
        economics={"holding_rate_per_year": 0.25, "gross_margin": 0.30},
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: DATA CHAIN."""
    options = parse_folders(__doc__).parse_args(arguments)
    chain = build_chain(options.data)
    write_chain(chain, options.chain)
    print(f"{options.chain}: {len(chain.tables['stock'])} stock points; next: tierflow check {options.chain}")


if __name__ == "__main__":
    main()
