"""Exceptions about what lies where: stock-outs, slow movers, phantom stock, ageing lots."""

from __future__ import annotations

import numpy as np
import pandas as pd

from network.contracts import Tier
from optimization.exception_case import ExceptionCase, Rule, days_ahead, nothing, tell
from optimization.phantom import no_sales_probability
from optimization.plain_words import say_cover, say_date, say_days, say_rate, say_units
from optimization.point_facts import KEY, RECENT_DAYS
from optimization.record_counts import counted_lately

SLOW_COVER_DAYS = 60.0
PHANTOM_PROBABILITY = 1e-3
_N_DESTINATIONS = 2


def stockout_coming(case: ExceptionCase) -> pd.DataFrame:
    """Expected stock runs out before any order placed tonight or later can arrive."""
    points, projection = case.facts.points, case.facts.projection
    n = len(points)
    first_receipt = case.decisions.curves.first_receipt[:n]
    day = projection.stockout_day(projection.supply_after)
    lost = case.decisions.curves.lost_before_first_receipt[:n]
    is_hit = points["is_listed"].to_numpy() & (day < np.minimum(first_receipt, projection.horizon)) & (lost > 0)
    rows = points.loc[is_hit].assign(date=days_ahead(case, day[is_hit]), lost=lost[is_hit])
    receipts = days_ahead(case, first_receipt[is_hit])
    has_receipt = first_receipt[is_hit] < projection.horizon
    is_out = rows["on_hand"].to_numpy() <= 0
    return tell(
        rows,
        "stock-out coming",
        severity="critical",
        money=rows["lost"] * rows["shortage_cost"],
        messages=[
            f"{'out of stock' if out else f'runs out {say_date(date)}'}; "
            + (f"the earliest delivery is {say_date(receipt)}" if has else "no delivery can come in time")
            + f", about {say_units(units)} of demand unserved"
            for out, date, receipt, has, units in zip(
                is_out, rows["date"], receipts, has_receipt, rows["lost"], strict=True
            )
        ],
        suggestions=["Serve the demand from another location, or open a faster lane."] * len(rows),
    )


def slow_mover(case: ExceptionCase) -> pd.DataFrame:
    """Stock for more than 60 days, or none sold in 28, with the places where it would sell."""
    points = case.facts.points
    cover = case.facts.projection.cover_days(points["free"].to_numpy())
    age = (case.cutoff - points["launch_date"]).dt.days
    is_new = (age < RECENT_DAYS).to_numpy() | (points["first_sale"].isna() & points["launch_date"].isna()).to_numpy()
    is_idle = (points["sold_recent"] == 0).to_numpy() & ~is_new
    sells = points["tier"].isin([Tier.STORE, Tier.FORWARD]).to_numpy()
    is_hit = sells & (points["free"] > 0).to_numpy() & ((cover > SLOW_COVER_DAYS) | is_idle) & ~is_new
    excess = (points["free"] - points["daily_demand"] * SLOW_COVER_DAYS).clip(lower=0.0).to_numpy()
    excess = np.where(is_idle, np.maximum(excess, points["free"] * (points["daily_demand"] * RECENT_DAYS < 1)), excess)
    is_hit &= excess >= 1
    rows = points.loc[is_hit].assign(cover=cover[is_hit], excess=np.floor(excess[is_hit]))
    return tell(
        rows,
        "slow mover",
        severity="warning",
        money=rows["excess"] * rows["unit_cost"],
        messages=[
            f"{say_units(free)}, {say_cover(cover)}; "
            + (f"none sold in {RECENT_DAYS} days" if sold == 0 else f"{say_units(sold)} sold in {RECENT_DAYS} days")
            for free, cover, sold in zip(rows["free"], rows["cover"], rows["sold_recent"], strict=True)
        ],
        suggestions=_where_it_would_sell(case, rows),
    )


def _where_it_would_sell(case: ExceptionCase, rows: pd.DataFrame) -> list[str]:
    """Name the stock points of the SKU with the most expected demand that neither stock nor orders cover."""
    wanted = unmet_demand(case)
    best = wanted.groupby("sku", sort=False).head(_N_DESTINATIONS + 1)
    pairs = rows[[*KEY, "excess"]].assign(row=range(len(rows))).merge(best, on="sku", suffixes=("", "_to"))
    pairs = pairs.loc[pairs["location"] != pairs["location_to"]]
    pairs = pairs.loc[pairs.groupby("row").cumcount() < _N_DESTINATIONS]
    lanes = case.network.lanes
    linked = pd.MultiIndex.from_frame(lanes[["origin", "destination"]])
    pairs = pairs.assign(has_lane=pd.MultiIndex.from_frame(pairs[["location", "location_to"]]).isin(linked))
    texts: dict[int, list[str]] = {}
    columns = ["row", "location_to", "unmet", "daily_demand", "has_lane"]
    for row, place, unmet, rate, has_lane in pairs[columns].itertuples(index=False, name=None):
        lane = "" if has_lane else ", no lane yet"
        texts.setdefault(row, []).append(f"{place} (wants {say_units(unmet)} more, sells {say_rate(rate)}{lane})")
    planned = _planned_out(case, rows)
    return [
        (f"{say_units(leaving)} leave tonight. " if leaving else "")
        + (f"Would sell at {' or '.join(texts[row])}." if row in texts else "No other location needs it: mark it down.")
        for row, leaving in enumerate(planned)
    ]


def unmet_demand(case: ExceptionCase) -> pd.DataFrame:
    """Expected demand over the horizon beyond supply without the plan, most first, with the daily demand."""
    points, projection = case.facts.points, case.facts.projection
    unmet = projection.demand[:, -1] - projection.supply_before[:, -1]
    is_seller = points["is_listed"].to_numpy() & (unmet >= 1)
    frame = points.loc[is_seller, [*KEY, "daily_demand"]].assign(unmet=unmet[is_seller])
    return frame.sort_values(["sku", "unmet", "location"], ascending=[True, False, True]).reset_index(drop=True)


def _planned_out(case: ExceptionCase, rows: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Units that leave each stock point tonight."""
    out = case.decisions.moves.groupby(["sku", "origin"], observed=True)["quantity"].sum()
    at = pd.MultiIndex.from_frame(rows[KEY])
    return np.asarray(out.reindex(at).fillna(0).to_numpy(dtype=float), dtype=float)


def phantom_stock(case: ExceptionCase) -> pd.DataFrame:
    """Units on record, but no sales for so long that the record is hardly true; a count that came back answers it."""
    points = case.facts.points
    chance, idle_days, rate = no_sales_probability(case.facts.history)
    is_hit = points["is_listed"].to_numpy() & (points["free"] > 0).to_numpy() & (chance < PHANTOM_PROBABILITY)
    is_hit &= ~counted_lately(case.snapshot, points)
    rows = points.loc[is_hit].assign(chance=chance[is_hit], idle=idle_days[is_hit], rate=rate[is_hit])
    return tell(
        rows,
        "phantom stock",
        severity="warning",
        money=rows["rate"] * RECENT_DAYS * rows["shortage_cost"],
        messages=[
            f"{say_units(units)} on record, none sold for {say_days(idle)} where {say_rate(rate)} was usual"
            for units, idle, rate in zip(rows["free"], rows["idle"], rows["rate"], strict=True)
        ],
        suggestions=["Count the shelf and correct the record."] * len(rows),
    )


def ageing(case: ExceptionCase) -> pd.DataFrame:
    """Lots that will not sell before they expire, or no longer have the life asked for."""
    lots = case.snapshot.table("lots")
    if lots.empty:
        return nothing()
    lots = lots.loc[lots["quantity"] > 0].sort_values([*KEY, "expiry_date"])
    row = case.facts.projection.rows_of(lots["sku"], lots["location"])
    facts = case.facts.points.iloc[np.maximum(row, 0)].reset_index(drop=True)
    lots = lots.reset_index(drop=True).assign(cost=facts["unit_cost"], rate=facts["daily_demand"].where(row >= 0, 0.0))
    life = (lots["expiry_date"] - case.cutoff).dt.days
    sold_by_then = lots["rate"] * life.clip(lower=0)
    earlier = lots.groupby(KEY)["quantity"].cumsum() - lots["quantity"]
    unsold = (earlier + lots["quantity"] - np.maximum(sold_by_then, earlier)).clip(0, lots["quantity"])
    least = _least_life(case).reindex(lots["sku"]).fillna(0).to_numpy()
    is_hit = (unsold >= 1) | (life < least)
    rows = lots.loc[is_hit].assign(unsold=unsold[is_hit], life=life[is_hit], date=lots.loc[is_hit, "expiry_date"])
    at_risk = np.where(rows["unsold"] >= 1, rows["unsold"], rows["quantity"])
    return tell(
        rows,
        "ageing",
        severity=np.where(rows["life"] <= 0, "critical", "warning"),
        money=at_risk * rows["cost"],
        messages=[
            f"{say_units(units)} {'expired' if left < 0 else 'expire'} {say_date(date)}, "
            + (f"about {say_units(over)} will not sell" if over >= 1 else "less life left than asked for")
            for units, left, date, over in zip(
                rows["quantity"], rows["life"], rows["date"], rows["unsold"], strict=True
            )
        ],
        suggestions=["Mark it down, or move it to where it sells in time."] * len(rows),
    )


def _least_life(case: ExceptionCase) -> pd.Series[float]:
    """Most days of life that any sourcing rule of a SKU asks for."""
    life = case.network.sourcing.groupby("sku")["min_remaining_life_days"].max().astype(float)
    return life.dropna()


STOCK_RULES: tuple[Rule, ...] = (stockout_coming, slow_mover, phantom_stock, ageing)
