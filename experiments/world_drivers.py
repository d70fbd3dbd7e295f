"""What truly moves demand beside plans: interest, social bursts, weather and footfall, as latent paths."""

from dataclasses import dataclass

import numpy as np

from experiments.world_config import Floats, WorldConfig, autoregressive
from experiments.world_goods import CATEGORIES, Goods
from experiments.world_places import Places

PAD_DAYS = 14
"""Days of interest drawn before the first day, so that a lead reaches back."""
STORM_MM = 40.0
STORM_EFFECT = np.array([-0.28, -0.20, 0.42, 0.05])
"""Change of demand by a storm (rain above `STORM_MM`, counted up to twice that), by channel."""
RAIN_EFFECT = np.array([-0.08, -0.06, 0.10, 0.0])
"""Change of demand on a day of ordinary rain (above 5 mm)."""
SOCIAL_DELAY_DAYS, SOCIAL_MEMORY, SOCIAL_STRENGTH = 1, 0.75, 0.45
CLIMATE = {"EAST": (17.0, 12.0), "SOUTH": (23.0, 7.0), "WEST": (17.0, 10.0), "NORTH": (13.0, 15.0)}
"""Mean and amplitude of the yearly temperature [degrees C]."""
ANNOUNCED_STORM_DAYS = 4
"""A storm is in the forecast for this many days after the last published day, in the first region."""


@dataclass(frozen=True)
class Drivers:
    """Latent paths over the drawn days (D), SKUs (S), regions (R) and zones (Z).

    Parameters
    ----------
    interest : standardized interest as people search, (D, S).
    interest_factor : its effect on demand, `search_lead_days` later, (D, S).
    buzz, tone : size of what is said and its sentiment (-1..1), (D, S).
    social_factor : its effect on demand from the next day on, (D, S).
    temperature [degrees C], anomaly, rain [mm] : (D, R).
    footfall : unexplained factor of visits to the store of a zone, walk-in and pick-up only, (D, Z).
    weather_factor : effect of rain and storm on each channel, (D, R, 4).
    """

    interest: Floats
    interest_factor: Floats
    buzz: Floats
    tone: Floats
    social_factor: Floats
    temperature: Floats
    anomaly: Floats
    rain: Floats
    footfall: Floats
    weather_factor: Floats


def build_drivers(config: WorldConfig, places: Places, goods: Goods) -> Drivers:
    """Draw every latent path; each part has its own random stream."""
    interest, interest_factor = _interest(config, goods)
    buzz, tone, social_factor = _social(config, goods)
    temperature, anomaly, rain = _weather(config, places)
    noise = config.stream("footfall").standard_normal((config.n_drawn, len(places.size)))
    footfall = np.exp(0.13 * autoregressive(noise, 0.6) - 0.5 * 0.13**2)
    storm = np.clip((rain - STORM_MM) / STORM_MM + 0.5, 0, 1) * (rain > STORM_MM)
    weather = 1 + storm[:, :, None] * STORM_EFFECT + ((rain > 5) & (rain <= STORM_MM))[:, :, None] * RAIN_EFFECT
    return Drivers(
        interest=interest, interest_factor=interest_factor, buzz=buzz, tone=tone, social_factor=social_factor,
        temperature=temperature, anomaly=anomaly, rain=rain, footfall=footfall, weather_factor=weather,
    )  # fmt: skip


def _interest(config: WorldConfig, goods: Goods) -> tuple[Floats, Floats]:
    """Return interest as searched and its later effect: factor_t = exp(b x_(t - lead) - b^2 / 2)."""
    noise = config.stream("interest").standard_normal((config.n_drawn + PAD_DAYS, len(goods.base)))
    path = autoregressive(noise, 0.80)
    lead = goods.of_category("search_lead_days").astype(int)
    effect = np.where(goods.is_watched, 0.0, goods.of_category("search_effect"))
    days = np.arange(config.n_drawn)[:, None] + PAD_DAYS
    earlier = path[days - lead, np.arange(len(goods.base))]
    return path[PAD_DAYS:], np.exp(effect * earlier - 0.5 * effect**2)


def _social(config: WorldConfig, goods: Goods) -> tuple[Floats, Floats, Floats]:
    """Return buzz, tone and the effect of bursts, about one per SKU and 100 days; one in five is ill spoken."""
    rng, shape = config.stream("social"), (config.n_drawn, len(goods.base))
    burst = (rng.random(shape) < 0.01) * rng.lognormal(0.4, 0.6, shape)
    sign = np.where(rng.random(shape) < 0.2, -1.0, 1.0)
    buzz, net = np.zeros(shape), np.zeros(shape)
    for day in range(config.n_drawn):
        past = max(day - 1, 0)
        buzz[day] = SOCIAL_MEMORY * buzz[past] * (day > 0) + burst[day]
        net[day] = SOCIAL_MEMORY * net[past] * (day > 0) + burst[day] * sign[day]
    tone = np.divide(net, buzz, out=np.zeros(shape), where=buzz > 1e-3)
    is_moved = np.array([CATEGORIES[c].social_effect for c in goods.category]) & ~goods.is_watched
    delayed = np.vstack([np.zeros((SOCIAL_DELAY_DAYS, shape[1])), net[:-SOCIAL_DELAY_DAYS]])
    factor = np.clip(1 + SOCIAL_STRENGTH * delayed * is_moved, 0.6, 3.5)
    return buzz, np.clip(tone, -1, 1), factor


def _weather(config: WorldConfig, places: Places) -> tuple[Floats, Floats, Floats]:
    """Return temperature, its anomaly and rain of each region; a storm is planted after the last published day."""
    shape = (config.n_drawn, len(places.region_names))
    mean, swing = np.array([CLIMATE[name] for name in places.region_names]).T
    day_of_year = np.array(config.dates.day_of_year, dtype=float)[:, None]
    anomaly = 2.6 * autoregressive(config.stream("temperature").standard_normal(shape), 0.75)
    temperature = mean - swing * np.cos(2 * np.pi * (day_of_year - 20) / 365.25) + anomaly
    wetness = autoregressive(config.stream("wetness").standard_normal(shape), 0.5)
    amount = config.stream("rain").gamma(0.8, 16.0, shape) + 1
    rain = np.where(wetness > 0.6, amount, 0.0)
    rain[config.n_days - 1 + ANNOUNCED_STORM_DAYS, 0] = 75.0
    return temperature, anomaly, rain
