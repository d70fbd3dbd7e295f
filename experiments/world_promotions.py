"""Promotions of the synthetic chain: the plan that is published, and its true uplift, halo and dip."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.world_calendar import sales_festivals
from experiments.world_config import CHANNELS, Floats, WorldConfig
from experiments.world_goods import CATEGORIES, Goods
from experiments.world_places import Places

HALO = 0.07
"""Other SKUs of the category sell this much more while one is promoted in their region."""
DIP_DAYS, DIP = 5, 0.85
"""After a promotion its SKUs sell less for some days, because customers bought ahead."""
UPLIFT_LIMIT = 12.0
FESTIVAL_PULL = np.array([1.05, 1.15, 1.35, 2.2])
"""What attention alone does in a shopping festival, by channel."""
LIVE_PULL = np.array([1.0, 1.0, 3.0, 9.0])
MECHANISMS = ("discount", "flash", "bundle", "gift")


@dataclass(frozen=True)
class Promotion:
    """One promoted SKU or category in one region or everywhere.

    Parameters
    ----------
    sku, category, region : indexes, -1 when not given (category then of the SKU; region -1 is everywhere).
    channel : index of the only channel, -1 for all.
    first, last, known : day indexes, inclusive.
    depth : price relative to the regular one.
    pull : extra factor of each channel beside the price, (4,).
    """

    name: str
    sku: int
    category: int
    region: int
    channel: int
    mechanism: str
    first: int
    last: int
    known: int
    depth: float
    pull: tuple[float, float, float, float]
    one_off: bool = False


def build_promotions(config: WorldConfig, places: Places, goods: Goods) -> list[Promotion]:
    """Return every promotion of the drawn days, in order of announcement."""
    plans = _festivals(config, goods) + _ordinary(config, places, goods) + _live_streams(config, goods)
    return sorted(plans, key=lambda plan: (plan.known, plan.name))


def _is_sold(goods: Goods, day: int) -> list[int]:
    """Return SKUs in the assortment on a day and the fortnight around it."""
    return [int(s) for s in np.flatnonzero((goods.first_day < day - 7) & (goods.last_day > day + 14))]


def _festivals(config: WorldConfig, goods: Goods) -> list[Promotion]:
    """Three SKUs in ten join 618 and Double 11 (the latter as a pre-sale), one in ten Double 12."""
    plans = []
    for event, first, last in sales_festivals(config):
        rng = config.stream(event)
        sold = _is_sold(goods, first)
        share = 0.1 if event.startswith("Double 12") else 0.3
        for sku in rng.choice(sold, max(1, round(share * len(sold))), replace=False):
            mechanism = "presale" if event.startswith("Double 11") else "flash"
            depth = float(np.round(rng.uniform(0.72, 0.86), 2))
            pull = tuple(float(x) for x in FESTIVAL_PULL)
            name = f"{event.replace(' ', '')}-{goods.names[sku]}"
            plans.append(Promotion(name, int(sku), -1, -1, -1, mechanism, first, last, first - 20, depth, pull))  # type: ignore[arg-type]
    return plans


def _ordinary(config: WorldConfig, places: Places, goods: Goods) -> list[Promotion]:
    """Each fortnight one SKU in thirty is promoted for a week, often in one region; every fourth week one category."""
    plans = []
    for fortnight in range(config.n_drawn // 14):
        rng = config.stream(f"fortnight {fortnight}")
        sold = _is_sold(goods, fortnight * 14)
        for turn, sku in enumerate(rng.choice(sold, max(2, config.n_skus // 30), replace=False)):
            first = fortnight * 14 + int(rng.integers(0, 7))
            region = int(rng.integers(0, len(places.region_names))) if rng.random() < 0.6 else -1
            depth, ahead = float(np.round(rng.uniform(0.70, 0.88), 2)), int(rng.integers(5, 15))
            last, kind = first + int(rng.integers(3, 9)), str(rng.choice(MECHANISMS))
            name = f"P{fortnight:02d}{turn:02d}-{goods.names[sku]}"
            plans.append(Promotion(name, int(sku), -1, region, -1, kind, first, last, first - ahead, depth, (1.1,) * 4))
        if fortnight % 2 == 0:
            chosen, first = int(rng.integers(0, len(CATEGORIES))), fortnight * 14 + int(rng.integers(0, 10))
            name = f"W{fortnight:02d}-{CATEGORIES[chosen].name}"
            plans.append(
                Promotion(name, -1, chosen, -1, -1, "discount", first, first + 2, first - 10, 0.92, (1.1,) * 4)
            )
    return plans


def _live_streams(config: WorldConfig, goods: Goods) -> list[Promotion]:
    """About every 50 days a live stream sells one SKU for two days; one is announced for the third day to come."""
    rng = config.stream("live")
    days = [*range(35, config.n_days - 5, 50), config.n_days + 2, *range(config.n_days + 30, config.n_drawn - 5, 50)]
    pull = tuple(float(x) for x in LIVE_PULL)
    plans = []
    for day in days:
        sku = int(rng.choice(_is_sold(goods, day)))
        name = f"L{day:03d}-{goods.names[sku]}"
        plans.append(Promotion(name, sku, -1, -1, 3, "live", day, day + 1, day - 4, 0.80, pull, True))  # type: ignore[arg-type]
    return plans


def promotion_effects(
    config: WorldConfig, goods: Goods, plans: list[Promotion], n_regions: int
) -> tuple[Floats, Floats]:
    """Return true uplift and relative price, both (n_drawn, n_skus, n_regions, 4).

    Uplift is price ** -elasticity times the pull of the mechanism; plans stack, up to `UPLIFT_LIMIT`.
    """
    shape = (config.n_drawn, len(goods.base), n_regions, len(CHANNELS))
    uplift, price = np.ones(shape), np.ones(shape)
    elasticity = goods.of_category("elasticity")
    for plan in plans:
        members = np.array([plan.sku]) if plan.sku >= 0 else np.flatnonzero(goods.category == plan.category)
        regions = np.arange(n_regions) if plan.region < 0 else np.array([plan.region])
        channels = np.arange(len(CHANNELS)) if plan.channel < 0 else np.array([plan.channel])
        factor = plan.depth ** -elasticity[members][:, None] * np.array(plan.pull)[channels]
        days = np.arange(max(plan.first, 0), max(min(plan.last + 1, config.n_drawn), 0))
        cell = np.ix_(days, members, regions, channels)
        uplift[cell] *= factor[None, :, None, :]
        price[cell] = np.minimum(price[cell], plan.depth)
        if plan.sku >= 0:
            others = np.flatnonzero(
                (goods.category == goods.category[plan.sku]) & (np.arange(len(goods.base)) != plan.sku)
            )
            uplift[np.ix_(days, others, regions, channels)] *= 1 + HALO
        after = np.arange(max(plan.last + 1, 0), max(min(plan.last + 1 + DIP_DAYS, config.n_drawn), 0))
        uplift[np.ix_(after, members, regions, channels)] *= DIP
    return np.minimum(uplift, UPLIFT_LIMIT), price


def promotions_table(
    config: WorldConfig, places: Places, goods: Goods, *, plans: list[Promotion], uplift: Floats, usual: Floats
) -> pd.DataFrame:
    """Return the contract table `promotions` of all plans, those announced later included.

    Parameters
    ----------
    uplift : true uplift, (n_drawn, n_skus, n_regions, 4).
    usual : ordinary mean demand, (n_skus, n_regions, 4) [units/day]; planners expect it times the uplift, with error.
    """
    rng = config.stream("planned units")
    rows = []
    for plan in plans:
        members = np.array([plan.sku]) if plan.sku >= 0 else np.flatnonzero(goods.category == plan.category)
        regions = np.arange(len(places.region_names)) if plan.region < 0 else np.array([plan.region])
        days = np.clip(np.arange(plan.first, plan.last + 1), 0, config.n_drawn - 1)
        expected = (uplift[np.ix_(days, members, regions)] * usual[np.ix_(members, regions)][None]).sum()
        rows.append(
            {
                "promotion": plan.name,
                "sku": goods.names[plan.sku] if plan.sku >= 0 else "",
                "category": CATEGORIES[plan.category].name if plan.sku < 0 else "",
                "region": places.region_names[plan.region] if plan.region >= 0 else "",
                "channel": CHANNELS[plan.channel] if plan.channel >= 0 else "",
                "mechanism": plan.mechanism,
                "from": config.first_day + pd.Timedelta(days=plan.first),
                "to": config.first_day + pd.Timedelta(days=plan.last),
                "price": round(float(goods.price[plan.sku]) * plan.depth, 2) if plan.sku >= 0 else None,
                "planned_units": round(float(expected) * float(rng.lognormal(0.0, 0.25))),
                "one_off": plan.one_off,
                "known_at": config.first_day + pd.Timedelta(days=plan.known),
            }
        )
    return pd.DataFrame.from_records(rows).sort_values(["known_at", "promotion"], ignore_index=True)


def presales_table(
    config: WorldConfig, goods: Goods, zones: tuple[str, ...], *, plans: list[Promotion], expected: Floats
) -> pd.DataFrame:
    """Return the contract table `presales`: deposits by SKU and zone, counted on the last day or the eve of shipping.

    Parameters
    ----------
    expected : mean delivery demand in the whole of each plan, (n_plans, n_zones) [units]; deposits are a third of it,
        and half of those are in by the last day.
    """
    rng = config.stream("presales")
    rows = []
    for plan, wanted in zip(plans, expected, strict=True):
        if plan.mechanism != "presale":
            continue
        counted = min(plan.first + 1, config.n_days - 1)
        deposits = rng.poisson(wanted * (0.35 if counted == plan.first + 1 else 0.18))
        if plan.known > counted or counted < 0:
            continue
        ship_from = config.first_day + pd.Timedelta(days=plan.first + 2)
        known_at = config.first_day + pd.Timedelta(days=counted)
        base = (f"Double 11 {ship_from.year}", goods.names[plan.sku], "delivery")
        rows += [(*base, zones[z], int(deposits[z]), ship_from, known_at) for z in np.flatnonzero(deposits)]
    columns = ["event", "sku", "channel", "zone", "deposits", "ship_from", "known_at"]
    return pd.DataFrame(rows, columns=columns).sort_values(columns[:4], ignore_index=True)
