"""What a synthetic chain sells: categories with their true behaviour, SKUs, who carries them, and planted stories."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.world_config import Flags, Floats, Ints, WorldConfig, ids
from experiments.world_places import Places


@dataclass(frozen=True)
class Category:
    """True behaviour of a category; none of it is published.

    Parameters
    ----------
    demand_class : smooth, erratic, intermittent or lumpy (Syntetos, Boylan and Croston 2005) at a store.
    weight : share of the SKUs.
    unit_cost : range [CNY/unit].
    daily_units : range of mean walk-in demand of a mean store [units/day].
    channel_mix : mean demand of each channel relative to walk-in, in the order of `CHANNELS`.
    elasticity : demand is proportional to (price / regular price) ** -elasticity.
    volume_m3 : range of a unit's volume [m3].
    season : amplitude of the yearly wave and its peak day of the year.
    shelf_life_days : range; None when it keeps.
    warmth : change of demand for each degree above the season's mean [1/degree].
    search_effect, search_lead_days : log-demand per unit of interest, and the days by which search leads.
    social_effect : whether social bursts move demand.
    """

    name: str
    demand_class: str
    weight: float
    unit_cost: tuple[float, float]
    daily_units: tuple[float, float]
    channel_mix: tuple[float, float, float, float]
    elasticity: float
    volume_m3: tuple[float, float]
    season: tuple[float, float] = (0.0, 1.0)
    shelf_life_days: tuple[int, int] | None = None
    warmth: float = 0.0
    search_effect: float = 0.0
    search_lead_days: int = 0
    social_effect: bool = False


CATEGORIES = (
    Category("DRINKS", "smooth", 0.12, (5, 14), (2.0, 4.0), (1, 0.02, 0.26, 0.02), 1.8, (0.003, 0.008),
             season=(0.22, 200), warmth=0.025),
    Category("SNACKS", "smooth", 0.12, (6, 22), (2.0, 3.9), (1, 0.02, 0.22, 0.03), 1.9, (0.003, 0.007),
             season=(0.12, 15)),
    Category("DAIRY", "smooth", 0.10, (8, 26), (2.0, 3.9), (1, 0.02, 0.26, 0.02), 1.5, (0.001, 0.003),
             season=(0.05, 180), shelf_life_days=(12, 20)),
    Category("BEAUTY", "erratic", 0.12, (25, 90), (2.8, 4.2), (1, 0.03, 0.17, 0.10), 2.4, (0.001, 0.002),
             season=(0.05, 330), search_effect=0.22, search_lead_days=5, social_effect=True),
    Category("HOUSEHOLD", "erratic", 0.11, (10, 40), (2.8, 4.2), (1, 0.03, 0.16, 0.08), 2.1, (0.004, 0.012),
             season=(0.05, 120)),
    Category("HOME", "intermittent", 0.13, (40, 160), (0.14, 0.45), (1, 0.10, 0.18, 0.28), 1.8, (0.008, 0.030),
             season=(0.08, 270)),
    Category("TOYS", "intermittent", 0.11, (25, 120), (0.15, 0.50), (1, 0.10, 0.22, 0.25), 2.2, (0.004, 0.015),
             season=(0.15, 20), search_effect=0.25, search_lead_days=4, social_effect=True),
    Category("ELECTRONICS", "lumpy", 0.10, (90, 300), (0.45, 1.1), (1, 0.12, 0.22, 0.38), 2.2, (0.003, 0.012),
             season=(0.05, 315), search_effect=0.28, search_lead_days=7),
    Category("OUTDOOR", "lumpy", 0.09, (40, 200), (0.45, 1.1), (1, 0.10, 0.15, 0.25), 1.9, (0.006, 0.025),
             season=(0.25, 150)),
)  # fmt: skip
"""The nine categories of every world, in SKU order."""

CASE_PACKS = ((12, 24), (6, 12), (2, 4, 6), (1, 2))
"""Choices of case pack for unit costs below 12, below 30, below 100 and above."""
NEVER = 10**6


@dataclass(frozen=True)
class Goods:
    """SKUs as arrays, (n_skus,) unless said; `R` regions, `Z` zones.

    Parameters
    ----------
    table : contract table `skus`.
    category : index into `CATEGORIES`.
    supplier : supplier index. case_pack, moq : whole units.
    base : mean walk-in demand of a mean store [units/day].
    taste : multiplies demand in a region, (n_skus, R).
    is_carried : the store of a zone carries it, (n_skus, Z). Forward and central warehouses carry everything.
    first_day, last_day : day indexes of the life in the assortment (may be negative, or `NEVER`).
    trend : yearly growth rate of demand [1/year].
    slow_region : region in which a misplaced SKU piles up while it sells elsewhere, -1 for the others.
    is_watched : high interest without sales (priced out of its market).
    """

    table: pd.DataFrame
    category: Ints
    supplier: Ints
    case_pack: Ints
    moq: Ints
    cost: Floats
    price: Floats
    volume: Floats
    base: Floats
    taste: Floats
    is_carried: Flags
    first_day: Ints
    last_day: Ints
    trend: Floats
    slow_region: Ints
    is_watched: Flags
    shelf_life: Ints

    def of_category(self, field: str) -> Floats:
        """Return a number of `Category` for each SKU."""
        return np.array([float(getattr(CATEGORIES[c], field)) for c in self.category])

    @property
    def names(self) -> list[str]:
        """SKU ids in array order."""
        return [str(name) for name in self.table["sku"]]


def _between(rng: np.random.Generator, ranges: list[tuple[float, float]]) -> Floats:
    """Draw log-uniformly from one range for each SKU."""
    low, high = np.log(np.array(ranges, dtype=float)).T
    drawn: Floats = np.exp(rng.uniform(low, high))
    return drawn


def _life(config: WorldConfig, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw launches and phase-outs: a twelfth each in history; one just launched, one about to be, one about to end."""
    n, days = config.n_skus, config.n_days
    first, last = np.full(n, -NEVER), np.full(n, NEVER)
    order = rng.permutation(n)
    share = max(1, n // 12)
    launched, ended = order[:share], order[share : 2 * share]
    first[launched] = rng.integers(60, max(61, days - 60), share)
    last[ended] = rng.integers(90, max(91, days - 40), share)
    first[order[2 * share]], first[order[2 * share + 1]] = days - 26, days + 12
    last[order[2 * share + 2]] = days + 20
    return first, last


def _planted(config: WorldConfig, places: Places, *, is_alive: Flags, category: Ints) -> tuple[Ints, Flags]:
    """Choose the misplaced SKUs with their slow region, and the SKUs that people look at and do not buy."""
    rng = config.stream("planted")
    free = [int(s) for s in rng.permutation(np.flatnonzero(is_alive & (category != 2)))]
    n_misplaced, n_watched = max(2, config.n_skus // 10), max(1, config.n_skus // 30)
    slow_region = np.full(config.n_skus, -1)
    for turn, sku in enumerate(free[:n_misplaced]):
        slow_region[sku] = turn % len(places.region_names)
    is_watched = np.zeros(config.n_skus, dtype=bool)
    is_watched[free[n_misplaced : n_misplaced + n_watched]] = True
    return slow_region, is_watched


def build_goods(config: WorldConfig, places: Places) -> Goods:
    """Draw the SKUs: cost, price, pack, life, regional taste, and the planted misplaced and watched ones."""
    rng, n = config.stream("goods"), config.n_skus
    quota = np.cumsum([c.weight for c in CATEGORIES]) / sum(c.weight for c in CATEGORIES)
    category = np.searchsorted(quota, (np.arange(n) + 0.5) / n)
    kinds = [CATEGORIES[c] for c in category]
    cost = np.round(_between(rng, [k.unit_cost for k in kinds]), 2)
    base = _between(rng, [k.daily_units for k in kinds])
    volume = np.round(_between(rng, [k.volume_m3 for k in kinds]), 5)
    price = np.round(cost * rng.uniform(1.3, 1.75, n), 1)
    first_day, last_day = _life(config, rng)
    is_alive = (first_day < 0) & (last_day >= NEVER)
    slow_region, is_watched = _planted(config, places, is_alive=is_alive, category=category)
    taste = rng.lognormal(0.0, 0.18, (n, len(places.region_names)))
    misplaced = np.flatnonzero(slow_region >= 0)
    taste[misplaced] = 1.5
    taste[misplaced, slow_region[misplaced]] = 0.12
    base = np.where(is_watched, base * 0.12, base)
    price = np.where(is_watched, np.round(price * 1.6, 1), price)
    band = np.searchsorted([12, 30, 100], cost)
    case_pack = np.array([rng.choice(CASE_PACKS[b]) for b in band])
    shelf_life = np.array([rng.integers(*k.shelf_life_days) if k.shelf_life_days else 0 for k in kinds])
    supplier = rng.integers(0, len(places.suppliers), n)
    moq = case_pack * rng.integers(2, 9, n)
    width = rng.uniform(0.65, 1.0, n)
    is_carried = (rng.random((n, len(places.size))) < width[:, None]) | (width > 0.93)[:, None]
    table = _skus_table(config, category, cost=cost, price=price, case_pack=case_pack, moq=moq, volume=volume,
                        shelf_life=shelf_life, first_day=first_day, last_day=last_day)  # fmt: skip
    return Goods(
        table=table, category=category, supplier=supplier, case_pack=case_pack, moq=moq, cost=cost, price=price,
        volume=volume, base=base, taste=taste, is_carried=is_carried, first_day=first_day, last_day=last_day,
        trend=rng.normal(0.0, 0.12, n), slow_region=slow_region, is_watched=is_watched, shelf_life=shelf_life,
    )  # fmt: skip


def _barcode(number: int) -> str:
    """Return a 13-digit GTIN with its check digit (GS1 General Specifications, section 7.9)."""
    body = f"690{number:09d}"
    total = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(body))
    return body + str(-total % 10)


def day_dates(config: WorldConfig, days: Ints) -> pd.Series:
    """Return day indexes as dates; days outside any plausible life become empty."""
    is_known = np.abs(days) < NEVER
    offsets = pd.to_timedelta(np.where(is_known, days, 0), unit="D")
    return pd.Series(config.first_day + offsets).where(is_known)


def _skus_table(
    config: WorldConfig, category: Ints, *, cost: Floats, price: Floats, case_pack: Ints, moq: Ints, volume: Floats,
    shelf_life: Ints, first_day: Ints, last_day: Ints,
) -> pd.DataFrame:  # fmt: skip
    """Return the contract table `skus`."""
    rng, n = config.stream("sku table"), config.n_skus
    names = [CATEGORIES[c].name for c in category]
    is_chilled = shelf_life > 0
    return pd.DataFrame(
        {
            "sku": ids("K", n),
            "category": names,
            "brand": [f"{name[:4]}-{letter}" for name, letter in zip(names, rng.choice(list("ABC"), n), strict=True)],
            "barcode": [_barcode(1000 + number) for number in range(n)],
            "unit_cost": cost,
            "unit_price": price,
            "case_pack": case_pack,
            "min_order_quantity": moq,
            "volume_m3": volume,
            "weight_kg": np.round(volume * rng.uniform(90, 260, n), 3),
            "temperature": np.where(is_chilled, "chilled", "ambient"),
            "shelf_life_days": pd.Series(shelf_life).where(is_chilled).astype("Int64"),
            "launch_date": day_dates(config, first_day),
            "end_date": day_dates(config, last_day),
        }
    )


def build_assortment(config: WorldConfig, places: Places, goods: Goods) -> pd.DataFrame:
    """Return the contract table `assortment`: what each forward warehouse and store carries, within which limits."""
    rng = config.stream("assortment")
    first_store = places.first_store
    carries = np.zeros((config.n_skus, len(places.names)), dtype=bool)
    carries[:, places.tier == 1] = True
    carries[:, first_store:] = goods.is_carried
    sku, at = np.nonzero(carries)
    is_store = at >= first_store
    rate = goods.base[sku] * goods.taste[sku, places.region[at]]
    display = np.where(is_store, np.clip(np.round(rate * 1.2), 1, 6), 0).astype(int)
    rank = np.argsort(np.argsort(-goods.base * goods.price)) / config.n_skus
    grade = np.where(rank < 0.25, "A", np.where(rank < 0.6, "B", "C"))
    limit = np.ceil((rate * 70 + 6) / goods.case_pack[sku] + 1) * goods.case_pack[sku]
    table = pd.DataFrame(
        {
            "sku": goods.table["sku"].to_numpy()[sku],
            "location": np.array(places.names)[at],
            "from": day_dates(config, goods.first_day[sku]),
            "to": day_dates(config, goods.last_day[sku]),
            "presentation_stock": display,
            "min_stock": 0,
            "max_stock": np.where(is_store, limit, limit * 6).astype(int),
            "blocked": rng.random(len(sku)) < 0.002,
            "do_not_transfer": rng.random(len(sku)) < 0.01,
            "class": grade[sku],
            "fill_rate": np.select([grade[sku] == "A", grade[sku] == "B"], [0.98, 0.96], 0.93),
        }
    )
    return table.sort_values(["sku", "location"], ignore_index=True)
