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
# Ends the name of a channel whose values are multiplied by their sentiment.
TONE = "~tone"
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
        (n_keys, look_back + horizon): columns end with the days after the origin; NaN where nothing was known.
    look_back
        Days up to and including the origin.
    """

    keys: pd.Index
    values: Array
    look_back: int

    @property
    def past(self) -> Array:
        """Values dated up to the origin, (n_keys, look_back)."""
        return self.values[:, : self.look_back]

    @property
    def ahead(self) -> Array:
        """Values dated after the origin and known by then, (n_keys, horizon)."""
        return self.values[:, self.look_back :]


@dataclass(frozen=True, eq=False)
class _Records:
    """Rows of one channel, sorted by date, known_at and key."""

    keys: pd.Index
    key: Ints
    day: Ints
    known_day: Ints
    value: Array


class SignalStore:
    """All signals of a chain, read through `as_of` only.

    A signal with a tone makes a second channel: value times sentiment, named ``signal~tone``.

    Parameters
    ----------
    signals
        The contract's signals table.
    first
        Date of day index 0.
    """

    def __init__(self, signals: pd.DataFrame, first: pd.Timestamp) -> None:
        self._records: dict[Channel, _Records] = {}
        kept = signals[signals["value"].notna()]
        for (signal, key_type), rows in kept.groupby(["signal", "key_type"], sort=True):
            family = str(rows["family"].mode().iloc[0])
            self._records[Channel(str(signal), str(key_type), family)] = _records(rows, first)
            toned = rows[rows["sentiment"].notna()] if "sentiment" in rows.columns else rows.iloc[:0]
            if len(toned):
                toned = toned.assign(value=toned["value"] * toned["sentiment"])
                self._records[Channel(f"{signal}{TONE}", str(key_type), family)] = _records(toned, first)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Channels in a fixed order."""
        return tuple(self._records)

    def as_of(self, origin: int, channel: Channel, *, horizon: int, look_back: int = LOOK_BACK_DAYS) -> SignalView:
        """Return the values of a channel as known at the end of day index ``origin``.

        Parameters
        ----------
        origin
            Day index.
        channel
            Any channel; one that the chain does not have has no keys.
        horizon
            Days after the origin for which known-ahead values are wanted.
        look_back
            Days up to and including the origin that are wanted.
        """
        records = self._records.get(channel)
        if records is None:
            return SignalView(pd.Index([], dtype="str"), np.full((0, look_back + horizon), np.nan), look_back)
        start = origin - look_back + 1
        days = slice(*np.searchsorted(records.day, [start, origin + horizon + 1]))
        usable = records.known_day[days] <= origin
        values = np.full((len(records.keys), look_back + horizon), np.nan)
        # rows are sorted by known_at within a date: the last assignment is the last version known
        values[records.key[days][usable], records.day[days][usable] - start] = records.value[days][usable]
        return SignalView(keys=records.keys, values=values, look_back=look_back)


def _records(rows: pd.DataFrame, first: pd.Timestamp) -> _Records:
    ordered = rows.sort_values(["date", "known_at", "key"], kind="stable")
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


def series_keys(keys: pd.Index, key_type: str, series: pd.DataFrame) -> Ints:
    """Position of each series' key among ``keys``; -1 where it is none of them.

    Parameters
    ----------
    keys
        Key names of a channel.
    key_type
        What they name.
    series
        The panel's series.
    """
    if key_type == "global":
        return np.full(len(series), 0 if len(keys) else -1, dtype=np.int64)
    return keys.get_indexer(pd.Index(series[SERIES_COLUMN[key_type]])).astype(np.int64)
