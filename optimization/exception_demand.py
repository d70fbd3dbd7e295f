"""Exceptions about demand: promotions and presales without stock, stock left after them, interest without sales."""

from __future__ import annotations

import numpy as np
import pandas as pd

from network.contracts import Tier
from optimization.exception_case import ExceptionCase, Rule, nothing, tell
from optimization.plain_words import say_cover, say_date, say_units
from optimization.point_facts import RECENT_DAYS
from optimization.promoted import promoted_points

JUST_ENDED_DAYS = 14
EXCESS_COVER_DAYS = 28.0
"""Stock beyond this cover after a promotion is excess [days]."""
INTEREST_FAMILIES = ("search", "trial", "social", "traffic")
INTEREST_RATIO = 3.0
"""Interest per unit sold, relative to the median of the category, from which sales lag behind it."""
_MIN_PEERS = 4  # a category with fewer SKUs that show interest has no median worth the name


def promotion_without_stock(case: ExceptionCase) -> pd.DataFrame:
    """Expected demand up to the end of a coming or running promotion exceeds what the plan can have there."""
    if case.snapshot.table("promotions").empty:
        return nothing()
    projection, horizon = case.facts.projection, case.facts.projection.horizon
    last_day = case.cutoff + pd.Timedelta(days=horizon)
    touched = _touched(case, first=case.cutoff + pd.Timedelta(days=1), last=last_day)
    touched = touched.loc[case.facts.points["is_listed"].to_numpy()[touched["row"]]]
    if touched.empty:
        return nothing()
    end = ((touched["to"] - case.cutoff).dt.days - 1).clip(0, horizon - 1).to_numpy()
    at = touched["row"].to_numpy()
    supply = (projection.supply_after + _planned_in(case))[at, end]
    short = np.floor(np.maximum(projection.demand[at, end] - supply, 0.0))
    facts = case.facts.points.iloc[at].reset_index(drop=True)
    found = touched.reset_index(drop=True).assign(
        sku=facts["sku"], location=facts["location"], short=short, money=short * facts["shortage_cost"]
    )
    found = found.loc[found["short"] >= 1]
    by_promotion = found.groupby(["promotion", "sku", "from"], as_index=False, observed=True).agg(
        short=("short", "sum"), money=("money", "sum"), places=("location", "nunique"), first=("location", "min")
    )
    rows = by_promotion.assign(
        location=by_promotion["first"].where(by_promotion["places"] == 1, ""), date=by_promotion["from"]
    )
    return tell(
        rows,
        "promotion without stock",
        severity="critical",
        money=rows["money"],
        messages=[
            f"promotion {name} from {say_date(start)}: about {say_units(short)} short at {places} "
            f"location{'' if places == 1 else 's'}"
            for name, start, short, places in zip(
                rows["promotion"], rows["from"], rows["short"], rows["places"], strict=True
            )
        ],
        suggestions=["Order by a faster lane, shift stock from other regions, or start later."] * len(rows),
    )


def presale_without_stock(case: ExceptionCase) -> pd.DataFrame:
    """Deposits taken for more units than the chain has or has on order."""
    presales = case.snapshot.table("presales")
    due = presales.loc[presales["ship_from"].isna() | (presales["ship_from"] >= case.cutoff)]
    if due.empty:
        return nothing()
    by_sku = due.groupby("sku", as_index=False, observed=True).agg(
        deposits=("deposits", "sum"), date=("ship_from", "min")
    )
    held = case.facts.points.groupby("sku", observed=True).agg(
        position=("inventory_position", "sum"), shortage_cost=("shortage_cost", "first")
    )
    bought = case.decisions.moves.loc[case.decisions.moves["mode"] == "purchase"]
    coming = bought.groupby("sku", observed=True)["quantity"].sum()
    rows = by_sku.merge(held, on="sku", how="left")
    has = rows["position"].fillna(0).clip(lower=0) + coming.reindex(rows["sku"]).fillna(0).to_numpy()
    rows = rows.assign(has=has, short=rows["deposits"] - has)
    rows = rows.loc[rows["short"] >= 1]
    return tell(
        rows,
        "presale without stock",
        severity="critical",
        money=rows["short"] * rows["shortage_cost"],
        messages=[
            f"deposits on {say_units(deposits)}, {say_units(has)} in the chain, on order or ordered tonight"
            for deposits, has in zip(rows["deposits"], rows["has"], strict=True)
        ],
        suggestions=["Buy the difference, or close the presale."] * len(rows),
    )


def excess_after_promotion(case: ExceptionCase) -> pd.DataFrame:
    """Far more stock than will sell soon where a promotion has just ended."""
    if case.snapshot.table("promotions").empty:
        return nothing()
    points = case.facts.points
    touched = _touched(case, first=case.cutoff - pd.Timedelta(days=JUST_ENDED_DAYS - 1), last=case.cutoff)
    ended = touched.loc[touched["to"] <= case.cutoff].drop_duplicates("row", keep="last").set_index("row")
    excess = (points["free"] - points["daily_demand"] * EXCESS_COVER_DAYS) // 1
    sells = points["tier"].isin([Tier.STORE, Tier.FORWARD])
    is_hit = points.index.isin(ended.index) & sells & (excess >= 1)
    rows = points.loc[is_hit].assign(excess=excess[is_hit])
    rows = rows.assign(date=ended["to"].reindex(rows.index), promotion=ended["promotion"].reindex(rows.index))
    cover = case.facts.projection.cover_days(points["free"].to_numpy())[np.asarray(is_hit, dtype=bool)]
    return tell(
        rows,
        "excess after promotion",
        severity="warning",
        money=rows["excess"] * rows["unit_cost"],
        messages=[
            f"{say_units(over)} too many after {name} ended {say_date(date)}, {say_cover(days)}"
            for over, name, date, days in zip(rows["excess"], rows["promotion"], rows["date"], cover, strict=True)
        ],
        suggestions=["Move it to where it still sells, or return it."] * len(rows),
    )


def interest_without_sales(case: ExceptionCase) -> pd.DataFrame:
    """SKUs that people look for and do not buy, compared with their category: price, product or availability."""
    signals = case.snapshot.table("signals")
    first = case.cutoff - pd.Timedelta(days=RECENT_DAYS - 1)
    of_skus = (signals["key_type"] == "sku") & signals["family"].isin(INTEREST_FAMILIES)
    recent = signals.loc[of_skus & (signals["date"] >= first) & (signals["date"] <= case.cutoff)]
    if recent.empty:
        return nothing()
    latest = recent.sort_values("known_at").drop_duplicates(["signal", "key", "date"], keep="last")
    interest = latest.groupby(["signal", "key"], as_index=False, observed=True).agg(value=("value", "sum"))
    points = case.facts.points
    sold = points.groupby("sku", as_index=False, observed=True).agg(
        sold=("sold_recent", "sum"),
        on_hand=("on_hand", "sum"),
        category=("category", "first"),
        margin=("margin", "first"),
    )
    rows = interest.rename(columns={"key": "sku"}).merge(sold, on="sku")
    rows = rows.loc[rows["value"] > 0].assign(ratio=lambda frame: frame["value"] / (frame["sold"] + 1.0))
    peers = rows.groupby(["signal", "category"], observed=True)
    rows = rows.assign(
        usual=peers["ratio"].transform("median"),
        typical=peers["value"].transform("median"),
        usually_sold=peers["sold"].transform("median"),
        n_peers=peers["sku"].transform("size"),
    )
    is_hit = (rows["n_peers"] >= _MIN_PEERS) & (rows["value"] >= rows["typical"]) & (rows["usual"] > 0)
    rows = rows.loc[is_hit & (rows["ratio"] >= INTEREST_RATIO * rows["usual"])]
    # As much interest as a usual SKU has should sell at least what a usual SKU sells.
    missing = (rows["usually_sold"] - rows["sold"]).clip(lower=0)
    rows = rows.assign(missing=missing).sort_values("missing", ascending=False).drop_duplicates("sku")
    return tell(
        rows,
        "interest without sales",
        severity="info",
        money=rows["missing"] * rows["margin"],
        messages=[
            f"{signal} is {ratio / usual:.0f} times as high for its sales as usual in {category or 'its category'}; "
            f"{say_units(sold)} sold in {RECENT_DAYS} days"
            for signal, ratio, usual, category, sold in zip(
                rows["signal"], rows["ratio"], rows["usual"], rows["category"], rows["sold"], strict=True
            )
        ],
        suggestions=[
            "Check price and product page." if held > 0 else "There is no stock: check its supply."
            for held in rows["on_hand"]
        ],
    )


def _touched(case: ExceptionCase, *, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    places = case.facts.points[["sku", "category", "location", "zone", "region"]]
    return promoted_points(case.snapshot.table("promotions"), places, first=first, last=last)


def _planned_in(case: ExceptionCase) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Cumulative units that the plan expects to send on later days, arrivals less departures (n, T)."""
    projection, planned = case.facts.projection, case.decisions.planned
    later = planned.loc[planned["day"] > 0]
    change = np.zeros_like(projection.demand)
    for place, day, sign in (("destination", "arrival_day", 1.0), ("origin", "day", -1.0)):
        row = projection.rows_of(later["sku"], later[place])
        at = later[day].to_numpy()
        known = (row >= 0) & (at < projection.horizon)
        np.add.at(change, (row[known], at[known]), sign * later["quantity"].to_numpy()[known])
    return np.cumsum(change, axis=1)


DEMAND_RULES: tuple[Rule, ...] = (
    promotion_without_stock,
    presale_without_stock,
    excess_after_promotion,
    interest_without_sales,
)
