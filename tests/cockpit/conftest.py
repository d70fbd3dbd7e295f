"""A plan made by hand for the faces: small, seeded, with every kind of order and with hostile names."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.forecast import Forecast
from network.settings import Assumption, ChainSettings
from network.snapshot import snapshot_at
from optimization.alternatives import ALTERNATIVE_COLUMNS
from optimization.pegging import PEGGING_COLUMNS

CUTOFF = pd.Timestamp("2024-11-06")
CITIES = {"EAST": (31.2, 121.5), "NORTH": (39.9, 116.4), "SOUTH": (23.1, 113.3)}
KINDS = ("purchase", "transfer", "transshipment", "emergency", "return")
HOSTILE_SKU = "<script>alert('SKU')</script>"


def made_locations(*, n_stores: int, has_coordinates: bool = True) -> pd.DataFrame:
    """Suppliers, one central a region, two forwards a region, and stores around them."""
    rng = np.random.default_rng(7)
    rows = [(f"SUP{i}", "supplier", "", 29.0 + 3 * i, 108.0 + 2 * i) for i in range(2)]
    for region, (latitude, longitude) in CITIES.items():
        rows.append((f"DC-{region}", "central", region, latitude + 0.3, longitude - 0.4))
        for i in range(2):
            rows.append((f"FW-{region}-{i}", "forward", region, latitude + 0.2 * i, longitude + 0.3 * i))
        for i in range(n_stores // len(CITIES)):
            at = rng.normal(0, 0.5, 2)
            rows.append((f"ST-{region}-{i:03d}", "store", region, latitude + at[0], longitude + at[1]))
    frame = pd.DataFrame(rows, columns=["location", "tier", "region", "latitude", "longitude"])
    if not has_coordinates:
        frame[["latitude", "longitude"]] = np.nan
    return frame.sort_values("location").reset_index(drop=True)


def made_orders(locations: pd.DataFrame, skus: list[str], n: int) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    places = {tier: group["location"].to_numpy() for tier, group in locations.groupby("tier")}
    ends = {
        "purchase": ("supplier", "central"),
        "transfer": ("central", "store"),
        "transshipment": ("store", "store"),
        "emergency": ("central", "forward"),
        "return": ("store", "central"),
    }
    rows = []
    for i in range(n):
        kind = KINDS[int(rng.choice(5, p=[0.1, 0.6, 0.15, 0.1, 0.05]))]
        origin, destination = (str(rng.choice(places[tier])) for tier in ends[kind])
        quantity, unit_cost = int(rng.integers(2, 120)), float(np.round(rng.uniform(2, 40), 2))
        rows.append(
            {
                "document_id": f"D{i % 40:04d}",
                "order_id": f"O{i:05d}",
                "kind": kind,
                "origin": origin,
                "destination": destination,
                "sku": skus[i % len(skus)],
                "quantity": quantity,
                "cases": quantity // 6,
                "ship_date": CUTOFF + pd.Timedelta(days=1),
                "due_date": CUTOFF + pd.Timedelta(days=int(rng.integers(1, 6))),
                "load_id": f"L{i % 9}",
                "unit_cost": unit_cost,
                "value": quantity * unit_cost,
                "reason": "runs out Thursday, promotion from Friday, 6 days' cover after",
                "net_benefit": float(np.round(rng.gamma(2.0, 60.0), 2)),
            }
        )
    return pd.DataFrame(rows)


def made_terms(orders: pd.DataFrame) -> pd.DataFrame:
    """Terms that sum to the line: benefit 130%, holding -10%, transport -20%."""
    parts = {"shortage_avoided": 1.3, "holding": -0.1, "transport_share": -0.2}
    frames = [
        orders[["order_id"]].assign(term=term, amount=part * orders["net_benefit"]) for term, part in parts.items()
    ]
    return pd.concat(frames, ignore_index=True)


def made_loads(locations: pd.DataFrame) -> pd.DataFrame:
    stores = locations.loc[locations["tier"] == "store", "location"].tolist()[:9]
    return pd.DataFrame(
        {
            "load_id": [f"L{i}" for i in range(len(stores))],
            "origin": "DC-EAST",
            "destination": stores,
            "mode": "transfer",
            "vehicle": "truck",
            "trucks": [1 + i % 2 for i in range(len(stores))],
            "volume_m3": [3.0 + 2 * i for i in range(len(stores))],
            "weight_kg": [800.0 + 90 * i for i in range(len(stores))],
            "truck_volume_m3": 20.0,
            "fill": [0.2 + 0.09 * i for i in range(len(stores))],
            "cost": [420.0 - 11 * i for i in range(len(stores))],
            "lines": [5 + i for i in range(len(stores))],
            "value": [3000.0 + 100 * i for i in range(len(stores))],
        }
    )


def made_exceptions(locations: pd.DataFrame, skus: list[str]) -> pd.DataFrame:
    kinds = ("stock_out_coming", "slow_mover", "interest_without_sales", "phantom_stock")
    stores = locations.loc[locations["tier"] == "store", "location"].tolist()
    n = 30
    return pd.DataFrame(
        {
            "rank": range(1, n + 1),
            "kind": [kinds[i % 4] for i in range(n)],
            "severity": ["critical" if i % 4 == 0 else ("warning" if i % 4 == 1 else "info") for i in range(n)],
            "sku": [skus[i % len(skus)] for i in range(n)],
            "location": [stores[i % len(stores)] for i in range(n)],
            "date": CUTOFF,
            "money": [5000.0 / (i + 1) for i in range(n)],
            "message": "runs out on Thursday and nothing on order arrives before Monday",
            "suggestion": "ask the supplier to expedite, or move 24 units from ST-SOUTH-001",
        }
    )


KPIS = pd.DataFrame(
    [
        ("stockout_rate", 0.121, 0.034, "share", "Point-days of demand with any of it unmet, next 14 days"),
        ("fill_rate", 0.931, 0.984, "share", "Units served from the first-choice location, next 14 days"),
        ("lost_margin", 18_240.0, 3_120.0, "money", "Margin of sales that cannot be served"),
        ("turnover_days", 31.4, 28.9, "days", "Stock at cost over daily cost of goods sold"),
        ("truck_fill", None, 0.81, "share", "Truck fill weighted by cost"),
        ("total_cost", 41_000.0, 24_500.0, "money", "Holding, lost margin, transport and waste"),
    ],
    columns=["kpi", "today", "planned", "unit", "meaning"],
)


def made_plan(
    *, n_skus: int = 12, n_stores: int = 21, n_orders: int = 240, has_coordinates: bool = True, n_points: int = 0
) -> Any:
    """Everything the faces read from a plan."""
    skus = [f"SKU-{i:03d}" for i in range(n_skus - 1)] + [HOSTILE_SKU]
    locations = made_locations(n_stores=n_stores, has_coordinates=has_coordinates)
    stores = locations.loc[locations["tier"] == "store", "location"].tolist()
    pairs = [(sku, store) for sku in skus for store in stores][: n_points or None]
    days = np.arange(28)
    rng = np.random.default_rng(3)
    mean = rng.gamma(2.0, 3.0, len(pairs))[:, None] * (1 + 0.4 * np.sin(days / 7 * 2 * np.pi))[None, :]
    forecast = Forecast.from_rates(
        mean, [p[0] for p in pairs], location=[p[1] for p in pairs], cutoff=f"{CUTOFF:%Y-%m-%d}", dispersion=0.1
    )
    families = ("base", "season", "promotion", "search", "weather")
    drivers = pd.DataFrame(
        [(row, family, 3.0 - i - row % 2) for row in range(min(40, len(pairs))) for i, family in enumerate(families)],
        columns=["series", "family", "amount"],
    ).assign(days=7)
    settings = ChainSettings(
        id="lantern & co", assumptions=(Assumption("lanes", "truck cost 420 for 30 m3, from a public tariff"),)
    )
    orders = made_orders(locations, skus, n_orders)
    return SimpleNamespace(
        run_id="20241106-0123456789ab",
        cutoff=CUTOFF,
        orders=orders,
        order_terms=made_terms(orders),
        loads=made_loads(locations),
        exceptions=made_exceptions(locations, skus),
        kpis=KPIS,
        pegging=pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in PEGGING_COLUMNS.items()}),
        alternatives=pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in ALTERNATIVE_COLUMNS.items()}),
        forecast=forecast.replace(drivers=drivers),
        network=SimpleNamespace(locations=locations, calendar=made_calendar(locations)),
        snapshot=snapshot_at({}, settings, CUTOFF).replace(),
        manifest={
            "status": "optimal",
            "objective": 24_500.0,
            "bound": None,
            "gap": None,
            "code_version": "0.1.0",
            "input_hash": "ab" * 32,
            "timings": {"load": 1.2, "forecast": 14.0, "flow": 3.1, "audit": 0.2},
        },
    )


def made_calendar(locations: pd.DataFrame) -> Any:
    """Every location is open every day."""
    names = locations["location"].to_numpy()
    return SimpleNamespace(locations=names, open_days=lambda cutoff, n: np.ones((len(names), n), dtype=bool))


def made_panel(plan: Any, skus: Any) -> Any:
    """A history for every forecast series, with some days on which the shelf was empty."""
    series = plan.forecast.series[["sku", "location"]].assign(first_day=-30, last_day=900)
    rng = np.random.default_rng(5)
    n_days = 120
    dates = pd.date_range(end=CUTOFF, periods=n_days)
    rate = plan.forecast.mean[:, :7].mean(axis=1)[:, None] * (1 + 0.4 * np.sin(np.arange(n_days) / 7 * 2 * np.pi))
    available = np.ones((len(series), n_days), dtype=np.float32)
    available[:, 90:93] = 0.3
    sales = rng.poisson(rate).astype(np.float32) * np.where(available < 1, 0.4, 1.0)
    return SimpleNamespace(series=series, dates=dates, sales=np.round(sales), available=available)


@pytest.fixture
def fake_plan(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("cockpit.report_forecasts._panel_of", made_panel)
    return made_plan()


@pytest.fixture
def plan_maker(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("cockpit.report_forecasts._panel_of", made_panel)
    return made_plan


@pytest.fixture(scope="session")
def plan_factory() -> Any:
    """Makes plans for tests that share one for the whole session and draw no history."""
    return made_plan
