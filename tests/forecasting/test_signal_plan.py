"""Leads, nowcasts, factors and the gate: found on training data, kept only where clear, and written down."""

import json

import numpy as np
import pandas as pd
import pytest

from forecasting.signal_factors import principal_loadings
from forecasting.signal_features import led
from forecasting.signal_gate import _verdict
from forecasting.signal_leads import Aligned, find_links, stable_lead
from forecasting.signal_paths import DriverPath, driver_path, fitted_persistence, nowcast
from forecasting.signal_plan import Driver, Link, Scale, SignalPlan, Verdict
from forecasting.signal_residuals import Residuals, Units
from forecasting.signals import LOOK_BACK_DAYS, SignalStore

FIRST = pd.Timestamp("2024-01-01")
SEARCH = Driver("index:sku", "search", "sku", ("index",), (Scale(),), (1.0,))


def autoregressive(random: np.random.Generator, shape: tuple[int, int], persistence: float) -> np.ndarray:
    path = np.zeros(shape)
    for day in range(1, shape[1]):
        path[:, day] = persistence * path[:, day - 1] + random.normal(0.0, 0.3, shape[0])
    return path


def aligned(signal: np.ndarray, residual: np.ndarray) -> Aligned:
    n = len(signal)
    units = Units(
        "sku", pd.Index([f"K{i}" for i in range(n)]), np.array(["A"] * n, dtype=object),
        np.array(["store"] * n, dtype=object), np.ones(signal.shape), np.ones(signal.shape),
    )  # fmt: skip
    return Aligned(units, Residuals(residual, np.ones(signal.shape)), [SEARCH], [signal])


def test_the_lead_and_the_effect_of_a_persistent_signal_are_found():
    random = np.random.default_rng(1)
    signal = autoregressive(random, (6, 300), 0.8)
    residual = random.normal(0.0, 0.3, signal.shape)
    residual[:, 5:] += 0.4 * signal[:, :-5]
    (link,) = find_links(aligned(signal, residual))
    assert (link.driver, link.category, link.lead_days) == ("index:sku", "A", 5)
    assert link.effects["store"] == pytest.approx(0.4, abs=0.06)


def test_a_signal_that_moves_nothing_gets_no_lead():
    random = np.random.default_rng(2)
    links = [
        find_links(aligned(autoregressive(random, (6, 300), 0.8), random.normal(0.0, 0.3, (6, 300)))) for _ in range(10)
    ]
    assert sum(map(len, links)) == 0


def test_a_signal_that_only_follows_demand_gets_no_lead():
    random = np.random.default_rng(3)
    signal = autoregressive(random, (6, 300), 0.5)
    residual = random.normal(0.0, 0.3, signal.shape)
    residual[:, :-4] += 0.4 * signal[:, 4:]
    assert all(link.lead_days == 0 for link in find_links(aligned(signal, residual)))


def test_a_lead_of_one_part_of_the_past_only_is_not_kept():
    scores = np.zeros((1, 4, 22))
    scores[0, 0, 5], scores[0, 3, 5] = 9.0, 6.0
    scores[0, 1, 12], scores[0, 2, 17] = 2.0, 2.0
    scores[0, 1:3, 5] = -0.5
    assert stable_lead(scores) is None
    scores[0, :3, 5] = 4.0
    assert stable_lead(scores) == 5


def test_a_nowcast_fades_to_the_level_and_reads_nothing_after_the_origin():
    # level 2 (mean of 0 and 4 over four weeks), last value 4: 2 + 0.5 (4 - 2) = 3, then 2.5
    past = np.concatenate([np.zeros(14), np.full(14, 4.0)])
    known = np.concatenate([past, [np.nan, np.nan]])[None, :]
    driver = Driver("x:sku", "search", "sku", ("x",), (Scale(),), (1.0,), 0.5, 1.0)
    expected, profile = nowcast(known, 28, driver)
    assert profile == pytest.approx(np.zeros_like(profile))
    assert expected[0, -2:] == pytest.approx([3.0, 2.5])
    assert expected[0, :28] == pytest.approx(past)


def test_visits_are_nowcast_with_their_weekday():
    # seven times more on the last day of each week; one key is enough to show the rhythm
    week = np.array([1.0, 1, 1, 1, 1, 1, 8])
    known = np.concatenate([np.tile(week, 8), np.full(7, np.nan)])[None, :]
    driver = Driver("visits:location", "traffic", "location", ("visits",), (Scale(),), (1.0,), 0.5, 1.0)
    expected, _ = nowcast(known, 56, driver)
    assert np.argmax(expected[0, 56:]) == 6
    assert expected[0, 62] > 4.0


def test_persistence_is_told_apart_from_noise():
    random = np.random.default_rng(4)
    path = autoregressive(random, (20, 400), 0.8)
    noisy = path + random.normal(0.0, path.std(), path.shape)
    persistence, share = fitted_persistence(noisy)
    assert persistence == pytest.approx(0.8, abs=0.06)
    assert share == pytest.approx(0.5, abs=0.08)


def test_led_is_the_value_before_the_target_day_against_the_base_days_before():
    expected = np.zeros((1, LOOK_BACK_DAYS + 3))
    expected[0, LOOK_BACK_DAYS - 2 :] = [1.0, 2.0, 3.0, 4.0, 5.0]
    path = DriverPath(pd.Index(["K"]), expected, expected, expected, np.zeros_like(expected))
    # lead 2: targets read the two last past days and the first ahead; the base days end two days before the origin
    assert led(path, 2)[0] == pytest.approx([1.0, 2.0, 3.0])


def test_factors_of_keywords_have_a_fixed_sign_and_are_two_at_most():
    # three keywords that move together, two that move together by themselves, one alone
    block = np.eye(6) * 0.2
    block[:3, :3] += 0.8
    block[3:5, 3:5] += 0.8
    loadings = principal_loadings(block)
    assert len(loadings) == 2
    assert np.all(loadings[0][:3] > 0.5)
    assert loadings[0][3:] == pytest.approx(np.zeros(3), abs=1e-9)
    assert loadings[1][np.argmax(np.abs(loadings[1]))] > 0
    assert len(principal_loadings(np.full((4, 4), 0.9) + 0.1 * np.eye(4))) == 1


def feed(values: np.ndarray, known_after_days: int = 1, signal: str = "index") -> pd.DataFrame:
    """Rows of one signal for key K0.. from (n_keys, n_days)."""
    key, day = np.divmod(np.arange(values.size), values.shape[1])
    dates = FIRST + pd.to_timedelta(day, unit="D")
    return pd.DataFrame(
        {"signal": signal, "key_type": "sku", "key": [f"K{k}" for k in key], "date": dates,
         "known_at": dates + pd.Timedelta(days=known_after_days), "family": "search", "value": values.ravel(),
         "sentiment": np.nan}
    )  # fmt: skip


def test_the_nowcast_of_an_origin_ignores_what_was_published_later():
    random = np.random.default_rng(6)
    values = autoregressive(random, (3, 250), 0.8)
    whole = SignalStore(feed(values), FIRST)
    rows = feed(values)
    known = SignalStore(rows[rows["known_at"] <= FIRST + pd.Timedelta(days=200)], FIRST)
    changed = rows.assign(value=rows["value"].where(rows["known_at"] <= FIRST + pd.Timedelta(days=200), 99.0))
    paths = [
        driver_path(store, SEARCH, 200, horizon=7).expected for store in (whole, known, SignalStore(changed, FIRST))
    ]
    assert paths[0].tobytes() == paths[1].tobytes() == paths[2].tobytes()
    assert not np.isnan(paths[0]).any(axis=None) or np.isnan(paths[0][:, 0]).all()


def test_a_family_is_off_without_a_link_and_without_value():
    assert not _verdict("search", "sku", "A", losses=None, seed=0).is_on
    worse = np.column_stack([np.full(8, 10.0), np.full(8, 11.0)])
    assert not _verdict("search", "sku", "A", losses=worse, seed=0).is_on
    better = _verdict("search", "sku", "A", losses=worse[:, ::-1], seed=0)
    assert better.is_on
    assert better.value == pytest.approx(1.0 - 10.0 / 11.0)


def test_a_plan_reads_back_from_its_text():
    plan = SignalPlan(
        (SEARCH,),
        (Link("index:sku", "A", 5, {"store": 0.4}),),
        (Verdict("search", "sku", "B", 0.0, 0.0, 0.0, is_on=False),),
    )
    again = SignalPlan.from_dict(json.loads(json.dumps(plan.as_dict())))
    assert again == plan
    assert again.is_on(SEARCH, "A")
    assert not again.is_on(SEARCH, "B")


def test_origins_without_demand_close_the_gate_instead_of_breaking_it() -> None:
    # three of four origins had nothing to explain: most draws of the bootstrap hold no evidence
    losses = np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [5.0, 1.0]])
    verdict = _verdict("search", "sku", "A", losses=losses, seed=0)
    assert verdict.value == pytest.approx(0.8)
    assert (verdict.low, verdict.is_on) == (0.0, False)
