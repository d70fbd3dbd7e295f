"""Our own planner as a policy of the twin: every night a snapshot, a plan, its moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

import engine
from experiments.twin import MOVE_COLUMNS, Night
from network.contracts import OrderState
from network.graph import build_network
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at

if TYPE_CHECKING:
    from forecasting.forecaster import Forecaster


@dataclass(eq=False)
class NightlyPlanner:
    """Plans as the daily job does: refits on the first night and every `refit_days`, otherwise reuses the models.

    Parameters
    ----------
    tables
        Every table of the chain with all vintages, also those after the start: the snapshot of each night leaves out
        what was not known by then. Sales after the start are taken from the replay, never from here.
    settings
        Settings of the chain.
    start
        Cutoff at which the replay begins.
    config
        Engine settings.
    refit_days
        Nights between two fits, at least 1.
    champion
        Models to begin with; they count as fitted on the first night. None = fit then.
    on_means
        Plan on expected demand alone, for comparison.
    """

    tables: Mapping[str, pd.DataFrame]
    settings: ChainSettings
    start: pd.Timestamp
    config: engine.EngineConfig = field(default_factory=engine.EngineConfig)
    refit_days: int = 28
    champion: Forecaster | None = None
    on_means: bool = False
    _fitted_on: pd.Timestamp | None = field(default=None, init=False)

    def __call__(self, night: Night) -> pd.DataFrame:
        """Plan one night and return what leaves tomorrow."""
        from forecasting.pipeline import fit_forecaster, forecast_demand

        snapshot = self.snapshot(night)
        network = build_network(snapshot)
        self._fitted_on = self._fitted_on or night.date
        is_due = (night.date - self._fitted_on).days >= self.refit_days
        if self.champion is None or is_due:
            self.champion = fit_forecaster(snapshot, network, self.config.forecast)
            self._fitted_on = night.date
        forecast = forecast_demand(snapshot, network, self.champion, self.config.forecast.horizon_days)
        believed = forecast.as_if_certain() if self.on_means else forecast
        moves = engine.decide_with(snapshot, network, believed, config=self.config).decisions.moves
        return moves[list(MOVE_COLUMNS)]

    def snapshot(self, night: Night) -> Snapshot:
        """Return what the planner knows at the end of a night."""
        sales = self.tables["sales"]
        sales = sales[sales["date"].le(self.start)]
        if len(night.sales):
            sales = pd.concat([sales, night.sales], ignore_index=True)
        changed = {
            "sales": sales,
            "stock": night.stock.assign(as_of=night.date + pd.Timedelta(hours=23), allocated=0, stock_type="free"),
            "lots": night.lots,
            "open_orders": night.open_orders.assign(status=str(OrderState.CONFIRMED), external_ref=""),
            "receipts": self._receipts(night),
            # What suppliers confirmed of the first orders is in the quantities and dates of the replay already.
            "confirmations": self.tables["confirmations"].iloc[:0],
        }
        typed = {name: frame.reindex(columns=self.tables[name].columns) for name, frame in changed.items()}
        typed = {name: frame.astype(self.tables[name].dtypes.to_dict()) for name, frame in typed.items()}
        return snapshot_at({**self.tables, **typed}, self.settings, night.date)

    def _receipts(self, night: Night) -> pd.DataFrame:
        """Receipts before the start; those of orders under way are in the replay's stock and quantities already."""
        receipts = self.tables["receipts"]
        is_set_off = receipts["order_id"].isin(night.open_orders["order_id"])
        return receipts[receipts["date"].le(self.start) & ~is_set_off]
