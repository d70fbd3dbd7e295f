"""Signal features of a series at an origin: level, change, age, burst, and what is known ahead of the target day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.evidence import Evidence
from forecasting.signals import LOOK_BACK_DAYS, Channel, SignalStore, SignalView, series_keys

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

USUAL_DAYS = 56
# Values this many usual deviations above the mean are a burst.
BURST_DEVIATIONS = 3.0
# Days by which a signal may lead demand: the value that old on the target day is a feature.
LEADS = (3, 7)

KEY_NAMES = ("level", "level_week", "change", "age", "burst")
STEP_NAMES = ("ahead", "ahead_raw", *(f"lead_{lead}" for lead in LEADS))


@dataclass(frozen=True, eq=False)
class _ChannelFeatures:
    rows: Ints
    by_key: Array32
    by_step: Array32


@dataclass(frozen=True, eq=False)
class OriginSignals:
    """Signal features of every series at one origin, kept by key until rows are asked for."""

    channels: tuple[_ChannelFeatures, ...]

    def rows(self, series: Ints, steps: Ints) -> Array32:
        """Return (n_rows, n_features); NaN where a series has no such signal."""
        blocks = [np.zeros((series.size, 0), dtype=np.float32)]
        for channel in self.channels:
            key = channel.rows[series]
            block = np.concatenate([channel.by_key[key], channel.by_step[key, steps - 1]], axis=1)
            block[key < 0] = np.nan
            blocks.append(block)
        return np.concatenate(blocks, axis=1)


def signal_names(store: SignalStore) -> tuple[str, ...]:
    """Names of the columns, channel by channel."""
    return tuple(
        f"{channel.family}|{channel.name}|{name}" for channel in store.channels for name in (*KEY_NAMES, *STEP_NAMES)
    )


def origin_signals(evidence: Evidence, origin: int, *, horizon: int) -> OriginSignals:
    """Read every channel as of the origin."""
    channels = tuple(_channel(evidence, origin, channel, horizon=horizon) for channel in evidence.signals.channels)
    return OriginSignals(channels)


def _channel(evidence: Evidence, origin: int, channel: Channel, *, horizon: int) -> _ChannelFeatures:
    view = evidence.signals.as_of(origin, channel, horizon=horizon)
    past = view.past
    usual, spread = _usual(past)
    last, age = _last(past)
    week = _mean(past[:, -7:])
    level = (last - usual) / spread
    recent, month = _mean(past[:, -3:]), _mean(past[:, -28:])
    is_positive = (np.nan_to_num(recent) > 0) & (np.nan_to_num(month) > 0)
    change = np.log(np.where(is_positive, recent, 1.0) / np.where(is_positive, month, 1.0))
    by_key = np.column_stack(
        [
            level,
            (week - usual) / spread,
            np.where(is_positive, change, np.nan),
            age,
            np.where(np.isnan(level), np.nan, level > BURST_DEVIATIONS),
        ]
    )
    return _ChannelFeatures(
        rows=series_keys(view, channel, evidence.panel.series),
        by_key=by_key.astype(np.float32),
        by_step=_by_step(view, usual, spread=spread).astype(np.float32),
    )


def _by_step(view: SignalView, usual: Array, *, spread: Array) -> Array:
    """Standardised values on the target day and ``lead`` days before it, as far as known, (n_keys, horizon, n)."""
    horizon = view.ahead.shape[1]
    scaled = (view.values - usual[:, None]) / spread[:, None]
    blocks = [scaled[:, LOOK_BACK_DAYS:], view.ahead]
    for lead in LEADS:
        columns = LOOK_BACK_DAYS + np.arange(horizon) - lead
        blocks.append(scaled[:, columns])
    return np.stack(blocks, axis=2)


def _mean(values: Array) -> Array:
    """Mean over known days; NaN where none is."""
    count = (~np.isnan(values)).sum(axis=1)
    total = np.nansum(values, axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _usual(past: Array) -> tuple[Array, Array]:
    """Mean and deviation over the usual window, the deviation never 0."""
    window = past[:, -USUAL_DAYS:]
    mean = _mean(window)
    deviation = np.sqrt(_mean((window - mean[:, None]) ** 2))
    floor = np.maximum(0.02 * np.abs(mean), 1e-6)
    return mean, np.maximum(deviation, floor)


def _last(past: Array) -> tuple[Array, Array]:
    """Last known value and its age in days."""
    known = ~np.isnan(past)
    back = np.argmax(known[:, ::-1], axis=1)
    value = past[np.arange(past.shape[0]), past.shape[1] - 1 - back]
    age = np.where(known.any(axis=1), back, np.nan)
    return value, age
