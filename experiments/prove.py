"""Prove it on the chain's own nights: replay past weeks with what was ordered, and with what tierflow would order.

Both ways start from the same recorded stock and pipeline, meet the same demand, and are counted alike, so that what
differs is what was ordered. What the records say themselves stands beside them: how far the replay can be believed.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from engine import EngineConfig
from experiments.benefits import Benefits, RollOut, benefits
from experiments.nightly import NightlyPlanner
from experiments.prove_history import DAYS_PER_WEEK, CannotProve, History, history, start_of
from experiments.prove_limits import assumptions_of, limits_of
from experiments.twin import Night, Replay, replay
from network.settings import ChainSettings
from network.snapshot import snapshot_at

MEASURES = (
    "total_cost", "lost_margin", "holding_cost", "logistics_cost", "waste_cost", "fill_rate", "stockout_rate",
    "turnover_days", "ending_stock_value",
)  # fmt: skip

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Proof:
    """Past weeks both ways.

    Parameters
    ----------
    start
        Cutoff of the first night.
    n_days
        Days replayed.
    table
        measure, ordered (with what was ordered), tierflow, change; `MEASURES`.
    weeks
        Total cost by week: week (first day), ordered, tierflow [money].
    fidelity
        measure, recorded, replayed: how well the replay of what was ordered retells the records.
    assumptions
        What holds for both ways.
    limits
        What the data cannot support.
    ordered, tierflow
        The replays.
    """

    start: pd.Timestamp
    n_days: int
    table: pd.DataFrame
    weeks: pd.DataFrame
    fidelity: pd.DataFrame
    assumptions: tuple[str, ...]
    limits: tuple[str, ...]
    ordered: Replay
    tierflow: Replay

    def benefits(self, roll_out: RollOut | None = None) -> Benefits:
        """Return what a year of the difference is worth; with payback and present value where the change has a cost."""
        names = ("what was ordered", "tierflow")
        return benefits([self.ordered.days], [self.tierflow.days], roll_out=roll_out, names=names)


def prove(
    tables: Mapping[str, pd.DataFrame],
    settings: ChainSettings,
    *,
    last_day: pd.Timestamp,
    n_weeks: int,
    config: EngineConfig | None = None,
    refit_days: int = 28,
    on_night: Callable[[pd.Timestamp], None] = lambda night: None,
) -> Proof:
    """Replay the last weeks twice: with the orders that were placed, and with those that tierflow would have placed.

    Parameters
    ----------
    tables
        Canonical tables of the whole chain. Each night plans on a snapshot of what was known by then.
    settings
        The chain's settings.
    last_day
        Last day replayed.
    n_weeks
        Weeks before it, at least 1.
    config, refit_days
        Of the planner; days between two fits of its models.
    on_night
        Told each night that is planned.

    Raises
    ------
    CannotProve
        If there is no stock record to start from, no order to compare with, or no history before the start.
    """
    past = _history(tables, settings, last_day=last_day, n_weeks=n_weeks)
    replays = {}
    for name, policy in (
        ("ordered", past.policy),
        ("tierflow", nightly_policy(tables, settings, past, config=config, refit_days=refit_days, on_night=on_night)),
    ):
        logger.info("Replaying %d days %s", past.n_days, name)
        replays[name] = replay(past.snapshot, past.network, demand=past.demand, policy=policy, n_days=past.n_days)
    ordered, ours = replays["ordered"], replays["tierflow"]
    sums = {name: each.summary() for name, each in replays.items()}
    table = pd.DataFrame({"measure": MEASURES, **{name: [sums[name][key] for key in MEASURES] for name in sums}})
    return Proof(
        start=past.snapshot.cutoff,
        n_days=past.n_days,
        table=table.assign(change=table["tierflow"] - table["ordered"]),
        weeks=_by_week(ordered, ours),
        fidelity=_fidelity(tables, past, ordered),
        assumptions=assumptions_of(past),
        limits=limits_of(tables, past),
        ordered=ordered,
        tierflow=ours,
    )


def _history(
    tables: Mapping[str, pd.DataFrame], settings: ChainSettings, *, last_day: pd.Timestamp, n_weeks: int
) -> History:
    start = start_of(tables, last_day, n_weeks=n_weeks)
    past = history(tables, settings, start=start, last_day=last_day)
    if past.policy.moves.empty:
        raise CannotProve(
            f"`open_orders` has no order that left after {start:%Y-%m-%d}: keep closed orders, with ship and due dates."
        )
    return past


def nightly_policy(
    tables: Mapping[str, pd.DataFrame],
    settings: ChainSettings,
    past: History,
    *,
    config: EngineConfig | None = None,
    refit_days: int = 28,
    on_night: Callable[[pd.Timestamp], None] = lambda night: None,
) -> Callable[[Night], pd.DataFrame]:
    """Return our planner, which sees its sales as the chain records them: without the zones that only the replay has.

    Parameters
    ----------
    tables, settings
        The whole chain; each night plans on what was known by then.
    past
        The weeks to be replayed.
    config, refit_days
        Of the planner; days between two fits of its models.
    on_night
        Told each night that is planned.
    """
    start = past.snapshot.cutoff
    planner = NightlyPlanner(tables, settings, start, config or EngineConfig(), refit_days=refit_days)

    def decide(night: Night) -> pd.DataFrame:
        on_night(night.date)
        sales = night.sales
        if len(sales):
            sales = sales.assign(zone=sales["zone"].where(~sales["zone"].isin(past.own_zones), ""))
        return planner(dataclasses.replace(night, sales=sales))

    return decide


def _by_week(ordered: Replay, ours: Replay) -> pd.DataFrame:
    """Total cost of each week both ways."""
    parts = ("holding_cost", "lost_margin", "logistics_cost", "waste_cost")
    cost = {name: each.days[list(parts)].sum(axis=1) for name, each in (("ordered", ordered), ("tierflow", ours))}
    week = (ordered.days["date"] - ordered.days["date"].iloc[0]).dt.days // DAYS_PER_WEEK
    sums = pd.DataFrame(cost).groupby(week.to_numpy()).sum()
    first = ordered.days["date"].iloc[0] + pd.to_timedelta(sums.index * DAYS_PER_WEEK, unit="D")
    return sums.assign(week=first)[["week", "ordered", "tierflow"]].reset_index(drop=True)


def _fidelity(tables: Mapping[str, pd.DataFrame], past: History, ordered: Replay) -> pd.DataFrame:
    """Sales and closing stock as recorded and as the replay of what was ordered retells them, at cost."""
    snapshot = snapshot_at(tables, past.snapshot.settings, past.last_day)
    cost = past.unit_cost
    sales = snapshot.table("sales")
    sold = sales[(sales["date"] > past.snapshot.cutoff) & sales["location"].isin(past.own_locations)]
    stock = snapshot.table("stock")
    counted = stock[
        (stock["as_of"] > past.last_day - pd.Timedelta(days=DAYS_PER_WEEK)) & stock["stock_type"].eq("free")
    ]
    counted = counted[counted["location"].isin(past.own_locations)]
    rows = [
        ("sales at cost", (sold["units"] * sold["sku"].map(cost)).sum(), ordered.days["cost_of_goods_sold"].sum()),
        ("closing stock at cost", (counted["on_hand"] * counted["sku"].map(cost)).sum(),
         ordered.summary()["ending_stock_value"]),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["measure", "recorded", "replayed"])
