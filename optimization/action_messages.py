"""Action messages: what to ask for about open and released lines where changing them pays.

A line that was published is never edited. Where another day, fewer units or no units at all would save more on the cost
curves of the plan than a change costs, a message says so; whoever holds the order decides. Messages are chosen one
after the other on every stock point, the most money first, so that two lines never answer the same need twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.config import PlanConfig
from optimization.cost_curves import CostCurves
from optimization.line_options import ChangePrice, line_options, option_terms
from optimization.open_lines import changeable_lines, line_routes
from optimization.phase_out import last_sale_day

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot
    from optimization.decisions import Decisions

Ints = npt.NDArray[np.int64]
MESSAGE_TERMS = (
    *("shortage_avoided", "holding", "origin_release", "waste_risk", "handling", "unit_freight", "freeze", "rounding"),
)
MESSAGE_COLUMNS = {
    **dict.fromkeys(("action", "amends_order_id", "kind", "origin", "destination", "sku"), "str"),
    **dict.fromkeys(("quantity", "old_quantity", "cases"), "int64"),
    **dict.fromkeys(("ship_date", "due_date", "old_ship_date", "old_due_date"), "datetime64[ns]"),
    **dict.fromkeys(MESSAGE_TERMS, "float64"),
    "net_benefit": "float64",
}
"""Messages as `action_messages` gives them: the line as it is, as it should be, and the money of the change."""
RECENT_COLUMNS = ("amends_order_id", "action", "cutoff")
# Messages on one stock point beyond this many wait for the next night.
MAX_ROUNDS = 50


def action_messages(
    snapshot: Snapshot,
    network: SupplyNetwork,
    decisions: Decisions,
    *,
    positions: pd.DataFrame,
    config: PlanConfig,
    released: pd.DataFrame | None = None,
    recent: pd.DataFrame | None = None,
    settled: frozenset[str] = frozenset(),
) -> pd.DataFrame:
    """Find the changes of open and released lines that pay.

    Parameters
    ----------
    snapshot, network
        What is known.
    decisions
        The finished plan; messages are worth what they save on top of it.
    positions
        Inventory positions, row by row the local rows of the plan's curves.
    config
        Frozen window, cost of a change, quiet days.
    released
        Lines of earlier runs, released and perhaps not yet acknowledged.
    recent
        Messages of earlier nights, `RECENT_COLUMNS`.
    settled
        Lines of this very night that stay as they are, as `stability.revision` has it.

    Returns
    -------
    `MESSAGE_COLUMNS`, sorted by net benefit, at most one a line. `quantity` and the dates are what the line should have
    after the change; the terms are whole cents and sum to `net_benefit` > 0.
    """
    curves = decisions.curves
    lines = changeable_lines(
        snapshot, network, released, positions=positions, curves=curves, frozen_days=config.frozen_days
    )
    lines = lines[~lines["order_id"].isin(settled)].reset_index(drop=True)
    if lines.empty:
        return _empty()
    routes, pair = line_routes(lines, snapshot, network, positions=positions, horizon=curves.horizon)
    last_day = last_sale_day(positions, snapshot)[lines["row"].to_numpy(dtype=np.int64)]
    options = line_options(lines, routes, pair, last_day=last_day)
    options = without_repeats(options, lines, recent, cutoff=snapshot.cutoff, quiet_days=config.message_quiet_days)
    price = ChangePrice(config.change_cost, config.change_share, snapshot.settings.economics.handling_cost)
    chosen, terms = best_changes(options, lines, curves=curves, supply=decisions.supply, price=price)
    return _messages(options.iloc[chosen], lines, terms.iloc[chosen], snapshot.cutoff)


def without_repeats(
    options: pd.DataFrame, lines: pd.DataFrame, recent: pd.DataFrame | None, *, cutoff: pd.Timestamp, quiet_days: int
) -> pd.DataFrame:
    """Leave out what was asked for lately; anything else on such a line must pay the cost of a change twice.

    Parameters
    ----------
    options, lines
        Results of `line_options` and `changeable_lines`.
    recent
        Messages of earlier nights, `RECENT_COLUMNS`.
    cutoff
        Tonight.
    quiet_days
        Messages older than this are forgotten.
    """
    if recent is None or recent.empty:
        return options
    quiet = recent[recent["cutoff"] > cutoff - pd.Timedelta(days=quiet_days + 1)]
    ids = lines["order_id"].to_numpy()[options["line"].to_numpy(dtype=np.int64)]
    asked = pd.MultiIndex.from_frame(quiet[["amends_order_id", "action"]].astype("str"))
    is_repeated = pd.MultiIndex.from_arrays([ids, options["action"]]).isin(asked)
    is_flip = pd.Series(ids, index=options.index).isin(set(quiet["amends_order_id"].astype("str")))
    return options.assign(times=np.where(is_flip, 2, 1))[~is_repeated].reset_index(drop=True)


def best_changes(
    options: pd.DataFrame, lines: pd.DataFrame, *, curves: CostCurves, supply: Ints, price: ChangePrice
) -> tuple[Ints, pd.DataFrame]:
    """Choose at most one option a line, each worth something on top of those chosen before on the same stock.

    Returns
    -------
    Positions of the chosen options, and the terms of all options with `rounding` and `net_benefit`: those of the chosen
    as they were when chosen.
    """
    supply = supply.copy()
    line = options["line"].to_numpy(dtype=np.int64)
    touched = lines[["row", "echelon", "origin_row"]].to_numpy(dtype=np.int64)
    terms = _in_cents(option_terms(options, lines, curves=curves, supply=supply, price=price))
    is_open = np.ones(line.size, dtype=bool)
    chosen: list[int] = []
    for _ in range(MAX_ROUNDS):
        picked = _undisputed(terms["net_benefit"].to_numpy(), line, is_open, touched=touched)
        if not picked.size:
            break
        chosen += picked.tolist()
        is_open &= ~np.isin(line, line[picked])
        _apply(options.iloc[picked], lines, supply)
        moved = touched[line[picked]]
        is_near = np.asarray(np.isin(touched, moved[moved >= 0]).any(axis=1), dtype=bool)
        stale = np.flatnonzero(is_open & is_near[line])
        fresh = option_terms(options.iloc[stale], lines, curves=curves, supply=supply, price=price)
        terms.iloc[stale] = _in_cents(fresh).to_numpy()
    return np.array(chosen, dtype=np.int64), terms


def _undisputed(net: npt.NDArray[np.float64], line: Ints, is_open: npt.NDArray[np.bool_], *, touched: Ints) -> Ints:
    """Best option of each line that has the best one of all lines that touch the same rows."""
    paying = np.flatnonzero(is_open & (net > 0))
    ranked = paying[np.lexsort([paying, -net[paying]])]
    best = ranked[np.sort(np.unique(line[ranked], return_index=True)[1])]
    rows = touched[line[best]]
    rank = np.repeat(np.arange(best.size)[:, None], rows.shape[1], axis=1)
    first = np.full(int(touched.max(initial=0)) + 2, best.size)
    np.minimum.at(first, rows, rank)
    is_first = (first[rows] == rank) | (rows < 0)
    return np.sort(best[is_first.all(axis=1)])


def _apply(picked: pd.DataFrame, lines: pd.DataFrame, supply: Ints) -> None:
    """Book chosen options into the supply, so that the next ones are worth what is left."""
    at = lines.iloc[picked["line"].to_numpy(dtype=np.int64)]
    columns = (
        *(at[name] for name in ("row", "echelon", "origin_row", "arrival_day", "quantity", "holds_promises")),
        *(picked[name] for name in ("new_arrival_day", "new_quantity")),
    )
    for row, echelon, origin, arrival, quantity, holds, new_arrival, new_quantity in zip(*columns, strict=True):
        for each in {row, echelon} - {-1}:
            supply[each, arrival:] -= quantity
            supply[each, new_arrival:] += new_quantity
        if origin >= 0 and holds:
            supply[origin] += quantity - new_quantity


def _in_cents(terms: pd.DataFrame) -> pd.DataFrame:
    """Terms in whole cents, with what rounding leaves and their exact sum."""
    cents = np.rint(terms.to_numpy() * 100.0) + 0.0  # no minus zero
    net = np.rint(terms.to_numpy().sum(axis=1) * 100.0)
    rounded = pd.DataFrame(cents / 100.0, columns=terms.columns, index=terms.index)
    return rounded.assign(rounding=(net - cents.sum(axis=1)) / 100.0, net_benefit=net / 100.0)


def _messages(chosen: pd.DataFrame, lines: pd.DataFrame, terms: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    at = lines.iloc[chosen["line"].to_numpy(dtype=np.int64)].reset_index(drop=True)
    days = {
        "ship_date": chosen["new_ship_day"], "due_date": chosen["new_arrival_day"],
        "old_ship_date": at["ship_day"], "old_due_date": at["arrival_day"],
    }  # fmt: skip
    dates = {name: cutoff + pd.to_timedelta(day.to_numpy() + 1, unit="D") for name, day in days.items()}
    table = at[["kind", "origin", "destination", "sku"]].assign(
        action=chosen["action"].to_numpy(),
        amends_order_id=at["order_id"],
        quantity=chosen["new_quantity"].to_numpy(),
        cases=chosen["new_quantity"].to_numpy() // at["case"].to_numpy(),
        old_quantity=at["quantity"],
        **dates,
        **{name: terms[name].to_numpy() for name in (*MESSAGE_TERMS, "net_benefit")},
    )
    ranked = table.sort_values(["net_benefit", "amends_order_id"], ascending=[False, True], kind="stable")
    return ranked[list(MESSAGE_COLUMNS)].astype(MESSAGE_COLUMNS).reset_index(drop=True)


def _empty() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in MESSAGE_COLUMNS.items()})
