"""Demand behind stock-outs on FreshRetailNet-50K: 50,000 store-product series, forecast a fortnight ahead.

`mean` is demand on days whose shelf stays full, which are the days that can be scored; `demand_mean` is demand whatever
the shelf will be, which is higher, because busy days sell out: a plan needs it. `sales_mean` is what will be sold.

    python benchmarks/freshretailnet.py DATA --cutoff 2024-05-28 --horizon 14 --out FILE
    python benchmarks/freshretailnet.py DATA --origins 4 [--series N]     # rolling origins; prints one JSON line
    python benchmarks/freshretailnet.py --smoke
"""

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _freshretailnet_data import KEYS, UNIT_FACTOR, FreshDays, fresh_snapshot, read_days
from _freshretailnet_smoke import write_smoke
from _score_freshretailnet import score

from forecasting.availability import forecast_sales
from forecasting.config import ForecastConfig
from forecasting.features import feature_names
from forecasting.forecaster import Forecaster
from forecasting.members import Choice
from forecasting.models.lightgbm_direct import NAME as GLOBAL
from forecasting.models.lightgbm_direct import fit_global_model
from forecasting.pipeline import fit_forecaster, forecast_demand
from forecasting.training import training_rows
from network.graph import SupplyNetwork, build_network
from network.snapshot import Snapshot

LEVELS = tuple(np.round(np.arange(0.05, 0.951, 0.05), 2))
# Days between rolling origins.
GAP_DAYS = 7
# Two held-out origins leave most of the short history to the trial fit.
HELD_OUT_ORIGINS = 2


def forecast_days(days: FreshDays, cutoff: pd.Timestamp, *, config: ForecastConfig) -> pd.DataFrame:
    """Fit at the cutoff and forecast every series: keys, dt, mean, demand_mean, sales_mean, quantiles of `mean`'s days.

    Parameters
    ----------
    days
        From `read_days`: nothing of the same day after the cutoff.
    cutoff
        Last day of sales.
    config
        Its horizon is the horizon.
    """
    snapshot = fresh_snapshot(days, cutoff)
    network, horizon = build_network(snapshot), config.horizon_days
    forecaster = global_forecaster(snapshot, network, config)
    demand = forecast_demand(snapshot, network, forecaster, horizon)
    full = forecast_demand(snapshot, network, forecaster, horizon, target_shelf=1.0)
    columns = {
        "mean": full.mean,
        "demand_mean": demand.mean,
        "sales_mean": forecast_sales(snapshot, network, demand),
    }
    quantiles = np.stack([full.interval_quantiles(LEVELS, day, day + 1) for day in range(horizon)], axis=1)
    columns |= {f"q{level:.2f}": quantiles[:, :, at] for at, level in enumerate(LEVELS)}
    return _long(full.series, columns, cutoff)


def global_forecaster(snapshot: Snapshot, network: SupplyNetwork, config: ForecastConfig) -> Forecaster:
    """Fit, and let the global model serve every class: a baseline knows nothing of the shelf of a target day.

    The choice between models is made on demand whatever the shelf will be, and on a few weeks here.
    """
    forecaster = fit_forecaster(snapshot, network, config)
    model = forecaster.global_model
    if model is None:
        evidence = forecaster.evidence(snapshot, network, horizon=config.horizon_days)
        rows = training_rows(evidence, config, last_target=evidence.last_day, horizon=config.horizon_days)
        model = fit_global_model(rows, feature_names(evidence), config=config)
    if model is None:
        raise SystemExit("too few days to fit the global model")
    choices = dict.fromkeys(forecaster.choices, Choice.of_one(GLOBAL, ""))
    return dataclasses.replace(forecaster, global_model=model, choices=choices)


def forecast_sales_as_demand(days: FreshDays, cutoff: pd.Timestamp, *, config: ForecastConfig) -> pd.DataFrame:
    """The same model with sales taken as demand: keys, dt, mean."""
    snapshot = fresh_snapshot(days, cutoff, is_censored=False)
    network = build_network(snapshot)
    forecast = forecast_demand(snapshot, network, global_forecaster(snapshot, network, config), config.horizon_days)
    return _long(forecast.series, {"mean": forecast.mean}, cutoff)


def _long(series: pd.DataFrame, columns: dict[str, np.ndarray], cutoff: pd.Timestamp) -> pd.DataFrame:
    n, horizon = len(series), next(iter(columns.values())).shape[1]
    dates = pd.date_range(cutoff + pd.Timedelta(days=1), periods=horizon)
    keys = {
        "store_id": np.repeat(series["location"].str[1:].astype("int64").to_numpy(), horizon),
        "product_id": np.repeat(series["sku"].str[1:].astype("int64").to_numpy(), horizon),
        "dt": np.tile(dates, n),
    }
    values = {name: (value / UNIT_FACTOR).ravel() for name, value in columns.items()}
    return pd.DataFrame({**keys, **values}).sort_values([*KEYS, "dt"], ignore_index=True)


def rolling(data: Path, last: pd.Timestamp, *, n_origins: int, config: ForecastConfig, n_series: int | None) -> dict:
    """Score every origin and the mean of all; each reads the data up to its own cutoff only."""
    results = []
    for back in range(n_origins)[::-1]:
        cutoff = last - pd.Timedelta(days=config.horizon_days + GAP_DAYS * back)
        days = read_days(data, cutoff=cutoff, horizon=config.horizon_days, n_series=n_series)
        began = time.perf_counter()
        forecast = forecast_days(days, cutoff, config=config)
        seconds = time.perf_counter() - began
        result = score(forecast, data, history=data)
        naive = score(forecast_sales_as_demand(days, cutoff, config=config), data)
        result |= {"as_demand_wape": naive["wape"], "as_demand_bias": naive["bias"]}
        result |= {"wape_against_as_demand": result["wape"] / naive["wape"] - 1.0, "seconds": seconds}
        print(pd.Series(result).round(4).rename(str(cutoff.date())).to_string(), file=sys.stderr, flush=True)
        results.append(result)
    means = {name: float(np.mean([result[name] for result in results])) for name in results[0]}
    return {"n_origins": n_origins, "last_cutoff": str((last - pd.Timedelta(days=config.horizon_days)).date()), **means}


def last_day(data: Path) -> pd.Timestamp:
    """Last day with sales."""
    files = sorted(data.glob("*.parquet"))
    return max(pd.to_datetime(pd.read_parquet(path, columns=["dt"])["dt"]).max() for path in files)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--cutoff", type=pd.Timestamp)
    parser.add_argument("--horizon", type=int, default=14)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--origins", type=int, default=0, help="score rolling origins inside the data")
    parser.add_argument("--series", type=int, default=None, help="whole stores with about so many series")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int, default=ForecastConfig.max_training_rows, help="training rows at most")
    parser.add_argument("--smoke", action="store_true", help="a tiny invented data set")
    options = parser.parse_args()
    config = ForecastConfig(
        horizon_days=options.horizon,
        n_origins=HELD_OUT_ORIGINS,
        threads=options.threads,
        max_training_rows=options.rows,
    )
    if options.smoke:
        with tempfile.TemporaryDirectory() as folder:
            write_smoke(Path(folder))
            result = rolling(Path(folder), last_day(Path(folder)), n_origins=1, config=config, n_series=None)
    elif options.data is None or not (options.origins or (options.cutoff is not None and options.out is not None)):
        parser.error("give DATA with --cutoff and --out, or DATA with --origins, or --smoke")
    elif options.origins:
        last = last_day(options.data)
        result = rolling(options.data, last, n_origins=options.origins, config=config, n_series=options.series)
    else:
        days = read_days(options.data, cutoff=options.cutoff, horizon=options.horizon, n_series=options.series)
        forecast = forecast_days(days, options.cutoff, config=config)
        forecast.to_parquet(options.out, index=False)
        result = {"rows": len(forecast), "mean": float(forecast["mean"].mean())}
    print(json.dumps({name: round(value, 5) if isinstance(value, float) else value for name, value in result.items()}))


if __name__ == "__main__":
    main()
