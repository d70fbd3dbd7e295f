"""Forecasts the turnover of the Rossmann drug stores for 42 days with the product's pipeline.

Reads history up to the cutoff, and beyond it what is known ahead: Open, Promo, StateHoliday and SchoolHoliday. Writes
Store, date, mean [EUR], q0.05 ... q0.95. The global model is fitted with the "relative" objective, because the
competition's measure (RMSPE) weighs every store-day alike. `mean` is the forecast's mean.

    python benchmarks/rossmann.py DATA --cutoff 2015-05-08 --horizon 42 --out forecast.parquet
    python benchmarks/rossmann.py DATA --origins 3
    python benchmarks/rossmann.py --smoke
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.append(str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[1]))
sys.path.append(str(Path(__file__).resolve().parents[1] / "examples"))

import _score_rossmann as scorer
from chain_writer import Lane, lane_table

from examples import rossmann as adapter
from forecasting.config import ForecastConfig
from forecasting.forecast import Forecast
from forecasting.pipeline import fit_forecaster, forecast_demand
from network.check import check_tables
from network.graph import build_network
from network.settings import settings_from_mapping
from network.snapshot import Snapshot, snapshot_at

LEVELS = np.arange(0.05, 0.96, 0.05).round(2)
KNOWN_AHEAD = ["Store", "location", "sku", "region", "date", "Open", "Promo", "StateHoliday", "SchoolHoliday"]
LAST_ORIGIN = pd.Timestamp("2015-05-08")
# Days before its first day on which a promotion is known: the publisher gives the whole horizon's.
NOTICE_DAYS = 60


def known_rows(folder: Path, cutoff: pd.Timestamp, *, horizon: int) -> pd.DataFrame:
    """Days up to the cutoff whole, days of the horizon with what is known ahead and no turnover.

    Parameters
    ----------
    folder
        As published.
    cutoff
        Last day whose turnover is read.
    horizon
        Days ahead.
    """
    rows = adapter.read_days(folder)
    rows = rows[rows["date"] <= cutoff + pd.Timedelta(days=horizon)]
    is_past = rows["date"] <= cutoff
    ahead = rows.loc[~is_past, KNOWN_AHEAD].fillna({"Open": 1, "Promo": 0, "SchoolHoliday": 0, "StateHoliday": "0"})
    return pd.concat([rows.loc[is_past, [*KNOWN_AHEAD, "Sales"]], ahead], ignore_index=True)


def tables_of(rows: pd.DataFrame, cutoff: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Tables of a chain that holds the stores, their past turnover, and what is known ahead.

    Parameters
    ----------
    rows
        From `known_rows`.
    cutoff
        Last day with turnover.
    """
    past = rows[rows["date"] <= cutoff]
    stores = rows.drop_duplicates("location")[["location", "region"]].assign(tier="store")
    supplier = pd.DataFrame({"location": [adapter.SUPPLIER], "tier": ["supplier"]})
    first = past.iloc[:1]
    return {
        "locations": pd.concat([supplier, stores], ignore_index=True),
        "skus": adapter.sku_table(rows),
        "lanes": lane_table([Lane(adapter.SUPPLIER, "tier:store", "purchase", 1)]),
        "sales": adapter.sales_table(past),
        "promotions": adapter.promo_table(adapter.promo_spans(rows), notice_days=NOTICE_DAYS),
        "calendar": adapter.calendar_table(rows),
        "closures": rows.loc[rows["Open"] == 0, ["location", "date"]],
        "stock": first[["sku", "location"]].assign(as_of=cutoff, on_hand=0),
    }


def snapshot_of(rows: pd.DataFrame, cutoff: pd.Timestamp) -> Snapshot:
    """Check the tables as those of any chain and freeze them at the cutoff."""
    settings = settings_from_mapping({"id": "rossmann", "currency": "EUR", "unit_factor": adapter.UNIT_FACTOR})
    checked = check_tables(tables_of(rows, cutoff), settings)
    if checked.breaches:
        raise ValueError("; ".join(str(breach) for breach in checked.breaches))
    return snapshot_at(checked.tables, settings, cutoff)


def forecast_table(forecast: Forecast, rows: pd.DataFrame) -> pd.DataFrame:
    """Store, date, mean and quantiles [EUR] of every day of the horizon that the data ask for.

    Parameters
    ----------
    forecast
        In units of 100 EUR.
    rows
        From `known_rows`.
    """
    days = [day_quantiles(forecast, day) for day in range(forecast.horizon)]
    names = ["mean", *(f"q{level:g}" for level in LEVELS)]
    table = pd.concat([day.set_axis(["location", "date", *names], axis=1) for day in days], ignore_index=True)
    wanted = rows.loc[rows["date"] > forecast.cutoff, ["Store", "location", "date", "Open"]]
    table = wanted.merge(table, on=["location", "date"], how="left", validate="one_to_one")
    table.loc[table["Open"] == 0, names] = 0.0
    return table[["Store", "date", *names]].sort_values(["Store", "date"], ignore_index=True)


def day_quantiles(forecast: Forecast, day: int) -> pd.DataFrame:
    """One day's location, date, mean and quantiles [EUR]."""
    quantiles = forecast.interval_quantiles(LEVELS, day, day + 1)
    values = np.column_stack([forecast.mean[:, day], quantiles]) / adapter.UNIT_FACTOR
    date = forecast.cutoff + pd.Timedelta(days=day + 1)
    return pd.concat(
        [forecast.series["location"], pd.Series(date, forecast.series.index), pd.DataFrame(values)], axis=1
    )


def forecast_at(folder: Path, cutoff: pd.Timestamp, config: ForecastConfig, *, n_stores: int = 0) -> pd.DataFrame:
    """Fit on the past of the cutoff and forecast the days after it.

    Parameters
    ----------
    folder
        As published.
    cutoff
        Last day whose turnover is read.
    config
        Settings of the forecaster; its horizon is forecast.
    n_stores
        Only the first stores (by number); 0 takes all.
    """
    rows = known_rows(folder, cutoff, horizon=config.horizon_days)
    if n_stores:
        rows = rows[rows["Store"].isin(np.sort(rows["Store"].unique())[:n_stores])].reset_index(drop=True)
    snapshot = snapshot_of(rows, cutoff)
    network = build_network(snapshot)
    forecaster = fit_forecaster(snapshot, network, config)
    print(f"{cutoff.date()} {forecaster.choices}", file=sys.stderr)
    return forecast_table(forecast_demand(snapshot, network, forecaster, config.horizon_days), rows)


def rolling_scores(folder: Path, cutoffs: list[pd.Timestamp], config: ForecastConfig, *, n_stores: int) -> dict:
    """Metrics of every origin and their mean.

    Parameters
    ----------
    folder
        As published, with the turnover of the days after the last cutoff.
    cutoffs
        Origins.
    config
        Settings.
    n_stores
        As in `forecast_at`.
    """
    origins = {}
    for cutoff in cutoffs:
        table = forecast_at(folder, cutoff, config, n_stores=n_stores)
        with tempfile.TemporaryDirectory() as scratch:
            actuals = Path(scratch) / "actuals.parquet"
            sold = scorer.sold_days(folder)
            sold[sold["Store"].isin(table["Store"].unique())].to_parquet(actuals)
            origins[f"{cutoff:%Y-%m-%d}"] = scorer.score(table, actuals)
        print(cutoff.date(), origins[f"{cutoff:%Y-%m-%d}"], file=sys.stderr, flush=True)
    metrics = pd.DataFrame(origins).T
    return {"set": "rossmann", "horizon": config.horizon_days, "origins": origins, "mean": metrics.mean().to_dict()}


def made_up_data(folder: Path, *, n_stores: int = 12, n_days: int = 240) -> None:
    """Write stores with a weekday rhythm and promotions in the publisher's format; numbers from a fixed seed.

    Parameters
    ----------
    folder
        Where to.
    n_stores, n_days
        Size.
    """
    random = np.random.default_rng(7)
    dates = pd.date_range(LAST_ORIGIN + pd.Timedelta(days=43 - n_days), periods=n_days)
    grid = pd.MultiIndex.from_product([range(1, n_stores + 1), dates], names=["Store", "Date"]).to_frame(index=False)
    weekday, week = grid["Date"].dt.day_of_week, (grid["Date"] - dates[0]).dt.days // 7
    grid["Open"] = (weekday < 6).astype(int)
    grid["Promo"] = ((week % 2 == 0) & (weekday < 5)).astype(int)
    level = 3000.0 + 400.0 * grid["Store"]
    noise = random.lognormal(0.0, 0.1, len(grid))
    grid["Sales"] = (level * (1 + 0.4 * grid["Promo"]) * (1 + 0.2 * (weekday == 0)) * noise).round() * grid["Open"]
    grid = grid.assign(Customers=grid["Sales"] // 9, StateHoliday="0", SchoolHoliday=0)
    grid.astype({"Sales": "int64"}).to_csv(folder / "train.csv", index=False)
    stores = pd.DataFrame({"Store": range(1, n_stores + 1)})
    stores.assign(StoreType=np.where(stores["Store"] % 2, "a", "c"), Promo2=0).to_csv(folder / "store.csv", index=False)
    stores.assign(State=np.where(stores["Store"] % 3, "HE", "BY")).to_csv(folder / "store_states.csv", index=False)


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="folder with the public files")
    parser.add_argument("--cutoff", type=pd.Timestamp, default=LAST_ORIGIN, help="last day whose turnover is read")
    parser.add_argument("--horizon", type=int, default=42)
    parser.add_argument("--out", type=Path, help="Parquet file to write")
    parser.add_argument("--origins", type=int, default=0, help="score this many origins, the last one the cutoff")
    parser.add_argument("--stores", type=int, default=0, help="only the first stores; 0 = all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--smoke", action="store_true", help="tiny made-up data, one origin")
    options = parser.parse_args(arguments)
    if options.data is None and not options.smoke:
        parser.error("give DATA, or --smoke")
    if not options.out and not options.origins and not options.smoke:
        parser.error("give --out to write a forecast, or --origins to score some")
    return options


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    options = parsed(arguments)
    config = ForecastConfig(
        horizon_days=options.horizon, threads=options.threads, objective="relative", max_signals=0, n_origins=4
    )
    if options.smoke:
        with tempfile.TemporaryDirectory() as scratch:
            made_up_data(Path(scratch))
            quick = dataclasses.replace(config, max_rounds=60, n_origins=2)
            print(json.dumps(rolling_scores(Path(scratch), [LAST_ORIGIN], quick, n_stores=0)))
    elif options.origins:
        step = pd.Timedelta(days=options.horizon)
        cutoffs = [options.cutoff - step * back for back in reversed(range(options.origins))]
        print(json.dumps(rolling_scores(options.data, cutoffs, config, n_stores=options.stores)))
    if options.out:
        forecast_at(options.data, options.cutoff, config, n_stores=options.stores).to_parquet(options.out)


if __name__ == "__main__":
    main()
