"""Small canonical tables and snapshots, written in one line each."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from network.contracts import TABLES, empty
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at


def _default(column: Any) -> Any:
    if column.default == "weekday":
        return True
    if column.default is not None:
        return column.default
    return "" if column.dtype == "str" else (False if column.dtype == "bool" else None)


def make_table(name: str, **columns: Any) -> pd.DataFrame:
    """Canonical table from some of its columns; the others take their defaults (`from_` stands for `from`)."""
    given = {key.rstrip("_"): value for key, value in columns.items()}
    n_rows = next((len(value) for value in given.values() if isinstance(value, list)), 1)
    frame = {}
    for column in TABLES[name].columns:
        values = given.get(column.name, _default(column))
        values = values if isinstance(values, list) else [values] * n_rows
        if column.dtype.startswith("datetime64"):
            frame[column.name] = pd.Series(pd.to_datetime(pd.Series(values, dtype="object"), format="ISO8601")).astype(
                column.dtype
            )
        else:
            frame[column.name] = pd.Series(values, dtype="object").astype(column.dtype)
    assert set(given) <= set(frame), f"{name} has no column {set(given) - set(frame)}"
    return pd.DataFrame(frame)


@pytest.fixture(scope="session")
def table() -> Callable[..., pd.DataFrame]:
    """Return the maker of canonical tables."""
    return make_table


@pytest.fixture(scope="session")
def chain() -> Callable[..., Snapshot]:
    """Return the maker of snapshots: a supplier S, a central C, two forwards, two stores; tables by keyword."""

    def make(cutoff: str = "2024-03-10", settings: ChainSettings | None = None, **tables: pd.DataFrame) -> Snapshot:
        everything = {
            "locations": make_table(
                "locations",
                location=["S", "C", "F1", "F2", "A", "B"],
                tier=["supplier", "central", "forward", "forward", "store", "store"],
                region=["", "EAST", "EAST", "WEST", "EAST", "WEST"],
                zone=["", "", "Z1", "Z2", "Z1", "Z2"],
            ),
            "skus": make_table("skus", sku=["x", "y"]),
            **{name: empty(name) for name in ("lanes", "sales", "stock")},
            **tables,
        }
        return snapshot_at(everything, settings or ChainSettings(), pd.Timestamp(cutoff))

    return make
