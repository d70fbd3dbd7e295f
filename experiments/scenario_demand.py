"""Scenario changes of demand: factors on the forecast, and promotions added, moved or called off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from experiments.scenario_case import (
    Case,
    Day,
    day,
    out_of_range,
    told_now,
    unknown_ids,
    window,
    with_rows,
    wrong,
    wrong_days,
)
from network.breach import Breach, nearest
from network.columns import Tier

# Sales this recent tell how much of a place's demand comes by a channel or from a zone [days].
SHARE_WINDOW_DAYS = 56
_USER = "scenario"


@dataclass(frozen=True, kw_only=True)
class DemandFactor:
    """Demand times a factor after the forecast, for whatever is named; all that is named must hold.

    Parameters
    ----------
    factor
        1.3 = 30% more.
    sku, category, brand, location, region
        Whose demand; empty = all.
    zone, channel
        Of which customers: each place's demand changes by the share that they had in its last 56 days of sales.
    start, end
        First and last day; from tomorrow, and for good, where not given.
    """

    kind: ClassVar[str] = "demand"
    factor: float
    sku: str = ""
    category: str = ""
    brand: str = ""
    location: str = ""
    region: str = ""
    zone: str = ""
    channel: str = ""
    start: Day | None = None
    end: Day | None = None

    def breaches(self, case: Case) -> list[Breach]:
        """Return unknown ids, a negative factor, wrong days, and customers who bought nothing."""
        names = ("sku", "category", "brand", "location", "region", "zone", "channel")
        found = out_of_range(self, "factor", lowest=0) + unknown_ids(self, case, names)
        found += wrong_days(self, case, start=self.start, end=self.end)
        if not found and (self.zone or self.channel) and not self._shares(case).any():
            action = "Name customers who bought, or leave the zone and channel out."
            found.append(wrong(self, "channel" if self.channel else "zone", "no sale in 56 days", action))
        return found

    def apply(self, case: Case) -> Case:
        """Return the case with planners' adjustments that multiply the forecast."""
        first, last = window(case, self.start, self.end)
        own = [f"{name}:{getattr(self, name)}" for name in ("sku", "category", "brand", "region")
               if getattr(self, name)]  # fmt: skip
        if self.zone or self.channel:
            factors = {f"location:{place}": 1.0 + share * (self.factor - 1.0)
                       for place, share in self._shares(case).items() if share > 0}  # fmt: skip
        elif self.location or not own:
            places = case.snapshot.table("locations")
            own_places = places.loc[places["tier"] != Tier.SUPPLIER, "location"]
            factors = {f"location:{place}": self.factor for place in own_places if self.location in ("", place)}
        else:
            factors = {"": self.factor}
        rows = pd.DataFrame({
            "key": ["@".join([*own, *([place] if place else [])]) for place in factors],
            "value": list(factors.values()),
        })  # fmt: skip
        rows = rows.assign(**{"from": first, "to": last}, kind="multiply", user=_USER, known_at=told_now(case))
        return case.with_tables(adjustments=with_rows(case.snapshot.table("adjustments"), rows))

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return what the factor leaves as it is."""
        return ("A demand factor moves the mean; the spread around it moves with it as the fit learnt.",)

    def _shares(self, case: Case) -> pd.Series[float]:
        """Share of each place's recent sales that the zone and channel made, within the goods that are named."""
        sales = case.snapshot.table("sales")
        sales = sales[sales["date"] > case.snapshot.cutoff - pd.Timedelta(days=SHARE_WINDOW_DAYS)]
        goods = case.snapshot.table("skus")
        places = case.snapshot.table("locations").set_index("location")
        for name in ("sku", "category", "brand"):
            if getattr(self, name):
                goods = goods[goods[name] == getattr(self, name)]
        sales = sales[sales["sku"].isin(goods["sku"])]
        for name in ("location", "region"):
            if getattr(self, name):
                named = places.index if name == "location" else sales["location"].map(places["region"])
                sales = sales[(sales["location"] if name == "location" else named) == getattr(self, name)]
        stated = sales["zone"].fillna("")
        zone = stated.where(stated != "", sales["location"].map(places["zone"]))
        is_meant = ((zone == self.zone) | (self.zone == "")) & (
            (sales["channel"] == self.channel) | (self.channel == "")
        )
        meant = sales["units"].where(is_meant, 0.0).groupby(sales["location"]).sum()
        total = sales["units"].groupby(sales["location"]).sum()
        return (meant / total.where(total > 0)).fillna(0.0)


@dataclass(frozen=True, kw_only=True)
class PromotionAdded:
    """A promotion that is announced tonight.

    Parameters
    ----------
    sku, category
        What is promoted: one of the two.
    start, end
        First and last day.
    location, zone, region
        Where; empty = everywhere.
    price
        Price during the promotion [money/unit]; None = not told.
    planned_units
        What its planner expects to sell in all [units]; None = not told.
    mechanism
        Kind of promotion, as in the contract.
    """

    kind: ClassVar[str] = "promotion_added"
    start: Day
    end: Day
    sku: str = ""
    category: str = ""
    location: str = ""
    zone: str = ""
    region: str = ""
    price: float | None = None
    planned_units: float | None = None
    mechanism: str = "discount"

    def breaches(self, case: Case) -> list[Breach]:
        """Return unknown ids, wrong days and amounts, and a promotion of nothing."""
        found = unknown_ids(self, case, ("sku", "category", "location", "zone", "region"))
        found += wrong_days(self, case, start=self.start, end=self.end)
        found += out_of_range(self, "price", lowest=0) + out_of_range(self, "planned_units", lowest=0)
        kinds = ("discount", "live", "flash", "presale", "bundle", "gift")
        if self.mechanism not in kinds:
            action = nearest(self.mechanism, kinds) or f"Known are {', '.join(kinds)}."
            found.append(wrong(self, "mechanism", f"unknown mechanism {self.mechanism!r}", action))
        if bool(self.sku) == bool(self.category):
            found.append(wrong(self, "sku", "not one of sku and category", "Name the SKU or the category."))
        return found

    def apply(self, case: Case) -> Case:
        """Return the case with one more row of `promotions`, known tonight."""
        table = case.snapshot.table("promotions")
        names = {name: getattr(self, name) for name in ("sku", "category", "location", "zone", "region", "mechanism")}
        amounts = {name: getattr(self, name) for name in ("price", "planned_units")}
        row = {"promotion": f"what-if-{len(table) + 1}", **names, **amounts, "channel": "", "one_off": False}
        row |= {"from": day(self.start), "to": day(self.end), "known_at": told_now(case)}
        return case.with_tables(promotions=with_rows(table, pd.DataFrame([row])))

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return where the effect comes from."""
        return ("A promotion sells what the fitted models learnt from past ones.",)


@dataclass(frozen=True, kw_only=True)
class PromotionMoved:
    """An announced promotion begins on another day and lasts as long; without a day it is called off.

    Parameters
    ----------
    promotion
        Its id in `promotions`; it must not have begun.
    start
        New first day; None = called off.
    """

    kind: ClassVar[str] = "promotion_moved"
    promotion: str
    start: Day | None = None

    def breaches(self, case: Case) -> list[Breach]:
        """Return an unknown promotion, one that has begun, and a wrong day."""
        table, cutoff = case.snapshot.table("promotions"), case.snapshot.cutoff
        coming = sorted(table.loc[table["from"] > cutoff, "promotion"].astype(str))
        found = wrong_days(self, case, start=self.start, end=None)
        if self.promotion not in coming:
            known = f"Announced are {', '.join(coming[:8])}." if coming else "None is announced."
            action = nearest(self.promotion, coming) or known
            found.append(wrong(self, "promotion", f"no announced promotion {self.promotion!r}", action))
        return found

    def apply(self, case: Case) -> Case:
        """Return the case with the promotion on its new days, or without it."""
        table = case.snapshot.table("promotions")
        is_meant = table["promotion"] == self.promotion
        if self.start is None:
            return case.with_tables(promotions=table[~is_meant])
        shift = day(self.start) - table["from"]
        moved = table.assign(**{name: table[name].mask(is_meant, table[name] + shift) for name in ("from", "to")})
        return case.with_tables(promotions=moved)

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return nothing: the day is all that changes."""
        return ()
