"""Seconds and peak memory of a full fit, its distribution and a forecast, and of the daily refresh; one JSON line.

The chain is drawn in memory: gamma rates, weekday rhythm, a yearly wave, promotions on a tenth of the SKUs, stock-outs.
The refresh reads the forecaster back from its text files, as the daily run does, and forecasts the next day's snapshot.

    python benchmarks/fit_speed.py [--points 50000] [--days 90] [--horizon 28] [--threads 2]
    python benchmarks/fit_speed.py --points 5000 --days 1900
    python benchmarks/fit_speed.py --smoke
"""

import argparse
import json
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.config import ForecastConfig
from forecasting.forecaster import Forecaster
from forecasting.pipeline import fit_forecaster, forecast_demand
from network.check import check_tables
from network.graph import build_network
from network.settings import settings_from_mapping
from network.snapshot import Snapshot, snapshot_at

LAST = pd.Timestamp("2024-06-30")
PAGE_BYTES = resource.getpagesize()


class Stages:
    """Seconds, processor seconds and highest resident memory [GB] of each stage, sampled ten times a second."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu_seconds: dict[str, float] = {}
        self.peak_gb: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Measure the block as the stage ``name``."""
        print(f"{name} ...", file=sys.stderr, flush=True)
        done, peak = threading.Event(), [resident_gb()]

        def watch() -> None:
            while not done.wait(0.1):
                peak[0] = max(peak[0], resident_gb())

        watcher, began, worked = threading.Thread(target=watch), time.perf_counter(), time.process_time()
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
        self.seconds[name] = round(time.perf_counter() - began, 1)
        self.cpu_seconds[name] = round(time.process_time() - worked, 1)
        self.peak_gb[name] = round(peak[0], 2)


def resident_gb() -> float:
    """Memory of this process now [GB]."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES / 1e9


def drawn_tables(n_points: int, n_days: int) -> dict[str, pd.DataFrame]:
    """Canonical tables of a chain of about ``n_points`` stock points that ends one day after `LAST`."""
    random = np.random.default_rng(7)
    n_skus = max(n_points // 100, 10)
    n_stores = max(n_points // n_skus, 1)
    skus = np.array([f"K{number:05d}" for number in range(n_skus)])
    stores = np.array([f"S{number:03d}" for number in range(n_stores)])
    dates = pd.date_range(LAST - pd.Timedelta(days=n_days - 1), periods=n_days + 1, freq="D")
    promoted = random.random((n_skus, n_days + 1)) < np.where(random.random(n_skus) < 0.1, 0.1, 0.0)[:, None]
    small = {
        "locations": pd.DataFrame(
            {
                "location": ["SUP", "DC", *stores],
                "tier": ["supplier", "central", *["store"] * n_stores],
                "region": ["", "", *[f"R{number % 5}" for number in range(n_stores)]],
            }
        ),
        "skus": pd.DataFrame(
            {"sku": skus, "category": [f"C{number % 20}" for number in range(n_skus)], "unit_price": 10.0}
        ),
        "lanes": pd.DataFrame(
            {
                "origin": ["SUP", "DC"],
                "destination": ["DC", "tier:store"],
                "mode": ["purchase", "transfer"],
                "lead_time_days": [5, 2],
            }
        ),
        "stock": pd.DataFrame({"as_of": [LAST], "sku": skus[:1], "location": stores[:1], "on_hand": [1]}),
    }
    sales = pd.DataFrame(_sales(random, dates, skus=skus, stores=stores, promoted=promoted))
    return _checked(small, sales)


def _checked(small: dict[str, pd.DataFrame], sales: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables as the contract has them; of the sales a few rows are checked, the rest takes their types."""
    raw = {name: frame.astype("str") for name, frame in {**small, "sales": sales.head(5)}.items()}
    tables = dict(check_tables(raw, settings_from_mapping({"id": "fit_speed"})).tables)
    few = tables["sales"]
    tables["sales"] = sales.reindex(columns=few.columns).astype(few.dtypes.to_dict())
    return tables


def _sales(
    random: np.random.Generator,
    dates: pd.DatetimeIndex,
    *,
    skus: np.ndarray,
    stores: np.ndarray,
    promoted: np.ndarray,
) -> dict[str, np.ndarray]:
    """Rows of the days that sold or were not on the shelf all day, by date, SKU and store."""
    rate = np.multiply.outer(random.gamma(0.7, 1.5, skus.size), random.gamma(4.0, 0.25, stores.size))
    season = 1.0 + 0.4 * (dates.day_of_week >= 5) + 0.2 * np.sin(2 * np.pi * dates.day_of_year / 365.25)
    parts = []
    for day, factor in enumerate(np.asarray(season)):
        lift = np.where(promoted[:, day], 2.0, 1.0)[:, None]
        shelf = np.where(random.random(rate.shape) < 0.03, 0.5, 1.0)
        units = random.poisson(rate * factor * lift * shelf)
        sku, store = np.nonzero((units > 0) | (shelf < 1.0))
        parts.append((np.full(sku.size, day), sku, store, units[sku, store], shelf[sku, store], lift[sku, 0]))
    day, sku, store, units, shelf, lift = (np.concatenate(column) for column in zip(*parts, strict=True))
    return {
        "date": dates.to_numpy()[day],
        "sku": skus[sku],
        "location": stores[store],
        "channel": np.full(day.size, "walk_in"),
        "units": units,
        "price": np.where(lift > 1.0, 8.0, 10.0),
        "is_promotion": lift > 1.0,
        "availability": shelf,
    }


def measured(n_points: int, n_days: int, *, horizon: int, threads: int) -> dict[str, object]:
    """Fit, forecast, read quantiles, and refresh a day later with the saved forecaster."""
    stages = Stages()
    settings = settings_from_mapping({"id": "fit_speed"})
    config = ForecastConfig(horizon_days=horizon, threads=threads)

    def snapshot(cutoff: pd.Timestamp) -> Snapshot:
        return snapshot_at(tables, settings, cutoff)

    with stages("draw"):
        tables = drawn_tables(n_points, n_days)
    with stages("snapshot"):
        tonight = snapshot(LAST)
        network = build_network(tonight)
    with stages("fit"):
        files = fit_forecaster(tonight, network, config).to_files()
    with stages("forecast"):
        forecast = forecast_demand(tonight, network, Forecaster.from_files(files), horizon)
    with stages("quantiles"):
        quantiles = forecast.interval_quantiles([0.5, 0.9, 0.95, 0.98], 0, 7)
    del tonight
    with stages("next snapshot"):
        tomorrow = snapshot(LAST + pd.Timedelta(days=1))
        network = build_network(tomorrow)
    with stages("refresh"):
        later = forecast_demand(tomorrow, network, Forecaster.from_files(files), horizon)
        later.interval_quantiles([0.5, 0.9, 0.95, 0.98], 0, 7)
    working = ("fit", "forecast", "quantiles")
    return {
        "points": len(forecast.series),
        "days": n_days,
        "sales_rows": len(tables["sales"]),
        "horizon": horizon,
        "threads": threads,
        "fit_forecast_seconds": round(sum(stages.seconds[name] for name in working), 1),
        "refresh_seconds": stages.seconds["refresh"],
        "peak_gb": max(stages.peak_gb.values()),
        "seconds": stages.seconds,
        "cpu_seconds": stages.cpu_seconds,
        "stage_peak_gb": stages.peak_gb,
        "models": forecast.series["model"].value_counts().to_dict(),
        "mean_units_a_day": round(float(forecast.mean.mean()), 4),
        "mean_0.9_week": round(float(quantiles[:, 1].mean()), 4),
    }


def main() -> None:
    """Read the arguments and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=50_000, help="stock points")
    parser.add_argument("--days", type=int, default=90, help="days of history")
    parser.add_argument("--horizon", type=int, default=28, help="days ahead")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--smoke", action="store_true", help="200 points, 60 days")
    a = parser.parse_args()
    n_points, n_days = (200, 60) if a.smoke else (a.points, a.days)
    print(json.dumps(measured(n_points, n_days, horizon=a.horizon, threads=a.threads)))


if __name__ == "__main__":
    main()
