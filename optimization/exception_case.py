"""What every rule for exceptions reads, and how it tells what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot
    from optimization.decisions import Decisions
    from optimization.point_facts import PointFacts

EXCEPTION_COLUMNS = {
    "rank": "int64",
    "kind": "str",
    "severity": "str",
    "sku": "str",
    "location": "str",
    "date": "datetime64[ns]",
    "money": "float64",
    "message": "str",
    "suggestion": "str",
}


@dataclass(frozen=True, eq=False)
class ExceptionCase:
    """Everything known about tonight.

    Parameters
    ----------
    facts
        Stock points and their projection.
    decisions
        The plan.
    snapshot, network
        What was known.
    released
        Released lines of earlier runs, or None.
    """

    facts: PointFacts
    decisions: Decisions
    snapshot: Snapshot
    network: SupplyNetwork
    released: pd.DataFrame | None = None

    @property
    def cutoff(self) -> pd.Timestamp:
        """Tonight."""
        return self.snapshot.cutoff


Rule = Callable[[ExceptionCase], pd.DataFrame]


def tell(
    rows: pd.DataFrame, kind: str, *, severity: Any, money: Any, messages: Iterable[str], suggestions: Iterable[str]
) -> pd.DataFrame:
    """Write rows as exceptions.

    Parameters
    ----------
    rows
        With sku, location and date where they apply.
    kind
        Kind of exception, as the design names them.
    severity
        One for all, or one a row: critical, warning or info.
    money
        At stake, (n,) [money]; unknown counts as 0 in the ranking.
    messages, suggestions
        (n,) sentences.
    """
    n = len(rows)
    if not n:
        return nothing()
    blank: dict[str, Any] = {"sku": "", "location": "", "date": pd.NaT}
    data = {name: rows[name].to_numpy() if name in rows else [default] * n for name, default in blank.items()}
    frame = pd.DataFrame(
        {
            "kind": [kind] * n,
            "severity": np.broadcast_to(np.asarray(severity, dtype=object), n),
            **data,
            "money": np.round(np.nan_to_num(np.broadcast_to(np.asarray(money, dtype=float), n)), 2),
            "message": list(messages),
            "suggestion": list(suggestions),
        }
    )
    return frame.astype({name: dtype for name, dtype in EXCEPTION_COLUMNS.items() if name != "rank"})


def nothing() -> pd.DataFrame:
    """No exceptions."""
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in EXCEPTION_COLUMNS.items() if name != "rank"})


def days_ahead(case: ExceptionCase, day: Any) -> pd.DatetimeIndex:
    """Dates of day indexes, index 0 being the day after the cutoff."""
    return pd.DatetimeIndex(case.cutoff + pd.to_timedelta(np.asarray(day) + 1, unit="D"))
