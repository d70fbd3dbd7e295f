"""The truck-heavy instance as a truck program: one warehouse, one lane a store, docks shared by the day."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import nbinom

from optimization.trucks.problem import LaneCosts, LaneTrucks

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Instance:
    """Tables of the instance, as its folder holds them."""

    skus: pd.DataFrame
    lanes: pd.DataFrame
    points: pd.DataFrame
    docks: npt.NDArray[np.int64]

    @property
    def horizon(self) -> int:
        """Days."""
        return int(self.docks.size)


def read_instance(folder: Path) -> Instance:
    """Read the four tables."""
    points = pd.read_csv(folder / "points.csv")
    skus, lanes = pd.read_csv(folder / "skus.csv"), pd.read_csv(folder / "lanes.csv")
    points = points.set_index(["lane", "sku"]).loc[pd.MultiIndex.from_product([lanes["lane"], skus["sku"]])]
    docks = pd.read_csv(folder / "days.csv").sort_values("day")["dock_trucks"].to_numpy(dtype=np.int64)
    return Instance(skus, lanes, points.reset_index(), docks)


def lane_costs(instance: Instance, lane: int, *, lots: npt.NDArray[np.int64]) -> LaneCosts:
    """Tabulate one lane's expected cost by day and lots sent, in lots of the given sizes (n_skus,) [units]."""
    n_skus, horizon = len(instance.skus), instance.horizon
    rows = instance.points.iloc[lane * n_skus : (lane + 1) * n_skus]
    mean = rows["demand_mean"].to_numpy()[:, None] * np.arange(1, horizon + 1)
    ratio = rows["variance_to_mean"].to_numpy()[:, None]
    stock = rows["initial_stock"].to_numpy(dtype=np.int64)
    held, short = instance.skus["holding_cost"].to_numpy(), instance.skus["backlog_cost"].to_numpy()
    enough = nbinom.ppf(short / (held + short), mean[:, -1] / (ratio[:, 0] - 1), 1 / ratio[:, 0])
    n_lots = int(np.maximum(np.ceil((enough - stock) / lots) + 1, 1).max())
    supply = stock[:, None] + lots[:, None] * np.arange(n_lots + 1)
    grid = np.arange(int(supply.max()) + 1)
    below = nbinom.cdf(grid, (mean / (ratio - 1))[:, :, None], (1 / ratio)[:, :, None])
    excess = np.concatenate([np.zeros((n_skus, horizon, 1)), np.cumsum(below, axis=2)[:, :, :-1]], axis=2)
    over = np.take_along_axis(excess, np.broadcast_to(supply[:, None], (n_skus, horizon, n_lots + 1)), axis=2)
    cost = held[:, None, None] * over + short[:, None, None] * (over + mean[:, :, None] - supply[:, None])
    share = instance.skus["volume_m3"].to_numpy() * lots / float(instance.lanes["truck_volume_m3"].iloc[lane])
    enough_lots = np.full((n_skus, horizon), n_lots, dtype=np.int64)
    return LaneCosts(
        cost=cost,
        end_cost=np.zeros_like(cost),
        size=np.stack([share, np.zeros_like(share)], axis=1),
        price=np.zeros((n_skus, horizon)),
        limit=enough_lots,
        most=enough_lots,
    )


def lane_trucks(instance: Instance) -> LaneTrucks:
    """Trucks of all lanes by the day of arrival: a choice of 1..max_trucks; the dock of the day on which they leave."""
    lanes, horizon = instance.lanes, instance.horizon
    n_options = int(lanes["max_trucks"].max())
    number = np.tile(np.arange(1, n_options + 1), (len(lanes), 1))
    is_allowed = number <= lanes["max_trucks"].to_numpy()[:, None]
    ship = np.arange(horizon) - lanes["lead_time_days"].to_numpy()[:, None]
    dock = np.where(ship >= 0, ship, -1)
    return LaneTrucks(
        is_open=ship >= 0,
        capacity=np.where(is_allowed, number, 0),
        cost=np.where(is_allowed, number * lanes["truck_cost"].to_numpy()[:, None], np.inf),
        dock=dock[:, :, None],
        dock_use=number[:, :, None].astype(np.float64),
        dock_limit=instance.docks.astype(np.float64),
        overtime=np.full(horizon, np.inf),
    )


def small_instance(n_lanes: int = 6, n_skus: int = 5, horizon: int = 7, seed: int = 1) -> Instance:
    """Draw a small instance of the same kind, its docks scarce in the first days."""
    rng = np.random.default_rng(seed)
    held = rng.uniform(0.02, 0.2, n_skus)
    skus = pd.DataFrame({
        "sku": [f"K{k}" for k in range(n_skus)],
        "case_pack": rng.choice([6, 12, 24], n_skus),
        "volume_m3": rng.uniform(0.1, 0.5, n_skus),
        "holding_cost": held,
        "backlog_cost": held * rng.uniform(15, 40, n_skus),
    })  # fmt: skip
    lanes = pd.DataFrame({
        "lane": [f"L{i}" for i in range(n_lanes)],
        "truck_cost": rng.uniform(60, 160, n_lanes),
        "truck_volume_m3": rng.choice([10.0, 15.0], n_lanes),
        "max_trucks": 2,
        "lead_time_days": 1,
    })  # fmt: skip
    mean = rng.gamma(1.2, 2.5, n_lanes * n_skus) + 0.05
    pairs = pd.MultiIndex.from_product([lanes["lane"], skus["sku"]], names=["lane", "sku"])
    points = pd.DataFrame({
        "demand_mean": mean,
        "variance_to_mean": rng.uniform(1.2, 3.0, mean.size),
        "initial_stock": rng.poisson(mean * rng.uniform(0.5, 6, mean.size)),
    }, index=pairs)  # fmt: skip
    return Instance(skus, lanes, points.reset_index(), np.full(horizon, n_lanes // 2, dtype=np.int64))
