"""What could be done to each open line instead: leave on another day, bring fewer units, or not come at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.actions import Action
from optimization.change_value import Changes, change_gains, shifted
from optimization.cost_curves import CostCurves
from optimization.inbound import Inbound

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
OPTION_COLUMNS = ("line", "action", "new_ship_day", "new_arrival_day", "new_quantity", "times")
# Smaller quantities that are tried for a line, evenly spaced lots.
MAX_QUANTITIES = 16


@dataclass(frozen=True)
class ChangePrice:
    """What a change of a published line costs, and what it saves besides the goods.

    Parameters
    ----------
    per_line
        Cost of asking for any change [money/line].
    share
        Of the value of the units that change.
    handling
        Saved with each unit that does not move [money/unit].
    """

    per_line: float
    share: float
    handling: float


def line_options(lines: pd.DataFrame, routes: Inbound, pair: Ints, *, last_day: Ints) -> pd.DataFrame:
    """List every feasible change of every line.

    Parameters
    ----------
    lines
        (m,) result of `changeable_lines`.
    routes, pair
        Result of `line_routes`.
    last_day
        (m,) last day index on which goods may still arrive at the line's destination.

    Returns
    -------
    `OPTION_COLUMNS`; `line` is the position in `lines`, `times` how often the cost of a change is paid (1). Of several
    ship days with one arrival only the last is listed.
    """
    parts = [_other_days(lines, routes, pair, last_day), _smaller(lines), _none(lines)]
    table = pd.concat(parts, ignore_index=True).assign(times=1)
    return table.sort_values(["line", "action", "new_ship_day", "new_quantity"], kind="stable").reset_index(drop=True)


def option_terms(
    options: pd.DataFrame, lines: pd.DataFrame, *, curves: CostCurves, supply: Ints, price: ChangePrice
) -> pd.DataFrame:
    """Money of each option against leaving the line as it is.

    Parameters
    ----------
    options, lines
        Results of `line_options` and `changeable_lines`.
    curves, supply
        Cost curves and (n, T) supply of the plan with all lines as they are.
    price
        Cost of a change.

    Returns
    -------
    shortage_avoided, holding, origin_release, waste_risk, handling, unit_freight, freeze [money, positive is benefit],
    rows as in `options`.
    """
    options = options.reset_index(drop=True)
    at = lines.iloc[options["line"].to_numpy(dtype=np.int64)].reset_index(drop=True)
    fewer = (at["quantity"] - options["new_quantity"]).to_numpy(dtype=np.int64)
    gains = sum(change_gains(_at_row(options, at, name, fewer, curves.horizon), curves, supply) for name in _ROWS)
    moved = np.where(fewer > 0, fewer, at["quantity"])
    value = moved * at["unit_cost"].to_numpy(dtype=np.float64)
    return pd.DataFrame({
        "shortage_avoided": np.asarray(gains)[:, 0],
        "holding": np.asarray(gains)[:, 1],
        "origin_release": _origin(options, at, fewer, curves, supply),
        "waste_risk": np.asarray(gains)[:, 2],
        "handling": fewer * price.handling,
        "unit_freight": fewer * at["unit_freight"].to_numpy(dtype=np.float64),
        "freeze": -(price.per_line + price.share * value) * options["times"].to_numpy(dtype=np.float64),
    })  # fmt: skip


_ROWS = ("row", "echelon")


def _at_row(options: pd.DataFrame, at: pd.DataFrame, name: str, fewer: Ints, horizon: int) -> Changes:
    """What an option changes at a line's destination or its echelon."""
    row, arrival = (at[column].to_numpy(dtype=np.int64) for column in (name, "arrival_day"))
    quantity, new = at["quantity"].to_numpy(dtype=np.int64), options["new_arrival_day"].to_numpy(dtype=np.int64)
    moved = shifted(row, arrival, new, quantity)
    is_less = fewer > 0
    return Changes(
        row=row,
        start=np.where(is_less, arrival, moved.start),
        stop=np.where(is_less, horizon - 1, moved.stop),
        quantity=np.where(is_less, -fewer, moved.quantity),
    )


def _origin(options: pd.DataFrame, at: pd.DataFrame, fewer: Ints, curves: CostCurves, supply: Ints) -> Floats:
    """What an option is worth at an origin of our own: units that stay may be used there; waiting ones are held."""
    origin = at["origin_row"].to_numpy(dtype=np.int64)
    row = np.where(at["holds_promises"].to_numpy(dtype=bool), origin, -1)
    n = row.size
    freed = Changes(row, np.zeros(n, dtype=np.int64), np.full(n, curves.horizon - 1), np.maximum(fewer, 0))
    waits = (options["new_ship_day"] - at["ship_day"]).to_numpy(dtype=np.float64)
    holding = np.where(origin >= 0, curves.holding[np.maximum(origin, 0)], 0.0)
    held = np.where(fewer > 0, 0.0, -holding * at["quantity"].to_numpy(dtype=np.float64) * waits)
    released: Floats = change_gains(freed, curves, supply).sum(axis=1) + held
    return released


def _other_days(lines: pd.DataFrame, routes: Inbound, pair: Ints, last_day: Ints) -> pd.DataFrame:
    """Every other day on which the line's lane goes; earlier only if its origin holds what it has promised."""
    has_route = np.flatnonzero(pair >= 0)
    slot = routes.slot[pair[has_route]]
    arrival, ships = routes.arrival[slot], routes.ships[slot].copy()
    horizon = ships.shape[1]
    ships[:, :-1] &= arrival[:, :-1] < arrival[:, 1:]  # nobody needs to commit earlier for the same arrival
    first, was, ship = (lines[name].to_numpy(dtype=np.int64) for name in ("first_day", "arrival_day", "ship_day"))
    limit = np.minimum(last_day, horizon - 1)[has_route, None]
    ships &= (np.arange(horizon) >= first[has_route, None]) & (arrival <= limit)
    can_rush = lines["holds_promises"].to_numpy(dtype=bool)[has_route, None]
    sooner = (arrival < was[has_route, None]) & (np.arange(horizon) < ship[has_route, None]) & can_rush
    later = (arrival > was[has_route, None]) & (np.arange(horizon) > ship[has_route, None])
    at, day = np.nonzero(ships & (sooner | later))
    line = has_route[at]
    return pd.DataFrame({
        "line": line,
        "action": np.where(sooner[at, day], str(Action.EXPEDITE), str(Action.DEFER)),
        "new_ship_day": day,
        "new_arrival_day": arrival[at, day],
        "new_quantity": lines["quantity"].to_numpy(dtype=np.int64)[line],
    })  # fmt: skip


def _smaller(lines: pd.DataFrame) -> pd.DataFrame:
    """Smaller quantities in whole lots, not below the minimum order: all of them, or some evenly spaced."""
    quantity, lot, minimum = (lines[name].to_numpy(dtype=np.int64) for name in ("quantity", "lot", "minimum"))
    most = (quantity - 1) // lot
    least = np.maximum(-(-minimum // lot), 1)
    n_lots = np.maximum(most - least + 1, 0)
    step = np.arange(MAX_QUANTITIES)
    n_tried = np.minimum(n_lots, MAX_QUANTITIES)
    lots = least[:, None] + step * n_lots[:, None] // np.maximum(n_tried, 1)[:, None]
    line, column = np.nonzero(step < n_tried[:, None])
    return _kept_days(lines, line, lots[line, column] * lot[line], Action.REDUCE)


def _none(lines: pd.DataFrame) -> pd.DataFrame:
    """Nothing at all."""
    line = np.arange(len(lines))
    return _kept_days(lines, line, np.zeros(line.size, dtype=np.int64), Action.CANCEL)


def _kept_days(lines: pd.DataFrame, line: Ints, quantity: Ints, action: Action) -> pd.DataFrame:
    return pd.DataFrame({
        "line": line,
        "action": str(action),
        "new_ship_day": lines["ship_day"].to_numpy(dtype=np.int64)[line],
        "new_arrival_day": lines["arrival_day"].to_numpy(dtype=np.int64)[line],
        "new_quantity": quantity,
    })  # fmt: skip
