"""What the gate doubted about the data of a night and let pass, shown beside the plan's own exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from optimization.exception_case import EXCEPTION_COLUMNS

if TYPE_CHECKING:
    from network.doubt import Doubt

KIND = "data in doubt"


def with_doubts(exceptions: pd.DataFrame, doubts: Sequence[Doubt]) -> pd.DataFrame:
    """Add doubts to the exceptions of a plan, after those that money ranks: what a doubt costs nobody knows.

    Parameters
    ----------
    exceptions
        As `exceptions.build_exceptions` gives them.
    doubts
        Doubts about the night's tables that did not refuse it.
    """
    if not doubts:
        return exceptions
    told = pd.DataFrame(
        {
            "rank": range(len(exceptions) + 1, len(exceptions) + len(doubts) + 1),
            "kind": KIND,
            "severity": "warning",
            "sku": [each.sku for each in doubts],
            "location": [each.location for each in doubts],
            "date": pd.NaT,
            "money": 0.0,
            "message": [f"{each.table}: {each.words}" for each in doubts],
            "suggestion": [each.action for each in doubts],
        }
    ).astype(EXCEPTION_COLUMNS)
    return pd.concat([exceptions, told], ignore_index=True) if len(exceptions) else told
