"""Scenario changes of locations: one closed, one added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from experiments.scenario_case import Case, Day, unknown_ids, window, with_rows, wrong, wrong_days
from experiments.scenario_lanes import closed_days, concrete_lanes, without_exceptions
from network.breach import Breach, nearest


@dataclass(frozen=True, kw_only=True)
class LocationClosed:
    """A location neither sells, receives nor ships, for some days or for good.

    Parameters
    ----------
    location
        Which.
    start, end
        First and last closed day; without an end it is closed for good.
    """

    kind: ClassVar[str] = "location_closed"
    location: str
    start: Day | None = None
    end: Day | None = None

    def breaches(self, case: Case) -> list[Breach]:
        """Return an unknown location and wrong days."""
        return unknown_ids(self, case, ("location",)) + wrong_days(self, case, start=self.start, end=self.end)

    def apply(self, case: Case) -> Case:
        """Return the case with closed days, or a last day of business."""
        if self.end is not None:
            rows = closed_days(case, "location", [self.location], start=self.start, end=self.end)
            return case.with_tables(closures=with_rows(without_exceptions(case, rows, "location"), rows))
        first, _ = window(case, self.start, None)
        places = case.snapshot.table("locations")
        last_day = places["closes"].mask(places["location"] == self.location, first - pd.Timedelta(days=1))
        return case.with_tables(locations=places.assign(closes=last_day))

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return what becomes of its demand."""
        return ("Demand of a closed location is lost, not moved; add a demand factor elsewhere for what moves.",)


@dataclass(frozen=True, kw_only=True)
class LocationAdded:
    """A new location that is fed, assorted and equipped like one that is there, and begins empty.

    Parameters
    ----------
    location
        Its id; new to the chain.
    like
        Location whose attributes, lanes, assortment, sourcing rules, serving rules and capacity it copies.
    zone, region
        Where it stands; empty = as the other.
    """

    kind: ClassVar[str] = "location_added"
    location: str
    like: str
    zone: str = ""
    region: str = ""

    def breaches(self, case: Case) -> list[Breach]:
        """Return an id that is taken, and a pattern that is not there."""
        ids = set(case.snapshot.table("locations")["location"])
        found = []
        if not self.location or self.location in ids:
            found.append(wrong(self, "location", f"{self.location!r} is taken", "Choose an id that is new."))
        if self.like not in ids:
            hint = nearest(self.like, ids) or f"Known are {', '.join(sorted(ids)[:8])}."
            found.append(wrong(self, "like", f"no location {self.like!r}", hint))
        return found

    def apply(self, case: Case) -> Case:
        """Return the case with copies of the other location's rows."""
        snapshot = case.snapshot
        moved = {name: value for name in ("zone", "region") if (value := getattr(self, name))}
        tables = {"lanes": concrete_lanes(snapshot)}
        changed: dict[str, pd.DataFrame] = {}
        for name, columns in {
            "locations": ("location",), "lanes": ("origin", "destination"), "assortment": ("location",),
            "sourcing": ("origin", "destination"), "serving": ("location",), "capacity": ("location",),
        }.items():  # fmt: skip
            frame = tables.get(name, snapshot.table(name))
            copies = [frame[frame[column] == self.like].assign(**{column: self.location}) for column in columns]
            copy = pd.concat(copies, ignore_index=True)
            if name == "locations":
                copy = copy.assign(**moved, location_name="", opens=snapshot.cutoff + pd.Timedelta(days=1))
            if name == "assortment":
                copy = copy.assign(**{"from": snapshot.cutoff + pd.Timedelta(days=1)})
            changed[name] = with_rows(frame, copy)
        return case.with_tables(**changed)

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return where its demand comes from."""
        words = "A new location sells what its SKUs sell elsewhere, and takes no demand from its neighbours."
        if not (case.snapshot.table("assortment")["location"] == self.like).any():
            words = f"{self.like} has no assortment rows, so the new location has no demand; declare an assortment."
        return (words,)
