"""A purchase budget: the price of money at which tonight's purchases fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

import engine
from experiments.scenario_terms import HoldingCost
from network.columns import Mode
from network.graph import build_network
from optimization.orders import with_item_facts

if TYPE_CHECKING:
    from experiments.scenario_case import Case
    from forecasting.forecaster import Forecaster

# Money this many times dearer stands for money that is not to be had.
DEAREST = 256.0
# Halvings of the range of the price on a logarithmic scale: 256 becomes a step of 9%.
_N_HALVINGS = 6


def within_budget(
    case: Case, champion: Forecaster, *, released: pd.DataFrame | None = None
) -> tuple[Case, float, float]:
    """Return the case with the lowest price of money found at which tonight's purchases fit the budget.

    The budget's multiplier enters as a factor on the cost of keeping stock, the same for every SKU: a unit is bought
    where it still pays at that price (a Lagrangian relaxation of the budget). Purchases fall, but not strictly, as the
    price rises; the search halves the range on a logarithmic scale and keeps the last price that fits.

    Parameters
    ----------
    case
        With a budget.
    champion
        Makes the one forecast; the price of money does not move it.
    released
        Lines released by earlier runs.

    Returns
    -------
    The dearer case, the factor, and what purchases cost there [money]; the dearest one where none fits.
    """
    from forecasting.pipeline import forecast_demand

    if case.purchase_budget is None:
        return case, 1.0, float("nan")
    snapshot = case.snapshot
    forecast = forecast_demand(snapshot, build_network(snapshot), champion, horizon=case.config.forecast.horizon_days)

    def bought(factor: float) -> tuple[Case, float]:
        dearer = HoldingCost(factor=factor).apply(case)
        network = build_network(dearer.snapshot)
        basis = engine.decide_with(dearer.snapshot, network, forecast, config=case.config, released=released)
        lines = basis.decisions.moves.rename(columns={"mode": "kind"})
        lines = lines[lines["kind"] == Mode.PURCHASE].reset_index(drop=True)
        return dearer, float(with_item_facts(lines, dearer.snapshot, network)["value"].sum())

    low, high = 1.0, DEAREST
    best, factor = bought(low), low
    if best[1] <= case.purchase_budget:
        return best[0], low, best[1]
    best, factor = bought(high), high
    for _ in range(_N_HALVINGS if best[1] <= case.purchase_budget else 0):
        middle = (low * high) ** 0.5
        tried = bought(middle)
        if tried[1] <= case.purchase_budget:
            best, factor, high = tried, middle, middle
        else:
            low = middle
    return best[0], factor, best[1]
