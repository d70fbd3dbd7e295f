"""Forecasts M5 (Walmart, 28 days): the 154 series of levels 1 to 9, and a sample of item-store series.

Reads demand up to the cutoff, and beyond it the calendar (events, SNAP) and the prices. Levels 1 to 9 are forecast as
upper nodes (`forecasting.nodes`), made coherent over the store-departments; the item-store series go through the
product's pipeline as the chain that `examples/m5.py` makes of them. No multiplier is applied to anything.

Writes one row a series and day: `key` (levels) or `id` (sample), the other one empty; `level` (12 for the sample);
`d` as `d_1942`; `mean` [units] and the nine quantiles of the M5 uncertainty competition, `q0.005` ... `q0.995`.

    python benchmarks/m5.py DATA --cutoff d_1913 --horizon 28 --out forecast.parquet
    python benchmarks/m5.py DATA --origins 4
    python benchmarks/m5.py --smoke
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _m5_data import QUANTILES, Levels, day_number, level_groupings, read_calendar, read_levels
from _m5_smoke import made_up_data
from _score_m5 import score
from chain_writer import Lane, lane_table

from examples import m5 as adapter
from forecasting.config import ForecastConfig
from forecasting.forecast import Forecast
from forecasting.nodes import NodePanel, coherent, forecast_nodes
from forecasting.pipeline import fit_forecaster, forecast_demand
from forecasting.reconcile import summing_matrix
from network.check import check_tables
from network.graph import build_network
from network.settings import settings_from_mapping
from network.snapshot import Snapshot, snapshot_at

Array = npt.NDArray[np.float64]

SAMPLE_LEVEL = 12
QUANTILE_NAMES = [f"q{level:g}" for level in QUANTILES]
# Years of the sample's history that the pipeline gets [days].
SAMPLE_DAYS = 1500


def forecast_levels(folder: Path, last_day: int, *, horizon: int, threads: int) -> pd.DataFrame:
    """Forecast the aggregates of levels 1 to 9.

    Parameters
    ----------
    folder
        As published.
    last_day
        Cutoff: N of d_N.
    horizon
        Days ahead.
    threads
        Of LightGBM.
    """
    levels = read_levels(folder, last_day=last_day, horizon=horizon)
    panel = NodePanel(
        levels.demand,
        levels.names["level"].to_numpy(dtype=np.int64),
        weight=levels.weight / daily_changes(levels.demand),
        calendar=levels.calendar,
    )
    forecast = forecast_nodes(panel, horizon=horizon, threads=threads, seed=0)
    print(f"d_{last_day} blend {forecast.blend}", file=sys.stderr)
    bottom = np.flatnonzero(panel.level == panel.level.max())
    forecast = coherent(forecast, summing_of(levels, bottom), bottom=bottom)
    quantiles = forecast.quantiles(QUANTILES).reshape(-1, len(QUANTILES))
    keys = levels.names.loc[levels.names.index.repeat(horizon)].reset_index(drop=True)
    days = [f"d_{last_day + step}" for step in range(1, horizon + 1)]
    table = keys.assign(d=np.tile(days, len(levels.names)), mean=forecast.mean.ravel())
    return pd.concat([table, pd.DataFrame(quantiles, columns=QUANTILE_NAMES)], axis=1)


def daily_changes(demand: Array) -> Array:
    """Mean squared one-day change after the first sale, the scale of RMSSE, (n,) [units^2]."""
    is_begun = np.cumsum(demand > 0, axis=1)[:, :-1] > 0
    squares = np.where(is_begun, np.diff(demand, axis=1) ** 2, 0.0)
    change: Array = squares.sum(axis=1) / np.maximum(is_begun.sum(axis=1), 1)
    return np.maximum(change, 1e-9)


def summing_of(levels: Levels, bottom: npt.NDArray[np.int64]) -> sparse.csr_array:
    """Which store-departments make each series, (n, n_bottom), in the file's order."""
    keys = levels.names["key"]
    groupings = level_groupings(keys.iloc[bottom].reset_index(drop=True))
    matrix = summing_matrix(*groupings)
    names = [(level, key) for level, part in enumerate(groupings, start=1) for key in np.unique(part)]
    row = {name: number for number, name in enumerate(names)}
    return matrix[[row[level, key] for level, key in zip(levels.names["level"], keys, strict=True)]]


def forecast_sample(folder: Path, last_day: int, config: ForecastConfig) -> pd.DataFrame:
    """Forecast the item-store series with the product's pipeline.

    Parameters
    ----------
    folder
        As published.
    last_day
        Cutoff: N of d_N.
    config
        Settings of the forecaster; its horizon is forecast.
    """
    snapshot, ids = sample_snapshot(folder, last_day, horizon=config.horizon_days)
    network = build_network(snapshot)
    forecaster = fit_forecaster(snapshot, network, config)
    print(f"d_{last_day} sample {forecaster.choices}", file=sys.stderr)
    forecast = forecast_demand(snapshot, network, forecaster, config.horizon_days)
    parts = [day_table(forecast, step, name=f"d_{last_day + step + 1}") for step in range(config.horizon_days)]
    table = ids.merge(pd.concat(parts, ignore_index=True), on=["sku", "location"], how="left", validate="one_to_many")
    table = table.drop(columns=["sku", "location"]).assign(level=SAMPLE_LEVEL)
    if table["mean"].isna().any():
        raise ValueError(f"{int(table['mean'].isna().sum())} rows of the sample have no forecast")
    return table


def sample_snapshot(folder: Path, last_day: int, *, horizon: int) -> tuple[Snapshot, pd.DataFrame]:
    """Tables of the sample's chain at the cutoff, checked as any chain's; and id, sku, location of the series.

    Parameters
    ----------
    folder
        As published.
    last_day
        Cutoff: N of d_N; no later unit is read.
    horizon
        Days ahead whose calendar and prices are read.
    """
    wide = adapter.read_wide(folder)
    wide = wide[[*adapter.KEYS, *(f"d_{day}" for day in range(1, last_day + 1))]]
    calendar = read_calendar(folder).iloc[: last_day + horizon]
    cutoff = pd.Timestamp(calendar["date"].iloc[last_day - 1])
    prices = adapter.read_prices(folder, wide)
    prices = prices[prices["wm_yr_wk"].isin(calendar["wm_yr_wk"])]
    sales = adapter.sales_table(wide, calendar, prices, last_day=last_day)
    sales = sales[sales["date"] > cutoff - pd.Timedelta(days=SAMPLE_DAYS)]
    ids = wide[["id", "item_id", "store_id"]].set_axis(["id", "sku", "location"], axis=1)
    locations = adapter.location_table(wide)
    tables = {
        "locations": locations[locations["tier"].isin(["supplier", "store"])],
        "skus": adapter.sku_table(wide, prices),
        "lanes": lane_table([Lane(adapter.SUPPLIER, "tier:store", "purchase", 1)]),
        "sales": sales,
        "promotions": adapter.promotion_table(prices, calendar),
        "calendar": adapter.calendar_table(calendar, sorted(wide["state_id"].unique())),
        # every series is a stock point, whether it has sold yet or not
        "stock": ids[["sku", "location"]].assign(as_of=cutoff, on_hand=0),
    }
    settings = settings_from_mapping({"id": "m5", "currency": "USD"})
    checked = check_tables(tables, settings)
    if checked.breaches:
        raise ValueError("; ".join(str(breach) for breach in checked.breaches))
    return snapshot_at(checked.tables, settings, cutoff), ids


def day_table(forecast: Forecast, step: int, *, name: str) -> pd.DataFrame:
    """sku, location, d, mean and quantiles of one day."""
    quantiles = forecast.interval_quantiles(np.array(QUANTILES), step, step + 1)
    keys = forecast.series[["sku", "location"]].assign(d=name, mean=forecast.mean[:, step])
    return pd.concat([keys, pd.DataFrame(quantiles, columns=QUANTILE_NAMES, index=keys.index)], axis=1)


def forecast_at(folder: Path, last_day: int, config: ForecastConfig, *, parts: tuple[str, ...]) -> pd.DataFrame:
    """Both parts as one table; see the head of the file for its layout.

    Parameters
    ----------
    folder
        As published.
    last_day
        Cutoff: N of d_N.
    config
        Of the pipeline; its horizon and threads also serve the levels.
    parts
        Of "levels" and "sample".
    """
    tables = []
    if "levels" in parts:
        tables.append(forecast_levels(folder, last_day, horizon=config.horizon_days, threads=config.threads))
    if "sample" in parts:
        tables.append(forecast_sample(folder, last_day, config))
    table = pd.concat(tables, ignore_index=True)
    return table.reindex(columns=["key", "id", "level", "d", "mean", *QUANTILE_NAMES])


def rolling_scores(folder: Path, last_days: list[int], config: ForecastConfig, *, parts: tuple[str, ...]) -> dict:
    """Metrics of every origin and their mean."""
    origins = {}
    for last_day in last_days:
        origins[f"d_{last_day}"] = score(forecast_at(folder, last_day, config, parts=parts), folder)
        print(f"d_{last_day}", origins[f"d_{last_day}"], file=sys.stderr, flush=True)
    mean = pd.DataFrame(origins).T.mean().to_dict()
    return {"set": "m5", "horizon": config.horizon_days, "origins": origins, "mean": mean}


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="folder with the public files")
    parser.add_argument("--cutoff", default="d_1913", help="last day whose demand is read: d_1913 or a date")
    parser.add_argument("--horizon", type=int, default=28)
    parser.add_argument("--out", type=Path, help="Parquet file to write")
    parser.add_argument("--origins", type=int, default=0, help="score this many origins, the last one the cutoff")
    parser.add_argument("--part", choices=("levels", "sample"), help="only one part")
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
    parts = (options.part,) if options.part else ("levels", "sample")
    config = ForecastConfig(horizon_days=options.horizon, threads=options.threads, max_signals=0)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.data
        if options.smoke:
            folder = Path(scratch)
            last_day = made_up_data(folder) - options.horizon
        else:
            last_day = day_number(options.cutoff, read_calendar(folder))
        if options.smoke or options.origins:
            last_days = [last_day - options.horizon * back for back in reversed(range(max(options.origins, 1)))]
            print(json.dumps(rolling_scores(folder, last_days, config, parts=parts)))
        if options.out:
            forecast_at(folder, last_day, config, parts=parts).to_parquet(options.out, index=False)


if __name__ == "__main__":
    main()
