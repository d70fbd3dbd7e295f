"""What drives a forecast: LightGBM's own contributions by family, in units, summing to the forecast."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.classes import demand_classes
from forecasting.features import Origin, origin_at
from forecasting.forecaster import Forecaster
from forecasting.models.lightgbm_direct import GlobalModel
from forecasting.pipeline import model_means

if TYPE_CHECKING:
    from forecasting.evidence import Evidence
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BASE, SEASON, PROMOTION, EVENTS = "base", "trend and season", "price and promotion", "events"
SEARCH, TRAFFIC, SOCIAL, WEATHER, AVAILABILITY = "search", "traffic", "social", "weather", "availability"
FAMILIES = (BASE, SEASON, PROMOTION, EVENTS, SEARCH, TRAFFIC, SOCIAL, WEATHER, AVAILABILITY)

EVENT_FEATURES = frozenset(
    {"event_code", "days_to_event", "days_since_event", "festival_distance", "sale_distance"}
    | {"event_factor", "days_to_holiday", "days_since_holiday"}
)
PROMOTION_FEATURES = frozenset(
    {"promoted_share_28", "plain_rate_28", "promoted_rate_91", "week_1_promoted", "category_promoted", "category_depth"}
)
# Level of the series itself: how much it sells, not how that changes.
BASE_FEATURES = frozenset(
    {"log_base", "analogue_ratio", "category_ratio", "tier", "sold_share_28", "sold_share_91", "variation_91"}
)
SIGNAL_FAMILIES = {
    "search": SEARCH,
    "traffic": TRAFFIC,
    "social": SOCIAL,
    "trial": SOCIAL,
    "weather": WEATHER,
    "event": EVENTS,
}


def drivers(
    forecaster: Forecaster, snapshot: Snapshot, network: SupplyNetwork, rows: Ints, *, windows: Ints
) -> pd.DataFrame:
    """Split the forecast of a few series over a window of days, such as the order cycle, by driver family.

    The model is multiplicative: m = base * exp(sum of contributions). A family's units are its share of the sum of
    contributions times m - base, the logarithmic-mean split (Ang 2004, Energy Policy 32, eq. 4): exact for every day,
    the same in any order. A blend is allotted member by member: the global model's families are
    multiplied by its weight of the day; the baselines' part, whatever their number, goes to the base rate times their
    weight, and what they add to that to trend and season. A series without the global model has these two only.

    Parameters
    ----------
    forecaster
        As used for the forecast.
    snapshot, network
        As used for the forecast.
    rows
        Positions of the shown series in ``Forecast.series``; a few hundred at most.
    windows
        (n, 2) first day index after the cutoff and the day after the last one, of each row [days].

    Returns
    -------
    series (position), family, amount [units over the window], days (length of the window), one row a series and
    family; the amounts of a series sum to its forecast over the window.
    """
    horizon = int(windows.max(initial=1))
    evidence = forecaster.evidence(snapshot, network, horizon=horizon)
    return split_forecast(evidence, forecaster, rows, windows=windows)


def split_forecast(evidence: Evidence, forecaster: Forecaster, rows: Ints, *, windows: Ints) -> pd.DataFrame:
    """Split as `drivers` does, for evidence that was built already and covers the windows."""
    horizon = evidence.horizon
    evidence = dataclasses.replace(evidence, signal_plan=forecaster.signal_plan)
    origin = origin_at(evidence, evidence.last_day, horizon=horizon)
    classes = demand_classes(evidence.history, evidence.last_day)
    blended = model_means(evidence, origin, rows, classes, forecaster=forecaster, horizon=horizon)
    days = np.arange(horizon)[None, :]
    inside = (days >= windows[:, :1]) & (days < windows[:, 1:])
    counted = evidence.is_active[rows, evidence.last_day + 1 :] & inside
    share = blended.global_weight * counted
    amounts = np.zeros((rows.size, len(FAMILIES)))
    picked = np.flatnonzero(share.any(axis=1))
    if forecaster.global_model is not None and picked.size:
        mean = blended.global_mean[picked]
        amounts[picked] = _global_amounts(
            forecaster.global_model, evidence, origin, rows[picked], mean=mean, share=share[picked]
        )
    rest = ((blended.mean - blended.global_weight * blended.global_mean) * counted).sum(axis=1)
    amounts += _baseline_amounts(origin.rate[rows] * (counted - share).sum(axis=1), rest)
    return pd.DataFrame(
        {
            "series": np.repeat(rows, len(FAMILIES)),
            "family": pd.array(list(FAMILIES) * rows.size, dtype="str"),
            "amount": amounts.ravel(),
            "days": np.repeat(windows[:, 1] - windows[:, 0], len(FAMILIES)),
        }
    )


def family_of(feature: str) -> str:
    """Return the driver family of a feature."""
    if "|" in feature:
        return SIGNAL_FAMILIES.get(feature.split("|")[0], EVENTS)
    if feature in EVENT_FEATURES:
        return EVENTS
    if feature.startswith(("promotion", "price")) or feature in PROMOTION_FEATURES:
        return PROMOTION
    if feature.startswith("shelf"):
        return AVAILABILITY
    return BASE if feature in BASE_FEATURES else SEASON


def _global_amounts(
    model: GlobalModel, evidence: Evidence, origin: Origin, rows: Ints, *, mean: Array, share: Array
) -> Array:
    """Amounts of the global model by family, each day times its share, (n, n_families)."""
    parts = model.contributions(evidence, origin, rows, horizon=mean.shape[1])
    by_family = np.zeros((rows.size, mean.shape[1], len(FAMILIES)))
    for column, feature in enumerate(model.features):
        by_family[:, :, FAMILIES.index(family_of(feature))] += parts[:, :, column]
    steps = np.tile(np.arange(1, mean.shape[1] + 1), rows.size)
    changes = origin.signals.changes(np.repeat(rows, mean.shape[1]), steps).reshape(rows.size, mean.shape[1], -1)
    for column, family in enumerate(origin.signals.families):
        by_family[:, :, FAMILIES.index(SIGNAL_FAMILIES[family])] += changes[:, :, column]
    start = origin.base[rows][:, None] * np.exp(parts[:, :, -1])
    total = by_family.sum(axis=2)
    # the logarithmic mean of forecast and start; where both agree it is their common value
    is_level = np.abs(total) < 1e-9
    scale = np.where(is_level, mean, (mean - start) / np.where(is_level, 1.0, total))
    amounts = by_family * scale[:, :, None]
    amounts[:, :, 0] += mean - amounts.sum(axis=2)
    total_amounts: Array = (amounts * share[:, :, None]).sum(axis=1)
    return total_amounts


def _baseline_amounts(base: Array, total: Array) -> Array:
    """Base rate over the baselines' days, and what their weekday shape and smoothing add to it."""
    amounts = np.zeros((base.size, len(FAMILIES)))
    amounts[:, 0] = base
    amounts[:, 1] = total - base
    return amounts
