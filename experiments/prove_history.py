"""A chain's own past as a replay needs it: where it stood, what was wanted, and what was ordered night by night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.twin import MOVE_COLUMNS, Night
from forecasting.panel import build_panel
from network.columns import Channel, OrderState, Tier
from network.economics import sku_economics
from network.graph import SupplyNetwork, build_network
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at

# Customers of whom only the place is known live in a zone of that place alone.
OWN_ZONE = "@"
DAYS_PER_WEEK = 7
_DEAD = (OrderState.REJECTED, OrderState.CANCELLED, OrderState.PROPOSED)


class CannotProve(Exception):
    """The records do not hold what a replay of the past needs; the message says what to do."""


@dataclass(eq=False)
class PastOrders:
    """What was ordered, as a policy of the twin: each night the lines that really left the next day.

    Parameters
    ----------
    moves
        `MOVE_COLUMNS` of every line of the replayed days; quantities as received, where receipts say so.
    locations
        Own locations, whose stock a line takes.
    clipped
        Units that could not leave because the replay had less at the origin than the records; counted as it runs.
    """

    moves: pd.DataFrame
    locations: frozenset[str]
    clipped: float = field(default=0.0, init=False)

    def __call__(self, night: Night) -> pd.DataFrame:
        """Return the lines that left on the day after a night, as far as their origins have the goods."""
        lines = self.moves[self.moves["ship_date"] == night.date + pd.Timedelta(days=1)]
        stock = night.stock.set_index(["sku", "location"])["on_hand"]
        has = stock.reindex(pd.MultiIndex.from_frame(lines[["sku", "origin"]])).fillna(0.0).to_numpy(dtype=np.float64)
        has = np.where(lines["origin"].isin(self.locations), has, np.inf)
        asked = lines["quantity"].to_numpy(dtype=np.float64)
        before = lines.groupby(["sku", "origin"])["quantity"].cumsum().to_numpy(dtype=np.float64) - asked
        sent = np.clip(has - before, 0.0, asked)
        self.clipped += float((asked - sent).sum())
        moves: pd.DataFrame = lines.assign(quantity=sent.astype(np.int64))[sent > 0]
        return moves


@dataclass(frozen=True, eq=False)
class History:
    """The past weeks of a chain, ready to be replayed.

    Parameters
    ----------
    snapshot
        What was known at the start, with a zone for each place.
    network
        Of that snapshot.
    demand
        Demand of the days after it: date, sku, zone, channel, units (whole).
    policy
        What was ordered.
    last_day
        Last day replayed.
    lifted_units
        Part of the demand that no sale shows: what empty shelves hid, as estimated.
    unmatched_orders
        Lines left out because no lane joins their ends, or they lack an origin or a date.
    """

    snapshot: Snapshot
    network: SupplyNetwork
    demand: pd.DataFrame
    policy: PastOrders
    last_day: pd.Timestamp
    lifted_units: float
    unmatched_orders: int

    @property
    def n_days(self) -> int:
        """Days replayed."""
        return int((self.last_day - self.snapshot.cutoff).days)

    @property
    def own_locations(self) -> frozenset[str]:
        """Locations that are no suppliers."""
        return self.policy.locations

    @property
    def own_zones(self) -> frozenset[str]:
        """Zones that only the replay knows."""
        return frozenset(OWN_ZONE + place for place in self.own_locations)

    @property
    def unit_cost(self) -> pd.Series[float]:
        """Cost by SKU [money/unit]."""
        return sku_economics(self.snapshot).set_index("sku")["unit_cost"]


def start_of(tables: Mapping[str, pd.DataFrame], last_day: pd.Timestamp, *, n_weeks: int) -> pd.Timestamp:
    """Return the last day with a stock record in the week up to so many weeks before the last day.

    Parameters
    ----------
    tables
        The chain.
    last_day, n_weeks
        The last day replayed, and weeks before it.

    Raises
    ------
    CannotProve
        If there is no such record, or there are fewer than two weeks of sales before it.
    """
    counted = pd.DatetimeIndex(tables["stock"]["as_of"].dt.normalize().unique()).sort_values()
    wanted = last_day - pd.Timedelta(days=DAYS_PER_WEEK * n_weeks)
    usable = counted[(counted <= wanted) & (counted > wanted - pd.Timedelta(days=DAYS_PER_WEEK))]
    if usable.empty:
        near = (
            f"the nearest is of {counted[int((counted - wanted).map(abs).argmin())]:%Y-%m-%d}"
            if len(counted)
            else "none"
        )
        raise CannotProve(
            f"No stock record in the week up to {wanted:%Y-%m-%d}: {near}. Choose --weeks so that the first night has "
            "one, or add past rows to `stock`."
        )
    start = pd.Timestamp(usable[-1])
    if start <= tables["sales"]["date"].min() + pd.Timedelta(days=2 * DAYS_PER_WEEK):
        raise CannotProve(f"Fewer than two weeks of sales before {start:%Y-%m-%d}: choose fewer --weeks.")
    return start


def history(
    tables: Mapping[str, pd.DataFrame], settings: ChainSettings, *, start: pd.Timestamp, last_day: pd.Timestamp
) -> History:
    """Read the past between two days.

    Parameters
    ----------
    tables, settings
        The chain.
    start
        A day with a stock record; the first night decides at its end.
    last_day
        Last day replayed.
    """
    snapshot = with_own_zones(snapshot_at(tables, settings, start))
    network = build_network(snapshot)
    places = snapshot.table("locations")
    own = frozenset(places.loc[places["tier"] != Tier.SUPPLIER, "location"].astype(str))
    whole = snapshot_at(tables, settings, last_day)
    demand, lifted = demand_between(whole, network, start=start, own=own)
    moves, unmatched = moves_between(whole, network, start=start)
    return History(snapshot, network, demand, PastOrders(moves, own), last_day, lifted, unmatched)


def with_own_zones(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot in which each own location alone serves customers of whom only the place is known."""
    places = snapshot.table("locations")
    own = places.loc[places["tier"] != Tier.SUPPLIER, "location"].astype(str)
    serving = snapshot.table("serving")
    rows = pd.DataFrame({"zone": OWN_ZONE + own, "location": own, "channel": str(Channel.WALK_IN), "priority": 1})
    rows = rows.reindex(columns=serving.columns).astype(serving.dtypes.to_dict())
    both = rows if serving.empty else pd.concat([serving, rows], ignore_index=True)
    return snapshot.replace(serving=both)


def demand_between(
    whole: Snapshot, network: SupplyNetwork, *, start: pd.Timestamp, own: frozenset[str]
) -> tuple[pd.DataFrame, float]:
    """Return what was wanted on the days after the start, and how much of it no sale shows.

    Sales keep their zone and channel where some location serves these; else their customers are those of the place.
    What an empty shelf hid is estimated by the forecast's panel and belongs to the place too; fractions are carried to
    the next day, so that sums stay.
    """
    sales = whole.table("sales")
    sold = sales[(sales["date"] > start) & sales["location"].isin(own)]
    served = set(zip(network.serving["zone"], network.serving["channel"], strict=True))
    known = [
        (zone, channel) in served and zone != "" for zone, channel in zip(sold["zone"], sold["channel"], strict=True)
    ]
    zone = np.where(known, sold["zone"], OWN_ZONE + sold["location"])
    channel = np.where(known, sold["channel"], str(Channel.WALK_IN))
    rows = sold[["date", "sku", "units"]].assign(zone=zone, channel=channel)
    panel = build_panel(whole, build_network(whole))
    later = panel.dates > start
    hidden = np.nan_to_num(np.maximum(panel.demand[:, later] - np.nan_to_num(panel.sales[:, later]), 0.0))
    units = whole_units(hidden.astype(np.float64))
    series, day = np.nonzero(units)
    extra = pd.DataFrame({
        "date": panel.dates[later][day], "sku": panel.series["sku"].to_numpy()[series], "units": units[series, day],
        "zone": OWN_ZONE + panel.series["location"].to_numpy()[series], "channel": str(Channel.WALK_IN),
    })  # fmt: skip
    demand = pd.concat([part for part in (rows, extra) if len(part)], ignore_index=True)
    summed = demand.groupby(["date", "sku", "zone", "channel"], as_index=False)["units"].sum()
    return summed[summed["units"] > 0].reset_index(drop=True), float(units.sum())


def whole_units(amounts: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Round amounts (n, days) to whole units that keep each row's running sum: what is left is carried to the next day.

    Example: 0.4, 0.4, 0.4 gives 0, 0, 1: running sums 0.4, 0.8, 1.2.
    """
    running = np.floor(np.cumsum(amounts, axis=1) + 1e-9)
    return np.diff(running, axis=1, prepend=0.0).astype(np.int64)


def moves_between(whole: Snapshot, network: SupplyNetwork, *, start: pd.Timestamp) -> tuple[pd.DataFrame, int]:
    """Return the lines that left after the start as moves on lanes, and how many had to be left out.

    A line's mode is not recorded: of several lanes between its ends the one whose lead time is nearest is meant. Its
    quantity is what was received, where that is known; it is usable on its due date.
    """
    orders = whole.table("open_orders")
    is_dead = orders["status"].isin([str(state) for state in _DEAD])
    lines = orders[~is_dead & ~(orders["ship_date"] <= start)].copy()
    received = whole.table("receipts").groupby(["order_id", "sku"], observed=True)["quantity"].sum()
    arrived = received.reindex(pd.MultiIndex.from_frame(lines[["order_id", "sku"]])).to_numpy(dtype=np.float64)
    lines["quantity"] = np.where(np.isnan(arrived), lines["quantity"], arrived).astype(np.int64)
    lanes = network.lanes[["origin", "destination", "mode", "lead_time_days"]]
    pairs = lines.dropna(subset=["ship_date"]).merge(lanes, on=["origin", "destination"])
    planned = (pairs["due_date"] - pairs["ship_date"]).dt.days + 1
    due = pairs["due_date"].fillna(
        pairs["ship_date"] + pd.to_timedelta(pairs["lead_time_days"].clip(lower=1) - 1, unit="D")
    )
    missed = (planned.fillna(pairs["lead_time_days"]) - pairs["lead_time_days"]).abs()
    chosen = pairs.assign(due_date=due, missed=missed).sort_values(["order_id", "missed", "mode"], kind="stable")
    chosen = chosen.drop_duplicates("order_id")
    chosen = chosen[chosen["ship_date"] <= whole.cutoff]
    n_ahead = int((lines["ship_date"] > whole.cutoff).sum())
    moves = chosen.assign(due_date=chosen[["due_date", "ship_date"]].max(axis=1))
    return moves.loc[moves["quantity"] > 0, list(MOVE_COLUMNS)].reset_index(drop=True), len(lines) - n_ahead - len(
        chosen
    )
