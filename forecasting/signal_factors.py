"""Drivers of a chain: each signal by itself, or at most two factors where a family has many of one kind of key."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.signal_paths import fitted_persistence, known_values, standardised
from forecasting.signal_plan import Driver, Scale
from forecasting.signals import TONE, Channel, SignalStore, SignalView

Array = npt.NDArray[np.float64]

# Many keywords of one thing: fused beyond this many signals of one family and kind of key.
KEYWORD_FAMILIES = frozenset({"search", "social", "trial"})
MOST_KEYWORDS = 2
N_FACTORS = 2
# A second factor must explain this many times its share of the variance.
LEAST_SECOND_FACTOR = 1.5
# Above this share of zeros a signal is sparse.
SPARSE_SHARE = 0.2


def build_drivers(store: SignalStore, origin: int, *, max_signals: int) -> tuple[Driver, ...]:
    """Decide which signals stand alone and which are fused, from what was known at the end of day index ``origin``.

    Parameters
    ----------
    store
        All signals.
    origin
        Nothing later is read.
    max_signals
        Drivers that may stand alone; beyond, every family with several signals of one kind of key is fused.
    """
    known = [channel for channel in store.channels if _has_values(_whole(store, channel, origin))]
    groups: dict[tuple[str, str], list[Channel]] = {}
    for channel in known:
        groups.setdefault((channel.family, channel.key_type), []).append(channel)
    drivers: list[Driver] = []
    for (family, _), members in sorted(groups.items()):
        n_signals = sum(not member.signal.endswith(TONE) for member in members)
        is_fused = (
            n_signals > 1 if len(known) > max_signals else family in KEYWORD_FAMILIES and n_signals > MOST_KEYWORDS
        )
        singles = [_single(store, member, origin) for member in members]
        drivers += _factors(store, singles, origin) if is_fused else singles
    return tuple(_with_persistence(store, driver, origin) for driver in drivers)


def _with_persistence(store: SignalStore, driver: Driver, origin: int) -> Driver:
    _, known = known_values(store, driver, origin, horizon=0, look_back=origin + 1)
    persistence, share = fitted_persistence(known)
    return dataclasses.replace(driver, persistence=persistence, persistent_share=share)


def _whole(store: SignalStore, channel: Channel, origin: int) -> SignalView:
    return store.as_of(origin, channel, horizon=0, look_back=origin + 1)


def _has_values(view: SignalView) -> bool:
    return bool((~np.isnan(view.values)).any())


def _single(store: SignalStore, channel: Channel, origin: int) -> Driver:
    view = _whole(store, channel, origin)
    return Driver(
        name=channel.name,
        family=channel.family,
        key_type=channel.key_type,
        members=(channel.signal,),
        scales=(_scale(view, channel),),
        weights=(1.0,),
    )


def _scale(view: SignalView, channel: Channel) -> Scale:
    """Logarithmic for sizes (interest, visits), plain for weather and events, whose values mean what they say."""
    known = ~np.isnan(view.values)
    values = view.values[known]
    told = known[:, known.any(axis=0)]
    is_tone = channel.signal.endswith(TONE)
    is_silent_at_zero = is_tone or not (values == 0).any()
    is_sparse = is_silent_at_zero and told.mean() < 1.0 - SPARSE_SHARE and channel.family in KEYWORD_FAMILIES
    is_zero_filled = (is_sparse and len(view.keys) > 1) or channel.family == "event"
    if channel.family in ("weather", "event"):
        return Scale(0.0, is_zero_filled)
    filled = np.concatenate([values, np.zeros(int((~told).sum()) if is_zero_filled else 0)])
    size = np.abs(filled)
    if is_tone or (filled == 0).mean() > SPARSE_SHARE:
        return Scale(float(max(size.mean(), 1e-9)), is_zero_filled)
    if (values < 0).any():
        return Scale(0.0, is_zero_filled)
    return Scale(float(max(0.1 * np.median(size), 1e-9)), is_zero_filled)


def _factors(store: SignalStore, singles: Sequence[Driver], origin: int) -> list[Driver]:
    """Principal components of the standardised members over keys and days, loadings positive in sum."""
    loadings = principal_loadings(_covariance(store, singles, origin))
    family, key_type = singles[0].family, singles[0].key_type
    return [
        Driver(
            name=f"{family}_factor_{number}:{key_type}",
            family=family,
            key_type=key_type,
            members=tuple(single.members[0] for single in singles),
            scales=tuple(single.scales[0] for single in singles),
            weights=tuple(float(weight) for weight in weights),
        )
        for number, weights in enumerate(loadings, start=1)
    ]


def _covariance(store: SignalStore, singles: Sequence[Driver], origin: int) -> Array:
    """Pairwise covariance of members over the keys and days both know."""
    look_back = origin + 1
    tables = [known_values(store, single, origin, horizon=0, look_back=look_back) for single in singles]
    keys = pd.Index(sorted(set().union(*(view.keys for view, _ in tables))))
    table = np.zeros((len(singles), len(keys), look_back))
    for row, (view, values) in enumerate(tables):
        position = view.keys.get_indexer(keys)
        scaled = standardised(values, look_back)
        table[row] = np.where(position[:, None] >= 0, scaled[np.maximum(position, 0)], np.nan)
    flat = table.reshape(len(singles), -1)
    is_known = (~np.isnan(flat)).astype(np.float64)
    # far outliers of a near-constant past must not rule the factor
    capped = np.clip(np.nan_to_num(flat), -5.0, 5.0)
    return (capped @ capped.T) / np.maximum(is_known @ is_known.T, 1.0)


def principal_loadings(covariance: Array) -> list[Array]:
    """Return one or two loadings of unit length; the largest loading of each is positive.

    Parameters
    ----------
    covariance
        (n, n) of the members.
    """
    sizes, vectors = np.linalg.eigh(covariance)
    order = np.argsort(sizes, kind="stable")[::-1][:N_FACTORS]
    total = max(float(sizes.sum()), 1e-12)
    loadings = []
    for rank, column in enumerate(order):
        if rank and sizes[column] / total * len(sizes) < LEAST_SECOND_FACTOR:
            break
        vector = vectors[:, column]
        loadings.append(vector * np.sign(vector[np.argmax(np.abs(vector))]))
    return loadings
