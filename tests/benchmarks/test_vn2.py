"""The VN2 game: its timing and costs by hand, no peeking, and our rule against the clairvoyant."""

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

from _vn2_forecast import WeeklyForecaster, origin_features, seasonal_profile
from _vn2_game import Records, Shelf, known_at, play, read_first_shelf, read_records, usual_shelf
from _vn2_policies import DemandPaths, Ours, base_stock, buffered, clairvoyant, organisers, protected

from benchmarks import vn2

NOTHING = Shelf(np.zeros(1), np.zeros((2, 1)))


def records_of(sales):
    """Series without groups of their own."""
    sales = np.atleast_2d(np.array(sales, dtype=float))
    n, n_weeks = sales.shape
    groups = {name: np.arange(n) % 2 for name in ("Store", "Product", "Department")}
    weeks = np.arange(n_weeks + 8) % 52 + 1
    return Records(None, sales, np.ones((n, n_weeks), dtype=bool), weeks, groups)


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vn2")
    return folder, vn2.made_up_data(folder, n_weeks=110)


def test_an_order_is_sold_from_three_weeks_after_and_costs_follow_by_hand():
    # stock 2, then 1 in week 2; demand 1 a week. An order of 3 at the end of week 0 arrives for week 3.
    # week 1: sold 1, 1 left; week 2: 2 there, sold 1, 1 left; week 3: 4 there, 3 left; then 2, 1, 0 left; then 1 lost.
    records = records_of(np.ones(60))
    shelf = Shelf(np.array([2.0]), np.array([[0.0], [1.0]]))
    asked = iter([3.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    game = play(records, lambda known, shelf: np.array([next(asked)]), start=52, shelf=shelf)
    assert game.cost_by_week.tolist() == pytest.approx([0.2, 0.2, 0.6, 0.4, 0.2, 0.0, 1.0, 1.0])
    assert game.decided == pytest.approx(3.2)


def test_the_usual_shelf_is_the_organisers_rule():
    # means of 0.75 and 2.25 a week: 1 on hand and round(0.5) = 0 coming; 3 on hand and round(1.5) = 2 coming
    records = records_of([[0.75] * 52, [2.25] * 52])
    shelf = usual_shelf(records, 52)
    assert shelf.on_hand.tolist() == [1, 3]
    assert shelf.incoming.tolist() == [[0, 0], [0, 2]]


def test_the_organisers_rule_covers_four_weeks():
    # 2 a week in every week of the year: up to 8 units, 3 on hand and 1 coming
    known = known_at(records_of(np.full(110, 2.0)), 108, start=108)
    assert organisers(known, Shelf(np.array([3.0]), np.array([[1.0], [0.0]]))).tolist() == [4]


def test_weeks_without_stock_are_unknown_before_the_game_only():
    records = dataclasses.replace(records_of(np.ones(60)), in_stock=np.zeros((1, 60), dtype=bool))
    assert np.isnan(known_at(records, 56, start=54).sales[0]).tolist() == [True] * 54 + [False] * 2


def test_only_the_week_of_arrival_is_protected_by_hand():
    # two paths: demand 1, 1, 2 and 3, 1, 5; 2 on hand, 1 arrives in each of the next weeks
    # path 1: 3 - 1 = 2, 3 - 1 = 2, lacks 0; path 2: 3 - 3 = 0, 1 - 1 = 0, lacks 5
    paths = np.array([[[1.0, 1.0, 2.0], [3.0, 1.0, 5.0]]])
    shelf = Shelf(np.array([2.0]), np.array([[1.0], [1.0]]))
    assert protected(paths, shelf, covered=0.4).tolist() == [0]
    assert protected(paths, shelf, covered=0.6).tolist() == [5]


def test_paths_have_the_means_they_were_asked_for():
    paths = DemandPaths(200, n_weeks=3).of(np.array([[0.5, 4.0, 60.0]]))
    assert paths.shape == (1, 200, 3)
    assert paths.mean(axis=1)[0] == pytest.approx([0.5, 4.0, 60.0], rel=0.03)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_no_rule_costs_less_than_the_clairvoyant(seed):
    random = np.random.default_rng(seed)
    records = records_of(random.poisson(random.gamma(1.0, 3.0, (3, 1)), (3, 120)))
    shelf = usual_shelf(records, 110)
    least = play(records, clairvoyant(records), start=110, shelf=shelf).decided

    def careless(known, shelf):
        return random.integers(0, 9, 3).astype(float)

    for rule in (organisers, buffered, base_stock, careless):
        assert play(records, rule, start=110, shelf=shelf).decided >= least - 1e-9


def test_the_clairvoyant_is_the_best_of_all_orders_on_a_tiny_game():
    # every pair of orders of 0..3 units for weeks 3 and 4, none after: a slow search over 16 games
    demand = np.zeros(60)
    demand[52:60] = [1, 2, 3, 1, 0, 0, 0, 0]
    records = records_of(demand)
    shelf = Shelf(np.array([4.0]), np.zeros((2, 1)))
    costs = []
    for first in range(4):
        for second in range(4):
            asked = iter([first, second, 0, 0, 0, 0])
            game = play(
                records, lambda known, shelf, asked=asked: np.array([float(next(asked))]), start=52, shelf=shelf
            )
            costs.append(game.decided)
    assert play(records, clairvoyant(records), start=52, shelf=shelf).decided == pytest.approx(min(costs))


def test_features_of_an_origin_read_nothing_later(made_up):
    records = read_records(made_up[0])
    known = known_at(records, 108, start=108)
    profile = seasonal_profile(known)
    scrambled = dataclasses.replace(known, sales=known.sales.copy())
    scrambled.sales[:, 100:] = 99.0
    for seen, after in zip(origin_features(known, 100, profile), origin_features(scrambled, 100, profile), strict=True):
        np.testing.assert_array_equal(seen, after)


def test_demand_after_a_week_changes_no_order_placed_by_then(made_up):
    records = read_records(*made_up)
    start = 109
    orders = play(records, Ours(threads=1), start=start, shelf=usual_shelf(records, start)).orders
    assert orders.sum() > 0
    week = 2
    later = records.sales.copy()
    later[:, start + week :] = np.random.default_rng(0).poisson(9.0, later[:, start + week :].shape)
    changed = dataclasses.replace(records, sales=later)
    again = play(changed, Ours(threads=1), start=start, shelf=usual_shelf(records, start)).orders
    np.testing.assert_array_equal(again[: week + 1], orders[: week + 1])
    assert (again[week + 1 :] != orders[week + 1 :]).any()


def test_forecasts_are_finite_for_series_never_in_stock(made_up):
    known = known_at(read_records(made_up[0]), 110, start=110)
    known.sales[0] = np.nan
    means = WeeklyForecaster.fitted(known, threads=1).means(known)
    assert means.shape == (24, 3)
    assert np.isfinite(means).all()
    assert (means >= 0).all()


def test_the_official_game_writes_six_lists_in_the_order_of_the_rows(made_up, tmp_path, capsys):
    folder, sales = made_up
    vn2.main([str(folder), "--sales", str(sales), "--out", str(tmp_path / "played.json")])
    written = json.loads((tmp_path / "played.json").read_text("utf-8"))
    assert [len(order) for order in written["orders"]] == [24] * 6
    assert len(written["cost_by_week"]) == 8
    assert written["total"] == pytest.approx(sum(written["cost_by_week"]), abs=0.5)
    printed = json.loads(capsys.readouterr().out)
    assert set(printed["rules"]) == {"ours", "organisers", "seasonal_buffer", "base_stock", "clairvoyant"}
    assert read_first_shelf(folder, read_records(folder)).on_hand.tolist() == [4] * 24


def test_a_file_that_does_not_start_with_the_given_weeks_is_refused(made_up, tmp_path):
    folder, sales = made_up
    other = tmp_path / "other.csv"
    lines = sales.read_text("utf-8").splitlines()
    lines[1] = ",".join([*lines[1].split(",")[:2], "77.0", *lines[1].split(",")[3:]])
    other.write_text("\n".join(lines), "utf-8")
    with pytest.raises(ValueError, match="does not start with the 110 weeks"):
        read_records(folder, other)


def test_a_file_too_short_to_score_is_refused(made_up):
    folder, _ = made_up
    records = read_records(folder)
    with pytest.raises(ValueError, match="needs 118 weeks"):
        play(records, organisers, start=110, shelf=usual_shelf(records, 110))
