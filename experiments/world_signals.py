"""Outside signals of the synthetic chain as published: late, noisy, sometimes revised, some of them useless."""

import numpy as np
import pandas as pd

from experiments.world_calendar import day_effects
from experiments.world_config import Floats, Ints, WorldConfig, autoregressive
from experiments.world_drivers import SOCIAL_DELAY_DAYS, Drivers
from experiments.world_goods import CATEGORIES, Goods
from experiments.world_places import Places

MORNING = "T06:00:00+08:00"
"""Weather forecasts are issued at six in the morning; every other value is known by the end of its day."""
FORECAST_DAYS = 7
REVISED_SHARE = 0.15
USELESS = ("search_general", "chatter", "air_quality", "city_events")
"""Signals that move nothing."""


def build_signals(
    config: WorldConfig, places: Places, goods: Goods, *, drivers: Drivers
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the contract table `signals` as known at the end of the last day, and what is published afterwards."""
    parts = [
        _search(config, goods, drivers), _favourites(config, goods, drivers), _mentions(config, goods, drivers),
        _visits(config, places, drivers), *_weather(config, places, drivers), *_useless(config, places),
    ]  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    days = _day_texts(config, config.n_drawn + FORECAST_DAYS)
    known = table["known"].to_numpy()
    is_early = table["is_early"].to_numpy()
    table["known_at"] = np.where(is_early, np.char.add(days, MORNING)[known], days[known])
    table["known_at"] = table["known_at"].astype("str")
    is_published = known < config.n_days
    columns = ["signal", "key_type", "key", "date", "known_at", "family", "value", "sentiment"]
    table = table.assign(is_published=is_published).sort_values([*columns[:4], "known"], ignore_index=True)
    now, later = table[table["is_published"]], table[~table["is_published"]]
    return now[columns].reset_index(drop=True), later[columns].reset_index(drop=True)


def signal_truth(goods: Goods) -> pd.DataFrame:
    """Return what each signal truly does, by category: days of lead and effect; useless ones have effect 0."""
    rows: list[tuple[str, str, int, float]] = []
    for kind in CATEGORIES:
        rows.append(("search_index", kind.name, kind.search_lead_days, kind.search_effect))
        rows.append(("social_mentions", kind.name, SOCIAL_DELAY_DAYS, float(kind.social_effect)))
        rows.append(("temperature", kind.name, 0, kind.warmth))
    rows += [("footfall", "", 0, 1.0), ("rain_mm", "", 0, 1.0), ("favourites", "", 0, 0.0)]
    rows += [(name, "", 0, 0.0) for name in USELESS]
    return pd.DataFrame(rows, columns=["signal", "category", "lead_days", "effect"])


def _day_texts(config: WorldConfig, count: int) -> np.ndarray:
    """Return ISO dates of the first `count` days."""
    return np.array(pd.date_range(config.first_day, periods=count).strftime("%Y-%m-%d"), dtype=np.str_)


def _frame(
    config: WorldConfig,
    signal: str,
    family: str,
    *,
    key_type: str,
    keys: list[str],
    values: Floats,
    known: Ints | int = 1,
    step: int = 1,
) -> pd.DataFrame:
    """Return one row for each day and key from `values` (days, keys); `known` is the delay of publication [days]."""
    day, key = np.divmod(np.arange(values.size), max(len(keys), 1))
    days = day * step
    return pd.DataFrame(
        {
            "signal": signal, "key_type": key_type, "key": pd.array(keys, dtype="str").take(key),
            "date": config.first_day + pd.to_timedelta(days, unit="D"), "known": days + known, "is_early": False,
            "family": family, "value": values.ravel(), "sentiment": np.nan,
        }
    )  # fmt: skip


def _with_revisions(rng: np.random.Generator, table: pd.DataFrame, *, delay: int, noise: float) -> pd.DataFrame:
    """Make a share of the values preliminary, with more noise, and publish the right value `delay` days later."""
    is_revised = rng.random(len(table)) < REVISED_SHARE
    final = table[is_revised].assign(known=table.loc[is_revised, "known"] + delay)
    blur = np.where(is_revised, rng.lognormal(0.0, noise, len(table)), 1.0)
    return pd.concat([table.assign(value=(table["value"] * blur).round(2)), final], ignore_index=True)


def _search(config: WorldConfig, goods: Goods, drivers: Drivers) -> pd.DataFrame:
    """Search index by SKU, published the next day; for half of the categories it leads nothing."""
    rng = config.stream("search")
    level = 30 * np.sqrt(goods.base * goods.price) * rng.lognormal(0.0, 0.3, len(goods.base))
    level = np.where(goods.is_watched, level * 9, level)
    values = level * np.exp(0.5 * drivers.interest) * rng.lognormal(0.0, 0.10, drivers.interest.shape)
    table = _frame(config, "search_index", "search", key_type="sku", keys=goods.names, values=values.round(2))
    return _with_revisions(config.stream("search revision"), table, delay=3, noise=0.20)


def _favourites(config: WorldConfig, goods: Goods, drivers: Drivers) -> pd.DataFrame:
    """New favourites by SKU and week, published the next day: high for what people watch and do not buy."""
    weekly = drivers.interest[6::7]
    level = np.where(goods.is_watched, 260.0, 25 * np.sqrt(goods.base + 0.2))
    values = config.stream("favourites").poisson(level * np.exp(0.2 * weekly)).astype(float)
    table = _frame(config, "favourites", "trial", key_type="sku", keys=goods.names, values=values, step=7)
    shift = pd.to_timedelta(6, unit="D")
    return table.assign(date=table["date"] + shift, known=table["known"] + 6)


def _mentions(config: WorldConfig, goods: Goods, drivers: Drivers) -> pd.DataFrame:
    """Social mentions with sentiment by SKU, known the same day, where anything was said at all."""
    rng = config.stream("mentions")
    values = rng.poisson(0.8 + 14 * drivers.buzz).astype(float)
    tone = np.clip(drivers.tone * 0.7 + rng.normal(0.0, 0.2, values.shape), -1, 1).round(2)
    table = _frame(config, "social_mentions", "social", key_type="sku", keys=goods.names, values=values, known=0)
    return table.assign(sentiment=tone.ravel())[table["value"] > 0]


def _visits(config: WorldConfig, places: Places, drivers: Drivers) -> pd.DataFrame:
    """Foot traffic by store, coincident with walk-in demand, published the next day, sometimes corrected."""
    rng = config.stream("visits")
    usual = 900 * places.size * day_effects(config)[:, :1] * drivers.weather_factor[:, places.zone_region, 0]
    values = np.round(usual * drivers.footfall * rng.lognormal(0.0, 0.04, drivers.footfall.shape))
    stores = list(places.names[places.first_store :])
    table = _frame(config, "footfall", "traffic", key_type="location", keys=stores, values=values)
    return _with_revisions(config.stream("visit revision"), table, delay=2, noise=0.08)


def _weather(config: WorldConfig, places: Places, drivers: Drivers) -> list[pd.DataFrame]:
    """Rain and temperature by region: forecasts as issued one to seven days before, then the actual a day late.

    A forecast's error grows with its lead: rain by a factor, temperature by degrees.
    """
    regions, parts = list(places.region_names), []
    for signal, actual in (("rain_mm", drivers.rain), ("temperature", drivers.temperature)):
        parts.append(_frame(config, signal, "weather", key_type="region", keys=regions, values=actual.round(1)))
        for lead in range(1, FORECAST_DAYS + 1):
            rng = config.stream(f"{signal} {lead}")
            if signal == "rain_mm":
                blur = rng.lognormal(0.0, 0.10 + 0.07 * lead, actual.shape)
                is_missed = rng.random(actual.shape) < 0.02 * lead
                guess = np.where(is_missed, rng.gamma(0.8, 4.0, actual.shape), actual * blur)
                guess[config.n_days :] = np.where(actual > 70, actual * blur, guess)[config.n_days :]
            else:
                guess = actual + rng.normal(0.0, 0.5 + 0.3 * lead, actual.shape)
            table = _frame(
                config, signal, "weather", key_type="region", keys=regions, values=guess.round(1), known=-lead
            )
            parts.append(table.assign(is_early=True)[table["known"] >= 0])
    return parts


def _useless(config: WorldConfig, places: Places) -> list[pd.DataFrame]:
    """Signals that look like drivers and are none: a search trend, category chatter, air quality, city events."""
    days, regions = config.n_drawn, list(places.region_names)
    kinds = [kind.name for kind in CATEGORIES]
    trend = 100 * np.exp(0.3 * autoregressive(config.stream("useless search").standard_normal((days, 1)), 0.97))
    chatter = config.stream("useless chatter").negative_binomial(1, 0.05, (days, len(kinds))).astype(float)
    air = 80 * np.exp(0.4 * autoregressive(config.stream("useless air").standard_normal((days, len(regions))), 0.8))
    events = (config.stream("useless events").random((days, len(regions))) < 0.05).astype(float)
    city = _frame(config, "city_events", "event", key_type="region", keys=regions, values=events, known=-10)
    return [
        _frame(config, "search_general", "search", key_type="global", keys=[""], values=trend.round(1)),
        _frame(config, "chatter", "social", key_type="category", keys=kinds, values=chatter, known=0),
        _frame(config, "air_quality", "weather", key_type="region", keys=regions, values=air.round(0)),
        city[(city["value"] > 0) & (city["known"] >= 0)],
    ]
