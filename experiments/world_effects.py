"""How much interest, social bursts, weather and footfall truly move demand of each SKU and day."""

import dataclasses

import numpy as np
import pandas as pd

from experiments.world_config import WorldConfig
from experiments.world_demand import Intensity, mean_demand
from experiments.world_drivers import Drivers
from experiments.world_goods import Goods
from experiments.world_places import Places


def signal_effects(
    config: WorldConfig, places: Places, goods: Goods, *, intensity: Intensity, drivers: Drivers
) -> pd.DataFrame:
    """Return mean demand of each SKU and day, and the same with every driver at rest, published and future days.

    Returns
    -------
    date, sku, mean [units/day], base [units/day], effect = mean / base - 1 (0 where nothing is wanted); sorted.
    """
    at_rest = dataclasses.replace(
        drivers,
        anomaly=np.zeros_like(drivers.anomaly),
        footfall=np.ones_like(drivers.footfall),
        weather_factor=np.ones_like(drivers.weather_factor),
    )
    calm = dataclasses.replace(intensity, by_sku=intensity.by_sku / (drivers.interest_factor * drivers.social_factor))
    days = range(config.n_total)
    mean, base = (
        np.array([mean_demand(day, kind, places=places, goods=goods, drivers=moved).sum(axis=(1, 2)) for day in days])
        for kind, moved in ((intensity, drivers), (calm, at_rest))
    )
    effect = np.divide(mean, base, out=np.ones_like(mean), where=base > 0) - 1.0
    return pd.DataFrame(
        {
            "date": np.repeat(config.dates[: config.n_total], len(goods.names)),
            "sku": np.tile(np.asarray(goods.names, dtype=object), config.n_total),
            "mean": mean.ravel(), "base": base.ravel(), "effect": effect.ravel(),
        }
    ).astype({"sku": "str"})  # fmt: skip
