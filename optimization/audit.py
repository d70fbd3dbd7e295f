"""Independent feasibility checker of a plan: it never trusts the solver's word.

Everything is computed again from the snapshot, the network and the lines themselves; nothing of the code that made the
plan is used. A plan that breaks one rule is not published.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from network.graph import SupplyNetwork
from network.snapshot import Snapshot
from optimization.audit_case import NOTHING, audit_case
from optimization.audit_life import LIFE_RULES
from optimization.audit_limits import LIMIT_RULES
from optimization.audit_lines import LINE_RULES
from optimization.audit_totals import TOTAL_RULES
from optimization.audit_vehicles import VEHICLE_RULES, mix_capacity


def audit(
    moves: pd.DataFrame,
    loads: pd.DataFrame,
    *,
    snapshot: Snapshot,
    network: SupplyNetwork,
    positions: pd.DataFrame,
    targets: pd.DataFrame | None = None,
    purchase_budget: float | None = None,
) -> pd.DataFrame:
    """Check tonight's moves and loads against every constraint.

    Parameters
    ----------
    moves
        Tonight's lines: sku, origin, destination, mode, ship_date, due_date, quantity [units], cases, load_id (empty
        where no truck is needed).
    loads
        Tonight's trucks: load_id, origin, destination, mode, ship_date, due_date, trucks, volume_m3, weight_kg, fill,
        cost, lines, value.
    snapshot
        What was known.
    network
        The lanes.
    positions
        Inventory positions by (sku, location), for the maximum stock only: what is on order may include released
        lines that the snapshot does not know.
    targets
        Expected demand by stock point, row by row the positions; without it storage is not checked.
    purchase_budget
        Most that tonight's purchases may cost [money].

    Returns
    -------
    pandas.DataFrame
        One row a breach: rule, sku, origin, destination, value (found), bound (allowed), message. Empty = feasible.
    """
    case = audit_case(moves, loads, snapshot=snapshot, network=network, positions=positions)
    rates = None
    if targets is not None:
        rates = (targets["expected_demand"] / targets["protection_days"].clip(lower=1.0)).to_numpy(dtype=np.float64)
    sized = mix_capacity(case.loads, snapshot.table("vehicles"))
    case = replace(case, loads=sized, rates=rates, purchase_budget=purchase_budget)
    found = [rule(case) for rule in (*LINE_RULES, *TOTAL_RULES, *LIFE_RULES, *LIMIT_RULES, *VEHICLE_RULES)]
    broken = [frame for frame in found if len(frame)]
    if not broken:
        return NOTHING.copy()
    table = pd.concat(broken, ignore_index=True)
    return table.sort_values(["rule", "sku", "origin", "destination"], kind="stable").reset_index(drop=True)
