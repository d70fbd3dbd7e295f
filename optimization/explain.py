"""The money behind each line: terms that sum to its net benefit, to the cent.

Attribution inside a joint plan is a convention. Ours: the value of goods is that of `line_worth.line_worth`, the
finished plan against the same plan without this one line; lines that could stand in for each other each count in full,
so their sum is not the value of the plan. The cost of the trucks or parcels of a load is shared in proportion to what
each line takes of a truck, the larger of its shares of volume and weight; where nothing has volume or weight, in
proportion to units. What whole cases and the minimum order add to a line's goods, or take from them, is told apart as
`case_rounding` and `minimum_order`, waste left out, which is told for the whole line. The prices are what the line's
place in a full dock, a scarce unit or a published night is worth to others: a line that earns less than it displaces
has a net benefit below 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot
    from optimization.decisions import Decisions

LINE_KEY = ["sku", "origin", "destination", "mode", "due_date"]
"""What makes a move one line."""

VALUE_TERMS = {
    "shortage_avoided": "shortage_avoided",
    "holding": "holding",
    "origin_release": "origin_release",
    "waste": "waste_risk",
}
"""Terms taken from `line_worth`, by its column names."""

PRICE_TERMS = ("capacity_price", "scarcity_price", "freeze")
"""Terms that are no payment but what others would give for the line's place; columns of `decisions.moves`."""

TERMS = (
    *(*VALUE_TERMS.values(), "case_rounding", "minimum_order"),
    *("handling", "unit_freight", "transport_share", *PRICE_TERMS, "override", "rounding"),
)
"""All terms, in the order in which they are listed; positive is benefit."""


def line_terms(decisions: Decisions, snapshot: Snapshot, *, network: SupplyNetwork) -> pd.DataFrame:
    """Money of each of tonight's lines.

    Parameters
    ----------
    decisions
        The plan.
    snapshot, network
        What was known; weights, volumes and unit freight come from here.

    Returns
    -------
    pandas.DataFrame
        `LINE_KEY` and one column for each of `TERMS` [money, whole cents], rows as in ``decisions.moves``. `rounding`
        is what is missing between the rounded terms and the rounded sum: at most half a cent for each term. `override`
        is 0 until a planner changes the line (`overrides.overridden`).
    """
    moves = decisions.moves
    raw = _goods(decisions)
    raw["handling"] = -moves["quantity"].to_numpy(dtype=float) * snapshot.settings.economics.handling_cost
    raw["unit_freight"] = -_unit_freight(moves, network)
    raw["transport_share"] = -transport_share(moves, decisions.loads, skus=snapshot.table("skus"), network=network)
    raw[list(PRICE_TERMS)] = -moves[list(PRICE_TERMS)].to_numpy(dtype=float)
    cents = np.rint(raw.to_numpy() * 100.0).astype("int64")
    net = np.rint(raw.to_numpy().sum(axis=1) * 100.0).astype("int64")
    terms = pd.DataFrame(cents / 100.0, columns=raw.columns)
    terms = terms.assign(override=0.0, rounding=(net - cents.sum(axis=1)) / 100.0)
    return pd.concat([moves[LINE_KEY].reset_index(drop=True), terms[list(TERMS)]], axis=1)


def _goods(decisions: Decisions) -> pd.DataFrame:
    """Value of each line's goods, with what whole cases and the minimum order changed of it told apart."""
    moves = decisions.moves
    every = _worth(decisions, moves["quantity"])
    changed = _worth(decisions, moves["rounded"] + moves["raised"])
    raised = _worth(decisions, moves["raised"])
    is_told_apart = np.array([column != "waste" for column in VALUE_TERMS])
    goods = np.where(is_told_apart, every - changed, every)
    by_minimum = raised[:, is_told_apart].sum(axis=1)
    table = pd.DataFrame(goods, columns=list(VALUE_TERMS.values()))
    by_lots = changed[:, is_told_apart].sum(axis=1) - by_minimum
    return table.assign(case_rounding=by_lots, minimum_order=by_minimum)


def _worth(decisions: Decisions, quantity: pd.Series[int]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """What the last units of each line are worth, by `VALUE_TERMS`, (m, 4) [money]; negative units were taken off."""
    from optimization.line_worth import line_worth

    worth = np.zeros((len(quantity), len(VALUE_TERMS)))
    rows = np.flatnonzero(quantity.to_numpy() != 0)
    part = decisions.moves.iloc[rows].assign(quantity=quantity.iloc[rows])
    worth[rows] = line_worth(part, decisions.curves, decisions.supply)[list(VALUE_TERMS)].to_numpy(dtype=float)
    return worth


def net_benefit(terms: pd.DataFrame) -> pd.DataFrame:
    """Net benefit of each line: `LINE_KEY` and the sum of its terms, exact in cents."""
    cents = np.rint(terms[list(TERMS)].to_numpy(dtype=float) * 100.0).astype("int64").sum(axis=1)
    return terms[LINE_KEY].assign(net_benefit=cents / 100.0)


def order_terms(terms: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Money of each order as a ledger.

    Parameters
    ----------
    terms
        From `line_terms`.
    orders
        The orders made of the same lines.

    Returns
    -------
    pandas.DataFrame
        order_id, term, amount [money, whole cents, positive is benefit], in the order of the orders and of `TERMS`;
        terms that are 0 are left out, except that every order has at least one. They sum to `net_benefit`.
    """
    keyed = orders[["order_id", *(("kind" if name == "mode" else name) for name in LINE_KEY)]]
    keyed = keyed.rename(columns={"kind": "mode"}).assign(row=range(len(orders)))
    wide = keyed.merge(terms, on=LINE_KEY, how="left", validate="one_to_one").sort_values("row")
    amounts = wide[list(TERMS)].to_numpy(dtype=float)
    is_listed = amounts != 0
    is_listed[~is_listed.any(axis=1), 0] = True
    rows, columns = np.nonzero(is_listed)
    return pd.DataFrame(
        {
            "order_id": wide["order_id"].to_numpy()[rows],
            "term": np.array(TERMS, dtype=object)[columns],
            "amount": amounts[rows, columns],
        }
    ).astype({"order_id": "str", "term": "str", "amount": "float64"})


def transport_share(
    moves: pd.DataFrame, loads: pd.DataFrame, *, skus: pd.DataFrame, network: SupplyNetwork
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Each line's share of the cost of its load's trucks (m,) [money]; the shares of a load sum to its cost.

    Parameters
    ----------
    moves
        Lines with load_id.
    loads
        load_id, cost [money].
    skus
        volume_m3, weight_kg; unknown = 0.
    network
        Truck sizes of the lanes.
    """
    lane = network.lanes[["origin", "destination", "mode", "truck_volume_m3", "truck_weight_kg"]]
    lines = moves[["sku", "origin", "destination", "mode", "load_id", "quantity"]].merge(
        skus[["sku", "volume_m3", "weight_kg"]].fillna({"volume_m3": 0.0, "weight_kg": 0.0}), on="sku", how="left"
    )
    lines = lines.merge(lane, on=["origin", "destination", "mode"], how="left")
    by_volume = (lines["quantity"] * lines["volume_m3"] / lines["truck_volume_m3"]).fillna(0.0)
    by_weight = (lines["quantity"] * lines["weight_kg"] / lines["truck_weight_kg"]).fillna(0.0)
    size = by_volume.where(by_volume >= by_weight, by_weight)
    in_load = size.groupby(lines["load_id"]).transform("sum")
    size = size.where(in_load > 0, lines["quantity"].astype(float))
    share = size / size.groupby(lines["load_id"]).transform("sum")
    cost_by_load = loads.drop_duplicates("load_id").set_index("load_id")["cost"]
    cost = cost_by_load.reindex(lines["load_id"]).fillna(0.0).to_numpy(dtype=float)
    return np.asarray(share.fillna(0.0).to_numpy(dtype=float) * cost, dtype=float)


def _unit_freight(moves: pd.DataFrame, network: SupplyNetwork) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Cost of moving the units of each line, trucks left out (m,) [money]."""
    lane = network.lanes[["origin", "destination", "mode", "unit_cost"]]
    lines = moves[["origin", "destination", "mode", "quantity"]].merge(
        lane, on=["origin", "destination", "mode"], how="left"
    )
    return np.asarray((lines["quantity"] * lines["unit_cost"].fillna(0.0)).to_numpy(dtype=float), dtype=float)
