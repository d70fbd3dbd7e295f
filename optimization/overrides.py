"""What a planner's change of an order costs or gains: the term `override` of its ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.vehicles import unit_freight
from optimization.change_value import Changes, change_gains
from optimization.explain import LINE_KEY
from optimization.line_value import line_effects

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot
    from optimization.decisions import Decisions

Floats = npt.NDArray[np.float64]


def overridden(
    orders: pd.DataFrame,
    terms: pd.DataFrame,
    quantities: Mapping[str, int],
    *,
    decisions: Decisions,
    snapshot: Snapshot,
    network: SupplyNetwork,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return orders and their ledger with other quantities; what was proposed stays in `proposed_quantity`.

    The units more or fewer are valued on the finished plan, everything else left as it is: goods at both ends and in
    the echelon, handling, unit freight, and trucks at the price of full ones.

    Parameters
    ----------
    orders, terms
        Tables of a plan, `orders.ORDER_COLUMNS` and order_id, term, amount.
    quantities
        New whole quantity above 0 by order id; only new lines can be changed.
    decisions, snapshot, network
        The plan that the orders are of, and what was known.

    Raises
    ------
    KeyError
        If an id is none of the plan's new lines.
    """
    moves = decisions.moves.reset_index(drop=True)
    keyed = orders.reset_index().merge(
        moves[LINE_KEY].rename(columns={"mode": "kind"}).assign(line=range(len(moves))),
        on=[*(name for name in LINE_KEY if name != "mode"), "kind"],
    )
    found = keyed[keyed["order_id"].isin(list(quantities)) & (keyed["action"] == "new")]
    unknown = set(quantities) - set(found["order_id"])
    if unknown:
        raise KeyError(f"{sorted(unknown)[0]} is no new line of this plan")
    wanted = found["order_id"].map(quantities).to_numpy(dtype=np.int64)
    was, cases = (found[name].to_numpy(dtype=np.int64) for name in ("quantity", "cases"))
    change = wanted - was
    lines = moves.iloc[found["line"].to_numpy()].assign(quantity=change).reset_index(drop=True)
    gain = change_worth(lines, decisions, snapshot=snapshot, network=network)
    cents = np.rint(gain * 100.0) / 100.0
    changed = orders.copy()
    rows = found["index"].to_numpy()
    lot = np.maximum(was // np.maximum(cases, 1), 1)
    changed.loc[rows, "quantity"] = wanted
    changed.loc[rows, "cases"] = wanted // lot
    changed.loc[rows, "value"] = (wanted * found["unit_cost"].to_numpy(dtype=np.float64)).round(2)
    changed.loc[rows, "net_benefit"] = np.round(found["net_benefit"].to_numpy(dtype=np.float64) + cents, 2)
    ledger = pd.DataFrame({"order_id": found["order_id"].to_numpy(), "term": "override", "amount": cents})
    return changed, pd.concat([terms, ledger[ledger["amount"] != 0].astype(terms.dtypes)], ignore_index=True)


def change_worth(lines: pd.DataFrame, decisions: Decisions, *, snapshot: Snapshot, network: SupplyNetwork) -> Floats:
    """Worth of units more (fewer if negative) on each line alone, everything else left as planned, (m,) [money].

    Parameters
    ----------
    lines
        Moves with `quantity` the units that change; lines of one move are alternatives.
    decisions, snapshot, network
        The plan that the lines are of, and what was known.
    """
    change = lines["quantity"].to_numpy(dtype=np.float64)
    return _goods(lines, decisions) - change * _unit_cost(lines, snapshot, network)


def _goods(lines: pd.DataFrame, decisions: Decisions) -> Floats:
    """Value of more units on each line, never replaced by others, (m,) [money]."""
    effects = line_effects(lines, decisions.curves)
    stop = np.full(effects.line.size, decisions.curves.horizon - 1)
    gains = change_gains(
        Changes(effects.row, effects.start, stop, effects.quantity), decisions.curves, decisions.supply
    )
    return np.bincount(effects.line, gains.sum(axis=1), len(lines)).astype(np.float64)


def _unit_cost(lines: pd.DataFrame, snapshot: Snapshot, network: SupplyNetwork) -> Floats:
    """Handling, unit freight and share of a full truck of one unit of each line, (m,) [money/unit]."""
    key, prices = ["origin", "destination", "mode"], ["unit_cost", "volume_cost", "weight_cost"]
    lane = lines[key].merge(network.lanes[[*key, *prices]], on=key, how="left")
    sizes = snapshot.table("skus").set_index("sku")[["volume_m3", "weight_kg"]].reindex(lines["sku"]).fillna(0.0)
    freight = unit_freight(lane, sizes["volume_m3"], sizes["weight_kg"])
    paid: Floats = lane["unit_cost"].to_numpy(dtype=np.float64) + freight + snapshot.settings.economics.handling_cost
    return paid
