from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from network.contracts import TABLES, empty
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at

MakeSnapshot = Callable[..., Snapshot]


def _canonical(name: str, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    frame = empty(name)
    given = pd.DataFrame(list(rows))
    data = {}
    for column in TABLES[name].columns:
        blank = {"float64": np.nan, "datetime64[ns]": pd.NaT, "str": "", "bool": False, "int64": 0}[column.dtype]
        default = blank if column.default is None or column.default == "weekday" else column.default
        values = given[column.name] if column.name in given else pd.Series([default] * len(given))
        data[column.name] = values.where(values.notna(), default).astype(frame[column.name].dtype)
    return pd.DataFrame(data)


@pytest.fixture(scope="session")
def make_snapshot() -> MakeSnapshot:
    """Build a snapshot from rows written by hand; columns left out take the contract's defaults."""

    def make(cutoff: str, settings: ChainSettings | None = None, **tables: Sequence[Mapping[str, Any]]) -> Snapshot:
        frames = {name: _canonical(name, rows) for name, rows in tables.items() if len(rows)}
        return snapshot_at(frames, settings or ChainSettings(id="test"), pd.Timestamp(cutoff))

    return make
