"""Rival policies for the twin; today the base-stock rule that most chains run, tuned on history only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.twin import MOVE_COLUMNS, Night, Replay
from network.graph import SupplyNetwork
from network.snapshot import Snapshot
from optimization.policies import InLots, OrderUpTo

FloatArray = npt.NDArray[np.float64]

RATE_WINDOW_DAYS = 28


@dataclass(frozen=True, eq=False)
class BaseStock:
    """Order up to S = r P + z sqrt(v r P), r the recent rate, P the protection interval, v variance to mean.

    Each own location orders from its main source on that lane's order days; stores and forward warehouses on their own
    position, central warehouses on echelon position (Clark and Scarf, 1960), so that the warehouse does not wait for
    the stores' orders to see demand. A short source is split in proportion to what was asked.

    Parameters
    ----------
    history
        Sales of the last weeks before the replay: date, sku, location, units, availability.
    network
        The chain at the start of the replay.
    sources
        One row an own location: location, origin, mode, lane (row), review and lead time [days], tier.
    case_pack
        Units by SKU.
    z_local, z_echelon
        Safety factors of the two kinds of location, >= 0.
    """

    history: pd.DataFrame
    network: SupplyNetwork
    sources: pd.DataFrame
    case_pack: pd.Series[float]
    z_local: float
    z_echelon: float

    def __call__(self, night: Night) -> pd.DataFrame:
        """Decide a night: central purchases first, then transfers out of what the sources have."""
        points = self._positions(night)
        rate = recent_rates(self.history, night)
        points = points.merge(rate, on=["sku", "location"], how="left")
        points = points.fillna({"rate": 0.0, "variance_ratio": 1.0})
        ships = self.network.calendar.ship_days(self.sources["lane"].to_numpy(), night.date, 1)[:, 0]
        due = self.network.calendar.due_day(self.sources["lane"].to_numpy(), night.date, 1)[:, 0]
        lanes = self.sources.assign(ships=ships, due=due)
        points = points.merge(lanes, on="location")
        wanted = self._wanted(points)
        wanted = wanted[wanted["quantity"].gt(0) & wanted["ships"]]
        moves = _share_out(wanted, night.stock, self.case_pack)
        start = night.date + pd.Timedelta(days=1)
        moves["ship_date"] = start
        moves["due_date"] = start + pd.to_timedelta(moves["due"], unit="D")
        return moves.rename(columns={"location": "destination"})[list(MOVE_COLUMNS)].reset_index(drop=True)

    def _positions(self, night: Night) -> pd.DataFrame:
        lines = night.open_orders.rename(columns={"destination": "location"})
        coming = lines.groupby(["sku", "location"])["quantity"].sum().reset_index()
        points = night.stock.merge(coming, on=["sku", "location"], how="left").fillna({"quantity": 0})
        return points.assign(position=points["on_hand"] + points.pop("quantity").astype(float))

    def _wanted(self, points: pd.DataFrame) -> pd.DataFrame:
        """Whole cases from position up to S; echelon values for a location that feeds others."""
        feeds = points["location"].isin(self.sources["origin"])
        fed = points[["sku", "origin", "position", "rate", "variance_ratio", "protection"]]
        down = points.merge(
            fed.rename(columns={"origin": "location"}),
            on=["sku", "location"],
            suffixes=("", "_down"),
            how="inner",
        )
        down["variance_down"] = down["variance_ratio_down"] * down["rate_down"]
        down["lagged"] = down["rate_down"] * down["protection_down"]
        pooled = down.groupby(["sku", "location"], as_index=False)[
            ["position_down", "rate_down", "variance_down", "lagged"]
        ].sum()
        both = points.merge(pooled, on=["sku", "location"], how="left").fillna(
            dict.fromkeys(["position_down", "rate_down", "variance_down", "lagged"], 0.0)
        )
        own_mean = both["rate"] * both["protection"]
        mean = own_mean + both["rate_down"] * both["protection"] + both["lagged"]
        variance = both["variance_ratio"] * own_mean + both["variance_down"] * both["protection"]
        z = np.where(feeds, self.z_echelon, self.z_local)
        level = mean + z * np.sqrt(np.maximum(variance, 0))
        rule = InLots(OrderUpTo(level), both["sku"].map(self.case_pack).to_numpy(float))
        quantity = rule.quantities(both["position"] + both["position_down"])
        return both.assign(quantity=np.where(both["rate"] + both["rate_down"] > 0, quantity, 0.0))


def base_stock(
    snapshot: Snapshot, network: SupplyNetwork, *, z_local: float = 1.5, z_echelon: float = 1.0
) -> BaseStock:
    """Build the base-stock policy of a chain.

    Parameters
    ----------
    snapshot, network
        The chain at the start of the replay.
    z_local, z_echelon
        Safety factors; see `tuned`.
    """
    case = snapshot.tables["skus"].set_index("sku")["case_pack"].astype(float)
    sales = snapshot.tables["sales"]
    recent = sales["date"] > snapshot.cutoff - pd.Timedelta(days=RATE_WINDOW_DAYS)
    history = sales.loc[recent, ["date", "sku", "location", "units", "availability"]]
    return BaseStock(history, network, main_sources(network), case, z_local, z_echelon)


def tuned(policy: BaseStock, run: Callable[[BaseStock], Replay], *, grid: Iterable[tuple[float, float]]) -> BaseStock:
    """Return the policy with the safety factors that cost least over a replay of history.

    Parameters
    ----------
    policy
        Start; only its factors change.
    run
        Replays a candidate over history.
    grid
        Pairs (z_local, z_echelon) to try; the search budget.
    """
    candidates = [replace(policy, z_local=local, z_echelon=echelon) for local, echelon in grid]
    costs = [run(candidate).summary()["total_cost"] for candidate in candidates]
    return candidates[int(np.argmin(costs))]


def main_sources(network: SupplyNetwork) -> pd.DataFrame:
    """Pick each own location's main source: a transfer if there is one, else a purchase; cheapest, then nearest.

    Returns
    -------
    Columns location, origin, mode, lane (row of `network.lanes`), review, lead_time, protection [days].
    """
    lanes = network.lanes.assign(lane=np.arange(len(network.lanes)))
    lanes = lanes[lanes["mode"].isin(["purchase", "transfer"])]
    rank = lanes["mode"].map({"transfer": 0, "purchase": 1})
    lanes = lanes.assign(rank=rank).sort_values(["destination", "rank", "lead_time_days", "unit_cost", "origin"])
    main = lanes.groupby("destination", as_index=False).first()
    days = main["order_weekdays"].map(lambda mask: bin(int(mask)).count("1"))
    review = np.ceil(7 / days.clip(lower=1))
    lead_time = main["lead_time_days"].clip(lower=1)
    return pd.DataFrame(
        {
            "location": main["destination"],
            "origin": main["origin"],
            "mode": main["mode"],
            "lane": main["lane"],
            "review": review,
            "lead_time": lead_time,
            "protection": review + lead_time - 1,
        }
    )


def recent_rates(history: pd.DataFrame, night: Night) -> pd.DataFrame:
    """Mean daily sales of the last four weeks on days with stock, and their variance to mean (at least 1).

    Returns
    -------
    Columns sku, location, rate [units/day], variance_ratio.
    """
    start = night.date - pd.Timedelta(days=RATE_WINDOW_DAYS - 1)
    parts = [part[part["date"].ge(start)] for part in (history, night.sales) if len(part)]
    daily = (
        pd.concat(parts, ignore_index=True)
        .groupby(["sku", "location", "date"], as_index=False)
        .agg(units=("units", "sum"), availability=("availability", "min"))
    )
    daily["square"] = daily["units"] ** 2
    daily["missing"] = 1.0 - daily["availability"].fillna(1.0)
    sums = daily.groupby(["sku", "location"], as_index=False)[["units", "square", "missing"]].sum()
    days = (RATE_WINDOW_DAYS - sums["missing"]).clip(lower=1.0)
    rate = sums["units"] / days
    variance = (sums["square"] / days - rate**2).clip(lower=0.0)
    ratio = (variance / rate.where(rate > 0)).fillna(1.0).clip(lower=1.0)
    return pd.DataFrame({"sku": sums["sku"], "location": sums["location"], "rate": rate, "variance_ratio": ratio})


def _share_out(wanted: pd.DataFrame, stock: pd.DataFrame, case_pack: pd.Series[float]) -> pd.DataFrame:
    """Cut what a source cannot give: in proportion, rounded down to whole cases; suppliers give all."""
    asked = wanted.groupby(["sku", "origin"])["quantity"].transform("sum")
    have = (
        wanted.merge(
            stock.rename(columns={"location": "origin", "on_hand": "available"})[["sku", "origin", "available"]],
            on=["sku", "origin"],
            how="left",
        )["available"]
        .fillna(np.inf)
        .to_numpy(float)
    )
    share = np.minimum(1.0, have / asked.to_numpy(float))
    case = wanted["sku"].map(case_pack).to_numpy(float)
    quantity = np.floor(wanted["quantity"].to_numpy(float) * share / case + 1e-9) * case
    kept = wanted.assign(quantity=quantity.astype(np.int64))
    return kept[kept["quantity"] > 0].copy()
