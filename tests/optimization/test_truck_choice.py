import numpy as np
import pytest

from optimization.truck_choice import TruckChoice, choose_trucks, pull_forward


def chosen(quantity: list[int], share: list[float], value: list[float], **more: object) -> TruckChoice:
    settings = {"cost": 60.0, "max_trucks": np.inf, "is_one_off": False, **more}
    return choose_trucks(
        np.array(quantity),
        share=np.stack([np.array(share), np.zeros(len(share))], axis=1),
        value=np.array(value),
        lot=np.ones(len(quantity), dtype=np.int64),
        cost=float(settings["cost"]),  # type: ignore[arg-type]
        max_trucks=float(settings["max_trucks"]),  # type: ignore[arg-type]
        is_one_off=bool(settings["is_one_off"]),
    )


def test_a_nearly_empty_truck_does_not_go_for_pennies() -> None:
    # 10 of value against the empty half of a truck of 60, which costs 30.
    assert chosen([1], [0.5], [10.0]).trucks == 0


def test_a_truck_goes_when_its_goods_pay_for_what_stays_empty() -> None:
    assert chosen([1], [0.5], [31.0]).trucks == 1


def test_a_one_off_truck_must_earn_its_whole_price() -> None:
    assert chosen([1], [0.5], [59.0], is_one_off=True).trucks == 0
    assert chosen([1], [0.5], [61.0], is_one_off=True).trucks == 1


def test_the_last_truck_must_earn_its_cost_and_the_best_lines_go() -> None:
    # Two lines fill one truck; a second truck, 0.1 full, would cost 54 for a line worth 5.
    found = chosen([5, 5, 1], [0.1, 0.1, 0.1], [100.0, 90.0, 5.0])
    assert found.trucks == 1
    assert found.quantity.tolist() == [5, 5, 0]


def test_what_is_left_of_the_last_truck_takes_part_of_a_line() -> None:
    found = chosen([6, 6], [0.1, 0.1], [100.0, 60.0], max_trucks=1)
    assert found.trucks == 1
    assert found.quantity.tolist() == [6, 4]


def test_a_lane_without_trucks_left_ships_nothing() -> None:
    assert chosen([1], [0.1], [1000.0], max_trucks=0).trucks == 0


@pytest.mark.parametrize(("price", "covered"), [(100.0, 6), (2.0, 2)])
def test_a_truck_takes_later_needs_along_while_the_cost_per_day_falls(price: float, covered: int) -> None:
    """Ten units tonight, ten more every second day, each early day of a unit costs 0.1.

    Price 100: nothing along 100 / 2 = 50 a day; day 2 along (100 + 10 * 2 * 0.1) / 4 = 25.5; day 4 along too
    (100 + 2 + 4) / 6 = 17.7; day 6 is further than 5 days, so 6 days are covered.
    Price 2: nothing along 2 / 2 = 1 a day; day 2 along (2 + 2) / 4 = 1, no better: it stays.
    """
    planned = np.zeros((1, 9), dtype=np.int64)
    planned[0, [2, 4, 6]] = 10
    added, days = pull_forward(
        np.array([10]),
        planned,
        spare=np.full((1, 9), 1000),
        room=np.array([1000]),
        share=np.array([[0.01, 0.0]]),
        lot=np.array([5]),
        holding=np.array([0.1]),
        cost=price,
        max_days=5,
    )
    assert days == covered
    assert added.tolist() == [10 * (covered // 2 - 1)]


def test_nothing_is_taken_along_that_the_origin_needs_or_the_truck_cannot_hold() -> None:
    planned = np.zeros((1, 4), dtype=np.int64)
    planned[0, 1] = 10
    common = {"room": np.array([1000]), "lot": np.array([1]), "holding": np.array([0.0]), "cost": 50.0, "max_days": 9}
    scarce, _ = pull_forward(np.array([10]), planned, spare=np.full((1, 4), 3), share=np.array([[0.01, 0.0]]), **common)
    full, _ = pull_forward(np.array([10]), planned, spare=np.full((1, 4), 99), share=np.array([[0.09, 0.0]]), **common)
    assert scarce.tolist() == [3]
    assert full.tolist() == [0]
