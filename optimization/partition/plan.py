"""One night in parts: targets and flows SKU by SKU, then lots, limits and trucks of the whole chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.config import PlanConfig
from optimization.decisions import Decisions, FlowPlan
from optimization.flow.data import FlowData
from optimization.lane_prices import LanePrices
from optimization.memory import give_back
from optimization.partition.cut import PART_POINTS, ChainCut, cut_chain
from optimization.partition.join import joined_flow, joined_plan
from optimization.partition.moves import joined_moves, some_moves
from optimization.partition.prices import night_prices
from optimization.partition.run import PartRunner, Workers, not_keeping, part_runner
from optimization.partition.solve import (
    Again,
    FlowInput,
    PartFlow,
    flow_of_part,
    later_days_of_part,
    targets_of_part,
    use_of_part,
)
from optimization.plan_moves import Closing, settle
from optimization.position import arrivals
from optimization.price_search import TonightUse, joined_use
from optimization.switch import Switch
from optimization.targets import plan_horizon
from optimization.truck_gap import chain_fill

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot
    from optimization.stability import Revision

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def plan_in_parts(
    snapshot: Snapshot,
    network: SupplyNetwork,
    forecast: Forecast,
    *,
    positions: pd.DataFrame,
    released: pd.DataFrame | None,
    config: PlanConfig,
    switch: Switch | None = None,
    workers: Workers = 1,
    part_points: int = PART_POINTS,
    change: Revision | None = None,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> tuple[pd.DataFrame, Decisions]:
    """Set the targets and plan tonight's moves; the same bits for any number of workers.

    Parameters
    ----------
    snapshot, network, forecast
        The chain.
    positions
        Result of `inventory_positions`.
    released
        Lines released by earlier runs and not yet acknowledged.
    config, switch
        Settings, and others for some locations.
    workers
        Processes that share the parts, or who does on Dask. Results are kept of chains of several parts only: one
        part is soon made again.
    part_points
        Stock points of a part.
    change
        As for `plan_moves.settle`.
    on_stage
        Told the name of each stage as it begins.

    Returns
    -------
    Targets, row by row those of the positions, and tonight's decisions.
    """
    chain = cut_chain(snapshot, network, forecast, positions=positions, config=config, switch=switch)
    parts = chain.parts(part_points)
    with part_runner(chain.shared, workers if len(parts) > 1 else not_keeping(workers)) as runner:
        tables = list(runner.map(targets_of_part, (chain.take(skus) for skus in parts)))
        targets = pd.concat(tables, ignore_index=True)
        horizon = plan_horizon(targets, config)
        on_stage("flow")
        night = _Night(
            chain=chain,
            targets=targets,
            coming=arrivals(snapshot, released, network, cutoff=snapshot.cutoff, horizon=horizon),
            horizon=horizon,
            filled=chain_fill(forecast, network, snapshot, targets=targets, horizon=horizon),
            runner=runner,
        )
        if config.shared_prices:
            night = replace(night, prices=_prices(night, snapshot, network))
        solved = list(runner.map(flow_of_part, (night.input_of(skus) for skus in parts)))
        again = _SolveAgain(night, parts, _rescued(solved))
        data, flow = joined_flow(solved, positions, network.lanes)
        if night.prices is not None and flow.bound is not None:
            flow = replace(flow, bound=flow.bound - night.prices.paid)
        solved.clear()
        give_back()
        on_stage("trucks")
        decisions = settle(
            data, flow, snapshot=snapshot, targets=targets, config=config, solve_again=again,
            solve_later=lambda left: runner.map(later_days_of_part, left), change=change,
        )  # fmt: skip
    return targets, decisions


@dataclass(frozen=True, eq=False)
class _Night:
    """What the parts are cut from, and who solves them."""

    chain: ChainCut
    targets: pd.DataFrame
    coming: pd.DataFrame
    horizon: int
    filled: Floats
    runner: PartRunner
    prices: LanePrices | None = None

    def input_of(self, skus: Ints, again: Again | None = None) -> FlowInput:
        """Input of the flow of some SKUs."""
        part = self.chain.take(skus)
        coming = self.coming[self.coming["sku"].isin(part.positions["sku"])]
        targets = self.targets.iloc[self.chain.rows(skus)].reset_index(drop=True)
        return FlowInput(part, targets, coming.reset_index(drop=True), self.horizon, self.filled, self.prices, again)


def _prices(night: _Night, snapshot: Snapshot, network: SupplyNetwork) -> LanePrices | None:
    """Prices of what tonight's moves of all SKUs share."""

    def plan_at(groups: list[Ints], prices: LanePrices) -> TonightUse:
        priced = replace(night, prices=prices)
        return joined_use(list(night.runner.map(use_of_part, (priced.input_of(skus) for skus in groups))))

    return night_prices(night.chain, night.targets, snapshot=snapshot, network=network, plan_at=plan_at)


@dataclass(frozen=True, eq=False)
class _SolveAgain:
    """Solves the SKUs that used a move which is banned now; the others keep their plan.

    Parameters
    ----------
    night, parts
        The chain and its parts.
    rescued
        (m,) points of the chain whose lost demand was counted again, and (m, T) units that rescued it.
    """

    night: _Night
    parts: list[Ints]
    rescued: tuple[Ints, Ints]

    def __call__(self, data: FlowData, flow: FlowPlan, closing: Closing) -> tuple[FlowData, FlowPlan]:
        is_banned = closing.is_banned(data.tonight, len(data.lanes))
        sku = self.night.chain.sku_of_point
        stale = np.unique(sku[data.tonight.destination[is_banned]])
        if not stale.size:
            return data, flow
        parts = [hit for hit in (np.intersect1d(skus, stale) for skus in self.parts) if hit.size]
        solved = list(self.night.runner.map(flow_of_part, self._inputs(parts, closing)))
        return self._merged(data, flow, solved=solved, stale=stale)

    def _inputs(self, parts: list[Ints], closing: Closing) -> Iterator[FlowInput]:
        for skus in parts:
            rows = self.night.chain.rows(skus)
            rescued, at = _inside(self.rescued[0], rows)
            closed, _ = _inside(closing.points, rows)
            point, kept = _inside(closing.going[:, 0], rows)
            going = np.stack([point, closing.going[kept, 1]], axis=1)
            again = Again(rescued, self.rescued[1][at], Closing(closed, going))
            yield self.night.input_of(skus, again)

    def _merged(
        self, data: FlowData, flow: FlowPlan, *, solved: list[PartFlow], stale: Ints
    ) -> tuple[FlowData, FlowPlan]:
        """Put new quantities of regular moves, and new moves of tonight, in the place of those of the stale SKUs."""
        sku = self.night.chain.sku_of_point
        n_regular = data.regular.pair.size
        regular = flow.quantity[:n_regular].copy()
        regular[np.isin(sku[data.regular.destination], stale)] = np.concatenate(
            [part.flow.quantity[: part.data.regular.pair.size] for part in solved]
        )
        kept = np.flatnonzero(~np.isin(sku[data.tonight.destination], stale))
        own = np.split(self.night.chain.rows(stale), np.cumsum([len(part.data.positions) for part in solved])[:-1])
        tonight, order = joined_moves(
            [some_moves(data.tonight, kept), *(part.data.tonight for part in solved)],
            [np.arange(len(data.positions)), *own],
        )
        made = [flow.quantity[n_regular:][kept]]
        made += [part.flow.quantity[part.data.regular.pair.size :] for part in solved]
        is_protected = [data.is_protected[kept], *(part.data.is_protected for part in solved)]
        changed = replace(
            data,
            tonight=tonight,
            is_protected=np.concatenate(is_protected)[order],
            is_banned=np.zeros(order.size, dtype=bool),
        )
        quantity = np.concatenate([regular, np.concatenate(made)[order]])
        known = flow.per_sku["sku"].isin(np.asarray(self.night.chain.sku[stale], dtype=str))
        plans = [replace(flow, per_sku=flow.per_sku[~known]), *(part.flow for part in solved)]
        return changed, joined_plan(plans, quantity)


def _rescued(solved: list[PartFlow]) -> tuple[Ints, Ints]:
    """Rescued points of all parts, as rows of the chain, and what rescued them."""
    sizes = np.array([len(part.data.positions) for part in solved])
    starts = np.cumsum(sizes) - sizes
    rows = [part.rescued + start for part, start in zip(solved, starts, strict=True)]
    return np.concatenate(rows), np.concatenate([part.extra for part in solved])


def _inside(points: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Positions in `rows` (ascending) of the points that are there, and which of the points these are."""
    at = np.searchsorted(rows, points)
    hit = np.flatnonzero(rows[np.minimum(at, rows.size - 1)] == points)
    return at[hit].astype(np.int64), hit.astype(np.int64)
