"""Bitemporal signals: ``SignalStore.as_of`` is the only door to their values.

A value is usable at the end of day t if and only if it was known before day t ended; of several versions of one date
the last such version counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Days back from the origin that features look at.
LOOK_BACK_DAYS = 91
# The column of the series table that a key type names; `global` has one key for all.
SERIES_COLUMN = {
    "sku": "sku",
    "category": "category",
    "brand": "brand",
    "location": "location",
    "zone": "zone",
    "region": "region",
}


@dataclass(frozen=True)
class Channel:
    """One signal by one kind of key."""

    signal: str
    key_type: str
    family: str

    @property
    def name(self) -> str:
        """Name used in features."""
        return f"{self.signal}:{self.key_type}"


@dataclass(frozen=True, eq=False)
class SignalView:
    """Values of one channel as known at an origin.

    Parameters
    ----------
    keys
        Key names.
    values
        (n_keys, LOOK_BACK_DAYS + horizon): columns end with the days after the origin; NaN where nothing was known.
    """

    keys: pd.Index
    values: Array

    @property
    def past(self) -> Array:
        """Values dated up to the origin, (n_keys, LOOK_BACK_DAYS)."""
        return self.values[:, :LOOK_BACK_DAYS]

    @property
    def ahead(self) -> Array:
        """Values dated after the origin and known by then, (n_keys, horizon)."""
        return self.values[:, LOOK_BACK_DAYS:]


@dataclass(frozen=True, eq=False)
class _Records:
    """Rows of one channel, sorted by key, date and known_at."""

    keys: pd.Index
    key: Ints
    day: Ints
    known_day: Ints
    value: Array


class SignalStore:
    """All signals of a chain, read through `as_of` only.

    Parameters
    ----------
    signals
        The contract's signals table.
    first
        Date of day index 0.
    max_signals
        Channels kept at most, those with the most values first.
    """

    def __init__(self, signals: pd.DataFrame, first: pd.Timestamp, *, max_signals: int) -> None:
        self._records: dict[Channel, _Records] = {}
        if signals.empty:
            return
        kept = signals[signals["value"].notna()]
        sizes = kept.groupby(["signal", "key_type"], sort=True).size().sort_values(ascending=False, kind="stable")
        for signal, key_type in sorted(sizes.index[:max_signals]):
            rows = kept[(kept["signal"] == signal) & (kept["key_type"] == key_type)]
            channel = Channel(str(signal), str(key_type), str(rows["family"].mode().iloc[0]))
            self._records[channel] = _records(rows, first)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Channels in a fixed order."""
        return tuple(self._records)

    def as_of(self, origin: int, channel: Channel, *, horizon: int) -> SignalView:
        """Return the values of a channel as known at the end of day index ``origin``.

        Parameters
        ----------
        origin
            Day index.
        channel
            One of `channels`.
        horizon
            Days after the origin for which known-ahead values are wanted.
        """
        records = self._records[channel]
        start = origin - LOOK_BACK_DAYS + 1
        usable = (records.known_day <= origin) & (records.day >= start) & (records.day <= origin + horizon)
        values = np.full((len(records.keys), LOOK_BACK_DAYS + horizon), np.nan)
        # rows are sorted by known_at within a date: the last assignment is the last version known
        values[records.key[usable], records.day[usable] - start] = records.value[usable]
        return SignalView(keys=records.keys, values=values)


def _records(rows: pd.DataFrame, first: pd.Timestamp) -> _Records:
    ordered = rows.sort_values(["key", "date", "known_at"], kind="stable")
    codes, keys = pd.factorize(ordered["key"].fillna(""), sort=True)
    day = (ordered["date"] - first) // pd.Timedelta(days=1)
    known = (ordered["known_at"].dt.normalize() - first) // pd.Timedelta(days=1)
    return _Records(
        keys=pd.Index(keys),
        key=codes.astype(np.int64),
        day=np.asarray(day, dtype=np.int64),
        known_day=np.asarray(known, dtype=np.int64),
        value=ordered["value"].to_numpy(dtype=np.float64),
    )


def series_keys(view: SignalView, channel: Channel, series: pd.DataFrame) -> Ints:
    """Row of the view for each series; -1 where the series has none."""
    if channel.key_type == "global":
        return np.zeros(len(series), dtype=np.int64)
    return view.keys.get_indexer(pd.Index(series[SERIES_COLUMN[channel.key_type]])).astype(np.int64)
