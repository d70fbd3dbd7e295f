"""What the checks find: one finding for one rule with all its rows, summed up as breaches and rejects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from network.breach import REJECT_COLUMNS, ROWS_SHOWN, Breach


def _no_rows() -> np.ndarray:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Finding:
    """One rule that one column breaks, with every offending row.

    Parameters
    ----------
    table, column, rule, action
        As in a breach.
    rows
        Row numbers in the file (n,); empty when the finding is not about rows.
    values
        Text of the offending cells (n,).
    is_structural
        The file itself is wrong; quarantine cannot help.
    """

    table: str
    column: str
    rule: str
    action: str
    rows: np.ndarray = field(default_factory=_no_rows)
    values: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=object))
    is_structural: bool = False

    @property
    def is_droppable(self) -> bool:
        """Whether leaving out the offending rows would cure it."""
        return len(self.rows) > 0 and not self.is_structural


def finding_of(
    frame: pd.DataFrame, mask: np.ndarray | pd.Series, *, table: str, column: str, rule: str, action: str, shown: object
) -> list[Finding]:
    """Zero or one finding for the rows of a frame under a mask.

    Parameters
    ----------
    frame
        Rows whose index is their number in the file.
    mask
        Offending rows (n,).
    table, column, rule, action
        As in a breach.
    shown
        Series or array (n,) of what to show of each row.
    """
    flags = np.asarray(mask, dtype=bool)
    if not flags.any():
        return []
    values = pd.Series(np.asarray(pd.Series(shown), dtype=object)[flags])
    text = values.map(_text_of).to_numpy(dtype=object)
    return [Finding(table, column, rule, action, np.asarray(frame.index, dtype=np.int64)[flags], text)]


def _text_of(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.15g}"
    return "" if value is None or value is pd.NaT or value is pd.NA else str(value)


def breaches_of(findings: Iterable[Finding]) -> tuple[Breach, ...]:
    """One breach for each finding, with its first 20 rows.

    Parameters
    ----------
    findings
        Findings in the order in which they are listed.
    """
    return tuple(
        Breach(
            item.table,
            item.column,
            item.rule,
            len(item.rows),
            tuple((int(row), str(value)) for row, value in zip(item.rows[:ROWS_SHOWN], item.values, strict=False)),
            item.action,
        )
        for item in findings
    )


def rejects_frame(findings: Iterable[Finding]) -> pd.DataFrame:
    """Every offending cell of every finding, one line a cell; a finding without rows is one line with row 0.

    Parameters
    ----------
    findings
        Findings in the order in which they are listed.
    """
    parts = [
        pd.DataFrame(
            {
                "table": item.table,
                "column": item.column,
                "row": item.rows if len(item.rows) else np.zeros(1, dtype=np.int64),
                "value": item.values if len(item.rows) else np.array([""], dtype=object),
                "rule": item.rule,
                "action": item.action,
            }
        )
        for item in findings
    ]
    dtypes = {name: "int64" if name == "row" else "str" for name in REJECT_COLUMNS}
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in dtypes.items()})
    return pd.concat(parts, ignore_index=True).astype(dtypes)
