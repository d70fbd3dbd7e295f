"""What each step of the forecast is worth, from the newest backtest of the chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cockpit.report_tables import rows_of
from cockpit.wording import interval_verdict

if TYPE_CHECKING:
    from network.store import RunStore


@dataclass(frozen=True)
class ValueAdded:
    """The newest backtest in short.

    Parameters
    ----------
    name, cutoff
        Which backtest; its last day.
    n_origins
        Origins that it rolled over.
    beaten_share
        Share of (demand class x location) slices where the served forecast beats the best earlier baseline.
    rows
        step, compared_with, measure, value_added, low, high and `verdict`: helps, harms, unsure or same.
    """

    name: str
    cutoff: str
    n_origins: int
    beaten_share: float
    rows: list[dict[str, Any]]


def newest_value_added(store: RunStore) -> ValueAdded | None:
    """Return the newest backtest of a folder of backtests; None where there is none."""
    made = store.runs()
    if not made:
        return None
    about = made[-1]
    table = store.read_table(str(about["run_id"]), "fva")
    rows = rows_of(table[table["category"] == ""])
    for row in rows:
        row["verdict"] = interval_verdict(float(row["low"]), float(row["high"]))
    return ValueAdded(
        name=str(about["run_id"]), cutoff=str(about["cutoff"]), n_origins=len(about["origins"]),
        beaten_share=float(about["beaten_share"]), rows=rows,
    )  # fmt: skip
