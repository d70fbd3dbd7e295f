"""Build the cost curves of a night: local curves with a recourse window, echelon curves with pooled demand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.columns import Mode, Tier
from network.economics import sku_economics
from optimization.config import PlanConfig
from optimization.cost_curves import CostCurves
from optimization.coverage import Coverage, build_coverage
from optimization.curve_echelon import EchelonCurves, echelon_curves
from optimization.curve_ending import with_ageing, with_waste
from optimization.curve_knots import Knots, LocalKnots, aligned, local_knots, n_breaks
from optimization.expiry import expected_expiry, lots_on_hand
from optimization.inbound import Inbound, build_inbound
from optimization.phase_out import shelf_floor
from optimization.pooling import Pool, build_pools
from optimization.truck_gap import truck_gaps

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
KEY = ["sku", "location"]
# Goods that live longer never expire before they are sold or moved in any plan worth making [days].
LONGEST_LIFE_DAYS = 60


@dataclass(frozen=True, eq=False)
class StockFacts:
    """What the curves need to know of each stock point, in the order of the positions.

    Parameters
    ----------
    series
        (n,) row of the forecast; -1 without one.
    supply
        (n, T) cumulative units there without any decision: free on hand and open orders.
    pipeline
        (n, T) units that open orders bring by day.
    floor
        (n, T) display or minimum stock, and backorders [units].
    maximum
        (n,) maximum stock [units]; NaN without one.
    holding, shortage, waste
        (n,) [money/unit/day], [money/unit], [money/unit].
    life
        (n,) shelf life [days]; 0 where goods do not expire in time.
    expired
        (n, N) units of tonight's stock expected to have expired unsold before each day; N reaches past the horizon by
        the longest life.
    """

    series: Ints
    supply: Ints
    pipeline: Ints
    floor: Ints
    maximum: Floats
    holding: Floats
    shortage: Floats
    waste: Floats
    life: Ints
    expired: Floats


def build_cost_curves(
    forecast: Forecast,
    network: SupplyNetwork,
    snapshot: Snapshot,
    *,
    positions: pd.DataFrame,
    targets: pd.DataFrame,
    arrivals: pd.DataFrame,
    horizon: int,
    config: PlanConfig,
    inbound: Inbound | None = None,
    filled: Floats | None = None,
) -> CostCurves:
    """Build the expected cost of cumulative supply at every stock point and echelon.

    Parameters
    ----------
    forecast
        Demand to come.
    network, snapshot
        Lanes and what is known.
    positions
        Result of `inventory_positions`.
    targets
        Result of `stock_targets`; row by row those of the positions.
    arrivals
        Result of `arrivals`.
    horizon
        Days planned T.
    config
        Settings.
    inbound
        Regular sources over the horizon, as `build_inbound` gives them; found here if left out.
    filled
        (n_lanes,) trucks a day that the whole chain fills, where these points are a part of it.
    """
    inbound = inbound or build_inbound(
        positions, snapshot, network=network, horizon=horizon, max_sources=config.max_sources
    )
    facts = stock_facts(forecast, snapshot, positions=positions, targets=targets, arrivals=arrivals, horizon=horizon)
    is_purchase = network.lanes["mode"].to_numpy()[inbound.lane] == Mode.PURCHASE
    pool = build_pools(inbound, is_purchase, len(positions))
    free = free_tonight(positions)
    levels = np.asarray(config.quantile_levels)
    lots = lots_on_hand(positions, snapshot, network, free=free)
    n_days = horizon + LONGEST_LIFE_DAYS
    expired = expected_expiry(lots, forecast, facts.series, levels=levels, n_days=n_days, pool=pool, free=free)
    facts = replace(facts, expired=expired)
    mean_demand = _cumulative_mean(forecast, facts.series, horizon)
    coverage = build_coverage(
        inbound,
        facts.pipeline,
        on_hand=free,
        mean_demand=mean_demand,
        gap_days=_truck_gaps(inbound, network, snapshot, positions, daily=mean_demand[:, -1] / horizon, filled=filled),
        has_recourse=config.recourse_window,
    )
    local = _local(forecast, facts, coverage=coverage, levels=levels)
    shared = aligned(Knots(local.breaks, local.cdf), coverage.shortage_day)
    local = LocalKnots(shared.breaks, shared.cdf, local.lost)
    is_central = (targets["tier"] == Tier.CENTRAL).to_numpy(dtype=bool)
    committed = facts.holding * np.where(is_central, 1.0, 1.0 + config.commitment_premium)
    curves = _local_curves(positions, targets, facts=replace(facts, holding=committed), coverage=coverage, local=local)
    curves = _with_maximum(curves, facts, forecast=forecast, receipts=coverage.receipts)
    curves = with_waste(curves, facts, forecast=forecast, levels=levels)
    cost = sku_economics(snapshot).set_index("sku")["unit_cost"].reindex(positions["sku"]).fillna(0.0)
    curves = with_ageing(
        curves, facts, forecast=forecast, inbound=inbound, unit_cost=cost.to_numpy(dtype=np.float64),
        weight=config.ageing_weight,
    )  # fmt: skip
    if not config.echelon_chain:
        return curves.compact()
    echelon = echelon_curves(forecast, facts, pool=pool, coverage=coverage, lost=local.lost, config=config)
    return _joined(curves, echelon, pool=pool).compact()


def _truck_gaps(
    inbound: Inbound,
    network: SupplyNetwork,
    snapshot: Snapshot,
    positions: pd.DataFrame,
    *,
    daily: Floats,
    filled: Floats | None,
) -> Ints:
    """Days between two trucks of each point's lanes, by the volume and weight of its SKU."""
    sizes = snapshot.table("skus").set_index("sku")[["volume_m3", "weight_kg"]].reindex(positions["sku"]).fillna(0.0)
    volume, weight = sizes.to_numpy(dtype=np.float64).T
    return truck_gaps(inbound, network.lanes, daily=daily, volume=volume, weight=weight, filled=filled)


def stock_facts(
    forecast: Forecast,
    snapshot: Snapshot,
    *,
    positions: pd.DataFrame,
    targets: pd.DataFrame,
    arrivals: pd.DataFrame,
    horizon: int,
) -> StockFacts:
    """Gather stock, limits and money of each stock point; parameters as for `build_cost_curves`."""
    keys = pd.MultiIndex.from_frame(positions[KEY])
    series = pd.MultiIndex.from_frame(forecast.series[KEY]).get_indexer(keys)
    pipeline = np.zeros((len(positions), horizon), dtype=np.int64)
    rows = keys.get_indexer(pd.MultiIndex.from_frame(arrivals[KEY]))
    known = rows >= 0
    np.add.at(pipeline, (rows[known], arrivals["day"].to_numpy()[known]), arrivals["quantity"].to_numpy()[known])
    money = sku_economics(snapshot).set_index("sku").reindex(positions["sku"])
    holding = money["holding_cost"].fillna(0.0).to_numpy(dtype=np.float64)
    ratio = np.minimum(targets["critical_ratio"].to_numpy(dtype=np.float64), 0.9999)
    goal = holding * targets["review_days"].to_numpy(dtype=np.float64) * ratio / (1.0 - ratio)
    life = snapshot.table("skus").set_index("sku")["shelf_life_days"].reindex(positions["sku"])
    days = life.astype("float64").fillna(0).to_numpy(dtype=np.float64)
    share = snapshot.settings.economics.waste_value_share
    return StockFacts(
        series=np.asarray(series, dtype=np.int64),
        supply=free_tonight(positions)[:, None] + np.cumsum(pipeline, axis=1),
        pipeline=pipeline,
        floor=shelf_floor(positions, targets, snapshot, horizon=horizon),
        maximum=targets["max_stock"].to_numpy(dtype=np.float64),
        holding=holding,
        shortage=np.maximum(money["shortage_cost"].fillna(0.0).to_numpy(dtype=np.float64), goal),
        waste=money["unit_cost"].fillna(0.0).to_numpy(dtype=np.float64) * share,
        life=np.where(days <= LONGEST_LIFE_DAYS, days, 0).astype(np.int64),
        expired=np.broadcast_to(np.zeros(1), (len(positions), horizon + LONGEST_LIFE_DAYS + 1)),
    )


def free_tonight(positions: pd.DataFrame) -> Ints:
    """Units on hand that are promised to nobody, (n,), at least 0."""
    free: Ints = np.maximum((positions["on_hand"] - positions["allocated"]).to_numpy(dtype=np.int64), 0)
    return free


def _local(forecast: Forecast, facts: StockFacts, *, coverage: Coverage, levels: Floats) -> LocalKnots:
    """Knots of every point; without a forecast, demand is just what must stay on the shelf."""
    n, horizon = facts.supply.shape
    breaks = np.repeat(facts.floor[:, :, None], n_breaks(levels), axis=2)
    cdf = np.ones((n, horizon, n_breaks(levels) + 1))
    cdf[:, :, 0] = 0.0
    lost = np.zeros(n)
    rows = np.flatnonzero(facts.series >= 0)
    if rows.size:
        found = local_knots(
            forecast.take(facts.series[rows]),
            levels,
            window=coverage.window[rows],
            first_receipt=coverage.first_receipt[rows],
            supply=facts.supply[rows],
            floor=facts.floor[rows],
            expired=facts.expired[rows, :horizon],
        )
        breaks[rows], cdf[rows], lost[rows] = found.breaks, found.cdf, found.lost
    return LocalKnots(breaks, cdf, lost)


def _local_curves(
    positions: pd.DataFrame, targets: pd.DataFrame, *, facts: StockFacts, coverage: Coverage, local: LocalKnots
) -> CostCurves:
    n, horizon, size = local.breaks.shape
    points = positions[KEY].assign(tier=targets["tier"].to_numpy(), kind="local").astype("str")
    return CostCurves(
        points=points.reset_index(drop=True),
        breaks=local.breaks,
        cdf=local.cdf,
        holding=facts.holding,
        shortage=facts.shortage,
        shortage_day=coverage.shortage_day,
        waste=np.zeros(n),
        waste_day=coverage.window - 1,
        waste_breaks=np.zeros((n, size), dtype=np.int64),
        waste_cdf=np.ones((n, size + 1)),
        slack=np.zeros((n, horizon)),
        lost_before_first_receipt=local.lost,
        receipts=coverage.receipts,
        first_receipt=coverage.first_receipt,
        window=coverage.window,
        base_supply=facts.supply,
        expired=facts.expired[:, :horizon],
        member_of=np.full(n, -1, dtype=np.int64),
    )


def _with_maximum(
    curves: CostCurves, facts: StockFacts, *, forecast: Forecast, receipts: npt.NDArray[np.bool_]
) -> CostCurves:
    """Make the maximum stock the last break up to the first receipt and on receipt days; price what is above it."""
    rows = np.flatnonzero(~np.isnan(facts.maximum))
    ceiling = np.zeros(rows.size, dtype=np.int64)
    by_day = _cumulative_mean(forecast, facts.series[rows], curves.horizon)
    for day in range(curves.horizon) if rows.size else ():
        first = curves.first_receipt[rows]
        is_chance = receipts[rows, day] | (day <= first)
        used = np.where(day > first, by_day[np.arange(rows.size), np.maximum(day - first, 1) - 1], 0.0)
        # The maximum holds for the inventory position: what is still on its way counts.
        to_come = facts.supply[rows, -1] - facts.supply[rows, day]
        # What is there already is no reproach; only more of it is.
        allowed = np.maximum(np.round(facts.maximum[rows] + used) - to_come, facts.supply[rows, day]).astype(np.int64)
        ceiling = np.where(is_chance, allowed, ceiling)
        curves.breaks[rows, day] = np.minimum(curves.breaks[rows, day], ceiling[:, None])
        curves.breaks[rows, day, -1] = ceiling
        curves.slack[rows, day] = np.where(is_chance, np.maximum(facts.shortage[rows], facts.waste[rows]), 0.0)
    return curves


def _cumulative_mean(forecast: Forecast, series: Ints, horizon: int) -> Floats:
    """Mean demand of days 0..d of every point, (n, T); 0 without a forecast."""
    result = np.zeros((series.size, horizon))
    rows = np.flatnonzero(series >= 0)
    part = forecast.take(series[rows])
    for day in range(horizon):
        result[rows, day] = part.interval_mean(0, day + 1)
    return result


def _joined(curves: CostCurves, echelon: EchelonCurves, *, pool: Pool) -> CostCurves:
    """Append the echelon rows."""
    roots = pool.roots
    n_pools, n_local = roots.size, len(curves.points)
    supply = pool.sum(curves.base_supply.astype(np.float64)).astype(np.int64)
    member_of = np.where(pool.pool_of >= 0, pool.pool_of + n_local, -1)
    points = curves.points.iloc[roots].assign(kind="echelon").astype("str")
    return CostCurves(
        points=pd.concat([curves.points, points], ignore_index=True),
        breaks=np.concatenate([curves.breaks, echelon.breaks]),
        cdf=np.concatenate([curves.cdf, echelon.cdf]),
        holding=np.concatenate([curves.holding, np.zeros(n_pools)]),
        shortage=np.concatenate([curves.shortage, echelon.shortage]),
        shortage_day=np.concatenate([curves.shortage_day, echelon.shortage_day]),
        waste=np.concatenate([curves.waste, echelon.waste]),
        waste_day=np.concatenate([curves.waste_day, curves.window[roots] - 1]),
        waste_breaks=np.concatenate([curves.waste_breaks, echelon.waste_breaks]),
        waste_cdf=np.concatenate([curves.waste_cdf, echelon.waste_cdf]),
        slack=np.concatenate([curves.slack, np.zeros((n_pools, curves.horizon))]),
        lost_before_first_receipt=np.concatenate([curves.lost_before_first_receipt, np.zeros(n_pools)]),
        receipts=np.concatenate([curves.receipts, curves.receipts[roots]]),
        first_receipt=np.concatenate([curves.first_receipt, curves.first_receipt[roots]]),
        window=np.concatenate([curves.window, curves.window[roots]]),
        base_supply=np.concatenate([curves.base_supply, supply]),
        expired=np.concatenate([curves.expired, pool.sum(curves.expired)]),
        member_of=np.concatenate([member_of, np.full(n_pools, -1)]).astype(np.int64),
    )
