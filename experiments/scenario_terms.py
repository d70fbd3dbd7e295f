"""Scenario changes of prices, capacity, goals, shelf life and settings: the terms on which the chain works."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, fields
from typing import ClassVar

import pandas as pd

from experiments.scenario_case import Case, out_of_range, unknown_ids, with_rows, wrong
from network.breach import Breach, nearest
from network.tables import TABLES
from optimization.config import PlanConfig


@dataclass(frozen=True, kw_only=True)
class TruckPrice:
    """What trucks and parcels cost, times a factor.

    Parameters
    ----------
    factor
        1.2 = 20% dearer.
    mode
        Lanes of one mode; empty = all.
    """

    kind: ClassVar[str] = "truck_price"
    factor: float
    mode: str = ""

    def breaches(self, case: Case) -> list[Breach]:
        """Return a negative factor and an unknown mode."""
        return out_of_range(self, "factor", lowest=0) + unknown_ids(self, case, ("mode",))

    def apply(self, case: Case) -> Case:
        """Return the case with other prices in `lanes` and `vehicles`."""
        lanes, vehicles = case.snapshot.table("lanes"), case.snapshot.table("vehicles")
        is_meant = (lanes["mode"] == self.mode) | (self.mode == "")
        is_vehicle = vehicles["lane"].str.endswith(f":{self.mode}") | (self.mode == "")
        prices = {name: lanes[name].mask(is_meant, lanes[name] * self.factor) for name in ("truck_cost", "parcel_cost")}
        cost = vehicles["cost"].mask(is_vehicle, vehicles["cost"] * self.factor)
        return case.with_tables(lanes=lanes.assign(**prices), vehicles=vehicles.assign(cost=cost))

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return nothing."""
        return ()


@dataclass(frozen=True, kw_only=True)
class CapacityChanged:
    """What a location can handle: a factor on what it declares, or an amount a day.

    Parameters
    ----------
    what
        receive, pick, ship or store.
    location
        Empty = every location that declares this capacity.
    factor
        Of each declared amount; or give the amount.
    amount
        A day, in `unit`; replaces what the location declares of this kind.
    unit
        Of the amount: units, lines, cases, m3 or trucks.
    """

    kind: ClassVar[str] = "capacity"
    what: str
    location: str = ""
    factor: float | None = None
    amount: float | None = None
    unit: str = "units"

    def breaches(self, case: Case) -> list[Breach]:
        """Return unknown names, amounts out of range, and a factor on what nobody declares."""
        found = unknown_ids(self, case, ("location",))
        for name in ("factor", "amount"):
            found += out_of_range(self, name, lowest=0)
        for name, column in (("what", "kind"), ("unit", "unit")):
            choices = TABLES["capacity"].column_by_name[column].choices or ()
            if getattr(self, name) not in choices:
                hint = f"Known are {', '.join(choices)}."
                found.append(wrong(self, name, f"unknown {column} {getattr(self, name)!r}", hint))
        if (self.factor is None) == (self.amount is None):
            found.append(wrong(self, "factor", "not one of factor and amount", "Give one of the two."))
        if self.amount is not None and not self.location:
            found.append(wrong(self, "location", "an amount for no location", "Say which location has it."))
        if not found and self.factor is not None and not self._declared(case):
            found.append(wrong(self, "factor", "nothing is declared to multiply", "Give an amount instead."))
        return found

    def apply(self, case: Case) -> Case:
        """Return the case with other rows of `capacity`, and other rooms for stock."""
        rows, places = case.snapshot.table("capacity"), case.snapshot.table("locations")
        is_meant = (rows["kind"] == self.what) & ((rows["location"] == self.location) | (self.location == ""))
        if self.amount is not None:
            row = {
                "location": self.location,
                "kind": self.what,
                "amount": self.amount,
                "unit": self.unit,
                "weekday": "",
            }
            return case.with_tables(capacity=with_rows(rows[~is_meant], pd.DataFrame([row])))
        assert self.factor is not None  # the check made sure of it
        changed = {"capacity": rows.assign(amount=rows["amount"].mask(is_meant, rows["amount"] * self.factor))}
        if self.what == "store":
            room = places["storage_volume_m3"]
            is_place = (places["location"] == self.location) | (self.location == "")
            changed["locations"] = places.assign(storage_volume_m3=room.mask(is_place, room * self.factor))
        return case.with_tables(**changed)

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return nothing."""
        return ()

    def _declared(self, case: Case) -> bool:
        rows, places = case.snapshot.table("capacity"), case.snapshot.table("locations")
        is_row = (rows["kind"] == self.what) & ((rows["location"] == self.location) | (self.location == ""))
        is_room = places["storage_volume_m3"].notna() & ((places["location"] == self.location) | (self.location == ""))
        return bool(is_row.any() or (self.what == "store" and is_room.any()))


@dataclass(frozen=True, kw_only=True)
class ServiceGoal:
    """A service goal for part of the assortment.

    Parameters
    ----------
    fill_rate, cycle_service_level
        Goal in 0..1; None = as it is. At least one.
    sku, category, location
        Whose; empty = all.
    """

    kind: ClassVar[str] = "service_goal"
    fill_rate: float | None = None
    cycle_service_level: float | None = None
    sku: str = ""
    category: str = ""
    location: str = ""

    def breaches(self, case: Case) -> list[Breach]:
        """Return unknown names, goals out of range, and a chain without an assortment."""
        found = unknown_ids(self, case, ("sku", "category", "location"))
        for name in ("fill_rate", "cycle_service_level"):
            found += out_of_range(self, name, lowest=0, highest=0.9999)
        if self.fill_rate is None and self.cycle_service_level is None:
            found.append(wrong(self, "fill_rate", "no goal", "Give fill_rate or cycle_service_level."))
        if case.snapshot.table("assortment").empty:
            action = "Set `fill_rate_goals` by a change of kind setting."
            found.append(wrong(self, "fill_rate", "the chain has no assortment to set goals in", action))
        return found

    def apply(self, case: Case) -> Case:
        """Return the case with other goals in `assortment`."""
        rows = case.snapshot.table("assortment")
        category = rows["sku"].map(case.snapshot.table("skus").set_index("sku")["category"])
        is_meant = pd.Series(data=True, index=rows.index)
        for text, column in ((self.sku, rows["sku"]), (self.category, category), (self.location, rows["location"])):
            is_meant &= (column == text) | (text == "")
        goals = {
            name: rows[name].mask(is_meant, goal)
            for name in ("fill_rate", "cycle_service_level")
            if (goal := getattr(self, name)) is not None
        }
        return case.with_tables(assortment=rows.assign(**goals))

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return what a goal does."""
        return ("A goal raises a target above what money alone asks for; it never lowers one.",)


@dataclass(frozen=True, kw_only=True)
class ShelfLife:
    """Days from receipt to expiry of what is received from now on.

    Parameters
    ----------
    days
        New shelf life [days].
    sku, category
        Whose; at least one of the two.
    """

    kind: ClassVar[str] = "shelf_life"
    days: int
    sku: str = ""
    category: str = ""

    def breaches(self, case: Case) -> list[Breach]:
        """Return unknown names and days out of range."""
        found = out_of_range(self, "days", lowest=1) + unknown_ids(self, case, ("sku", "category"))
        if not (self.sku or self.category):
            found.append(wrong(self, "sku", "nothing is named", "Name a SKU or a category."))
        return found

    def apply(self, case: Case) -> Case:
        """Return the case with other shelf lives in `skus`."""
        goods = case.snapshot.table("skus")
        is_meant = ((goods["sku"] == self.sku) | (self.sku == "")) & (
            (goods["category"] == self.category) | (self.category == "")
        )
        return case.with_tables(skus=goods.assign(shelf_life_days=goods["shelf_life_days"].mask(is_meant, self.days)))

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return what lots on hand do."""
        return ("Lots on hand keep their expiry dates.",)


@dataclass(frozen=True, kw_only=True)
class HoldingCost:
    """What it costs to keep stock, times a factor: money is dearer or cheaper.

    Parameters
    ----------
    factor
        2 = twice as dear.
    """

    kind: ClassVar[str] = "holding_cost"
    factor: float

    def breaches(self, case: Case) -> list[Breach]:
        """Return a factor out of range."""
        return out_of_range(self, "factor", lowest=0, highest=1000)

    def apply(self, case: Case) -> Case:
        """Return the case with other holding costs in `skus` and in the chain's economics."""
        snapshot = case.snapshot
        goods, rates = snapshot.table("skus"), snapshot.settings.economics
        economics = dataclasses.replace(rates, holding_rate_per_year=rates.holding_rate_per_year * self.factor)
        return case.replace(
            snapshot=snapshot.replace(
                settings=dataclasses.replace(snapshot.settings, economics=economics),
                skus=goods.assign(holding_cost=goods["holding_cost"] * self.factor),
            )
        )

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return nothing."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The most that tonight's purchases may cost.

    Parameters
    ----------
    amount
        [money].
    """

    kind: ClassVar[str] = "budget"
    amount: float

    def breaches(self, case: Case) -> list[Breach]:
        """Return a negative amount."""
        return out_of_range(self, "amount", lowest=0)

    def apply(self, case: Case) -> Case:
        """Return the case with the budget, or the lower one that it has already."""
        plan = case.config.plan
        limits = [limit for limit in (plan.purchase_budget, self.amount) if limit is not None]
        return case.replace(config=case.config.replace(plan=plan.replace(purchase_budget=min(limits))))

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return nothing."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting of the plan, as `[plan]` of chain.toml has it: `laterals = false`, `frozen_days = 2`.

    Parameters
    ----------
    name
        Setting of `PlanConfig`.
    value
        Its value.
    """

    kind: ClassVar[str] = "setting"
    name: str
    value: bool | int | float | str | list[float] | dict[str, float]

    def breaches(self, case: Case) -> list[Breach]:
        """Return an unknown setting, or a value that it does not take."""
        names = [item.name for item in fields(PlanConfig)]
        if self.name not in names:
            hint = nearest(self.name, names) or f"Known are {', '.join(names)}."
            return [wrong(self, "name", f"unknown setting {self.name!r}", hint)]
        try:
            self.apply(case)
        except (TypeError, ValueError) as error:
            return [wrong(self, "value", str(error), "Give a value that the setting takes.")]
        return []

    def apply(self, case: Case) -> Case:
        """Return the case with the setting changed."""
        before = getattr(case.config.plan, self.name)
        value = tuple(self.value) if isinstance(self.value, list) else self.value
        if isinstance(before, bool) != isinstance(value, bool) or isinstance(before, tuple) != isinstance(value, tuple):
            raise ValueError(f"{self.name} is {before!r} and cannot become {self.value!r}")
        return case.replace(config=case.config.replace(plan=case.config.plan.replace(**{self.name: value})))

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return nothing."""
        return ()
