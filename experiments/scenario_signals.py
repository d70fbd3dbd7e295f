"""Scenario changes of outside signals: a social burst, a storm as forecast tonight, a feed that is down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from experiments.scenario_case import Case, Day, day, known_ids, out_of_range, told_now, with_rows, wrong, wrong_days
from network.breach import Breach, nearest


@dataclass(frozen=True, kw_only=True)
class SocialBurst:
    """Something is talked about: a social signal at a level on its last days, known tonight.

    Parameters
    ----------
    key
        What is talked about, such as a SKU.
    value
        Level on each of the days [signal's own unit].
    signal
        Name of the signal.
    days
        Last days up to the cutoff that have this level.
    sentiment
        Tone in -1..1; None = not told.
    """

    kind: ClassVar[str] = "social_burst"
    key: str
    value: float
    signal: str = "social_mentions"
    days: int = 3
    sentiment: float | None = None

    def breaches(self, case: Case) -> list[Breach]:
        """Return an unknown signal or key, and amounts out of range."""
        found = out_of_range(self, "days", lowest=1, highest=91) + out_of_range(self, "value", lowest=0)
        found += out_of_range(self, "sentiment", lowest=-1, highest=1)
        return found + _unknown_signal(self, case, self.signal, self.key)

    def apply(self, case: Case) -> Case:
        """Return the case with a newer version of the signal's last days."""
        last = case.snapshot.cutoff
        days = pd.date_range(last - pd.Timedelta(days=self.days - 1), last)
        return _with_values(case, self.signal, [self.key], days=days, value=self.value, sentiment=self.sentiment)

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return how far the forecast can react."""
        return ("A burst moves the forecast as far as the fitted models read the signal.",)


@dataclass(frozen=True, kw_only=True)
class Storm:
    """Weather as a forecast issued tonight says it.

    Parameters
    ----------
    value
        Level on each day, such as millimetres of rain.
    start, end
        First and last day of the storm.
    signal
        Name of the signal.
    key
        Where, by the signal's own key; empty = everywhere.
    """

    kind: ClassVar[str] = "storm"
    value: float
    start: Day
    end: Day
    signal: str = "rain_mm"
    key: str = ""

    def breaches(self, case: Case) -> list[Breach]:
        """Return an unknown signal or place, and wrong days."""
        return wrong_days(self, case, start=self.start, end=self.end) + _unknown_signal(
            self, case, self.signal, self.key
        )

    def apply(self, case: Case) -> Case:
        """Return the case with a newer issue of the weather forecast."""
        rows = case.snapshot.table("signals")
        keys = [self.key] if self.key else sorted(rows.loc[rows["signal"] == self.signal, "key"].astype(str).unique())
        return _with_values(
            case, self.signal, keys, days=pd.date_range(day(self.start), day(self.end)), value=self.value
        )

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return how far the forecast can react."""
        return ("A storm moves the forecast as far as the fitted models read the weather as issued.",)


@dataclass(frozen=True, kw_only=True)
class SignalLost:
    """A feed is down: nothing of it has become known for some days.

    Parameters
    ----------
    signal, family
        Which feed, or which family of feeds; one of the two.
    days
        Days since when nothing came; None = it never was there.
    """

    kind: ClassVar[str] = "signal_lost"
    signal: str = ""
    family: str = ""
    days: int | None = None

    def breaches(self, case: Case) -> list[Breach]:
        """Return an unknown feed, and days out of range."""
        found = out_of_range(self, "days", lowest=1)
        if bool(self.signal) == bool(self.family):
            return [*found, wrong(self, "signal", "not one of signal and family", "Name the signal or its family.")]
        if self.signal:
            return found + _unknown_signal(self, case, self.signal, "")
        families = sorted(case.snapshot.table("signals")["family"].astype(str).unique())
        if self.family not in families:
            hint = nearest(self.family, families) or f"Known are {', '.join(families)}."
            found.append(wrong(self, "family", f"the chain has no signals of family {self.family!r}", hint))
        return found

    def apply(self, case: Case) -> Case:
        """Return the case without what the feed said since then."""
        rows = case.snapshot.table("signals")
        is_meant = (rows["signal"] == self.signal) if self.signal else (rows["family"] == self.family)
        if self.days is not None:
            is_meant &= rows["known_at"] >= told_now(case).normalize() - pd.Timedelta(days=self.days - 1)
        return case.with_tables(signals=rows[~is_meant])

    def assumptions(self, case: Case) -> tuple[str, ...]:
        """Return that the models are those that were fitted with the feed."""
        return ("Models fitted with the feed are kept; they see it as unknown.",)


def _unknown_signal(change: SocialBurst | Storm | SignalLost, case: Case, signal: str, key: str) -> list[Breach]:
    rows = case.snapshot.table("signals")
    names = sorted(rows["signal"].astype(str).unique())
    if signal not in names:
        hint = nearest(signal, names) or (f"Known are {', '.join(names)}." if names else "It has no signals at all.")
        return [wrong(change, "signal", f"the chain has no signal {signal!r}", hint)]
    own = rows[rows["signal"] == signal]
    keys = set(own["key"].astype(str)) | {name for kind in own["key_type"].unique() if kind != "global"
                                          for name in known_ids(case.snapshot, str(kind))}  # fmt: skip
    if key and key not in keys:
        hint = nearest(key, keys) or f"Known are {', '.join(sorted(keys)[:8])}."
        return [wrong(change, "key", f"{signal} has no key {key!r}", hint)]
    return []


def _with_values(
    case: Case, signal: str, keys: list[str], *, days: pd.DatetimeIndex, value: float, sentiment: float | None = None
) -> Case:
    """Return the case with one version more of a signal, known at the end of the cutoff day."""
    table = case.snapshot.table("signals")
    own = table[table["signal"] == signal]
    kind, family = str(own["key_type"].iloc[0]), str(own["family"].iloc[0])
    told = told_now(case)
    rows = pd.DataFrame({"key": [key for key in keys for _ in days], "date": list(days) * len(keys)}).assign(
        signal=signal, key_type=kind, family=family, value=value, known_at=told,
        sentiment=float("nan") if sentiment is None else sentiment,
    )  # fmt: skip
    stale = (
        (table["signal"] == signal) & table["key"].isin(keys) & table["date"].isin(days) & (table["known_at"] >= told)
    )
    return case.with_tables(signals=with_rows(table[~stale], rows))
