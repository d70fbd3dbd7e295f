from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.forecast import Forecast
from network.contracts import TABLES, empty
from network.graph import SupplyNetwork, build_network
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at
from optimization.config import PlanConfig
from optimization.cost_curves import CostCurves
from optimization.curve_build import build_cost_curves
from optimization.decisions import (
    DROPPED_COLUMNS,
    LOAD_COLUMNS,
    MOVE_COLUMNS,
    PLANNED_COLUMNS,
    Decisions,
    SolveStatus,
    typed,
)
from optimization.point_facts import PointFacts, point_facts
from optimization.position import arrivals, inventory_positions
from optimization.projection import Projection, project
from optimization.targets import stock_targets

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


@dataclass(frozen=True, eq=False)
class Night:
    """One planned night with moves written by hand."""

    snapshot: Snapshot
    network: SupplyNetwork
    forecast: Forecast
    positions: pd.DataFrame
    targets: pd.DataFrame
    decisions: Decisions

    @property
    def projection(self) -> Projection:
        return project(self.decisions, positions=self.positions, targets=self.targets, forecast=self.forecast)

    @property
    def facts(self) -> PointFacts:
        return point_facts(self.snapshot, self.projection, positions=self.positions, targets=self.targets)


@pytest.fixture(scope="session")
def plan_night() -> Callable[..., Night]:
    """Lay given moves over a snapshot: supply moves at the arrival and ship days, as a plan would say."""

    def night(
        snapshot: Snapshot,
        rates: Mapping[tuple[str, str], float],
        moves: Sequence[Mapping[str, Any]] = (),
        *,
        loads: Sequence[Mapping[str, Any]] = (),
        planned: Sequence[Mapping[str, Any]] = (),
        horizon: int = 14,
    ) -> Night:
        network = build_network(snapshot)
        forecast = Forecast.from_rates(
            np.repeat(np.array(list(rates.values()))[:, None], horizon, axis=1),
            [sku for sku, _ in rates],
            location=[location for _, location in rates],
            cutoff=f"{snapshot.cutoff:%Y-%m-%d}",
        )
        config = PlanConfig(horizon_days=horizon)
        positions = inventory_positions(snapshot, network, series=forecast.series)
        targets = stock_targets(forecast, network, snapshot, positions=positions, config=config)
        coming = arrivals(snapshot, None, network, cutoff=snapshot.cutoff, horizon=horizon)
        curves = build_cost_curves(
            forecast, network, snapshot, positions=positions, targets=targets, arrivals=coming, horizon=horizon,
            config=config,
        )  # fmt: skip
        frame = typed(pd.DataFrame(list(moves), columns=list(MOVE_COLUMNS) if not moves else None), MOVE_COLUMNS)
        before = curves.base_supply.astype(np.int64)
        decisions = Decisions(
            moves=frame,
            dropped=typed(pd.DataFrame(), DROPPED_COLUMNS),
            loads=typed(pd.DataFrame(list(loads), columns=list(LOAD_COLUMNS) if not loads else None), LOAD_COLUMNS),
            planned=typed(
                pd.DataFrame(list(planned), columns=list(PLANNED_COLUMNS) if not planned else None), PLANNED_COLUMNS
            ),
            curves=curves,
            supply=before + _moved(frame, curves),
            supply_before=before,
            objective=0.0,
            bound=None,
            gap=None,
            status=SolveStatus.OPTIMAL,
            timings={},
        )
        return Night(snapshot, network, forecast, positions, targets, decisions)

    return night


def _moved(moves: pd.DataFrame, curves: CostCurves) -> Any:
    """Change of cumulative supply of every row of the curves; an echelon changes by what its members do."""
    change = np.zeros(curves.base_supply.shape, dtype=np.int64)
    rows = pd.MultiIndex.from_frame(curves.points[["sku", "location"]])[: curves.n_local]
    for sku, origin, destination, day, quantity in moves[
        ["sku", "origin", "destination", "arrival_day", "quantity"]
    ].itertuples(index=False):
        to, start = rows.get_indexer([(sku, destination)])[0], rows.get_indexer([(sku, origin)])[0]
        if to >= 0:
            change[to, day:] += quantity
        if start >= 0:
            change[start] -= quantity
    member = curves.member_of
    for row in range(curves.n_local):
        if member[row] >= 0:
            change[member[row]] += change[row]
    return change
