import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from forecasting.forecast import Forecast
from optimization.curve_knots import Knots, aligned, expected_held, expected_short, knots, local_knots

LEVELS = np.array([0.05, 0.25, 0.5, 0.7, 0.85, 0.93, 0.975, 0.995])


def poisson_knots(mean: float, shift: float = 0.0) -> Knots:
    quantiles = poisson.ppf(LEVELS, mean)[None, :]
    return knots(quantiles, lambda values: poisson.cdf(values, mean), shift=np.array([shift]))


@pytest.mark.parametrize("mean", [0.2, 1.0, 2.5])
def test_a_slow_mover_is_priced_unit_by_unit(mean: float) -> None:
    """For Poisson demand E(D - z)+ = sum over k >= z of P(D > k); knots on single units reproduce it."""
    curve = poisson_knots(mean)
    for supply in range(6):
        exact = sum(1.0 - poisson.cdf(k, mean) for k in range(supply, 40))
        assert expected_short(curve, np.array([supply]))[0] == pytest.approx(exact, abs=0.01)


def test_a_fast_mover_is_priced_within_two_percent_of_its_deviation() -> None:
    curve = poisson_knots(400.0)
    for supply in (360, 400, 420, 440):
        exact = sum(1.0 - poisson.cdf(k, 400.0) for k in range(supply, 700))
        assert expected_short(curve, np.array([supply]))[0] == pytest.approx(exact, abs=0.05 * 20)


def test_display_stock_is_wanted_for_certain_before_any_demand() -> None:
    # Display 3: the first three units are short for certain if they are missing, E(D + 3 - 0)+ = mean + 3.
    curve = poisson_knots(1.0, shift=3.0)
    assert expected_short(curve, np.array([0]))[0] == pytest.approx(4.0, abs=0.02)
    assert expected_held(curve, np.array([3]))[0] == pytest.approx(0.0, abs=1e-9)


@given(st.floats(0.05, 200), st.floats(-5, 30), st.integers(0, 300))
def test_short_and_held_are_convex_and_differ_by_supply(mean: float, shift: float, supply: int) -> None:
    curve = poisson_knots(mean, shift)
    short = [expected_short(curve, np.array([supply + k]))[0] for k in range(3)]
    held = [expected_held(curve, np.array([supply + k]))[0] for k in range(3)]
    assert short[0] >= short[1] >= short[2] >= 0
    assert short[0] - short[1] >= short[1] - short[2] - 1e-9
    assert held[1] - held[0] <= held[2] - held[1] + 1e-9
    # (z - D)+ - (D - z)+ = z - D: one more unit raises held less short by exactly one.
    assert (held[1] - short[1]) - (held[0] - short[0]) == pytest.approx(1.0)


def test_days_of_one_interval_share_breakpoints_and_keep_their_expected_stock_there() -> None:
    days = [poisson_knots(mean) for mean in (2.0, 4.0, 6.0)]
    curve = Knots(np.stack([d.breaks for d in days], axis=1), np.stack([d.cdf for d in days], axis=1))
    shared = aligned(curve, np.array([[False, True, True]]))
    assert (shared.breaks[0, 0] == curve.breaks[0, 1]).all()
    assert (shared.breaks[0, 2] == curve.breaks[0, 2]).all()
    assert (np.diff(shared.cdf, axis=-1) >= 0).all()
    for at in curve.breaks[0, 1]:
        before = expected_held(Knots(curve.breaks[0, 0], curve.cdf[0, 0]), np.array(at))
        after = expected_held(Knots(shared.breaks[0, 0], shared.cdf[0, 0]), np.array(at))
        assert after == pytest.approx(float(before), abs=1e-9)


def local(on_hand: int, *, window: int, first_receipt: int) -> tuple[Knots, float]:
    forecast = Forecast.from_rates(np.full((1, 10), 2.0), ["X"], location=["A"])
    found = local_knots(
        forecast,
        LEVELS,
        window=np.array([window]),
        first_receipt=np.array([first_receipt]),
        supply=np.full((1, 10), on_hand),
        floor=np.zeros((1, 10), dtype=np.int64),
        expired=np.zeros((1, 10)),
    )
    return Knots(found.breaks[0], found.cdf[0]), float(found.lost[0])


def test_beyond_the_recourse_window_only_the_mean_moves() -> None:
    curve, _ = local(100, window=3, first_receipt=0)
    # Six units in three days; the spread stays that of three days while two units a day are added.
    assert (curve.breaks[9] - curve.breaks[2] == 14).all()
    assert (curve.cdf[9] == curve.cdf[2]).all()
    hedged, _ = local(100, window=10, first_receipt=0)
    assert hedged.breaks[9, -1] > curve.breaks[9, -1]


def test_demand_lost_before_the_first_receipt_is_not_ordered_again() -> None:
    # Nothing on hand, first receipt on day 3: the 6 units of days 0..2 are gone; day 3 wants 2, not 8.
    curve, lost = local(0, window=4, first_receipt=3)
    assert lost == pytest.approx(6.0, abs=0.05)
    assert expected_short(Knots(curve.breaks[3], curve.cdf[3]), np.array(0)) == pytest.approx(2.0, abs=0.6)
    _, nothing_lost = local(100, window=4, first_receipt=3)
    assert nothing_lost == 0.0
