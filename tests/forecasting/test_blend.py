"""Blend weights, by hand on small sums, and the properties of a simplex."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.blend import KEPT_SHARE, PRIOR_INTERVALS, Blend, HeldOutMeans, fitted_blends, simplex_weights
from forecasting.metrics import poisson_deviance

HALF = np.array([0.5, 0.5])


def held_out(means: dict[str, np.ndarray], demand: np.ndarray, codes: int = 1) -> HeldOutMeans:
    return HeldOutMeans(means, demand, np.ones(demand.shape, dtype=bool), np.full(demand.shape[:2], codes))


def test_demand_halfway_between_two_models_weighs_them_equally():
    # 10 and 20 foreseen, 15 came: mu = 15 at weights 1/2, 1/2, where the deviance is 0
    predicted = np.array([[10.0, 20.0], [20.0, 10.0]])
    assert simplex_weights(predicted, np.array([15.0, 15.0]), np.array([1.0, 0.0])) == pytest.approx(HALF, abs=1e-3)


def test_a_model_that_is_always_right_gets_everything():
    random = np.random.default_rng(0)
    truth = random.gamma(2.0, 5.0, 500)
    predicted = np.column_stack([truth, np.full(500, 10.0)])
    assert simplex_weights(predicted, truth, HALF) == pytest.approx([1.0, 0.0], abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 5), st.integers(1, 30), st.integers(0, 10_000))
def test_weights_lie_on_the_simplex_and_beat_every_single_model(n_models, n_rows, seed):
    random = np.random.default_rng(seed)
    predicted = random.gamma(1.0, 4.0, (n_rows, n_models)) + 0.1
    actual = random.poisson(4.0, n_rows).astype(float) + (np.arange(n_rows) == 0)
    weights = simplex_weights(predicted, actual, np.full(n_models, 1.0 / n_models))
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1.0)
    singles = [poisson_deviance(predicted[:, column], actual) for column in range(n_models)]
    assert poisson_deviance(predicted @ weights, actual) <= min(singles) + 1e-4 * max(singles)


def test_few_intervals_stay_with_the_best_single_model():
    # 1 origin, 2 series, 7 days: 2 intervals of 300 + 2; b is nearest, a + b would be right
    demand = np.full((1, 2, 7), 3.0)
    means = {"a": np.full((1, 2, 7), 6.0), "b": np.full((1, 2, 7), 2.0)}
    blend = fitted_blends(held_out(means, demand), range(1, 2), refitted="none")[1]
    # own weights (1/4, 3/4) are pooled, then shrunk twice towards b: a keeps less than 2 x 2/302 x 1/4
    assert blend.members == ("b",)
    assert PRIOR_INTERVALS > 100


def test_many_intervals_say_what_they_want_by_bucket():
    # 40 origins x 50 series; b is right in the first week, a later
    demand = np.full((40, 50, 21), 2.0)
    other = np.tile([1.0, 3.0], (40, 25))[:, :, None]
    a, b = demand * other, demand.copy()
    a[:, :, 7:], b[:, :, 7:] = demand[:, :, 7:], (demand * other)[:, :, 7:]
    blend = fitted_blends(held_out({"a": a, "b": b}, demand), range(1, 2), refitted="none")[1]
    assert blend.by_step("b", 21)[0] > 0.85
    assert blend.by_step("a", 21)[[7, 20]].min() > 0.85
    for step in range(21):
        assert blend.by_step("a", 21)[step] + blend.by_step("b", 21)[step] == pytest.approx(1.0)


def test_the_model_that_will_be_refitted_keeps_most_of_the_weight():
    demand = np.full((40, 50, 7), 2.0)
    means = {"global": demand * 1.3, "tsb": demand.copy()}
    blend = fitted_blends(held_out(means, demand), range(1, 2), refitted="global")[1]
    # tsb is exactly right and takes nearly all of the kept share
    assert blend.by_step("tsb", 1)[0] == pytest.approx(KEPT_SHARE, abs=0.03)
    assert blend.name == "blend"


def test_a_class_without_intervals_gets_the_pooled_weights():
    demand = np.full((30, 40, 7), 2.0)
    means = {"a": demand.copy(), "b": demand * 3.0}
    blends = fitted_blends(held_out(means, demand), range(1, 3), refitted="none")
    assert blends[2].members == ("a",)


def test_one_model_is_named_by_itself():
    blend = Blend.of_one("moving_average")
    assert blend.name == "moving_average"
    assert blend.by_step("moving_average", 28).tolist() == [1.0] * 28
    assert blend.by_step("global", 28).tolist() == [0.0] * 28
