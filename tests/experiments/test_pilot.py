"""Pilots: pairs, effects and intervals by hand; placebos, power and the stop rule."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.pilot import Effect, Pairs, Scale, Step, choose_pairs, effect_of, next_step, weeks_needed

AMOUNT = Scale.AMOUNT


def rows(values):
    """One week of each location."""
    return np.array(values, dtype=float)[:, None]


def pairs_of(n):
    """Pilots 0..n-1 with controls n..2n-1."""
    return Pairs(np.arange(n), np.arange(n, 2 * n))


def noisy(seed, n_locations, n_weeks):
    random = np.random.default_rng(seed)
    return np.exp(random.normal(4.0, 0.5, (n_locations, 1)) + random.normal(0.0, 0.1, (n_locations, n_weeks)))


def test_the_two_that_move_alike_are_paired_within_their_size():
    # four small and four large places; of each four, two go up and down together and two do not
    wave, other, flat = np.array([1.0, 2.0, 1.0, 2.0]), np.array([2.0, 2.0, 1.0, 1.0]), np.full(4, 1.5)
    small = [wave, other, 1.01 * wave, flat]
    history = np.array([*small, *(100 * series for series in small)])
    pairs = choose_pairs(history, n_pairs=2, seed=0)
    found = {frozenset((int(a), int(b))) for a, b in zip(pairs.pilot, pairs.control, strict=True)}
    assert found == {frozenset((0, 2)), frozenset((4, 6))}


def test_an_effect_is_a_difference_in_differences_by_hand():
    # pilots rise by 3 and 5, their controls by 1 and 1: (2 + 4) / 2 = 3; subset means 2, 3, 4
    before, after = rows([10, 20, 10, 20]), rows([13, 25, 11, 21])
    found = effect_of(before, after, pairs=pairs_of(2), scale=AMOUNT, confidence=0.5)
    assert found == Effect(estimate=3.0, low=2.0, high=4.0, confidence=0.5)


def test_a_relative_effect_is_a_share():
    # all pilots are multiplied by 1.1, controls unchanged
    before = rows([10, 20, 30, 40, 5, 6, 7, 8])
    after = before * rows([1.1] * 4 + [1.0] * 4)
    found = effect_of(before, after, pairs=pairs_of(4), confidence=0.8)
    assert (found.low, found.estimate, found.high) == pytest.approx((0.1, 0.1, 0.1))


def test_what_happens_to_all_is_no_effect():
    before = noisy(0, 12, 5)
    found = effect_of(before, 3.0 * before, pairs=pairs_of(6), confidence=0.9)
    assert (found.low, found.high) == pytest.approx((0.0, 0.0), abs=1e-12)


def test_few_pairs_cannot_give_a_high_confidence():
    # 2 ** 4 = 16 parts: leaving out one on each side keeps 14 / 16
    before, after = noisy(1, 8, 3), noisy(2, 8, 3)
    assert effect_of(before, after, pairs=pairs_of(4), confidence=0.87).confidence == pytest.approx(14 / 16)
    with pytest.raises(ValueError, match="take more pairs"):
        effect_of(before, after, pairs=pairs_of(4), confidence=0.95)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_the_interval_is_that_of_all_placebos(seed):
    # slow search: an effect is kept if turning signs of the differences less it makes their mean at least as far off
    # in more than 10% of all ways
    random = np.random.default_rng(seed)
    before, after = random.normal(10, 1, (12, 1)), random.normal(10, 1, (12, 1))
    found = effect_of(before, after, pairs=pairs_of(6), scale=AMOUNT, confidence=0.9)
    change = (after - before)[:, 0]
    difference = change[:6] - change[6:]
    signs = np.array(list(itertools.product((1, -1), repeat=6)))

    def share_as_far(effect):
        means = (signs * (difference - effect)).mean(axis=1)
        return (np.abs(means) >= abs((difference - effect).mean()) - 1e-12).mean()

    inside = np.linspace(found.low, found.high, 9)[1:-1]
    assert min(share_as_far(effect) for effect in inside) > 1 - found.confidence - 1e-9
    for outside in (found.low - 0.05, found.high + 0.05):
        assert share_as_far(outside) <= 1 - found.confidence + 2 / 64 + 1e-9


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 100.0))
def test_other_roles_turn_the_sign_and_units_do_not_matter(seed, unit):
    before, after, pairs = noisy(seed, 12, 4), noisy(seed + 1, 12, 4), pairs_of(6)
    found = effect_of(before, after, pairs=pairs, scale=AMOUNT, confidence=0.9)
    turned = effect_of(before, after, pairs=Pairs(pairs.control, pairs.pilot), scale=AMOUNT, confidence=0.9)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))
    share = effect_of(before, after, pairs=pairs, confidence=0.9)
    scaled = effect_of(unit * before, unit * after, pairs=pairs, confidence=0.9)
    assert (scaled.low, scaled.estimate, scaled.high) == pytest.approx((share.low, share.estimate, share.high))
    assert found.low <= found.estimate <= found.high


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_no_location_is_in_two_pairs(seed, n_pairs):
    pairs = choose_pairs(noisy(seed, 20, 15), n_pairs=n_pairs, seed=seed)
    both = np.concatenate([pairs.pilot, pairs.control])
    assert np.unique(both).size == 2 * n_pairs


def test_chance_draws_the_roles():
    history = noisy(3, 40, 20)
    pilots = [frozenset(choose_pairs(history, n_pairs=6, seed=seed).pilot.tolist()) for seed in range(8)]
    assert len(set(pilots)) > 1
    assert pilots[0] == frozenset(choose_pairs(history, n_pairs=6, seed=0).pilot.tolist())


def test_too_few_locations_are_named():
    with pytest.raises(ValueError, match="4 pairs need 8 locations, not 7"):
        choose_pairs(noisy(0, 7, 5), n_pairs=4, seed=0)


def test_a_small_effect_needs_more_weeks_and_a_tiny_one_cannot_be_found():
    history = noisy(4, 40, 80)
    asked = [weeks_needed(history, n_pairs=12, effect=effect, weeks_before=12) for effect in (0.2, 0.08, 0.001)]
    assert asked[0] == 1
    assert asked[1] is not None
    assert asked[1] > 1
    assert asked[2] is None


def test_a_roll_out_stops_on_harm_and_goes_on_once_harm_is_ruled_out():
    def look(low, high):
        return Effect((low + high) / 2, low, high, 0.99)

    assert next_step([look(-0.05, -0.01)], n_looks=4) is Step.STOP
    assert next_step([look(-0.05, 0.01)], n_looks=4) is Step.WAIT
    assert next_step([look(-0.05, 0.01), look(0.01, 0.02)], n_looks=4) is Step.GO_ON
    assert next_step([look(-0.005, 0.02)], n_looks=4, tolerance=0.01) is Step.GO_ON
    assert next_step([look(0.01, 0.02)], n_looks=4, more_is_better=False) is Step.STOP
    with pytest.raises(ValueError, match=r"6 looks need intervals of 0\.9917"):
        next_step([look(0.0, 0.1)], n_looks=6)


def test_intervals_of_simulated_pilots_hold_the_effect():
    # 400 pilots of 10 pairs, effect 5%: a binomial of 0.95 strays by less than 4 x 0.011
    hits = []
    for seed in range(400):
        world = noisy(seed, 30, 24)
        pairs = choose_pairs(world[:, :12], n_pairs=10, seed=seed)
        during = world[:, 16:].copy()
        during[pairs.pilot] *= 1.05
        found = effect_of(world[:, 12:16], during, pairs=pairs)
        hits.append(found.low <= 0.05 <= found.high)
    assert np.mean(hits) == pytest.approx(0.95, abs=0.044)
