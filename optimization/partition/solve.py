"""What is done with one part: its targets, and its curves and flow. Pure functions, so that they may run anywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.config import PlanConfig
from optimization.cost_curves import CostCurves
from optimization.curve_build import build_cost_curves
from optimization.curve_refresh import refreshed_curves, rescued_points
from optimization.decisions import FlowPlan
from optimization.flow.data import FlowData, Moves, flow_data
from optimization.flow.model import solve_flows
from optimization.flow.problem import sku_slices
from optimization.inbound import build_inbound
from optimization.lane_prices import LanePrices, taken, unit_volume
from optimization.partition.cut import SharedInput, SkuPart
from optimization.partition.moves import some_moves
from optimization.phase_out import shelf_floor
from optimization.plan_moves import Closing
from optimization.price_search import TonightUse
from optimization.switch import switched_curves, switched_targets
from optimization.targets import stock_targets

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Again:
    """What a part that is solved again must keep to.

    Parameters
    ----------
    rescued, extra
        Points (m,) whose lost demand was counted again, and the units (m, T) that rescued it.
    closing
        Moves that are banned.
    """

    rescued: Ints
    extra: Ints
    closing: Closing


@dataclass(frozen=True, eq=False)
class FlowInput:
    """A part with its targets and what open orders bring, row by row its stock points.

    Parameters
    ----------
    part
        Its rows.
    targets, arrivals
        Results of `stock_targets` and `arrivals`.
    horizon
        Days planned T.
    filled
        (n_lanes,) trucks a day that the chain fills, as `truck_gap.chain_fill` counts them.
    prices
        What tonight's moves pay for what all SKUs share; None where nothing is scarce.
    again
        What a second solve must keep to; None the first time.
    """

    part: SkuPart
    targets: pd.DataFrame
    arrivals: pd.DataFrame
    horizon: int
    filled: Floats
    prices: LanePrices | None = None
    again: Again | None = None


@dataclass(frozen=True, eq=False)
class PartFlow:
    """The flow of one part.

    Parameters
    ----------
    data
        Input of its flows; of tonight's laterals, emergency moves and returns only those that are made.
    flow
        Their plan.
    rescued, extra
        As in `Again`.
    """

    data: FlowData
    flow: FlowPlan
    rescued: Ints
    extra: Ints


def targets_of_part(part: SkuPart, shared: SharedInput) -> pd.DataFrame:
    """Targets of the part's stock points."""
    network, snapshot = part.network(shared), part.snapshot(shared)

    def targets(config: PlanConfig) -> pd.DataFrame:
        return stock_targets(
            part.forecast, network, snapshot, positions=part.positions, config=config, learnt=shared.lead_times,
            classes=shared.classes,
        )  # fmt: skip

    return switched_targets(targets, shared.config, shared.switch)


def flow_of_part(given: FlowInput, shared: SharedInput) -> PartFlow:
    """Curves and flow of the part's SKUs."""
    data, config = _flow_data(given, shared), shared.config
    if given.again is not None:
        again = given.again
        data = again.closing.banning(_refreshed(data, given, shared, rows=again.rescued, extra=again.extra))
        return _thinned(data, solve_flows(data, config), rescued=again.rescued, extra=again.extra)
    flow = solve_flows(data, config, with_lots=True)
    rows, extra = rescued_points(data, flow.quantity)
    if rows.size:
        data = _refreshed(data, given, shared, rows=rows, extra=extra)
        flow = solve_flows(data, config, before=flow, changed=rows, with_lots=True)
    return _thinned(data, flow, rescued=rows, extra=extra)


def use_of_part(given: FlowInput, shared: SharedInput) -> TonightUse:
    """What the part's SKUs take of what all share tonight, at the given prices."""
    assert given.prices is not None
    data = _flow_data(given, shared)
    flow = solve_flows(data, shared.config)
    volume = unit_volume(data.positions, given.part.snapshot(shared))
    first = sku_slices(data).point[:-1]
    made = np.split(flow.quantity, [data.regular.pair.size])
    found = [
        _taken(moves, units, given.prices, volume)
        for moves, units in zip((data.regular, data.tonight), made, strict=True)
    ]
    point, lane, amount, spent = (np.concatenate([each[at] for each in found]) for at in range(4))
    return TonightUse(
        cost=flow.per_sku["objective"].to_numpy(dtype=np.float64),
        bound=flow.per_sku["bound"].to_numpy(dtype=np.float64),
        sku=np.searchsorted(first, point, side="right") - 1,
        lane=lane,
        amount=amount,
        spent=spent,
    )


def _taken(moves: Moves, units: Ints, prices: LanePrices, volume: Floats) -> tuple[Ints, Ints, Floats, Floats]:
    """Stock point, lane, use by measure and cost of each move that shares something."""
    rows = np.flatnonzero((units > 0) & prices.is_shared(moves))
    amount = taken(moves, rows, volume) * units[rows, None]
    return moves.destination[rows], moves.inbound.lane[moves.pair[rows]], amount, moves.cost[rows] * units[rows]


def later_days_of_part(data: FlowData, shared: SharedInput) -> Ints:
    """Units of the regular moves that are left to decide in a part, as `later_moves` cuts it out."""
    return solve_flows(data, shared.config).quantity


def _flow_data(given: FlowInput, shared: SharedInput) -> FlowData:
    """Input of the part's flows, prices included."""
    part, config = given.part, shared.config
    network, snapshot = part.network(shared), part.snapshot(shared)
    inbound = build_inbound(
        part.positions, snapshot, network=network, horizon=given.horizon, max_sources=config.max_sources
    )

    def curves(settings: PlanConfig) -> CostCurves:
        return build_cost_curves(
            part.forecast, network, snapshot, positions=part.positions, targets=given.targets, arrivals=given.arrivals,
            horizon=given.horizon, config=settings, inbound=inbound, filled=given.filled,
        )  # fmt: skip

    data = flow_data(
        part.forecast, network, snapshot, positions=part.positions, targets=given.targets,
        curves=switched_curves(curves, config, shared.switch), config=config, inbound=inbound,
    )  # fmt: skip
    if given.prices is None:
        return data
    volume = unit_volume(part.positions, snapshot)
    regular, tonight = (
        replace(moves, price=given.prices.of_moves(moves, volume)) for moves in (data.regular, data.tonight)
    )
    return replace(data, regular=regular, tonight=tonight)


def _refreshed(data: FlowData, given: FlowInput, shared: SharedInput, *, rows: Ints, extra: Ints) -> FlowData:
    """Count lost demand again where tonight's moves rescue some."""
    if not rows.size:
        return data
    snapshot = given.part.snapshot(shared)
    floor = shelf_floor(given.part.positions, given.targets, snapshot, horizon=given.horizon)
    curves = refreshed_curves(
        given.part.forecast, data.curves, rows=rows, extra=extra, floor=floor, config=shared.config
    )
    return replace(data, curves=curves)


def _thinned(data: FlowData, flow: FlowPlan, *, rescued: Ints, extra: Ints) -> PartFlow:
    """Leave out tonight's moves that are not made: they are many, and nobody asks for them again."""
    n_regular = data.regular.pair.size
    made = np.flatnonzero(flow.quantity[n_regular:] > 0)
    thin = replace(
        data,
        tonight=some_moves(data.tonight, made),
        is_protected=data.is_protected[made],
        is_banned=np.zeros(made.size, dtype=bool),
    )
    quantity = np.concatenate([flow.quantity[:n_regular], flow.quantity[n_regular:][made]])
    return PartFlow(thin, replace(flow, quantity=quantity), rescued, extra)
