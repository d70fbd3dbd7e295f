"""What public data lack, invented by declared rules and a seeded generator: stock, orders on the way, places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

EARTH_RADIUS_KM = 6371.0


def recent_mean(sales: pd.DataFrame, days: int, *, unit_factor: float) -> pd.DataFrame:
    """Mean units a day of each stock point over the last days on record.

    Parameters
    ----------
    sales
        Table with date, sku, location, units.
    days
        How many days count.
    unit_factor
        Units per number in ``sales.units``.

    Returns
    -------
    pandas.DataFrame
        sku, location, units_per_day [units/day], sorted by sku and location.
    """
    last = sales["date"].max()
    recent = sales[sales["date"] > last - pd.Timedelta(days=days)]
    total: pd.DataFrame = recent.groupby(["sku", "location"])[["units"]].sum().reset_index()
    total["units_per_day"] = total.pop("units") * unit_factor / days
    return total


def upstream_mean(means: pd.DataFrame, parent_by_location: pd.Series) -> pd.DataFrame:
    """Mean units a day that flow through each parent, by SKU.

    Parameters
    ----------
    means
        Table of `recent_mean`.
    parent_by_location
        The location that feeds each location, indexed by the location fed.
    """
    at_parent = means.assign(location=means["location"].map(parent_by_location))
    return at_parent.groupby(["sku", "location"])[["units_per_day"]].sum().reset_index()


def starting_stock(
    means: pd.DataFrame,
    as_of: pd.Timestamp,
    *,
    days_of_cover: tuple[float, float],
    empty_share: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Stock on hand of a random number of days' recent sales, some points empty.

    Parameters
    ----------
    means
        sku, location, units_per_day.
    as_of
        Day of the record.
    days_of_cover
        Least and most days of cover, drawn uniformly [days].
    empty_share
        Share of stock points with nothing on hand.
    rng
        Random numbers.
    """
    n = len(means)
    cover = rng.uniform(*days_of_cover, size=n) * (rng.random(n) >= empty_share)
    on_hand = np.rint(means["units_per_day"].to_numpy() * cover).astype(np.int64)
    return pd.DataFrame(
        {"as_of": as_of, "sku": means["sku"], "location": means["location"], "on_hand": on_hand}
    ).reset_index(drop=True)


def open_purchases(
    means: pd.DataFrame, origin: str, *, dates: Sequence[tuple[pd.Timestamp, pd.Timestamp]], days: float
) -> pd.DataFrame:
    """Released purchase orders on their way to a central warehouse.

    Parameters
    ----------
    means
        sku, location, units_per_day of the central warehouse.
    origin
        The supplier.
    dates
        (ship date, due date) of each order.
    days
        Days of recent sales in each order [days].
    """
    quantity = np.ceil(means["units_per_day"].to_numpy() * days).astype(np.int64)
    orders = []
    for ship_date, due_date in dates:
        prefix = f"PO-{due_date:%Y%m%d}-"
        orders.append(
            pd.DataFrame(
                {
                    "order_id": prefix + means["sku"],
                    "origin": origin,
                    "destination": means["location"],
                    "sku": means["sku"],
                    "quantity": quantity,
                    "ship_date": ship_date,
                    "due_date": due_date,
                    "status": "released",
                }
            )[quantity > 0]
        )
    return pd.concat(orders, ignore_index=True)


@dataclass(frozen=True)
class StockRule:
    """How stock is invented: least and most days of cover by tier, and the share of empty points.

    Parameters
    ----------
    store_days, forward_days, central_days
        Least and most days of cover [days].
    empty_share
        Share of store points with nothing on hand; half of it at forward warehouses.
    order_days
        Days of mean sales in each purchase order on its way [days].
    due_in_days
        Days from the last day of data to each purchase order's arrival [days].
    lead_time_days
        Of the supplier, which gives the ship dates [days].
    mean_days
        How many last days of sales the mean is taken over [days].
    """

    store_days: tuple[float, float]
    forward_days: tuple[float, float]
    central_days: tuple[float, float]
    empty_share: float
    order_days: float
    due_in_days: tuple[int, ...]
    lead_time_days: int
    mean_days: int

    def text(self) -> str:
        """The rule in words, for the chain's assumptions."""
        spans = (self.store_days, self.forward_days, self.central_days)
        store, forward, central = (f"{least:g} to {most:g}" for least, most in spans)
        return (
            f"Stores hold {store} days of the last {self.mean_days} days' mean sales, {self.empty_share:.0%} of their "
            f"stock points nothing; forward warehouses {forward} and the central warehouse {central} days of what "
            "flows through them."
        )


def invented_stock(
    sales: pd.DataFrame, locations: pd.DataFrame, rule: StockRule, *, unit_factor: float, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """Stock of all tiers, purchases on their way, and the assortment, for a chain with one supplier and one central.

    Parameters
    ----------
    sales
        Table with date, sku, location, units.
    locations
        Table with location, tier, region; one forward warehouse a region.
    rule
        How much.
    unit_factor
        Units per number in ``sales.units``.
    rng
        Random numbers.
    """
    last = sales["date"].max()
    place_by_tier = locations.drop_duplicates("tier").set_index("tier")["location"]
    forward_by_region = locations[locations["tier"] == "forward"].set_index("region")["location"]
    parent_by_store = locations.set_index("location")["region"].map(forward_by_region)
    stores = recent_mean(sales, rule.mean_days, unit_factor=unit_factor)
    forwards = upstream_mean(stores, parent_by_store)
    central = upstream_mean(forwards, pd.Series(place_by_tier["central"], index=forward_by_region.to_numpy()))
    stock = [
        starting_stock(stores, last, days_of_cover=rule.store_days, empty_share=rule.empty_share, rng=rng),
        starting_stock(forwards, last, days_of_cover=rule.forward_days, empty_share=rule.empty_share / 2, rng=rng),
        starting_stock(central, last, days_of_cover=rule.central_days, empty_share=0.0, rng=rng),
    ]
    due = [last + pd.Timedelta(days=days) for days in rule.due_in_days]
    dates = [(day - pd.Timedelta(days=rule.lead_time_days), day) for day in due]
    return {
        "stock": pd.concat(stock, ignore_index=True),
        "open_orders": open_purchases(central, place_by_tier["supplier"], dates=dates, days=rule.order_days),
        "assortment": stores[["sku", "location"]],
    }


def scatter(
    latitude: float, longitude: float, n: int, *, spread_degrees: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Coordinates scattered normally around a point.

    Parameters
    ----------
    latitude, longitude
        The point [degrees].
    n
        How many.
    spread_degrees
        Standard deviation of each coordinate [degrees].
    rng
        Random numbers.
    """
    offset = rng.normal(0.0, spread_degrees, size=(2, n))
    return np.round(latitude + offset[0], 5), np.round(longitude + offset[1], 5)


def distance_km(from_degrees: tuple[float, float], to_degrees: tuple[float, float]) -> float:
    """Great-circle distance between (latitude, longitude) pairs (haversine formula) [km]."""
    (lat1, lon1), (lat2, lon2) = np.radians(from_degrees), np.radians(to_degrees)
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return round(float(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half))), 1)
