"""Tables that keep their contract and are wrong all the same: late, with holes, in another unit, beyond belief.

Each check looks at one snapshot and tells what it doubts. What follows from a doubt is declared by the chain in
`[quality]`: refuse the night (the default), leave the rows out, or go on and show it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.breach import Breach, ContractError, nearest
from network.snapshot import Snapshot

Rows = npt.NDArray[np.int64]

RECENT_DAYS, REFERENCE_DAYS = 7, 56
"""The days that are looked at, and the days before them that say what is usual [days]."""
HOLE_DAYS, USUAL_SHARE = 28, 0.9
"""A silent day is a hole where the chain sold on at least this share of these days before."""
VOLUME_FACTOR = 4.0
"""A day that sold so many times more, or less, than the median of its weekday is doubted."""
PLACES_SHARE = 0.8
"""A last day sent by fewer than this share of the places that never fail to send it has not all come in."""
MIN_SENT = 2
"""A place is missed only where it never sent fewer rows on a day on which it sends."""
UNIT_SLACK, MIN_CASE, MIN_ROWS = 1.3, 4, 12
"""A change of unit: sold per row by the case pack more or less, within this factor; on this many rows at least."""
STOCK_YEARS = 10.0
"""Stock of one place beyond what the whole chain would sell of the SKU in so many years is doubted [years]."""


class Consequence(StrEnum):
    """What follows from a doubt."""

    REFUSE = "refuse"
    QUARANTINE = "quarantine"
    SHOW = "show"


@dataclass(frozen=True, eq=False)
class Doubt:
    """One thing that looks wrong.

    Parameters
    ----------
    check
        Name of the check.
    table
        Table that it is about.
    words
        What looks wrong.
    action
        What to do.
    rows
        Positions in the snapshot's table; empty where rows are missing rather than wrong.
    sku, location
        What it is about; empty where it is about more.
    """

    check: str
    table: str
    words: str
    action: str
    rows: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    sku: str = ""
    location: str = ""


def late_sales(snapshot: Snapshot) -> list[Doubt]:
    """Sales of a day up to the cutoff that is usually sold on have not come."""
    return _late("sales", pd.DatetimeIndex(snapshot.table("sales")["date"].unique()).sort_values(), snapshot.cutoff)


def late_stock(snapshot: Snapshot) -> list[Doubt]:
    """Stock of a day up to the cutoff that is usually recorded has not come."""
    return _late("stock", snapshot.stock_days, snapshot.cutoff)


def _late(table: str, days: pd.DatetimeIndex, cutoff: pd.Timestamp) -> list[Doubt]:
    if days.empty or days[-1] >= cutoff or not _is_overdue(days, cutoff):
        return []
    n_days = (cutoff - days[-1]).days
    words = f"ends on {days[-1]:%Y-%m-%d}, {n_days} day{'s' if n_days > 1 else ''} before the cutoff"
    return [Doubt(f"late_{table}", table, words, "Wait for the feed, or choose an earlier --cutoff.")]


def _is_overdue(days: pd.DatetimeIndex, cutoff: pd.Timestamp) -> bool:
    """Whether a table with rows on these days should have had some since, by its own rhythm.

    It should on a day whose weekday had rows in both of the two weeks before, and after a silence of more than twice
    the usual gap. Where rows go back less than two weeks no rhythm is known, and every day is due.
    """
    silent = pd.date_range(days[-1] + pd.Timedelta(days=1), cutoff)
    weeks_before = [pd.Timedelta(days=7 * week) for week in (1, 2)]
    if days[0] > silent[0] - weeks_before[-1]:
        return True
    is_due = np.logical_and.reduce([np.asarray((silent - week).isin(days)) for week in weeks_before])
    usual_gap = float(np.median(np.diff(days[-REFERENCE_DAYS:].to_numpy()) / np.timedelta64(1, "D")))
    return bool(is_due.any()) or len(silent) > 2 * usual_gap


def missing_days(snapshot: Snapshot) -> list[Doubt]:
    """A day without a single sale inside weeks in which the chain sold every day."""
    sold = _daily(snapshot)
    if sold.empty:
        return []
    window = sold[sold.index > sold.index.max() - pd.Timedelta(days=HOLE_DAYS)]
    silent = window.index[window["units"] == 0]
    if len(window) < HOLE_DAYS or not len(silent) or (window["units"] > 0).mean() < USUAL_SHARE:
        return []
    days = ", ".join(f"{day:%Y-%m-%d}" for day in silent)
    action = "Ask the feed for these days; if the chain was closed, say so in `closures` and set this check to show."
    return [Doubt("missing_days", "sales", f"no sale at all on {days}", action)]


def missing_places(snapshot: Snapshot) -> list[Doubt]:
    """Of the places that never fail to send sales on this weekday, too many have sent none of the last day.

    A row that says 0 is sent. A place that was silent on a day of a weekday on which it sends otherwise, or sent a
    single row, sells too little to be missed: with few places, a quiet day of one of them would stop the night.
    """
    sales = snapshot.table("sales")
    window = sales[sales["date"] >= sales["date"].max() - pd.Timedelta(days=REFERENCE_DAYS)]
    n_rows = pd.crosstab(window["date"], window["location"])
    if len(n_rows) <= HOLE_DAYS:
        return []
    last, before = n_rows.iloc[-1], n_rows.iloc[:-1]
    day = n_rows.index[-1]
    by_weekday = before.groupby(pd.DatetimeIndex(before.index).day_of_week)
    least, most = by_weekday.min(), by_weekday.max()
    is_steady = ((least >= MIN_SENT) | (most == 0)).all()
    is_missed = is_steady & (least.reindex([day.day_of_week], fill_value=0).iloc[0] >= MIN_SENT)
    usual, came = int(is_missed.sum()), int((is_missed & (last > 0)).sum())
    if came >= PLACES_SHARE * usual:
        return []
    words = f"{came} places have sent {day:%Y-%m-%d}, of {usual} that never fail to"
    return [Doubt("missing_places", "sales", words, "Wait until every place has sent its sales.")]


def volume_drift(snapshot: Snapshot) -> list[Doubt]:
    """One of the last days sold many times more or less than its weekday does; days with an event are left out."""
    sold = _daily(snapshot)
    events = snapshot.table("calendar")
    known = set(events.loc[events["event"].notna() & (events["event"] != ""), "date"])
    found = []
    for day in sold.index[-RECENT_DAYS:]:
        before = [day - pd.Timedelta(days=7 * week) for week in range(1, 1 + REFERENCE_DAYS // 7)]
        usual = sold["units"].reindex(before).dropna()
        ratio = float(sold.loc[day, "units"]) / max(float(usual.median()), 1e-9) if len(usual) else 1.0
        is_far = ratio > VOLUME_FACTOR or 0.0 < ratio < 1.0 / VOLUME_FACTOR
        if len(usual) >= 4 and is_far and day not in known:
            words = f"{day:%Y-%m-%d} sold {ratio:.2g} times what its weekday sells"
            rows = _rows(snapshot.table("sales")["date"] == day)
            action = "Look for rows that came twice or not at all; name the event in `calendar` if there was one."
            found.append(Doubt("volume_drift", "sales", words, action, rows))
    return found


def unit_change(snapshot: Snapshot) -> list[Doubt]:
    """A SKU sells by the case pack more, or less, a row than before: cases for eaches, or the other way round."""
    sales, skus = snapshot.table("sales"), snapshot.table("skus")
    if sales.empty:
        return []
    sales = sales[sales["units"] > 0]
    age = (snapshot.cutoff - sales["date"]).dt.days
    recent, before = age < RECENT_DAYS, (age >= RECENT_DAYS) & (age < RECENT_DAYS + REFERENCE_DAYS)
    now, was = (
        sales[chosen].groupby("sku", observed=True)["units"].agg(["median", "size"]) for chosen in (recent, before)
    )
    both = now.add_suffix("_now").join(was.add_suffix("_before"), how="inner")
    both["case"] = skus.set_index("sku")["case_pack"].reindex(both.index).astype(float)
    both = both[(both["size_now"] >= MIN_ROWS) & (both["size_before"] >= MIN_ROWS) & (both["case"] >= MIN_CASE)]
    factor = np.log(both["median_now"] / both["median_before"])
    is_changed = np.abs(np.abs(factor) - np.log(both["case"])) <= np.log(UNIT_SLACK)
    found = []
    for sku, row in both[is_changed].iterrows():
        now_and_then = f"{row['median_now']:g} a row, before {row['median_before']:g}"
        words = f"{sku} sells {now_and_then}: its case pack is {row['case']:g}"
        table = snapshot.table("sales")
        rows = _rows((table["sku"] == sku) & ((snapshot.cutoff - table["date"]).dt.days < RECENT_DAYS))
        found.append(Doubt("unit_change", "sales", words, "Send eaches, as `sales.units` means.", rows, sku=str(sku)))
    return found


def impossible_stock(snapshot: Snapshot) -> list[Doubt]:
    """One place holds more of a SKU than the whole chain would sell in years."""
    sales, stock = snapshot.table("sales"), snapshot.table("stock")
    if sales.empty or stock.empty:
        return []
    days = max((sales["date"].max() - sales["date"].min()).days + 1, 1)
    a_year = sales.groupby("sku", observed=True)["units"].sum() * 365.0 / days
    limit = STOCK_YEARS * a_year.reindex(stock["sku"]).to_numpy(dtype=float)
    is_beyond = (stock["on_hand"].to_numpy(dtype=float) > limit) & (limit > 0)
    return [
        Doubt(
            "impossible_stock", "stock",
            f"{row.on_hand:,} of {row.sku} at {row.location}: beyond {STOCK_YEARS:g} years of sales of the whole chain",
            "Count it.", np.array([position], dtype=np.int64), sku=str(row.sku), location=str(row.location),
        )
        for position, row in zip(np.flatnonzero(is_beyond), stock[is_beyond].itertuples(), strict=True)
    ]  # fmt: skip


CHECKS: Mapping[str, Callable[[Snapshot], list[Doubt]]] = {
    check.__name__: check
    for check in (late_sales, late_stock, missing_days, missing_places, volume_drift, unit_change, impossible_stock)
}
_WITHOUT_ROWS = ("late_sales", "late_stock", "missing_days", "missing_places")


def consequences(settings: Mapping[str, object]) -> dict[str, Consequence]:
    """Read `[quality]`: what follows from each check; refuse where it is silent.

    Raises
    ------
    ValueError
        If it names an unknown check or consequence, or would leave out rows that are not there.
    """
    for name, value in settings.items():
        if name not in CHECKS:
            raise ValueError(f"unknown check {name!r}. {nearest(name, list(CHECKS))}".strip())
        if value not in list(Consequence):
            raise ValueError(f"{name} is {value!r}: write {', '.join(Consequence)}")
        if value == Consequence.QUARANTINE and name in _WITHOUT_ROWS:
            raise ValueError(f"{name} is about rows that are missing: there is nothing to quarantine")
    return {name: Consequence(str(settings.get(name, Consequence.REFUSE))) for name in CHECKS}


def gate(snapshot: Snapshot, following: Mapping[str, Consequence]) -> tuple[Snapshot, tuple[Doubt, ...]]:
    """Look at a night before it is planned.

    Parameters
    ----------
    snapshot
        What is known.
    following
        What follows from each check, from `consequences`.

    Returns
    -------
    The snapshot without quarantined rows, and every doubt that does not refuse it.

    Raises
    ------
    ContractError
        With every doubt that refuses the night.
    """
    doubts = [doubt for check in CHECKS.values() for doubt in check(snapshot)]
    refused = [doubt for doubt in doubts if following[doubt.check] is Consequence.REFUSE]
    if refused:
        raise ContractError([_breach(doubt) for doubt in refused])
    dropped: dict[str, set[int]] = {}
    for doubt in doubts:
        if following[doubt.check] is Consequence.QUARANTINE:
            dropped.setdefault(doubt.table, set()).update(doubt.rows.tolist())
    changed = {name: snapshot.table(name).drop(index=sorted(rows)) for name, rows in dropped.items()}
    return (snapshot.replace(tables=changed) if changed else snapshot), tuple(doubts)


def _breach(doubt: Doubt) -> Breach:
    action = f"{doubt.action} To go on all the same: {doubt.check} under [quality] in chain.toml."
    return Breach(doubt.table, "", f"{doubt.check}: {doubt.words}", len(doubt.rows), (), action)


def _daily(snapshot: Snapshot) -> pd.DataFrame:
    """Units sold, by day from the first to the last day of sales; silent days hold 0."""
    sales = snapshot.table("sales")
    if sales.empty:
        return pd.DataFrame({"units": []}, dtype=float)
    sold = sales[sales["units"] > 0].groupby("date").agg(units=("units", "sum"))
    return sold.reindex(pd.date_range(sold.index.min(), sold.index.max()), fill_value=0) if len(sold) else sold


def _rows(is_hit: pd.Series[bool]) -> Rows:
    return np.flatnonzero(is_hit.to_numpy()).astype(np.int64)
