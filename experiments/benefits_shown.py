"""How the benefits of a change are written: as text, and as a table of a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from experiments.benefits import Benefits

HEADER = ("figure", "kind", "amount", "interval", "unit", "from")


def cells(benefits: Benefits) -> list[tuple[str, ...]]:
    """Rows of texts under `HEADER`."""
    return [
        (
            str(row["figure"]), str(row["kind"]), figure(row["amount"]), interval(row["low"], row["high"]),
            str(row["unit"]), str(row["source"]),
        )
        for row in benefits.table.to_dict("records")
    ]  # fmt: skip


def figure(value: Any) -> str:
    """A number as short as it can be read; a dash where unknown."""
    if np.isinf(value):
        return "never" if value > 0 else "–"
    if np.isnan(value):
        return "–"
    digits = 0 if abs(value) >= 100 else (1 if abs(value) >= 10 else 2)
    return f"{value:,.{digits}f}"


def interval(low: Any, high: Any) -> str:
    """Ends of an interval; empty where there is none."""
    return "" if np.isnan(low) or np.isnan(high) else f"{figure(low)} to {figure(high)}"


def as_text(benefits: Benefits) -> str:
    """Title, table and notes in lines."""
    rows = [HEADER, *cells(benefits)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = [
        "  " + "  ".join(
            cell.rjust(width) if column in (2, 3) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]  # fmt: skip
    return "\n".join([_title(benefits), *lines, *(f"  {note}" for note in benefits.notes)])


def as_html(benefits: Benefits) -> str:
    """The same as a table; profit in bold, assumptions in italics."""
    marks = {"profit": "b", "present value": "b"}
    lines = []
    for row in cells(benefits):
        mark = "i" if row[1].startswith("assumed") else marks.get(row[0], "span")
        body = "".join(
            f"<td style='text-align:{'right' if column in (2, 3) else 'left'}'><{mark}>{escape(cell)}</{mark}></td>"
            for column, cell in enumerate(row)
        )
        lines.append(f"<tr>{body}</tr>")
    head = "".join(f"<th>{name}</th>" for name in HEADER)
    notes = "".join(f"<li>{escape(note)}</li>" for note in benefits.notes)
    return f"<h3>{escape(_title(benefits))}</h3><table><tr>{head}</tr>{''.join(lines)}</table><ul>{notes}</ul>"


def _title(benefits: Benefits) -> str:
    return f"What {benefits.plan} is worth against {benefits.rule}"
