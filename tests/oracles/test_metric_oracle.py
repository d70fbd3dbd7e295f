"""Metrics against plain loops over single numbers, on random cases with holes, zeros and late first sales."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forecasting import metrics

SEEDS = range(12)


def case(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forecast, actual and history of a few series; some days unobserved, some series start late."""
    random = np.random.default_rng(seed)
    n_series, horizon, n_days = int(random.integers(1, 6)), int(random.integers(1, 9)), int(random.integers(3, 30))
    forecast = random.gamma(2.0, 2.0, (n_series, horizon))
    actual = random.poisson(3.0, (n_series, horizon)).astype(float)
    actual[random.random(actual.shape) < 0.2] = np.nan
    history = random.poisson(2.0, (n_series, n_days)).astype(float)
    history[:, : int(random.integers(0, n_days))] *= random.random() < 0.5
    return forecast, actual, history


def seen(forecast: np.ndarray, actual: np.ndarray) -> list[tuple[float, float]]:
    return [
        (float(f), float(a)) for f, a in zip(forecast.ravel(), actual.ravel(), strict=True) if not math.isnan(float(a))
    ]


def quotient(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0 else math.nan


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def changes(past: np.ndarray, *, from_first_sale: bool, season: int = 1) -> list[float]:
    days = [float(value) for value in past]
    first = next((day for day, value in enumerate(days) if value > 0), len(days)) if from_first_sale else 0
    return [days[day] - days[day - season] for day in range(first + season, len(days))]


@pytest.mark.parametrize("seed", SEEDS)
def test_sums_and_means_equal_plain_loops(seed: int) -> None:
    forecast, actual, _ = case(seed)
    pairs = seen(forecast, actual)
    total = math.fsum(a for _, a in pairs)
    assert metrics.wape(forecast, actual) == pytest.approx(
        quotient(math.fsum(abs(f - a) for f, a in pairs), total), nan_ok=True
    )
    assert metrics.bias(forecast, actual) == pytest.approx(
        quotient(math.fsum(f - a for f, a in pairs), total), nan_ok=True
    )
    assert metrics.mae(forecast, actual) == pytest.approx(mean([abs(f - a) for f, a in pairs]), nan_ok=True)
    squares = mean([(f - a) ** 2 for f, a in pairs])
    assert metrics.rmse(forecast, actual) == pytest.approx(math.sqrt(squares), nan_ok=True)
    shares = mean([((f - a) / a) ** 2 for f, a in pairs if a > 0])
    assert metrics.rmspe(forecast, actual) == pytest.approx(math.sqrt(shares), nan_ok=True)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("level", [0.05, 0.5, 0.9])
def test_quantile_metrics_equal_plain_loops(seed: int, level: float) -> None:
    quantile, actual, history = case(seed)
    losses = [level * (a - q) if a >= q else (1.0 - level) * (q - a) for q, a in seen(quantile, actual)]
    assert metrics.pinball(quantile, actual, level) == pytest.approx(mean(losses), nan_ok=True)
    covered = [float(a <= q) for q, a in seen(quantile, actual)]
    assert metrics.coverage(quantile, actual) == pytest.approx(mean(covered), nan_ok=True)
    both = np.stack([quantile, quantile + 1.0], axis=-1)
    above = [0.95 * (a - q) if a >= q else 0.05 * (q - a) for q, a in seen(quantile + 1.0, actual)]
    assert metrics.mean_pinball(both, actual, [level, 0.95]) == pytest.approx(
        mean([mean(losses), mean(above)]), nan_ok=True
    )
    scaled = metrics.scaled_pinball(quantile, actual, history, level=level)
    for row, value in enumerate(scaled):
        own = [level * (a - q) if a >= q else (1.0 - level) * (q - a) for q, a in seen(quantile[row], actual[row])]
        scale = mean([abs(change) for change in changes(history[row], from_first_sale=True)])
        assert value == pytest.approx(quotient(mean(own), scale), nan_ok=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_scaled_errors_equal_plain_loops(seed: int) -> None:
    forecast, actual, history = case(seed)
    weights = np.arange(1.0, forecast.shape[0] + 1.0)
    expected = []
    for row in range(forecast.shape[0]):
        pairs = seen(forecast[row], actual[row])
        scale = mean([change**2 for change in changes(history[row], from_first_sale=True)])
        squared = mean([(f - a) ** 2 for f, a in pairs])
        expected.append(math.sqrt(quotient(squared, scale)) if scale > 0 and pairs else math.nan)
        for season in (1, 2):
            absolute = mean([abs(c) for c in changes(history[row], from_first_sale=False, season=season)])
            wanted = quotient(mean([abs(f - a) for f, a in pairs]), absolute)
            own = metrics.mase(forecast[row : row + 1], actual[row : row + 1], history[row : row + 1], season=season)
            assert own[0] == pytest.approx(wanted, nan_ok=True)
    assert metrics.rmsse(forecast, actual, history) == pytest.approx(expected, nan_ok=True)
    known = [(w, e) for w, e in zip(weights, expected, strict=True) if not math.isnan(e)]
    wanted = quotient(math.fsum(w * e for w, e in known), math.fsum(w for w, _ in known))
    assert metrics.wrmsse(forecast, actual, history, weights=weights) == pytest.approx(wanted, nan_ok=True)
