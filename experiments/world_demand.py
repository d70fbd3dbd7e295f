"""Latent demand of the synthetic chain: what customers want, day by day, by SKU, zone and channel."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.world_calendar import day_effects
from experiments.world_config import CHANNELS, Floats, WorldConfig, autoregressive
from experiments.world_drivers import Drivers
from experiments.world_goods import CATEGORIES, Goods
from experiments.world_places import Places

Units = npt.NDArray[np.int32]

GAMMA_SHAPE = {"smooth": 14.0, "erratic": 1.6, "intermittent": 6.0, "lumpy": 6.0}
"""Shape of the gamma noise of a point and day; small is erratic."""
LUMP_UNITS = 4.0
"""Mean units of one purchase of a lumpy SKU, 1 + geometric; all others are bought one by one."""
LAUNCH_DAYS = 30
"""A launch opens with twice its later demand and settles over about this many days."""
FADE_DAYS = 30
"""Demand fades to a half over the last days of a phase-out."""


@dataclass(frozen=True)
class Intensity:
    """Factors whose product is the mean demand of a day.

    Parameters
    ----------
    static : mean of SKU, zone and channel on an ordinary day, (S, Z, 4) [units/day].
    by_sku : trend, yearly season, life, interest, social, market noise, (D, S).
    by_channel : weekday and holiday, (D, 4).
    """

    static: Floats
    by_sku: Floats
    by_channel: Floats
    uplift: Floats
    price: Floats


def static_demand(config: WorldConfig, places: Places, goods: Goods) -> Floats:
    """Return ordinary mean demand of SKU, zone and channel, (n_skus, n_zones, 4) [units/day].

    Walk-in and pick-up exist only where the store carries the SKU; online demand exists everywhere.
    """
    mix = np.array([CATEGORIES[c].channel_mix for c in goods.category])
    local = config.stream("local taste").lognormal(0.0, 0.15, (len(goods.base), len(places.size)))
    mean = goods.base[:, None] * goods.taste[:, places.zone_region] * places.size * local
    static: Floats = mean[:, :, None] * mix[:, None, :]
    static[:, :, :2] *= goods.is_carried[:, :, None]
    return static


def build_intensity(
    config: WorldConfig, places: Places, goods: Goods, *, drivers: Drivers, uplift: Floats, price: Floats
) -> Intensity:
    """Combine the factors; `uplift` and `price` are (n_drawn, n_skus, n_regions, 4)."""
    day = np.arange(config.n_drawn, dtype=float)[:, None]
    season = np.array([CATEGORIES[c].season for c in goods.category])
    day_of_year = np.array(config.dates.day_of_year, dtype=float)[:, None]
    wave = 1 + season[:, 0] * np.cos(2 * np.pi * (day_of_year - season[:, 1]) / 365.25)
    trend = np.exp(goods.trend * (day - config.n_days / 2) / 365.25)
    age, left = day - goods.first_day, goods.last_day - day
    life = np.where((age >= 0) & (left >= 0), 1 + np.exp(-np.clip(age, 0, 1e4) / LAUNCH_DAYS * 3), 0.0)
    life = life * (0.5 + 0.5 * np.clip(left / FADE_DAYS, 0, 1))
    market = config.stream("market").standard_normal((config.n_drawn, len(goods.base)))
    noise = np.exp(0.09 * autoregressive(market, 0.7) - 0.5 * 0.09**2)
    by_sku = wave * trend * life * drivers.interest_factor * drivers.social_factor * noise
    return Intensity(static_demand(config, places, goods), by_sku, day_effects(config), uplift, price)


def mean_demand(day: int, intensity: Intensity, *, places: Places, goods: Goods, drivers: Drivers) -> Floats:
    """Return mean demand of one day, (n_skus, n_zones, 4) [units]."""
    zone_factor = drivers.weather_factor[day][places.zone_region] * intensity.by_channel[day]
    zone_factor[:, :2] *= drivers.footfall[day][:, None]
    warmth = goods.of_category("warmth")[:, None] * drivers.anomaly[day][places.zone_region]
    mean: Floats = intensity.static * intensity.by_sku[day][:, None, None] * zone_factor
    mean *= intensity.uplift[day][:, places.zone_region]
    mean *= np.clip(1 + warmth, 0.5, 1.5)[:, :, None]
    return mean


def draw_demand(config: WorldConfig, places: Places, goods: Goods, *, intensity: Intensity, drivers: Drivers) -> Units:
    """Draw latent demand, (n_total, n_skus, n_zones, 4) [units].

    Each day has its own random stream, so the days drawn later never change an earlier one.
    """
    shape = np.array([GAMMA_SHAPE[CATEGORIES[c].demand_class] for c in goods.category])[:, None, None]
    is_lumpy = np.array([CATEGORIES[c].demand_class == "lumpy" for c in goods.category])
    size = np.where(is_lumpy, LUMP_UNITS, 1.0)[:, None, None]
    drawn = np.zeros((config.n_total, len(goods.base), len(places.size), len(CHANNELS)), dtype=np.int32)
    for day in range(config.n_total):
        rng = config.stream(f"demand {day}")
        mean = mean_demand(day, intensity, places=places, goods=goods, drivers=drivers)
        customers = rng.poisson(mean / size * rng.standard_gamma(shape, mean.shape) / shape)
        drawn[day] = customers
        bought = np.nonzero(customers[is_lumpy])
        lots = customers[is_lumpy][bought]
        more = rng.negative_binomial(lots, 1 / LUMP_UNITS)
        extra = np.zeros(customers[is_lumpy].shape, dtype=np.int32)
        extra[bought] = more
        drawn[day, is_lumpy] += extra
    return drawn
