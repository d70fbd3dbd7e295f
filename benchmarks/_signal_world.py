"""Signals on or off on one simulated chain, scored against its latent demand."""

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from experiments.world import World, WorldConfig, build_world, write_world
from forecasting.config import ForecastConfig
from forecasting.pipeline import fit_forecaster, forecast_demand
from network.graph import build_network
from network.ingest import Chain, load_chain
from network.snapshot import snapshot_at

DRIVEN_EFFECT = 0.10
ORIGIN_GAP_DAYS = 14
STEP_BINS = {"1-7": (1, 7), "8-14": (8, 14), "15-28": (15, 28)}


@dataclass(frozen=True)
class WorldCase:
    """One simulated chain and its rolling origins; the last origin is the last published day."""

    n_skus: int
    n_stores: int
    n_days: int
    seed: int
    horizon: int = 28
    n_origins: int = 7
    threads: int = 2

    @property
    def config(self) -> WorldConfig:
        """World to draw."""
        return WorldConfig(
            n_skus=self.n_skus, n_stores=self.n_stores, n_days=self.n_days, seed=self.seed, future_days=self.horizon
        )

    def origins(self, last: pd.Timestamp) -> pd.DatetimeIndex:
        """Rolling origins, ascending."""
        return pd.DatetimeIndex(
            [last - pd.Timedelta(days=ORIGIN_GAP_DAYS * back) for back in range(self.n_origins)][::-1]
        )


def chain_of(world: World) -> Chain:
    """Read the world as any chain is read."""
    with tempfile.TemporaryDirectory() as folder:
        write_world(dataclasses.replace(world, truth={}), Path(folder))
        return load_chain(Path(folder))


def forecasts(chain: Chain, case: WorldCase, origins: pd.DatetimeIndex, *, with_signals: bool) -> pd.DataFrame:
    """Fit once at the first origin, forecast at each: sku, date, origin, step, mean [units/day]."""
    tables = dict(chain.tables)
    if not with_signals:
        tables["signals"] = tables["signals"].iloc[:0]
    snapshot = snapshot_at(tables, chain.settings, origins[0])
    config = ForecastConfig(horizon_days=case.horizon, threads=case.threads)
    forecaster = fit_forecaster(snapshot, build_network(snapshot), config)
    parts = []
    for origin in origins:
        snapshot = snapshot_at(tables, chain.settings, origin)
        forecast = forecast_demand(snapshot, build_network(snapshot), forecaster, case.horizon)
        by_sku = pd.DataFrame(forecast.mean).groupby(forecast.series["sku"].to_numpy()).sum()
        by_step = by_sku.set_axis(range(1, case.horizon + 1), axis=1).rename_axis("sku").reset_index()
        long = by_step.melt("sku", var_name="step", value_name="mean").astype({"step": "int64"})
        parts.append(long.assign(origin=origin, date=origin + pd.to_timedelta(long["step"], unit="D")))
    return pd.concat(parts, ignore_index=True)


def ablation(case: WorldCase) -> pd.DataFrame:
    """Absolute errors of both arms by SKU-day and origin, with demand and the true effect."""
    world = build_world(case.config)
    chain = chain_of(world)
    origins = case.origins(world.last_day)
    keys = ["sku", "origin", "step", "date"]
    both = forecasts(chain, case, origins, with_signals=True).merge(
        forecasts(chain, case, origins, with_signals=False), on=keys, suffixes=("_with", "_without"), validate="1:1"
    )
    latent = world.truth["latent_demand"].groupby(["date", "sku"], as_index=False)["units"].sum()
    truth = world.truth["signal_effects"].merge(latent, on=["date", "sku"], how="left").fillna({"units": 0})
    rows = both.merge(truth, on=["date", "sku"], how="inner", validate="m:1")
    rows = rows.merge(world.truth["skus"][["sku", "category"]], on="sku")
    return rows.assign(
        seed=case.seed,
        is_driven=rows["effect"].abs() > DRIVEN_EFFECT,
        error_with=(rows["mean_with"] - rows["units"]).abs(),
        error_without=(rows["mean_without"] - rows["units"]).abs(),
    )


def improvement(rows: pd.DataFrame) -> float:
    """WAPE improvement of signals [%]; positive = better with them."""
    without = rows["error_without"].sum()
    return float(100.0 * (without - rows["error_with"].sum()) / without) if without > 0 else float("nan")


def summary(parts: list[pd.DataFrame]) -> dict[str, object]:
    """Improvement on the driven slice and elsewhere, by step and category."""
    rows = pd.concat(parts, ignore_index=True)
    driven, other = rows[rows["is_driven"]], rows[~rows["is_driven"]]
    result: dict[str, object] = {"seeds": len(parts)}
    for name, part in (("driven", driven), ("elsewhere", other)):
        result[name] = {
            "improvement_percent": round(improvement(part), 2),
            "by_seed": [round(improvement(one), 2) for _, one in part.groupby("seed")],
            "wape_without": round(part["error_without"].sum() / part["units"].sum(), 4),
            "wape_with": round(part["error_with"].sum() / part["units"].sum(), 4),
            "by_step": {n: round(improvement(part[part["step"].between(*b)]), 2) for n, b in STEP_BINS.items()},
            "by_category": {str(n): round(improvement(one), 2) for n, one in part.groupby("category")},
        }
    return result
