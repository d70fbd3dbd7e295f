"""What a planner must look at tonight, ranked by the money at stake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from optimization.exception_case import EXCEPTION_COLUMNS, ExceptionCase, Rule
from optimization.exception_cuts import CUT_RULES
from optimization.exception_data import DATA_RULES
from optimization.exception_demand import DEMAND_RULES
from optimization.exception_stock import STOCK_RULES
from optimization.exception_supply import SUPPLY_RULES

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot
    from optimization.decisions import Decisions
    from optimization.point_facts import PointFacts

RULES: tuple[Rule, ...] = (*STOCK_RULES, *SUPPLY_RULES, *CUT_RULES, *DEMAND_RULES, *DATA_RULES)
_SEVERITIES = ("critical", "warning", "info")


def build_exceptions(
    facts: PointFacts,
    decisions: Decisions,
    *,
    snapshot: Snapshot,
    network: SupplyNetwork,
    released: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Find every exception that the data allow.

    Parameters
    ----------
    facts
        Stock points with their projection, from `point_facts.point_facts`.
    decisions
        The plan.
    snapshot, network
        What was known.
    released
        Lines of earlier runs, released and perhaps not yet acknowledged.

    Returns
    -------
    pandas.DataFrame
        rank (1 = most money), kind, severity (critical, warning, info), sku, location (empty where it concerns more
        than one), date (NaT if none), money at stake [money], message, suggestion.
    """
    case = ExceptionCase(facts=facts, decisions=decisions, snapshot=snapshot, network=network, released=released)
    found = [frame for frame in (rule(case) for rule in RULES) if len(frame)]
    if not found:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in EXCEPTION_COLUMNS.items()})
    table = pd.concat(found, ignore_index=True)
    order = table.assign(loss=-table["money"], level=table["severity"].map(_SEVERITIES.index))
    keys = ["loss", "level", "kind", "sku", "location", "date", "message"]
    ranked = table.loc[order.sort_values(keys, na_position="last").index].reset_index(drop=True)
    return ranked.assign(rank=range(1, len(ranked) + 1))[list(EXCEPTION_COLUMNS)].astype(EXCEPTION_COLUMNS)
