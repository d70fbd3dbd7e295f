"""Baselines and demand classes, by hand on small panels."""

import numpy as np
import pandas as pd
import pytest

from forecasting.classes import demand_classes
from forecasting.evidence import build_evidence
from forecasting.features import origin_at
from forecasting.models.moving_average import MovingAverage
from forecasting.models.seasonal_naive import SeasonalNaive
from forecasting.models.tsb import Tsb
from network.graph import build_network
from network.snapshot import snapshot_at


def evidence_of(make_chain, pattern: list[list[float]]):
    """One store, one SKU a pattern; its first day is Monday 2024-01-01."""
    dates = pd.date_range("2024-01-01", periods=len(pattern[0]), freq="D")
    rows = [
        (day, f"K{number}", "S0", units)
        for number, days in enumerate(pattern)
        for day, units in zip(dates, days, strict=True)
    ]
    sales = pd.DataFrame(rows, columns=["date", "sku", "location", "units"])
    chain = make_chain(len(pattern), 1, len(pattern[0]), sales=sales)
    snapshot = snapshot_at(chain.tables, chain.settings, dates[-1])
    evidence = build_evidence(snapshot, build_network(snapshot), horizon=14, max_signals=0)
    return evidence, origin_at(evidence, evidence.last_day, horizon=14)


ONE = np.zeros(1, dtype=np.int64)


def test_a_constant_series_is_forecast_at_its_level(make_chain):
    evidence, origin = evidence_of(make_chain, [[3.0] * 56])
    for model in (MovingAverage(), SeasonalNaive(), Tsb()):
        assert model.mean(evidence, origin, ONE, horizon=14) == pytest.approx(np.full((1, 14), 3.0), rel=0.02)


def test_seasonal_naive_repeats_the_week(make_chain):
    # ten on Saturdays, one on other days, eight weeks
    evidence, origin = evidence_of(make_chain, [[1, 1, 1, 1, 1, 10, 1] * 8])
    mean = SeasonalNaive().mean(evidence, origin, ONE, horizon=7)[0]
    assert np.argmax(mean) == 5
    assert mean[5] > 5 * mean[0]
    assert mean.sum() == pytest.approx(16, rel=0.05)


def test_tsb_lets_a_dead_series_fade(make_chain):
    # Teunter et al.: the probability decays by (1 - 0.04) on each of the 60 days without a sale, but for those that
    # were at first taken for an empty shelf
    evidence, origin = evidence_of(make_chain, [[2.0] * 60 + [0.0] * 60, [2.0] * 120])
    mean = Tsb().mean(evidence, origin, np.array([0, 1]), horizon=1)[:, 0]
    assert 0 < evidence.panel.n_phantom_zeros < 21
    assert mean[0] == pytest.approx(2.0 * 0.96 ** (60 - evidence.panel.n_phantom_zeros), rel=0.1)
    assert mean[1] == pytest.approx(2.0, rel=0.05)


def test_own_history_outweighs_the_pool_as_it_grows(make_chain):
    # K0 sells 1 a day, K1 sells 9; both have a long history
    _, origin = evidence_of(make_chain, [[1.0] * 90, [9.0] * 90])
    assert origin.rate == pytest.approx([1.0, 9.0], rel=0.15)


def test_classes_follow_interval_and_variation(make_chain):
    rare = [0, 0, 0, 2] * 14
    patterns = [[2.0] * 56, [1, 9] * 28, rare, [0, 0, 0, 1, 0, 0, 0, 12] * 7, [0.0] * 56]
    evidence, _ = evidence_of(make_chain, patterns)
    classes = demand_classes(evidence.history, evidence.last_day).tolist()
    # sizes 1 and 9: squared variation 16 / 25 > 0.49; sizes 1 and 12: 30.25 / 42.25 > 0.49
    assert classes == ["smooth", "erratic", "intermittent", "lumpy", "none"]
