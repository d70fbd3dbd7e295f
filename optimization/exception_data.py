"""Exceptions about the data themselves: sales, stock records and signals that have stopped coming."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.exception_case import ExceptionCase, Rule, nothing, tell
from optimization.plain_words import say_date, say_days
from optimization.point_facts import RECENT_DAYS

_USUAL_SHARE = 0.9  # of days on which a location sells something; below, a silent day says little
_SILENT_DAYS = 3
_STOCK_AGE_DAYS = 2
_SIGNAL_SLACK_DAYS = 3


def sales_stale(case: ExceptionCase) -> pd.DataFrame:
    """A location that sells every day has sent no sales for days."""
    history = case.facts.history
    sold = history.units > 0
    days = np.unique(np.stack([history.location[sold], history.age[sold]], axis=1), axis=0)
    names = case.facts.points.assign(code=history.point_location).drop_duplicates("code").set_index("code")["location"]
    by_place = pd.DataFrame(days, columns=["code", "age"]).assign(location=lambda frame: frame["code"].map(names))
    last = by_place.groupby("location", observed=True)["age"].min()
    joined = by_place.assign(last=by_place["location"].map(last))
    window = (joined["age"] >= joined["last"]) & (joined["age"] < joined["last"] + RECENT_DAYS)
    share = joined.loc[window].groupby("location", observed=True).size() / RECENT_DAYS
    table = pd.DataFrame({"last": last, "share": share}).rename_axis("location").reset_index()
    rows = table.loc[(table["last"] >= _SILENT_DAYS) & (table["share"] >= _USUAL_SHARE)]
    closes = case.snapshot.table("locations").set_index("location")["closes"]
    rows = rows.loc[~(rows["location"].map(closes) <= case.cutoff)]
    rows = rows.assign(date=case.cutoff - pd.to_timedelta(rows["last"], unit="D"))
    points = case.facts.points
    a_day = (points["sold_before"] * points["margin"]).groupby(points["location"]).sum() / 84.0
    return tell(
        rows,
        "feed stale",
        severity="critical",
        money=rows["location"].map(a_day).fillna(0.0) * rows["last"],
        messages=[
            f"no sales since {say_date(date)}, {say_days(age)}, from a location that sells every day"
            for date, age in zip(rows["date"], rows["last"], strict=True)
        ],
        suggestions=["Check its sales feed: the plan takes silence for no demand."] * len(rows),
    )


def stock_stale(case: ExceptionCase) -> pd.DataFrame:
    """A location whose newest stock record is days old."""
    stock = case.snapshot.table("stock")
    if stock.empty:
        return nothing()
    newest = stock.groupby("location", observed=True)["as_of"].max().dt.normalize()
    age = (case.cutoff - newest).dt.days
    rows = pd.DataFrame({"date": newest, "age": age}).rename_axis("location").reset_index()
    rows = rows.loc[rows["age"] >= _STOCK_AGE_DAYS]
    points = case.facts.points
    value = (points["free"] * points["unit_cost"]).groupby(points["location"]).sum()
    return tell(
        rows,
        "feed stale",
        severity="critical",
        money=rows["location"].map(value).fillna(0.0),
        messages=[
            f"the newest stock record is of {say_date(date)}, {say_days(age)} old"
            for date, age in zip(rows["date"], rows["age"], strict=True)
        ],
        suggestions=["Load its stock again: the plan takes the old record for tonight's."] * len(rows),
    )


def signal_stale(case: ExceptionCase) -> pd.DataFrame:
    """A signal that used to come regularly has not come for longer than it ever paused, and three days."""
    signals = case.snapshot.table("signals")[["signal", "known_at"]]
    if signals.empty:
        return nothing()
    days = signals.assign(day=signals["known_at"].dt.normalize())[["signal", "day"]].drop_duplicates()
    days = days.sort_values(["signal", "day"])
    pause = days.groupby("signal", observed=True)["day"].diff().dt.days
    table = (
        days.assign(pause=pause)
        .groupby("signal", as_index=False, observed=True)
        .agg(date=("day", "max"), longest=("pause", "max"), n_days=("day", "size"))
    )
    age = (case.cutoff - table["date"]).dt.days
    is_hit = (table["n_days"] >= RECENT_DAYS) & (age > table["longest"] + _SIGNAL_SLACK_DAYS)
    rows = table.loc[is_hit].assign(age=age[is_hit])
    return tell(
        rows,
        "feed stale",
        severity="warning",
        money=0.0,
        messages=[
            f"signal {name} last came {say_date(date)}, {say_days(days)} ago"
            for name, date, days in zip(rows["signal"], rows["date"], rows["age"], strict=True)
        ],
        suggestions=["Check the feed: the forecast goes on without it."] * len(rows),
    )


DATA_RULES: tuple[Rule, ...] = (sales_stale, stock_stale, signal_stale)
