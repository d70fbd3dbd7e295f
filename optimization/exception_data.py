"""Exceptions about the data themselves: sales, stock records and signals that have stopped coming."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.exception_case import ExceptionCase, Rule, nothing, tell
from optimization.plain_words import say_date, say_days
from optimization.point_facts import FIT_DAYS, RECENT_DAYS
from optimization.sales_history import NEVER

_USUAL_SHARE = 0.9  # of days on which a location sells something; below, a silent day says little
_SILENT_DAYS = 3
_STOCK_AGE_DAYS = 2
_SIGNAL_SLACK_DAYS = 3


def sales_stale(case: ExceptionCase) -> pd.DataFrame:
    """A location that sells every day has sent no sales for days."""
    history = case.facts.history
    sold = history.units > 0
    days = np.unique(history.location[sold] * NEVER + history.age[sold])
    names = case.facts.points[["location"]].assign(code=history.point_location).drop_duplicates("code")
    by_place = names.merge(pd.DataFrame({"code": days // NEVER, "age": days % NEVER}), on="code")
    by_place["last"] = by_place.groupby("location", observed=True)["age"].transform("min")
    inside = by_place.loc[by_place["age"] < by_place["last"] + RECENT_DAYS]
    table = inside.groupby("location", as_index=False, observed=True).agg(last=("last", "first"), n=("age", "size"))
    table = table.merge(case.snapshot.table("locations")[["location", "closes"]], on="location")
    is_silent = (table["last"] >= _SILENT_DAYS) & (table["n"] >= _USUAL_SHARE * RECENT_DAYS)
    rows = table.loc[is_silent & ~(table["closes"] <= case.cutoff)]
    rows = rows.assign(date=case.cutoff - pd.to_timedelta(rows["last"], unit="D"))
    points = case.facts.points
    a_day = (points["sold_before"] * points["margin"]).groupby(points["location"]).sum() / FIT_DAYS
    return tell(
        rows,
        "feed stale",
        severity="critical",
        money=a_day.reindex(rows["location"]).fillna(0.0).to_numpy() * rows["last"].to_numpy(),
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
        money=value.reindex(rows["location"]).fillna(0.0).to_numpy(),
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
