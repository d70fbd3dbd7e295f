"""Sales of stock points as plain arrays, so that many questions cost little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from network.snapshot import Snapshot

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NEVER = 10**6
"""Age of a sale that never was [days]."""


@dataclass(frozen=True, eq=False)
class SalesHistory:
    """Rows of `sales` by stock point.

    Parameters
    ----------
    row
        (m,) row of the stock point; -1 where it is none of ours.
    sku, location
        (m,) codes of SKU and location; stock points have theirs in `point_sku` and `point_location`.
    age
        (m,) days between the sale and the cutoff; 0 is the cutoff itself.
    units
        (m,) units sold, with the chain's unit factor.
    availability
        (m,) share of selling time on the shelf; NaN if unknown.
    point_sku, point_location
        (n,) codes of the stock points.
    """

    row: Ints
    sku: Ints
    location: Ints
    age: Ints
    units: Floats
    availability: Floats
    point_sku: Ints
    point_location: Ints

    @property
    def n_points(self) -> int:
        """Number of stock points."""
        return len(self.point_sku)

    def units_between(self, first_age: int, last_age: int) -> Floats:
        """Units that each stock point sold at ages first_age..last_age, (n,)."""
        inside = (self.row >= 0) & (self.age >= first_age) & (self.age <= last_age)
        return np.bincount(self.row[inside], weights=self.units[inside], minlength=self.n_points).astype(np.float64)

    def last_sale_age(self) -> Ints:
        """Days since each stock point last sold, (n,); `NEVER` where it never did."""
        return self._extreme_age(np.minimum, NEVER)

    def first_sale_age(self) -> Ints:
        """Days since each stock point first sold, (n,); -1 where it never did."""
        return self._extreme_age(np.maximum, -1)

    def sold_days(self, first_age: Ints, last_age: Ints) -> Ints:
        """Number of days with a sale at ages first_age..last_age of each stock point, (n,)."""
        sold = (self.row >= 0) & (self.units > 0)
        row, age = self.row[sold], self.age[sold]
        inside = (age >= first_age[row]) & (age <= last_age[row])
        days = np.unique(row[inside] * NEVER + age[inside])
        return np.bincount(days // NEVER, minlength=self.n_points)

    def units_within(self, first_age: Ints, last_age: Ints) -> Floats:
        """Units sold at ages first_age..last_age of each stock point, (n,)."""
        known = self.row >= 0
        row, age, units = self.row[known], self.age[known], self.units[known]
        inside = (age >= first_age[row]) & (age <= last_age[row])
        return np.bincount(row[inside], weights=units[inside], minlength=self.n_points).astype(np.float64)

    def _extreme_age(self, extreme: np.ufunc, start: int) -> Ints:
        ages = np.full(self.n_points, start, dtype=np.int64)
        sold = (self.row >= 0) & (self.units > 0)
        extreme.at(ages, self.row[sold], self.age[sold])
        return ages


def sales_history(snapshot: Snapshot, points: pd.DataFrame) -> SalesHistory:
    """Code the sales of a snapshot by stock point.

    Parameters
    ----------
    snapshot
        What was known.
    points
        (n,) sku, location; no pair twice.
    """
    sales = snapshot.table("sales")
    sku, point_sku = _codes(sales["sku"], points["sku"])
    location, point_location = _codes(sales["location"], points["location"])
    width = int(max(location.max(initial=0), point_location.max(initial=0))) + 1
    key, point_key = sku * width + location, point_sku * width + point_location
    order = np.argsort(point_key, kind="stable")
    at = np.minimum(np.searchsorted(point_key, key, sorter=order), max(len(order) - 1, 0))
    row = order[at] if len(order) else np.full(len(key), -1)
    is_point = point_key[row] == key if len(order) else np.zeros(len(key), dtype=bool)
    return SalesHistory(
        row=np.where(is_point, row, -1).astype(np.int64),
        sku=sku,
        location=location,
        age=(snapshot.cutoff - sales["date"]).dt.days.to_numpy(dtype=np.int64),
        units=sales["units"].to_numpy(dtype=float) * snapshot.settings.unit_factor,
        availability=sales["availability"].to_numpy(dtype=float),
        point_sku=point_sku,
        point_location=point_location,
    )


def _codes(values: pd.Series[str], more: pd.Series[str]) -> tuple[Ints, Ints]:
    """Integer codes of two columns over their common values."""
    codes, _ = pd.factorize(pd.concat([values.astype("str"), more.astype("str")], ignore_index=True))
    both = codes.astype(np.int64)
    return both[: len(values)], both[len(values) :]
