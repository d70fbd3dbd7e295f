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
        What is usual on weekdays, promoted days and events.
    openings
        Closed days around each day; read with the last day known at an origin only.
    """

    panel: Panel
    history: History
    signals: SignalStore
    promotions: PromotionPlan
    seasons: Seasons
    region_rows: Ints
    is_active: npt.NDArray[np.bool_]
    horizon: int
    rhythm: Rhythm
    openings: Openings

    @property
    def last_day(self) -> int:
        """Day index of the cutoff."""
        return self.panel.n_days - 1

    def event_codes(self, series: Ints, days: Ints) -> Ints:
        """Event code of (series, day index) pairs, 0 without an event."""
        return self.seasons.event_codes_at(self.region_rows[series], days)


def build_evidence(snapshot: Snapshot, network: SupplyNetwork, *, horizon: int, max_signals: int) -> Evidence:
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
        Signals kept at most.
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
    past_codes = seasons.event_codes(panel.n_days)[region_rows]
    return Evidence(
        panel=panel,
        history=history,
        signals=SignalStore(snapshot.table("signals"), first, max_signals=max_signals),
        promotions=plan,
        seasons=seasons,
        region_rows=region_rows,
        is_active=is_active,
        horizon=horizon,
        rhythm=build_rhythm(history, past_codes, rare=seasons.rare_events(panel.n_days)),
        openings=build_openings(is_active),
    )


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
