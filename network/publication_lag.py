"""Vintages for feeds that do not say when a value became available: the date plus a declared publication lag."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

TABLE = "signals"


def with_known_at(
    raw: pd.DataFrame, lag_days: Mapping[str, float], header: Mapping[str, str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Fill empty `known_at` of signals whose publication lag is declared.

    Cells whose date cannot be read stay empty and become a breach of their own.

    Parameters
    ----------
    raw
        Cells of the signals table as they were read.
    lag_days
        By signal, days from the date a value speaks of to the day it is known [days].
    header
        By our column name, the one in the file; ours where it is not listed.

    Returns
    -------
    The cells, and a note for people on each signal that got vintages.
    """
    signal, date, known_at = (header.get(name, name) for name in ("signal", "date", "known_at"))
    if not lag_days or signal not in raw or date not in raw:
        return raw, ()
    known = raw[known_at].astype("str") if known_at in raw else pd.Series("", index=raw.index)
    is_empty = known.str.strip().isin(["", "nan", "NaT", "None", "<NA>"])
    lag = raw[signal].astype("str").map(dict(lag_days)).astype("float64")
    assumed = pd.to_datetime(raw[date], errors="coerce") + pd.to_timedelta(lag, unit="D")
    is_assumed = is_empty & assumed.notna()
    filled = known.mask(is_empty, "").mask(is_assumed, assumed.dt.strftime("%Y-%m-%d"))
    names = raw.loc[is_assumed, signal].astype("str")
    notes = tuple(
        f"{TABLE}: {int((names == name).sum()):,} values of {name} are taken as known {days:g} days after their date "
        "(assumed vintages)"
        for name, days in sorted(lag_days.items())
        if (names == name).any()
    )
    return raw.assign(**{known_at: filled}), notes
