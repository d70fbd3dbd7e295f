"""A chain's past weeks under any rule: tierflow, five rivals tuned on what was before, and the least possible cost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from engine import EngineConfig
from experiments.array_chain import ArrayChain, Serving, array_chain, demand_by_day, serving_of
from experiments.clairvoyant import clairvoyant
from experiments.kpis import summary
from experiments.prove import MEASURES, nightly_policy
from experiments.prove_history import History, demand_between, history, start_of
from experiments.prove_limits import assumptions_of, limits_of
from experiments.rivals import RIVALS, Tuned, tune
from experiments.twin import replay
from experiments.twin_arrays import replay_arrays
from network.settings import ChainSettings
from network.snapshot import snapshot_at

Ints = npt.NDArray[np.int64]
# Days before the start on which rivals are tuned, as far as the chain has them.
TUNING_DAYS = 56
OURS, LEAST = "tierflow", "clairvoyant"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Contest:
    """Past weeks under several rules.

    Parameters
    ----------
    start, n_days
        Cutoff of the first night, and days replayed.
    table
        policy and `prove.MEASURES`, cheapest first; of the clairvoyant its cost alone.
    best_rival
        The rival that was cheapest on the tuning days.
    tuning
        policy, first, second (factors), cost_on_history [money], n_tried; one row a rival.
    assumptions, limits
        What holds for all, and what the data cannot support.
    """

    start: pd.Timestamp
    n_days: int
    table: pd.DataFrame
    best_rival: str
    tuning: pd.DataFrame
    assumptions: tuple[str, ...]
    limits: tuple[str, ...]

    def cost(self, policy: str) -> float:
        """Total cost of a rule [money]."""
        return float(self.table.set_index("policy")["total_cost"].astype("float64")[policy])

    @property
    def cost_ratio(self) -> float:
        """Cost of tierflow / cost of the rival that was best on history."""
        return self.cost(OURS) / self.cost(self.best_rival)

    @property
    def share_of_gap(self) -> float:
        """What is left of that rival's distance to the clairvoyant; NaN where it has none."""
        least = self.cost(LEAST)
        gap = self.cost(self.best_rival) - least
        return (self.cost(OURS) - least) / gap if gap > 0 else float("nan")


def contest(
    tables: Mapping[str, pd.DataFrame],
    settings: ChainSettings,
    *,
    last_day: pd.Timestamp,
    n_weeks: int,
    rivals: Sequence[str] = tuple(RIVALS),
    config: EngineConfig | None = None,
    refit_days: int = 28,
    on_night: Callable[[pd.Timestamp], None] = lambda night: None,
) -> Contest:
    """Replay the last weeks under tierflow and its rivals, from the same stock and on the same demand.

    Parameters
    ----------
    tables, settings
        The whole chain; each night plans on what was known by then.
    last_day, n_weeks
        The last day replayed, and weeks before it.
    rivals
        Names of `rivals.RIVALS`, at least one.
    config, refit_days
        Of our planner; days between two fits of its models.
    on_night
        Told each night that is planned.

    Raises
    ------
    CannotProve
        If there is no stock record to start from, or too little history before it.
    """
    past = history(tables, settings, start=start_of(tables, last_day, n_weeks=n_weeks), last_day=last_day)
    found = tuned_rivals(past, tables, rivals)
    rows = {OURS: _ours(tables, settings, past, config=config, refit_days=refit_days, on_night=on_night)}
    chain, serving, ahead = _arrays(past, past.demand, past.snapshot.cutoff, n_days=past.n_days)
    for name, each in found.items():
        days, _ = replay_arrays(chain, serving, lambda day: ahead[day], policy=each.policy, n_days=past.n_days)
        rows[name] = summary(days)
    least = clairvoyant(past.snapshot, past.network, demand=past.demand, n_days=past.n_days).total_cost
    rows[LEAST] = {"total_cost": least}
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=list(MEASURES))
    table = table.sort_values("total_cost", kind="stable").rename_axis("policy").reset_index()
    return Contest(
        start=past.snapshot.cutoff,
        n_days=past.n_days,
        table=table,
        best_rival=min(found, key=lambda name: found[name].cost),
        tuning=_tuning_table(found),
        assumptions=(*assumptions_of(past), *_RULES),
        limits=limits_of(tables, past, has_orders=False),
    )


_RULES = (
    "Rivals know sales, stock and what is on the way. Their two factors are those that cost least on the days before "
    "the start, on demand as it was estimated by then.",
    "The clairvoyant knows all demand, fills trucks by shares and may do what no rule can: nothing costs less.",
)


def _ours(
    tables: Mapping[str, pd.DataFrame],
    settings: ChainSettings,
    past: History,
    *,
    config: EngineConfig | None,
    refit_days: int,
    on_night: Callable[[pd.Timestamp], None],
) -> dict[str, float]:
    policy = nightly_policy(tables, settings, past, config=config, refit_days=refit_days, on_night=on_night)
    logger.info("Replaying %d days of %s", past.n_days, OURS)
    return replay(past.snapshot, past.network, demand=past.demand, policy=policy, n_days=past.n_days).summary()


def _arrays(
    past: History, demand: pd.DataFrame, before: pd.Timestamp, *, n_days: int
) -> tuple[ArrayChain, Serving, Ints]:
    """The chain as it stood at the start, who serves whom, and so many days of demand after a day."""
    chain, index = array_chain(past.snapshot, past.network, n_days)
    groups, units = demand_by_day(index, demand, before + pd.Timedelta(days=1), n_days)
    return chain, serving_of(index, groups), units


def tuned_rivals(past: History, tables: Mapping[str, pd.DataFrame], rivals: Sequence[str]) -> dict[str, Tuned]:
    """Tune rivals on the days before the start, with what was known by then.

    Parameters
    ----------
    past
        The weeks to be replayed.
    tables
        The whole chain.
    rivals
        Names of `rivals.RIVALS`.
    """
    known = snapshot_at(tables, past.snapshot.settings, past.snapshot.cutoff)
    begin = max(known.table("sales")["date"].min(), known.cutoff - pd.Timedelta(days=TUNING_DAYS))
    demand, _ = demand_between(known, past.network, start=begin, own=past.own_locations)
    chain, serving, units = _arrays(past, demand, begin, n_days=(known.cutoff - begin).days)
    found = {}
    for name in rivals:
        found[name] = tune(RIVALS[name], chain, serving, past=units)
        logger.info("%s tuned to %s of %d pairs", name, found[name].factors, found[name].n_tried)
    return found


def _tuning_table(found: Mapping[str, Tuned]) -> pd.DataFrame:
    rows = [(name, *each.factors, each.cost, each.n_tried) for name, each in found.items()]
    return pd.DataFrame(rows, columns=["policy", "first", "second", "cost_on_history", "n_tried"])
