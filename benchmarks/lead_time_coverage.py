"""How honest the distribution of demand over a lead time is; prints one JSON line, the last of stdout.

By interval length and demand class: coverage at 0.8, 0.9, 0.95 and 0.98 by the randomised transform (so that counts can
be calibrated) with 95% intervals, and pinball at 0.9 of the quantile of the sum against the sum of daily quantiles, as
they are and at the level where both cover alike. Also coverage of pooled demand: a SKU at all of its locations, and the
whole chain. Where the chain has a `truth/` folder, latent demand scores; else sales of intervals whose days all had a
full shelf, against the forecast of such days. The file of `--out` has demand whatever the shelf will be, to plan on;
its columns that begin with `full_` are of days with a full shelf.

    python benchmarks/lead_time_coverage.py DATA --cutoff 2025-08-01 --horizon 28 --out FILE   a chain folder
    python benchmarks/lead_time_coverage.py DATA --origins 4 --horizon 28                      rolling, scored only
    python benchmarks/lead_time_coverage.py --seeds 5 --origins 4                              simulated chains
    python benchmarks/lead_time_coverage.py --smoke
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _interval_scores import Array, Flags, interval_rows, pooled_rows, pooled_summary, summary

from experiments.world import WorldConfig, build_world, write_world
from forecasting.config import ForecastConfig
from forecasting.folds import KEPT_SHARE, rolling_cutoffs
from forecasting.forecast import Forecast
from forecasting.panel import build_panel
from forecasting.pipeline import fit_forecaster, forecast_demand
from network.graph import build_network
from network.ingest import Chain, load_chain
from network.snapshot import default_cutoff, snapshot_at

QUANTILES = tuple(np.round(np.arange(0.05, 0.96, 0.05), 2))
LATENT = Path("truth") / "latent_demand.parquet"
FULL_SHELF = 0.999
USUAL_GAP_DAYS = 35


@dataclasses.dataclass(frozen=True)
class Source:
    """A loaded chain and, where it is known, its latent demand (date, sku, zone, channel, units)."""

    name: str
    chain: Chain
    latent: pd.DataFrame | None


@dataclasses.dataclass(frozen=True)
class Forecasts:
    """Demand whatever the shelf will be, and on days whose shelf stays full."""

    wanted: Forecast
    full_shelf: Forecast

    def scored(self, source: Source) -> Forecast:
        """Return the one that what came can score."""
        return self.full_shelf if source.latent is None else self.wanted


def forecast_at(source: Source, cutoff: pd.Timestamp, *, horizon: int, config: ForecastConfig) -> Forecasts:
    """Fit and forecast from what was known at the cutoff."""
    snapshot = snapshot_at(source.chain.tables, source.chain.settings, cutoff)
    network = build_network(snapshot)
    forecaster = fit_forecaster(snapshot, network, config)
    return Forecasts(
        forecast_demand(snapshot, network, forecaster, horizon),
        forecast_demand(snapshot, network, forecaster, horizon, target_shelf=1.0),
    )


def what_came(source: Source, forecast: Forecast, horizon: int) -> tuple[Array, Flags]:
    """Demand of the days after the cutoff and where it is known, (n_series, horizon) each."""
    last = forecast.cutoff + pd.Timedelta(days=horizon)
    snapshot = snapshot_at(source.chain.tables, source.chain.settings, last)
    keys = pd.MultiIndex.from_frame(forecast.series[["sku", "location"]])
    if source.latent is None:
        panel = build_panel(snapshot, build_network(snapshot))
        rows = pd.MultiIndex.from_frame(panel.series[["sku", "location"]]).get_indexer(keys)
        sales, shelf = panel.sales[rows, -horizon:], panel.available[rows, -horizon:]
        return sales.astype(np.float64), (rows >= 0)[:, None] & (shelf >= FULL_SHELF)
    demand = np.zeros((len(keys), horizon))
    latent = booked(source.latent, build_network(snapshot).serving)
    latent = latent[latent["date"].between(forecast.cutoff + pd.Timedelta(days=1), last)]
    row = keys.get_indexer(pd.MultiIndex.from_frame(latent[["sku", "location"]]))
    day = (latent["date"] - forecast.cutoff).dt.days.to_numpy() - 1
    np.add.at(demand, (row[row >= 0], day[row >= 0]), latent["units"].to_numpy()[row >= 0])
    is_alive = (forecast.mean.sum(axis=1) > 0) | (demand.sum(axis=1) > 0)
    return demand, np.broadcast_to(is_alive[:, None], demand.shape)


def booked(latent: pd.DataFrame, serving: pd.DataFrame) -> pd.DataFrame:
    """Latent demand at the location that serves its zone and channel first."""
    first = serving.sort_values(["zone", "channel", "priority", "location"], kind="stable")
    first = first.drop_duplicates(["zone", "channel"])[["zone", "channel", "location"]].astype("str")
    return latent.astype({"zone": "str", "channel": "str", "sku": "str"}).merge(first, on=["zone", "channel"])


def cumulative_quantiles(forecasts: Forecasts) -> pd.DataFrame:
    """Quantiles of demand from the day after the cutoff up to and including each date."""
    wanted = forecasts.wanted
    parts = []
    for stop in range(1, wanted.horizon + 1):
        frame = wanted.series[["sku", "location"]].assign(date=wanted.cutoff + pd.Timedelta(days=stop))
        for prefix, forecast in (("", wanted), ("full_", forecasts.full_shelf)):
            values = forecast.interval_quantiles(QUANTILES, 0, stop)
            frame = frame.assign(**{f"{prefix}mean": forecast.interval_mean(0, stop)})
            frame = frame.assign(**{f"{prefix}q{level:g}": values[:, k] for k, level in enumerate(QUANTILES)})
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def rolling_rows(source: Source, cutoffs: pd.DatetimeIndex, *, horizon: int, config: ForecastConfig) -> pd.DataFrame:
    """Scored intervals of one chain at several origins."""
    parts = []
    for cutoff in cutoffs:
        forecast = forecast_at(source, cutoff, horizon=horizon, config=config).scored(source)
        demand, usable = what_came(source, forecast, horizon)
        name = f"{source.name} {cutoff.date()}"
        parts.append(both_rows(forecast, demand, usable, origin=name))
        print(f"{name}: {len(parts[-1])} intervals", file=sys.stderr)
    return pd.concat(parts, ignore_index=True)


def both_rows(forecast: Forecast, demand: Array, usable: Flags, *, origin: str) -> pd.DataFrame:
    """Rows of single stock points, whose ``pool`` is empty, and of pools."""
    ask = {"origin": origin, "seed": forecast.cutoff.day_of_year}
    single = interval_rows(forecast, demand, usable, **ask).assign(pool="")
    return pd.concat([single, pooled_rows(forecast, demand, usable, **ask)], ignore_index=True)


def read_source(folder: Path) -> Source:
    """Load a chain folder; its truth, if any, is kept for scoring only."""
    latent = pd.read_parquet(folder / LATENT) if (folder / LATENT).is_file() else None
    return Source(folder.name, load_chain(folder), latent)


def with_skus(source: Source, n_skus: int | None) -> Source:
    """Keep so many SKUs of every table, evenly spread over their names; None keeps all."""
    names = np.sort(source.chain.tables["skus"]["sku"].astype(str).unique())
    if n_skus is None or n_skus >= names.size:
        return source
    kept = names[np.linspace(0, names.size - 1, n_skus).astype(np.int64)]
    tables = {
        name: table[table["sku"].astype(str).isin(kept)].reset_index(drop=True) if "sku" in table else table
        for name, table in source.chain.tables.items()
    }
    return dataclasses.replace(source, chain=dataclasses.replace(source.chain, tables=tables))


def worlds(n_seeds: int, world: WorldConfig) -> Iterator[Source]:
    """Simulated chains of seeds 1, 2, ..., read back as any chain is."""
    for seed in range(1, n_seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            write_world(build_world(dataclasses.replace(world, seed=seed)), Path(folder))
            yield dataclasses.replace(read_source(Path(folder)), name=f"seed {seed}")


def origins_of(source: Source, *, horizon: int, n_origins: int, gap_days: int | None) -> pd.DatetimeIndex:
    """Cutoffs whose days are all known; latent demand reaches beyond the last published day.

    Without a gap they lie five weeks apart, closer where the first would not keep its share of a short history.
    """
    last = default_cutoff(source.chain.tables)
    if source.latent is not None:
        last = min(last + pd.Timedelta(days=horizon), source.latent["date"].max())
    if gap_days is None:
        spare = int((1.0 - KEPT_SHARE) * (last - source.chain.tables["sales"]["date"].min()).days)
        gap_days = max(min(USUAL_GAP_DAYS, spare // max(n_origins - 1, 1)), 1)
    return rolling_cutoffs(last, horizon=horizon, n_origins=n_origins, gap_days=gap_days)


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="a chain folder")
    parser.add_argument("--cutoff", type=pd.Timestamp)
    parser.add_argument("--horizon", type=int, default=28)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--origins", type=int, default=1)
    parser.add_argument("--gap", type=int, help="days between origins; 35, fewer on a short history")
    parser.add_argument("--seeds", type=int, default=0, help="simulated chains to build and score")
    parser.add_argument("--skus", type=int, help="of a simulated chain (60); of DATA so many, evenly spread (all)")
    parser.add_argument("--stores", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--smoke", action="store_true", help="one tiny simulated chain")
    return parser.parse_args()


def scored(arguments: argparse.Namespace) -> pd.DataFrame:
    """Fit, forecast and score what the command line asks for."""
    config = ForecastConfig(horizon_days=arguments.horizon, threads=arguments.threads)
    if arguments.cutoff is not None:
        source = with_skus(read_source(arguments.data), arguments.skus)
        forecasts = forecast_at(source, arguments.cutoff, horizon=arguments.horizon, config=config)
        if arguments.out is not None:
            cumulative_quantiles(forecasts).to_parquet(arguments.out, index=False)
        forecast = forecasts.scored(source)
        demand, usable = what_came(source, forecast, arguments.horizon)
        return both_rows(forecast, demand, usable, origin=f"{arguments.cutoff.date()}")
    world = WorldConfig(n_skus=arguments.skus or 60, n_stores=arguments.stores)
    if arguments.smoke:
        world = WorldConfig(n_skus=9, n_stores=4, n_days=150, future_days=28)
        config = dataclasses.replace(config, max_rounds=40, max_training_rows=10_000)
    n_seeds = 1 if arguments.smoke else arguments.seeds
    sources = worlds(n_seeds, world) if n_seeds else [with_skus(read_source(arguments.data), arguments.skus)]
    ask = {"horizon": arguments.horizon, "n_origins": arguments.origins}
    return pd.concat(
        [
            rolling_rows(one, origins_of(one, **ask, gap_days=arguments.gap), horizon=arguments.horizon, config=config)
            for one in sources
        ],
        ignore_index=True,
    )


def main() -> None:
    """Score, tell a person on stderr and a program on stdout."""
    arguments = parsed()
    if arguments.data is None and not (arguments.smoke or arguments.seeds):
        raise SystemExit("name a chain folder, or --seeds N, or --smoke")
    rows = scored(arguments)
    if rows.empty:
        print(json.dumps({"benchmark": "lead_time_coverage", "n": 0, "lengths": {}}))
        return
    found = summary(rows[rows["pool"] == ""])
    pooled = pooled_summary(rows[rows["pool"] != ""])
    wide = {(length, name): values for length, classes in found.items() for name, values in classes.items()}
    table = pd.DataFrame(wide).T[["n", "bias", *[f"coverage_{v}" for v in ("0.8", "0.9", "0.95", "0.98")],
                                  "low_0.9", "high_0.9", "against_daily", "against_daily_equal"]]  # fmt: skip
    print(table.to_string(), file=sys.stderr)
    n_origins = rows["origin"].nunique()
    print(json.dumps({"benchmark": "lead_time_coverage", "n_origins": n_origins, "lengths": found, "pooled": pooled}))


if __name__ == "__main__":
    main()
