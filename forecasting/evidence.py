"""Everything a model may read about a chain, built once per snapshot."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from forecasting.adjustments import excluded_days
from forecasting.history import History, build_history
from forecasting.one_off import unexplained_spikes
from forecasting.openings import Openings, build_openings
from forecasting.panel import Panel, build_panel
from forecasting.promotions import PromotionPlan, promotion_plan
from forecasting.relations import successions, with_predecessors
from forecasting.rhythm import Rhythm, build_rhythm
from forecasting.seasons import Seasons, build_seasons
from forecasting.signal_factors import build_drivers
from forecasting.signal_plan import SignalPlan
from forecasting.signals import SignalStore
from forecasting.stock_points import open_days

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Evidence:
    """History and known plans of a chain at its cutoff; reading at an earlier origin sees that origin's knowledge.

    Parameters
    ----------
    panel, history
        The past.
    signals
        Read through ``as_of`` only.
    signal_plan
        Which drivers are made of them, and how they lead demand.
    promotions
        Read through ``announced`` only.
    seasons
        Calendar of past and target days.
    region_rows
        (n_series,) row of each series' region in ``seasons``.
    is_active
        (n_series, n_days + horizon) alive and open; calendars, launches and ends are known ahead.
    horizon
        Days after the cutoff that are covered.
    rhythm
        What is usual on weekdays, promoted days and events; None where no model reads it.
    has_states
        Whether the model reads rates by weekday and promotion too.
    openings
        Closed days around each day, read with the last day known at an origin only; None where no model reads them.
    """

    panel: Panel
    history: History
    signals: SignalStore
    signal_plan: SignalPlan
    promotions: PromotionPlan
    seasons: Seasons
    region_rows: Ints
    is_active: npt.NDArray[np.bool_]
    horizon: int
    rhythm: Rhythm | None = None
    openings: Openings | None = None
    has_states: bool = False

    @property
    def last_day(self) -> int:
        """Day index of the cutoff."""
        return self.panel.n_days - 1

    def event_codes(self, series: Ints, days: Ints) -> Ints:
        """Event code of (series, day index) pairs, 0 without an event."""
        return self.seasons.event_codes_at(self.region_rows[series], days)


def build_evidence(
    snapshot: Snapshot,
    network: SupplyNetwork,
    *,
    horizon: int,
    max_signals: int,
    signal_plan: SignalPlan | None = None,
    has_rhythm: bool = False,
    has_states: bool = False,
) -> Evidence:
    """Build panel, running sums, signals, promotions and calendar of a snapshot.

    Parameters
    ----------
    snapshot
        What was known at the cutoff.
    network
        Of the same snapshot.
    horizon
        Days after the cutoff to cover.
    max_signals
        Signals that may stand alone; the rest of a family is fused.
    signal_plan
        Of a fitted forecaster; None = every driver, no lead and no gate yet.
    has_rhythm
        Whether to add what is usual on a day.
    has_states
        Whether the model reads rates by weekday and promotion too.
    """
    panel = build_panel(snapshot, network)
    first, n_days = panel.dates[0], panel.n_days + horizon
    plan = promotion_plan(
        snapshot.table("promotions"), panel.series, usual_price=_usual_price(snapshot, panel), first=first
    )
    promoted = panel.is_promoted | plan.past_days(panel.n_series, panel.n_days)
    excluded = excluded_days(snapshot.table("adjustments"), panel.series, panel.dates)
    panel = dataclasses.replace(panel, is_promoted=promoted, demand=np.where(excluded, np.nan, panel.demand))
    panel = with_predecessors(panel, successions(snapshot.table("relations"), panel.series, first=first))
    unusual = unexplained_spikes(panel) | plan.one_off_days(panel.n_series, panel.n_days)
    seasons = build_seasons(network.calendar, panel.series["region"], first=first, n_days=n_days)
    days = np.arange(n_days)[None, :]
    begin, end = panel.series["first_day"].to_numpy()[:, None], panel.series["last_day"].to_numpy()[:, None]
    is_open = open_days(network, panel.series, first=first, n_days=n_days)
    is_active = is_open & (days <= end) & ((days >= begin) | _sells_at_once(panel)[:, None])
    history, region_rows = build_history(panel, unusual), seasons.rows(panel.series["region"])
    signals = SignalStore(snapshot.table("signals"), first)
    if signal_plan is None:
        signal_plan = SignalPlan(build_drivers(signals, panel.n_days - 1, max_signals=max_signals))
    evidence = Evidence(
        panel=panel,
        history=history,
        signals=signals,
        signal_plan=signal_plan,
        promotions=plan,
        seasons=seasons,
        region_rows=region_rows,
        is_active=is_active,
        horizon=horizon,
        has_states=has_states,
    )
    return with_rhythm(evidence) if has_rhythm else evidence


def with_rhythm(evidence: Evidence) -> Evidence:
    """Add what is usual on a day and the openings of an evidence's own history."""
    n_days, seasons = evidence.panel.n_days, evidence.seasons
    codes = seasons.event_codes(n_days)[evidence.region_rows]
    rhythm = build_rhythm(evidence.history, codes, rare=seasons.rare_events(n_days))
    return dataclasses.replace(evidence, rhythm=rhythm, openings=build_openings(evidence.is_active))


def _sells_at_once(panel: Panel) -> npt.NDArray[np.bool_]:
    """Series whose begin nobody declared and that never sold: they may sell from tomorrow."""
    is_unsold = panel.series["first_day"].to_numpy(dtype=np.int64) == panel.n_days
    at_once: npt.NDArray[np.bool_] = is_unsold & ~panel.series["is_begin_declared"].to_numpy(dtype=bool)
    return at_once


def _usual_price(snapshot: Snapshot, panel: Panel) -> npt.NDArray[np.float64]:
    """List price of each series' SKU, else the median price at which it sold."""
    skus = snapshot.table("skus").set_index("sku")["unit_price"]
    paid = snapshot.table("sales").groupby("sku")["price"].median()
    listed = skus.fillna(paid.reindex(skus.index))
    return listed.reindex(panel.series["sku"]).to_numpy(dtype=np.float64)
