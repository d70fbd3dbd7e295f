"""The next best to each line: nothing at all, the next ship day, another source; and what choosing the line won.

Each alternative replaces one line of the finished plan and leaves all others as they are: trucks that the other lines
need go anyway, so a line that is not sent saves only the trucks that it alone needs. What takes its place pays the
price of a full vehicle, and nothing for a place or for units that are scarce tonight only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.columns import Mode
from network.vehicles import unit_freight
from optimization.change_value import Changes, change_gains, shifted
from optimization.explain import LINE_KEY, net_benefit
from optimization.flow.data import unit_move_cost
from optimization.load_savings import truck_savings
from optimization.open_lines import line_routes

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot
    from optimization.config import PlanConfig
    from optimization.decisions import Decisions
    from optimization.inbound import Inbound

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
ALTERNATIVE_COLUMNS = {
    **dict.fromkeys(("order_id", "alternative", "origin"), "str"),
    **dict.fromkeys(("ship_date", "due_date"), "datetime64[ns]"),
    **dict.fromkeys(("net_benefit", "regret"), "float64"),
    "is_next_best": "bool",
}
"""Columns of the `alternatives` table."""
_COSTS = ["handling", "unit_freight"]
# Prices of tonight: a line on another day or from elsewhere pays none of them, but waiting keeps hold of scarce units.
_TONIGHT = ["capacity_price", "freeze"]
_ORIGIN_COLUMNS = ("line", "alternative", "origin", "ship_day", "arrival_day", "net")


class Alternative(StrEnum):
    """What could be done instead of a line."""

    NOTHING = "nothing"
    NEXT_SHIP_DAY = "next ship day"
    OTHER_SOURCE = "other source"


def line_alternatives(
    decisions: Decisions,
    terms: pd.DataFrame,
    snapshot: Snapshot,
    *,
    network: SupplyNetwork,
    positions: pd.DataFrame,
    config: PlanConfig,
) -> pd.DataFrame:
    """Value what could be done instead of each of tonight's lines.

    Parameters
    ----------
    decisions
        The plan.
    terms
        Result of `explain.line_terms`.
    snapshot, network
        What is known.
    positions
        Inventory positions, row by row the local rows of the plan's curves.
    config
        Settings.

    Returns
    -------
    `LINE_KEY`, alternative, alternative_origin, ship_date, due_date (of the alternative, NaT for nothing), net_benefit
    and regret = net benefit of the line less that of the alternative [money, whole cents], is_next_best; at most three
    rows a line, sorted by line. Another source must lie on a lane that goes tonight and hold the units.
    """
    moves = decisions.moves.reset_index(drop=True)
    own = net_benefit(terms)["net_benefit"].to_numpy(dtype=np.float64)
    saved = truck_savings(moves, decisions.loads, skus=snapshot.table("skus"), network=network)
    # Without the line its part of trucks that others need stays paid.
    sunk = -terms["transport_share"].to_numpy(dtype=np.float64) - saved
    nothing = pd.DataFrame({"line": np.arange(len(moves)), "alternative": str(Alternative.NOTHING), "net": -sunk})
    if moves.empty:
        found = nothing
    else:
        routes = _Routes(decisions, terms, snapshot, network=network, positions=positions, config=config, saved=saved)
        found = pd.concat([nothing, routes.later(own), routes.elsewhere(own)], ignore_index=True)
    cents = np.rint(100 * (own[found["line"]] - found["net"].to_numpy(dtype=np.float64)))
    found = found.assign(regret=cents / 100.0 + 0.0, net_benefit=own[found["line"]] - cents / 100.0)
    return _dated(found.reindex(columns=[*_ORIGIN_COLUMNS, "regret", "net_benefit"]), moves, snapshot.cutoff)


def alternatives_table(alternatives: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Alternatives by order id, `ALTERNATIVE_COLUMNS`, in the order of the orders."""
    names = {"kind": "mode", "due_date": "line_due"}
    keyed = orders[["order_id", "sku", "origin", "destination", "kind", "due_date"]].rename(columns=names)
    keyed = keyed.assign(row=range(len(orders)))
    rows = alternatives.merge(keyed, on=["sku", "origin", "destination", "mode", "line_due"], how="inner")
    rows = rows.sort_values(["row", "regret", "alternative"], kind="stable").reset_index(drop=True)
    rows = rows.assign(origin=rows["alternative_origin"], is_next_best=~rows["order_id"].duplicated())
    return rows[list(ALTERNATIVE_COLUMNS)].astype(ALTERNATIVE_COLUMNS)


def _dated(found: pd.DataFrame, moves: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Add the line's key and the dates of the alternative."""
    keys = moves[LINE_KEY].iloc[found["line"].to_numpy(dtype=np.int64)].reset_index(drop=True)
    keys = keys.rename(columns={"due_date": "line_due"})
    dates = {
        name: cutoff + pd.to_timedelta(found[day].to_numpy(dtype=np.float64) + 1, unit="D")
        for name, day in (("ship_date", "ship_day"), ("due_date", "arrival_day"))
    }
    rest = found[["alternative", "net_benefit", "regret"]].assign(
        alternative_origin=found["origin"].fillna("").astype("str"), **dates
    )
    table = pd.concat([keys, rest.reset_index(drop=True)], axis=1).assign(line=found["line"].to_numpy())
    return (
        table.sort_values(["line", "regret", "alternative"], kind="stable").drop(columns="line").reset_index(drop=True)
    )


class _Routes:
    """Tonight's lines beside the lanes that could bring the same goods; regular lanes only."""

    def __init__(
        self,
        decisions: Decisions,
        terms: pd.DataFrame,
        snapshot: Snapshot,
        *,
        network: SupplyNetwork,
        positions: pd.DataFrame,
        config: PlanConfig,
        saved: Floats,
    ) -> None:
        moves = decisions.moves.reset_index(drop=True)
        self.curves, self.supply, self.lanes = decisions.curves, decisions.supply, network.lanes
        lines = moves.rename(columns={"mode": "kind"})
        horizon = self.curves.horizon
        self.inbound, self.pair = line_routes(lines, snapshot, network, positions=positions, horizon=horizon)
        near = positions[positions["sku"].isin(set(moves["sku"]))]
        self.near = near.index.to_numpy(dtype=np.int64)
        cost = unit_move_cost(near.reset_index(drop=True), snapshot, network=network, config=config)
        self.move_cost = cost(self.inbound)
        index = pd.MultiIndex.from_frame(positions[["sku", "location"]])
        self.row = _rows(index, moves, "destination")
        self.origin = _rows(index, moves, "origin")
        self.quantity = moves["quantity"].to_numpy(dtype=np.int64)
        self.arrival = moves["arrival_day"].to_numpy(dtype=np.int64)
        self.is_bought = (moves["mode"] == Mode.PURCHASE).to_numpy(dtype=bool)
        self.saved = saved - terms[_TONIGHT].to_numpy(dtype=np.float64).sum(axis=1)
        self.paid = terms[[*_COSTS, "scarcity_price"]].to_numpy(dtype=np.float64).sum(axis=1) - self.saved
        size = snapshot.table("skus").set_index("sku")[["volume_m3", "weight_kg"]].reindex(moves["sku"]).fillna(0.0)
        self.size = size.to_numpy(dtype=np.float64)
        free = np.maximum((positions["on_hand"] - positions["allocated"]).to_numpy(dtype=np.int64), 0)
        np.subtract.at(free, self.origin[self.origin >= 0], self.quantity[self.origin >= 0])
        self.spare = free

    def later(self, own: Floats) -> pd.DataFrame:
        """The same lane's next ship day that brings the goods later, within the horizon."""
        line = np.flatnonzero(self.pair >= 0)
        arrival, ships = _calendar(self.inbound, self.pair[line])
        is_later = ships & (arrival > self.arrival[line, None]) & (arrival < self.curves.horizon)
        has = is_later.any(axis=1)
        line, day = line[has], is_later[has].argmax(axis=1)
        new = arrival[has][np.arange(line.size), day]
        waits = Changes(self.origin[line], np.zeros_like(day), day - 1, self.quantity[line])
        gain = self._brought(line, new, self.is_bought[line]) + self._gain(waits)
        lane = self.lanes.iloc[self.inbound.lane[self.pair[line]]]
        freight = unit_freight(lane, self.size[line, 0], self.size[line, 1])
        gain += self.saved[line] - freight * self.quantity[line]
        return _found(line, Alternative.NEXT_SHIP_DAY, lane["origin"].to_numpy(), day, new, own[line] + gain)

    def elsewhere(self, own: Floats) -> pd.DataFrame:
        """The best other lane into the same place that goes tonight, from where the units are."""
        point, source = self.near[self.inbound.point], self.inbound.origin_point
        source = np.where(source >= 0, self.near[source], -1)
        arrival, ships = _calendar(self.inbound, np.arange(point.size))
        by_point = pd.DataFrame({"row": point, "other": np.arange(point.size)})[ships[:, 0]]
        pairs = pd.DataFrame({"row": self.row, "line": np.arange(self.row.size)}).merge(by_point, on="row")
        line, other = pairs["line"].to_numpy(dtype=np.int64), pairs["other"].to_numpy(dtype=np.int64)
        new, start = arrival[other, 0], source[other]
        holds = (start < 0) | (self.spare[start] >= self.quantity[line])
        is_other = (other != self.pair[line]) & (new < self.curves.horizon) & holds
        line, other, new, start = line[is_other], other[is_other], new[is_other], start[is_other]
        last = np.full(line.size, self.curves.horizon - 1)
        gain = self._brought(line, new, start < 0)
        gain += self._gain(Changes(self.origin[line], np.zeros_like(last), last, self.quantity[line]))
        gain += self._gain(Changes(start, np.zeros_like(last), last, -self.quantity[line]))
        gain -= self.paid[line] + self.move_cost[other] * self.quantity[line]
        origin = self.lanes["origin"].to_numpy()[self.inbound.lane[other]]
        table = _found(line, Alternative.OTHER_SOURCE, origin, np.zeros_like(new), new, own[line] + gain)
        return table.sort_values(["line", "net"], ascending=[True, False], kind="stable").drop_duplicates("line")

    def _brought(self, line: Ints, new: Ints, is_bought: npt.NDArray[np.bool_]) -> Floats:
        """What coming on another day is worth at the destination and, as far as it is bought, at its echelon."""
        row, quantity, was = self.row[line], self.quantity[line], self.arrival[line]
        echelon = np.where(row >= 0, self.curves.echelon_of[row], -1)
        last = np.full(line.size, self.curves.horizon - 1)
        gain = self._gain(shifted(row, was, new, quantity))
        both, gone = self.is_bought[line] & is_bought, self.is_bought[line] & ~is_bought
        moved = shifted(np.where(both, echelon, -1), was, new, quantity)
        lost = Changes(np.where(gone, echelon, -1), was, last, -quantity)
        added = Changes(np.where(is_bought & ~self.is_bought[line], echelon, -1), new, last, quantity)
        return gain + self._gain(moved) + self._gain(lost) + self._gain(added)

    def _gain(self, changes: Changes) -> Floats:
        gain: Floats = change_gains(changes, self.curves, self.supply).sum(axis=1)
        return gain


def _rows(index: pd.MultiIndex, moves: pd.DataFrame, end: str) -> Ints:
    return np.asarray(index.get_indexer(pd.MultiIndex.from_frame(moves[["sku", end]])), dtype=np.int64)


def _calendar(inbound: Inbound, pair: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Arrival and ship days of pairs, (m, T) both."""
    slot = inbound.slot[pair]
    return inbound.arrival[slot], inbound.ships[slot]


def _found(line: Ints, kind: Alternative, origin: Any, day: Ints, arrival: Ints, net: Floats) -> pd.DataFrame:
    columns = (line, str(kind), origin, day, arrival, net)
    return pd.DataFrame(dict(zip(_ORIGIN_COLUMNS, columns, strict=True)))
