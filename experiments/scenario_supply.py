"""Scenario changes of supply: lanes and suppliers that are late, lanes that are closed or new."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
import pandas as pd

from experiments.scenario_case import (
    Case,
    Day,
    out_of_range,
    unknown_ids,
    with_rows,
    wrong,
    wrong_days,
)
from experiments.scenario_lanes import LANE, closed_days, concrete_lanes, lanes_meant, without_exceptions
from network.breach import Breach, nearest
from network.columns import MODES_BY_TIERS, Mode, Tier
from network.lanes import expand_pairs, members
from network.orders_to_come import COMING_STATES
from network.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class LaneDelayed:
    """Goods take longer on a lane, those on the way included.

    Parameters
    ----------
    days
        By how many days; what past receipts teach of the lane moves with it.
    origin, destination
        A location or a group such as `region:EAST`; empty = any.
    mode
        Empty = any.
    """

    kind: ClassVar[str] = "lane_delayed"
    days: int
    origin: str = ""
    destination: str = ""
    mode: str = ""

    def breaches(self, case: Case) -> list[Breach]:
        """Return days out of range, and names of which no lane is known."""
        found = out_of_range(self, "days", lowest=1, highest=180)
        return found + _no_lane(self, case, self.origin, self.destination, mode=self.mode)

    def apply(self, case: Case) -> Case:
        """Return the case with longer lead times, and later days in the open orders."""
        return _later(case, origin=self.origin, destination=self.destination, mode=self.mode, days=self.days)

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return what happens to goods on the way."""
        return ("A delay holds for goods on the way too, and for as long as the plan looks ahead.",)


@dataclass(frozen=True, kw_only=True)
class SupplierLate:
    """Everything that a supplier sends comes later, open orders included.

    Parameters
    ----------
    supplier
        Its location.
    days
        By how many days.
    """

    kind: ClassVar[str] = "supplier_late"
    supplier: str
    days: int

    def breaches(self, case: Case) -> list[Breach]:
        """Return days out of range, and a name that is no supplier."""
        places = case.snapshot.table("locations")
        known = sorted(places.loc[places["tier"] == Tier.SUPPLIER, "location"])
        found = out_of_range(self, "days", lowest=1, highest=180)
        if self.supplier not in known:
            hint = nearest(self.supplier, known) or f"Known are {', '.join(known[:8])}."
            found.append(wrong(self, "supplier", f"no supplier {self.supplier!r}", hint))
        return found

    def apply(self, case: Case) -> Case:
        """Return the case with longer lead times from the supplier."""
        return _later(case, origin=self.supplier, destination="", mode="", days=self.days)

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return that open orders are late too."""
        return ("Open orders of the supplier are as late as new ones.",)


@dataclass(frozen=True, kw_only=True)
class LaneClosed:
    """Nothing leaves on a lane, for some days or for good; what is on the way still arrives.

    Parameters
    ----------
    origin, destination
        A location or a group; empty = any.
    mode
        Empty = any.
    start, end
        First and last closed day; without an end it is closed for good.
    """

    kind: ClassVar[str] = "lane_closed"
    origin: str = ""
    destination: str = ""
    mode: str = ""
    start: Day | None = None
    end: Day | None = None

    def breaches(self, case: Case) -> list[Breach]:
        """Return names of which no lane is known, and wrong days."""
        found = wrong_days(self, case, start=self.start, end=self.end)
        if self.start is not None and self.end is None:
            found.append(wrong(self, "end", "a start without an end", "Give both days, or neither for good."))
        return found + _no_lane(self, case, self.origin, self.destination, mode=self.mode)

    def apply(self, case: Case) -> Case:
        """Return the case with closed days of the lanes, or without the lanes."""
        lanes = concrete_lanes(case.snapshot)
        is_meant = lanes_meant(lanes, case.snapshot, origin=self.origin, destination=self.destination, mode=self.mode)
        if self.end is None:
            return case.with_tables(lanes=lanes[~is_meant])
        ids = lanes["origin"] + ">" + lanes["destination"] + ":" + lanes["mode"]
        rows = closed_days(case, "lane", list(ids[is_meant]), start=self.start, end=self.end)
        return case.with_tables(closures=with_rows(without_exceptions(case, rows, "lane"), rows))

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return what still arrives."""
        return ("Goods that left before a lane closes still arrive.",)


@dataclass(frozen=True, kw_only=True)
class LaneOpened:
    """A lane that the chain does not have yet.

    Parameters
    ----------
    origin, destination
        Its ends.
    mode
        How goods move.
    lead_time_days
        Order placed to usable on the shelf [days].
    order_days
        Weekdays on which goods may leave, as `MO,TH`; empty = every day.
    unit_cost, truck_cost, parcel_cost
        [money/unit], [money/truck], [money/parcel]; None = 0.
    truck_volume_m3, truck_weight_kg
        Of one truck; None = no limit.
    """

    kind: ClassVar[str] = "lane_opened"
    origin: str
    destination: str
    mode: str
    lead_time_days: int
    order_days: str = ""
    unit_cost: float | None = None
    truck_cost: float | None = None
    parcel_cost: float | None = None
    truck_volume_m3: float | None = None
    truck_weight_kg: float | None = None

    def breaches(self, case: Case) -> list[Breach]:
        """Return unknown ends, a mode that may not join them, a lane that is there, and amounts out of range."""
        tiers = case.snapshot.table("locations").set_index("location")["tier"]
        found = out_of_range(self, "lead_time_days", lowest=0, highest=365) + unknown_ids(self, case, ("mode",))
        for name in ("unit_cost", "truck_cost", "parcel_cost", "truck_volume_m3", "truck_weight_kg"):
            found += out_of_range(self, name, lowest=0)
        for name in ("origin", "destination"):
            if getattr(self, name) not in tiers.index:
                hint = nearest(getattr(self, name), tiers.index) or "Name a location of the chain."
                found.append(wrong(self, name, f"no location {getattr(self, name)!r}", hint))
        if found:
            return found
        allowed = MODES_BY_TIERS[Tier(tiers[self.origin]), Tier(tiers[self.destination])]
        if self.origin == self.destination or Mode(self.mode) not in allowed:
            words = ", ".join(sorted(allowed)) or "nothing"
            action = f"From {tiers[self.origin]} to {tiers[self.destination]} goes {words}."
            found.append(wrong(self, "mode", f"{self.mode} cannot join the two", action))
        lanes = concrete_lanes(case.snapshot)
        if (lanes[list(LANE)] == [self.origin, self.destination, self.mode]).all(axis=1).any():
            found.append(wrong(self, "origin", "the lane is there already", "Take this change out."))
        return found

    def apply(self, case: Case) -> Case:
        """Return the case with one more row of `lanes`."""
        row = {item.name: getattr(self, item.name) for item in fields(self)}
        return case.with_tables(lanes=with_rows(case.snapshot.table("lanes"), pd.DataFrame([row])))

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return which SKUs may use it."""
        return ("A new lane carries every SKU that no sourcing rule keeps from it.",)


def _no_lane(change: LaneDelayed | LaneClosed, case: Case, origin: str, destination: str, *, mode: str) -> list[Breach]:
    if not (origin or destination or mode):
        return [wrong(change, "origin", "no lane is named", "Name an origin, a destination or a mode.")]
    found = unknown_ids(change, case, ("mode",))
    lanes = concrete_lanes(case.snapshot)
    if found or lanes_meant(lanes, case.snapshot, origin=origin, destination=destination, mode=mode).any():
        return found
    places = case.snapshot.table("locations")["location"]
    unknown = [
        text for text in (origin, destination) if text and not len(members(text, case.snapshot.table("locations")))
    ]
    hint = nearest(unknown[0], places) if unknown else ""
    ends = f"{origin or 'anywhere'} to {destination or 'anywhere'}{f' by {mode}' if mode else ''}"
    action = hint or "Name locations or groups such as region:EAST that a lane joins."
    return [wrong(change, "origin", f"no lane from {ends}", action)]


def _later(case: Case, *, origin: str, destination: str, mode: str, days: int) -> Case:
    """Lead times, sourcing rules, goods on the way and past shipments of some lanes, all later by some days."""
    snapshot, delay = case.snapshot, pd.Timedelta(days=days)
    lanes = concrete_lanes(snapshot)
    is_late = lanes_meant(lanes, snapshot, origin=origin, destination=destination, mode=mode)
    lanes["lead_time_days"] += np.where(is_late, days, 0)
    late = pd.MultiIndex.from_frame(lanes.loc[is_late, ["origin", "destination"]])
    orders = snapshot.table("open_orders")
    is_hit = pd.MultiIndex.from_frame(orders[["origin", "destination"]]).isin(late)
    is_coming = is_hit & orders["status"].isin([str(state) for state in COMING_STATES]).to_numpy()
    # A shipment that took so much longer left so much earlier: what is learnt from receipts moves with the lane.
    is_past = is_hit & ~is_coming
    orders = orders.assign(
        due_date=orders["due_date"].mask(is_coming, orders["due_date"] + delay),
        ship_date=orders["ship_date"].mask(is_past, orders["ship_date"] - delay),
    )
    told = snapshot.table("confirmations")
    is_hit_too = told["order_id"].isin(orders.loc[is_coming, "order_id"])
    told = told.assign(date=told["date"].mask(is_hit_too, told["date"] + delay))
    rules = _later_rules(snapshot, late, days)
    return case.with_tables(lanes=lanes, open_orders=orders, confirmations=told, sourcing=rules)


def _later_rules(snapshot: Snapshot, late: pd.MultiIndex, days: int) -> pd.DataFrame:
    """Sourcing rules whose own lead time covers a late lane, spelt out and later."""
    table = snapshot.table("sourcing")
    if table["lead_time_days"].isna().all():
        return table
    places = snapshot.table("locations").sort_values("location").reset_index(drop=True)
    rules = expand_pairs(table, places, ["sku"])[list(table.columns)]
    is_late = pd.MultiIndex.from_frame(rules[["origin", "destination"]]).isin(late)
    lead = rules["lead_time_days"] + np.where(is_late, days, 0)
    return rules.assign(lead_time_days=lead).astype(table.dtypes.to_dict())
