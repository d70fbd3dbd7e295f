"""Every table of a chain: declarations, empty frames, pandera schemas and the documentation derived from them.

``python -m network.contracts`` gives the text of ``docs/data-contracts.md``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from network.columns import MODES_BY_TIERS, Channel, Column, Mode, OrderState, Table, Tier
from network.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import DataFrameSchema

__all__ = [
    "MODES_BY_TIERS", "TABLES", "Channel", "Column", "Mode", "OrderState", "Table", "Tier", "column_checks", "empty",
    "markdown", "schema",
]  # fmt: skip

_INTRODUCTION = """# Data contracts

Generated from `network/tables.py` by `python -m network.contracts > docs/data-contracts.md`; do not edit.

A chain is a folder of CSV or Parquet tables (`sales.csv`, `skus.parquet`, ...) or one DuckDB file whose tables have
these names. `chain.toml` holds its settings. Text is UTF-8 (GB18030 is recognised), dates are ISO (`2026-11-22`),
timestamps `2026-11-22T18:30` with or without a zone, flags `true`/`false`/`1`/`0`. A `*` marks what must be there;
everything else is optional. Cells that are empty take the default; without one they stay unknown.

Tables may also lie in a PostgreSQL database: `chain.toml` then names it in `[source]`, and the folder may hold the
other tables as files. See [what comes in and what goes out](exchange.md).

A signal feed that does not say when its values became available needs a declared lag in `chain.toml`, such as
`[publication_lag_days]` and `footfall = 1` below it: each value without `known_at` then counts as known that many days
after its date, and every run says that these vintages are assumed.
"""


def empty(table: str | Table) -> pd.DataFrame:
    """Frame without rows, with every column of a table in its canonical dtype.

    Parameters
    ----------
    table
        Table of the contract, or its name.

    Raises
    ------
    KeyError
        If the contract has no such table.
    """
    return _empty(_declared(table)).copy()


@cache
def _empty(table: Table) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({column.name: pd.Series(dtype=column.dtype) for column in table.columns})


def _declared(table: str | Table) -> Table:
    return table if isinstance(table, Table) else TABLES[table]


def column_checks(column: Column) -> list[Any]:
    """Pandera checks of the values of one column: its bounds and its choices; unknown values pass.

    Parameters
    ----------
    column
        Declaration of the column.
    """
    from pandera.pandas import Check

    checks = []
    if column.minimum is not None:
        checks.append(Check.ge(column.minimum, error=f"below {column.minimum:g}"))
    if column.maximum is not None:
        checks.append(Check.le(column.maximum, error=f"above {column.maximum:g}"))
    if column.choices is not None:
        checks.append(Check.isin([str(choice) for choice in column.choices], error="not one of the choices"))
    return checks


def schema(table: str | Table) -> DataFrameSchema:
    """Pandera schema of a canonical frame; validate with ``lazy=True`` to be told of every failure at once.

    Parameters
    ----------
    table
        Table of the contract, or its name.
    """
    import pandera.pandas as pa

    declared = _declared(table)
    columns = {
        column.name: pa.Column(
            _pandera_dtype(column),
            checks=column_checks(column),
            nullable=_is_nullable(column),
            description=column.meaning,
            metadata={"unit": column.unit, "default": column.default},
        )
        for column in declared.columns
    }
    return pa.DataFrameSchema(
        columns, name=declared.name, strict=True, ordered=True, unique=list(declared.key), description=declared.meaning
    )


def _pandera_dtype(column: Column) -> Any:
    import numpy as np
    import pandas as pd

    return pd.StringDtype(na_value=np.nan) if column.dtype == "str" else column.dtype


def _is_nullable(column: Column) -> bool:
    return not column.is_required and column.dtype in ("float64", "datetime64[ns]")


def markdown() -> str:
    """Text of ``docs/data-contracts.md``."""
    parts = [_INTRODUCTION]
    for block, title in ((1, "Tables that a plan reads"), (2, "Second block")):
        parts.append(f"## {title}\n")
        parts += [_table_markdown(table) for table in TABLES.values() if table.block == block]
    parts.append(_modes_markdown())
    return "\n".join(parts)


def _table_markdown(table: Table) -> str:
    star = "*" if table.is_required else ""
    head = f"### `{table.name}`{star}\n\n{table.meaning} Key: {', '.join(f'`{name}`' for name in table.key)}.\n\n"
    rows = ["| column | kind | unit | range | default | meaning |", "| --- | --- | --- | --- | --- | --- |"]
    for column in table.columns:
        name = f"`{column.name}`" + ("*" if column.is_required else "")
        cells = (name, column.kind, column.unit, _range_text(column), _default_text(column), column.meaning)
        rows.append("| " + " | ".join(cells) + " |")
    return head + "\n".join(rows) + "\n"


def _range_text(column: Column) -> str:
    if column.choices is not None:
        return ", ".join(choice for choice in column.choices if choice)
    if column.minimum is not None and column.maximum is not None:
        return f"{column.minimum:g} to {column.maximum:g}"
    if column.minimum is not None:
        return f">= {column.minimum:g}"
    return "" if column.maximum is None else f"<= {column.maximum:g}"


def _default_text(column: Column) -> str:
    if column.default is None or column.default == "":
        return ""
    return str(column.default).lower() if isinstance(column.default, bool) else str(column.default)


def _modes_markdown() -> str:
    rows = ["## Which modes join which tiers\n", "| origin | destination | modes |", "| --- | --- | --- |"]
    for (origin, destination), modes in MODES_BY_TIERS.items():
        if modes:
            rows.append(f"| {origin} | {destination} | {', '.join(mode for mode in Mode if mode in modes)} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(markdown())
