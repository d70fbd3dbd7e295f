"""A small complete chain, drawn from a seed, whose every table can be changed before it is frozen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from forecasting.config import ForecastConfig
from forecasting.forecast import Forecast
from forecasting.forecaster import Forecaster
from forecasting.pipeline import fit_forecaster, forecast_demand
from network.check import check_tables
from network.graph import build_network
from network.settings import ChainSettings, settings_from_mapping
from network.snapshot import snapshot_at

FIRST = pd.Timestamp("2024-01-01")
QUICK = ForecastConfig(horizon_days=7, threads=1, n_origins=2, max_training_rows=8_000, max_rounds=80)


@dataclass(frozen=True)
class Chain:
    """Canonical tables and settings, before any cutoff."""

    tables: dict[str, pd.DataFrame]
    settings: ChainSettings
    config: ClassVar[ForecastConfig] = QUICK

    def fit(self, cutoff: str | pd.Timestamp, config: ForecastConfig = QUICK) -> Forecaster:
        snapshot = snapshot_at(self.tables, self.settings, pd.Timestamp(cutoff))
        return fit_forecaster(snapshot, build_network(snapshot), config)

    def forecast(self, cutoff: str | pd.Timestamp, forecaster: Forecaster, horizon: int = 14) -> Forecast:
        snapshot = snapshot_at(self.tables, self.settings, pd.Timestamp(cutoff))
        return forecast_demand(snapshot, build_network(snapshot), forecaster, horizon)

    def replace(self, **tables: pd.DataFrame) -> Chain:
        return Chain({**self.tables, **tables}, self.settings)


def raw_tables(n_skus: int, n_stores: int, n_days: int, *, rate: float, seed: int) -> dict[str, pd.DataFrame]:
    """Required tables plus sales with weekday rhythm; a tenth of the store days are half empty."""
    random = np.random.default_rng(seed)
    skus = [f"K{number}" for number in range(n_skus)]
    stores = [f"S{number}" for number in range(n_stores)]
    dates = pd.date_range(FIRST, periods=n_days, freq="D")
    grid = pd.MultiIndex.from_product([dates, skus, stores], names=["date", "sku", "location"]).to_frame(index=False)
    weekend = 1.0 + 0.6 * (grid["date"].dt.day_of_week >= 5)
    availability = np.where(random.random(len(grid)) < 0.1, 0.5, 1.0)
    units = random.poisson(rate * weekend * availability)
    sales = grid.assign(channel="walk_in", units=units, price=10.0, is_promotion=False, availability=availability)
    locations = pd.DataFrame(
        {
            "location": ["SUP", "DC", *stores],
            "tier": ["supplier", "central", *["store"] * n_stores],
            "region": ["", "", *["EAST" if number % 2 else "WEST" for number in range(n_stores)]],
        }
    )
    lanes = pd.DataFrame(
        {
            "origin": ["SUP", "DC"],
            "destination": ["DC", "tier:store"],
            "mode": ["purchase", "transfer"],
            "lead_time_days": [5, 2],
        }
    )
    stock = pd.MultiIndex.from_product([dates[-40:], skus, stores], names=["as_of", "sku", "location"])
    return {
        "locations": locations,
        "skus": pd.DataFrame(
            {"sku": skus, "category": ["A", "B"] * (n_skus // 2) + ["A"] * (n_skus % 2), "unit_price": 10.0}
        ),
        "lanes": lanes,
        "sales": sales,
        "stock": stock.to_frame(index=False).assign(on_hand=50),
    }


@pytest.fixture(scope="session")
def make_chain() -> Callable[..., Chain]:
    """Draw a chain; keyword tables replace or add raw ones."""

    def make(
        n_skus: int = 4,
        n_stores: int = 4,
        n_days: int = 90,
        *,
        rate: float = 2.0,
        seed: int = 0,
        settings: dict[str, object] | None = None,
        **tables: pd.DataFrame,
    ) -> Chain:
        raw = {**raw_tables(n_skus, n_stores, n_days, rate=rate, seed=seed), **tables}
        chain_settings = settings_from_mapping(settings or {"id": "test"})
        checked = check_tables(
            {name: frame.astype("str").replace("nan", "").replace("NaT", "") for name, frame in raw.items()},
            chain_settings,
        )
        assert not checked.breaches, [str(breach) for breach in checked.breaches]
        return Chain(dict(checked.tables), chain_settings)

    return make


def search_signal(n_skus: int, n_days: int, *, seed: int = 3, delay_days: int = 1) -> pd.DataFrame:
    """A search index by SKU, known the given number of days after its date, with one revision two days later."""
    random = np.random.default_rng(seed)
    dates = pd.date_range(FIRST, periods=n_days, freq="D")
    rows = pd.MultiIndex.from_product([[f"K{number}" for number in range(n_skus)], dates], names=["key", "date"])
    frame = rows.to_frame(index=False).assign(signal="search_index", key_type="sku", family="search")
    first = frame.assign(known_at=frame["date"] + pd.Timedelta(days=delay_days), value=random.gamma(20, 5, len(frame)))
    later = frame.assign(
        known_at=frame["date"] + pd.Timedelta(days=delay_days + 2), value=random.gamma(20, 5, len(frame))
    )
    return pd.concat([first, later], ignore_index=True)


def weekly_promotions(n_skus: int, n_days: int, *, every: int = 2) -> pd.DataFrame:
    """Three days of half price for every second SKU each fortnight, announced a week ahead."""
    rows = []
    for number in range(0, n_skus, every):
        for week in range(0, n_days // 7, 2):
            start = FIRST + pd.Timedelta(days=7 * week + 2)
            rows.append(
                (
                    f"P{number}-{week}",
                    f"K{number}",
                    start,
                    start + pd.Timedelta(days=2),
                    5.0,
                    start - pd.Timedelta(days=7),
                )
            )
    frame = pd.DataFrame(rows, columns=["promotion", "sku", "from", "to", "price", "known_at"])
    return frame.assign(mechanism="discount")


def planners_entries(n_skus: int, n_days: int) -> pd.DataFrame:
    """Every fifth day one entry of each kind for a day of the next week, known when it was made."""
    rows = []
    for number, back in enumerate(range(5, n_days, 5)):
        entered = FIRST + pd.Timedelta(days=back)
        kind, value = (("multiply", 1.4), ("add", 6.0), ("set", 9.0), ("exclude", None))[number % 4]
        day = entered + pd.Timedelta(days=-4 if kind == "exclude" else 3)
        rows.append((f"sku:K{number % n_skus}", day, day, kind, value, entered))
    return pd.DataFrame(rows, columns=["key", "from", "to", "kind", "value", "known_at"])


def weekly_presales(n_skus: int, n_days: int) -> pd.DataFrame:
    """Every week deposits on one SKU, fetched at one store six days after they were counted."""
    rows = []
    for week in range(n_days // 7):
        counted = FIRST + pd.Timedelta(days=7 * week)
        rows.append((f"E{week}", f"K{week % n_skus}", 40, counted + pd.Timedelta(days=6), "S3", counted))
    return pd.DataFrame(rows, columns=["event", "sku", "deposits", "ship_from", "pickup_location", "known_at"])


@pytest.fixture(scope="session")
def rich_chain(make_chain: Callable[..., Chain]) -> Chain:
    """Signals, promotions with a true effect of +150%, receipts, open orders, planners' entries, pre-sales; 90 days."""
    n_skus, n_stores, n_days = 4, 4, 90
    promotions = weekly_promotions(n_skus, n_days + 28)
    raw = raw_tables(n_skus, n_stores, n_days, rate=3.0, seed=1)
    sales = raw["sales"].copy()
    for row in promotions.itertuples():
        is_on = (sales["sku"] == row.sku) & (sales["date"] >= row[3]) & (sales["date"] <= row.to)
        sales.loc[is_on, "units"] = (sales.loc[is_on, "units"] * 2.5).round().astype(int)
        sales.loc[is_on, ["price", "is_promotion"]] = [5.0, True]
    orders = [f"O{number}" for number in range(n_days)]
    dates = pd.date_range(FIRST, periods=n_days, freq="D")
    return make_chain(
        n_skus,
        n_stores,
        n_days,
        sales=sales,
        promotions=promotions,
        adjustments=planners_entries(n_skus, n_days + 28),
        presales=weekly_presales(n_skus, n_days + 28),
        signals=search_signal(n_skus, n_days),
        open_orders=pd.DataFrame(
            {"order_id": orders, "origin": "DC", "destination": "S0", "sku": "K0", "quantity": 5, "ship_date": dates,
             "due_date": dates + pd.Timedelta(days=2), "status": "closed"}
        ),
        receipts=pd.DataFrame({"order_id": orders, "sku": "K0", "date": dates, "quantity": 5}).iloc[:-3],
    )  # fmt: skip


@pytest.fixture(scope="session")
def fitted(rich_chain: Chain) -> tuple[Chain, pd.Timestamp, Forecaster]:
    """The rich chain, a cutoff, and what was fitted there; its last week held promotions."""
    cutoff = pd.Timestamp("2024-03-17")
    return rich_chain, cutoff, rich_chain.fit(cutoff)
