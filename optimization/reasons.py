"""The reason of each line in one sentence a planner would say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from network.contracts import Mode
from optimization.plain_words import MOST_COVER_DAYS, say_cover, say_date, say_days, say_units


@dataclass(frozen=True)
class LineFacts:
    """What is said about one line; an unknown date or number is NaT or NaN.

    Parameters
    ----------
    mode
        How the goods move.
    origin, destination
        Where from and to.
    cutoff
        Tonight.
    on_hand
        At the destination [units].
    stockout_date
        First day on which the destination runs out without the plan.
    promotion_date
        First day ahead of a promotion there; the cutoff or earlier if one is running.
    due_date
        When the goods are usable.
    cover_before, cover_after, cover_at_due, origin_cover
        Cover of the destination without and with the plan, what is left of it when the goods come, and cover of the
        origin without the plan [days]; infinite without demand.
    note
        What changed the quantity after the flow, empty if nothing.
    """

    mode: str
    origin: str
    destination: str
    cutoff: pd.Timestamp
    on_hand: float
    stockout_date: pd.Timestamp
    promotion_date: pd.Timestamp
    due_date: pd.Timestamp
    cover_before: float
    cover_after: float
    cover_at_due: float
    origin_cover: float
    note: str


def reason(facts: LineFacts) -> str:
    """Say why the line is in the plan."""
    if facts.mode == Mode.RETURN:
        return f"{facts.origin} has {say_cover(facts.origin_cover)}; better kept at {facts.destination}"
    parts = [_need(facts)]
    if pd.notna(facts.promotion_date):
        running = facts.promotion_date <= facts.cutoff
        parts.append("on promotion" if running else f"promotion from {say_date(facts.promotion_date)}")
    if np.isfinite(facts.cover_after):
        parts.append(f"{say_cover(facts.cover_after)} after")
    if facts.note:
        parts.append(_rounding(facts.note))
    text = ", ".join(part for part in parts if part)
    if facts.mode == Mode.TRANSSHIPMENT:
        return f"{facts.origin} has {say_cover(facts.origin_cover)}, sells here: {text}"
    if facts.mode == Mode.EMERGENCY:
        return f"no regular delivery comes in time: {text}"
    return text


def _need(facts: LineFacts) -> str:
    """What would happen without the line."""
    if facts.mode == Mode.PURCHASE and np.isfinite(facts.cover_at_due) and facts.cover_at_due > 0:
        return f"cover falls to {say_days(facts.cover_at_due)} before the delivery on {say_date(facts.due_date)}"
    if pd.isna(facts.stockout_date):
        if np.isfinite(facts.cover_before):
            return f"{say_cover(facts.cover_before)} is not enough for the demand that may come"
        if facts.mode == Mode.PURCHASE:
            return "bought for the locations it supplies"
        return "below the stock that is to be shown" if facts.on_hand > 0 else "out of stock, no sales expected yet"
    if facts.on_hand <= 0 and facts.stockout_date <= facts.cutoff + pd.Timedelta(days=1):
        return "out of stock"
    return f"runs out {say_date(facts.stockout_date)}"


def _rounding(note: str) -> str:
    """What changed the quantity after the flow, in words."""
    words = {
        "moq": "raised to the minimum order",
        "fill": "fills a truck that goes anyway",
        "cut": "cut to the trucks there are",
        "limit": "held to a maximum",
    }
    return next((text for key, text in words.items() if key in note.lower()), "")


def say_excess(units: float, cover: float) -> str:
    """Stock beyond need, as ``240 units, over a year of cover``."""
    return f"{say_units(units)}, {say_cover(min(cover, MOST_COVER_DAYS + 1))}"
