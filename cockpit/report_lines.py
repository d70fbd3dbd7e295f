"""What the report adds to a line: the demand it serves, and what the next best alternative would have cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from cockpit.wording import money, whole

if TYPE_CHECKING:
    from engine import Plan

_HALF_A_UNIT = 0.5


def line_words(plan: Plan, order_ids: Sequence[str]) -> dict[str, str]:
    """Return one sentence or two for each order: which days it serves, and its regret."""
    currency = plan.snapshot.settings.currency
    pegs = plan.pegging[plan.pegging["order_id"].isin(order_ids)]
    others = plan.alternatives[plan.alternatives["is_next_best"] & plan.alternatives["order_id"].isin(order_ids)]
    serves = {str(order): _serves(rows) for order, rows in pegs.groupby("order_id")}
    told = zip(*(others[name] for name in ("order_id", "alternative", "due_date", "regret")), strict=True)
    instead = {str(order): _instead(str(what), due, regret, currency) for order, what, due, regret in told}
    return {order: " ".join(filter(None, (serves.get(order), instead.get(order)))) for order in order_ids}


def _serves(pegs: pd.DataFrame) -> str:
    demand = pegs[pegs["use"] == "demand"]
    left = float(pegs.loc[pegs["use"] != "demand", "units"].sum())
    kept = f", {whole(left)} left for later" if left >= _HALF_A_UNIT else ""
    if demand.empty:
        return f"Serves no expected demand of the horizon{kept}."
    first, last = demand["demand_date"].min(), demand["demand_date"].max()
    return f"Serves the demand of {_day(first)} to {_day(last)}{kept}."


def _instead(alternative: str, due: pd.Timestamp, regret: float, currency: str) -> str:
    when = f" (there {_day(due)})" if pd.notna(due) else ""
    more = "less" if regret >= 0 else "more"
    return f"Next best: {alternative}{when}, worth {money(abs(regret), currency)} {more}."


def _day(date: pd.Timestamp) -> str:
    return f"{date:%a} {date.day} {date:%b}"
