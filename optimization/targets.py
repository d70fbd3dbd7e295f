"""Targets of every stock point: the order-up-to level that balances lost sales against holding, and its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.columns import Mode
from network.economics import sku_economics
from network.lead_time import lead_times, pmf, protection_interval, quantile_days, review_periods
from optimization.config import HORIZON_MARGIN_DAYS, MAX_HORIZON_DAYS, PlanConfig
from optimization.curve_echelon import pooled_demand
from optimization.inbound import Inbound, build_inbound
from optimization.phase_out import display_share, first_sale_day, last_sale_day
from optimization.pooling import build_pools, pooled_quantiles
from optimization.service import fill_rate_level, newsvendor_ratio
from optimization.service_class import class_goals, service_classes

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
KEY = ["sku", "location"]
TARGET_COLUMNS = (
    *("sku", "location", "tier", "on_hand", "on_order", "inventory_position", "review_days", "lead_time_days"),
    *("protection_days", "expected_demand", "critical_ratio", "order_up_to_level", "safety_stock"),
    *("presentation_stock", "min_stock", "max_stock", "is_blocked", "do_not_transfer", "fill_rate"),
    *("cycle_service_level", "service_class", "main_source"),
)
# Levels at which protection demand is read; the level asked for is interpolated between them.
LEVEL_GRID = np.array([0.02, 0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999])
# Where nothing can bring goods, stock is looked at once a week [days].
REVIEW_WITHOUT_SOURCE = 7.0


def stock_targets(
    forecast: Forecast,
    network: SupplyNetwork,
    snapshot: Snapshot,
    *,
    positions: pd.DataFrame,
    config: PlanConfig,
    learnt: pd.DataFrame | None = None,
    classes: pd.Series | None = None,
) -> pd.DataFrame:
    """Set the target of each stock point from demand over its protection interval.

    The order-up-to level is the quantile of protection demand at the critical ratio b / (b + h R), R the review
    period, or at the declared service goal where that is higher, plus the display stock, within minimum and maximum
    stock. Protection demand mixes over the learnt lead-time distribution of the main source. A warehouse that is bought
    for takes the pooled demand of all that it feeds.

    Parameters
    ----------
    forecast
        Demand to come.
    network, snapshot
        Lanes and what is known.
    positions
        Result of `inventory_positions`.
    config
        Settings.
    learnt
        Result of `lead_times`, where it is known already.
    classes
        Result of `service_classes`, where it is known already.

    Returns
    -------
    `TARGET_COLUMNS`, row by row those of the positions; review_days, lead_time_days (at the level of the settings) and
    protection_days in days; expected_demand, safety_stock in units; order_up_to_level whole units; max_stock NaN where
    there is none; service_class as declared or computed, such as `AX`; main_source empty without a lane.
    """
    inbound = build_inbound(positions, snapshot, network=network, horizon=2, max_sources=config.max_sources)
    classes = service_classes(snapshot, config) if classes is None else classes
    facts = _with_goals(_limits(positions, snapshot), snapshot, classes, config=config)
    facts = facts.assign(tier=network.tier_of(positions["location"]))
    learnt = lead_times(network, snapshot) if learnt is None else learnt
    facts, probabilities = _with_source(facts, inbound, network=network, learnt=learnt, level=config.lead_time_level)
    series = pd.MultiIndex.from_frame(forecast.series[KEY]).get_indexer(pd.MultiIndex.from_frame(positions[KEY]))
    mean, levels = _protection_demand(forecast, series, facts=facts, probabilities=probabilities)
    is_purchase = network.lanes["mode"].to_numpy()[inbound.lane] == Mode.PURCHASE
    pool = build_pools(inbound, is_purchase, len(positions))
    if pool.roots.size:
        days = facts["protection_days"].to_numpy(dtype=np.int64)[pool.roots]
        demand = pooled_demand(
            forecast, series, pool=pool, n_days=int(days.max()), correlation=config.pooled_correlation
        )
        at = (np.arange(days.size), days)
        mean[pool.roots] = demand.mean[at]
        levels[pool.roots] = pooled_quantiles(LEVEL_GRID, demand.mean[at], demand.variance[at])
    return _assembled(positions, facts, snapshot=snapshot, mean=mean, levels=levels)


def plan_horizon(targets: pd.DataFrame, config: PlanConfig) -> int:
    """Return the days to plan: longest review plus lead time plus a week, at most 28, unless the settings say it.

    Parameters
    ----------
    targets
        Result of `stock_targets`.
    config
        Settings.
    """
    if config.horizon_days is not None:
        return config.horizon_days
    has_source = targets["main_source"] != ""
    longest = (targets["review_days"] + targets["lead_time_days"])[has_source].max() if has_source.any() else 0.0
    return int(min(MAX_HORIZON_DAYS, np.ceil(longest) + HORIZON_MARGIN_DAYS))


def _limits(positions: pd.DataFrame, snapshot: Snapshot) -> pd.DataFrame:
    """Limits and goals of the assortment; nothing is limited where it has no row."""
    columns = ["presentation_stock", "min_stock", "max_stock", "fill_rate", "cycle_service_level"]
    flags = ["blocked", "do_not_transfer"]
    table = snapshot.table("assortment").set_index(KEY)[[*columns, *flags]]
    given = table.reindex(pd.MultiIndex.from_frame(positions[KEY])).reset_index(drop=True)
    numbers = given[columns].astype("float64")
    numbers[["presentation_stock", "min_stock"]] = numbers[["presentation_stock", "min_stock"]].fillna(0.0)
    marks = given[flags].eq(True).astype(bool).rename(columns={"blocked": "is_blocked"})
    return pd.concat(
        [positions[["sku", "location", "on_hand", "on_order", "inventory_position"]], numbers, marks], axis=1
    )


def _with_goals(limits: pd.DataFrame, snapshot: Snapshot, computed: pd.Series, *, config: PlanConfig) -> pd.DataFrame:
    """Add the class of each point, the chain's own or else computed, and the goals of the class where it has none."""
    own = snapshot.table("assortment").set_index(KEY)["class"].fillna("")
    declared = own.reindex(pd.MultiIndex.from_frame(limits[KEY])).fillna("").reset_index(drop=True)
    of_sku = computed.reindex(limits["sku"]).fillna("").reset_index(drop=True)
    classes = declared.where(declared != "", of_sku).astype("str")
    changed = {"service_class": classes}
    for name, goals in (
        ("fill_rate", config.fill_rate_goals),
        ("cycle_service_level", config.cycle_service_goals),
    ):
        changed[name] = limits[name].fillna(pd.Series(class_goals(classes, goals), index=limits.index))
    return limits.assign(**changed)


def _with_source(
    facts: pd.DataFrame, inbound: Inbound, *, network: SupplyNetwork, learnt: pd.DataFrame, level: float
) -> tuple[pd.DataFrame, Floats]:
    """Add source, review and lead time of the main lane, and its lead-time distribution (n, L + 1)."""
    main = inbound.take(inbound.is_main)
    learnt = learnt.iloc[main.lane].reset_index(drop=True)
    declared = network.lanes["lead_time_days"].to_numpy()[main.lane]
    is_ruled = main.lead_time_days != declared
    learnt = learnt.assign(mean_days=np.where(is_ruled, main.lead_time_days, learnt["mean_days"]))
    of_lane = pmf(learnt[["mean_days", "sd_days"]]) if len(learnt) else np.ones((0, 2))
    n = len(facts)
    probabilities = np.zeros((n, of_lane.shape[1]))
    probabilities[:, 1] = 1.0
    probabilities[main.point] = of_lane
    review = np.full(n, REVIEW_WITHOUT_SOURCE)
    review[main.point] = review_periods(network, main.lane)
    lead = quantile_days(probabilities, level)
    source = np.full(n, "", dtype=object)
    source[main.point] = network.lanes["origin"].to_numpy()[main.lane]
    protection = np.ceil(protection_interval(review, lead))
    return facts.assign(
        review_days=review, lead_time_days=lead, protection_days=protection.astype(np.int64), main_source=source
    ), probabilities


def _protection_demand(
    forecast: Forecast, series: npt.NDArray[np.intp], *, facts: pd.DataFrame, probabilities: Floats
) -> tuple[Floats, Floats]:
    """Mean (n,) and quantiles (n, n_levels) of protection demand; 0 without a forecast."""
    n = len(facts)
    mean, levels = np.zeros(n), np.zeros((n, LEVEL_GRID.size))
    rows = np.flatnonzero(series >= 0)
    if not rows.size:
        return mean, levels
    review = np.ceil(facts["review_days"].to_numpy(dtype=np.float64)[rows]).astype(np.int64)
    levels[rows] = forecast.take(series[rows]).lead_time_quantiles(LEVEL_GRID, probabilities[rows], review)
    days = facts["protection_days"].to_numpy(dtype=np.int64)
    for stop in np.unique(days[rows]):
        hit = rows[days[rows] == stop]
        mean[hit] = forecast.take(series[hit]).interval_mean(0, int(stop))
    return mean, levels


def _assembled(
    positions: pd.DataFrame, facts: pd.DataFrame, *, snapshot: Snapshot, mean: Floats, levels: Floats
) -> pd.DataFrame:
    """Choose the level of each point and put the table together."""
    money = sku_economics(snapshot).set_index("sku").reindex(positions["sku"])
    shortage = money["shortage_cost"].fillna(0.0).to_numpy(dtype=np.float64)
    holding = money["holding_cost"].fillna(0.0).to_numpy(dtype=np.float64)
    review = facts["review_days"].to_numpy(dtype=np.float64)
    ratio = newsvendor_ratio(shortage, holding * review)
    ratio = np.fmax(ratio, facts["cycle_service_level"].to_numpy(dtype=np.float64))
    cycle = mean * review / np.maximum(facts["protection_days"].to_numpy(dtype=np.float64), 1.0)
    goal = facts["fill_rate"].to_numpy(dtype=np.float64)
    ratio = np.fmax(ratio, fill_rate_level(LEVEL_GRID, levels, cycle_demand=cycle, fill_rate=goal))
    ratio = np.clip(ratio, LEVEL_GRID[0], LEVEL_GRID[-1])
    quantile = interpolated(LEVEL_GRID, levels, at=ratio)
    protection = facts["protection_days"].to_numpy(dtype=np.int64)
    first, last = first_sale_day(positions, snapshot), last_sale_day(positions, snapshot)
    kept = display_share(first, last, protection, protection - 1)
    level = np.ceil(quantile - 1e-9) + np.ceil(kept * facts["presentation_stock"].to_numpy(dtype=np.float64) - 1e-9)
    level = np.maximum(level, np.ceil(kept * facts["min_stock"].to_numpy(dtype=np.float64) - 1e-9))
    level = np.fmin(level, facts["max_stock"].to_numpy(dtype=np.float64))
    table = facts.assign(
        expected_demand=mean,
        critical_ratio=ratio,
        order_up_to_level=level.astype(np.int64),
        safety_stock=level - mean,
        presentation_stock=facts["presentation_stock"].astype("int64"),
        min_stock=facts["min_stock"].astype("int64"),
        lead_time_days=facts["lead_time_days"].astype("float64"),
        protection_days=facts["protection_days"].astype("float64"),
    )
    table = table[list(TARGET_COLUMNS)].reset_index(drop=True)
    return table.astype(dict.fromkeys(("sku", "location", "tier", "service_class", "main_source"), "str"))


def interpolated(grid: Floats, values: Floats, *, at: Floats) -> Floats:
    """Interpolate each row of `values` (n, m) over the common `grid` (m,) at one place a row, (n,)."""
    right = np.clip(np.searchsorted(grid, at), 1, grid.size - 1)
    rows = np.arange(len(values))
    share = (at - grid[right - 1]) / (grid[right] - grid[right - 1])
    result: Floats = values[rows, right - 1] + share * (values[rows, right] - values[rows, right - 1])
    return result
