"""What a row of `orders` asks for: a new line, or a change of one that is published already."""

from __future__ import annotations

from enum import StrEnum

import pandas as pd


class Action(StrEnum):
    """The asked for: a new line, or another day, fewer units or nothing at all of a published line."""

    NEW = "new"
    EXPEDITE = "expedite"
    DEFER = "defer"
    REDUCE = "reduce"
    CANCEL = "cancel"


MESSAGES = (Action.EXPEDITE, Action.DEFER, Action.REDUCE, Action.CANCEL)


def new_lines(orders: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that bring goods: messages about published lines are left out, and count as no quantity."""
    return orders[orders["action"] == str(Action.NEW)] if "action" in orders else orders


def messages(orders: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that ask for a change of a published line."""
    return orders[orders["action"] != str(Action.NEW)] if "action" in orders else orders.head(0)
