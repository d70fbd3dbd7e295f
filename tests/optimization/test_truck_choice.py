import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.truck_choice import LaterNeeds, TruckChoice, choose_trucks, fill_up, pull_forward


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


def later(
    planned: list[int], *, spare: int = 1000, room: int = 1000, least: int = 0, holding: float = 0.1
) -> LaterNeeds:
    """Needs of one line, units by day."""
    return LaterNeeds(
        planned=np.cumsum([planned], axis=1),
        spare=np.full((1, len(planned)), spare),
        room=np.array([room]),
        least=np.array([least]),
        holding=np.array([holding]),
    )


@pytest.mark.parametrize(("price", "covered"), [(100.0, 6), (2.0, 2)])
def test_a_truck_takes_later_needs_along_while_the_cost_per_day_falls(price: float, covered: int) -> None:
    """Ten units tonight, ten more every second day, each early day of a unit costs 0.1.

    Price 100: nothing along 100 / 2 = 50 a day; day 2 along (100 + 10 * 2 * 0.1) / 4 = 25.5; day 4 along too
    (100 + 2 + 4) / 6 = 17.7; day 6 is further than 5 days, so 6 days are covered.
    Price 2: nothing along 2 / 2 = 1 a day; day 2 along (2 + 2) / 4 = 1, no better: it stays.
    """
    added, days = pull_forward(
        np.array([10]),
        later([0, 0, 10, 0, 10, 0, 10, 0, 0]),
        share=np.array([[0.01, 0.0]]),
        lot=np.array([5]),
        cost=price,
        max_days=5,
    )
    assert days == covered
    assert added.tolist() == [10 * (covered // 2 - 1)]


@pytest.mark.parametrize(
    ("spare", "share", "lot", "least", "units"),
    [
        (99, 0.01, 1, 0, 10),
        (99, 0.01, 4, 0, 12),  # whole lots
        (99, 0.01, 1, 15, 15),  # a line that stays at home otherwise goes with its minimum order
        (9, 0.01, 1, 0, 0),  # the origin needs one of the ten: a truck must go on that day anyway
        (99, 0.09, 1, 0, 0),  # the truck holds eleven
    ],
)
def test_a_day_is_taken_along_whole_or_not_at_all(spare: int, share: float, lot: int, least: int, units: int) -> None:
    needs = later([0, 10, 0, 0], spare=spare, least=least, holding=0.0)
    size = np.array([[share, 0.0]])
    added, days = pull_forward(np.array([10]), needs, share=size, lot=np.array([lot]), cost=50.0, max_days=9)
    assert (added.tolist(), days) == ([units], 4 if units else 1)


@pytest.mark.parametrize(
    ("holding", "room", "spare", "most_days", "lots"),
    [
        (1.0, 99, 99, 14, 2),  # each lot saves 20 - 7 and half a truck holds two of a fifth
        (3.0, 99, 99, 14, 0),  # 20 - 21: not worth it
        (1.0, 1, 99, 14, 1),  # under its maximum stock
        (1.0, 99, 1, 14, 1),  # what stays at the origin
        (1.0, 99, 99, 6, 0),  # planned for day 7, later than allowed
    ],
)
def test_what_is_left_of_a_truck_is_filled_while_freight_saves_more_than_holding_costs(
    holding: float, room: int, spare: int, most_days: int, lots: int
) -> None:
    """Half a truck of 100 goes; four lots of one unit, a fifth of a truck each, were planned for day 7."""
    needs = LaterNeeds(
        planned=np.array([[0] * 8, [0] * 7 + [4]]),
        spare=np.full((2, 8), spare),
        room=np.array([0, room]),
        least=np.array([0, 0]),
        holding=np.array([1.0, holding]),
    )
    added = fill_up(
        np.array([5, 0]), needs, share=np.array([[0.1, 0.0], [0.2, 0.05]]), lot=np.array([1, 1]), cost=100.0, trucks=1,
        max_days=most_days,
    )  # fmt: skip
    assert added.tolist() == [0, lots]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_filled_truck_keeps_its_room_whole_lots_and_the_origin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, horizon = int(rng.integers(1, 6)), int(rng.integers(1, 9))
    quantity, lot = rng.integers(0, 10, n), rng.integers(1, 5, n)
    share = rng.uniform(0.0, 0.04, (n, 2))
    needs = LaterNeeds(
        planned=np.cumsum(rng.integers(0, 9, (n, horizon)), axis=1), spare=rng.integers(-3, 30, (n, horizon)),
        room=rng.integers(-3, 30, n), least=rng.integers(0, 2, n), holding=rng.uniform(0.0, 0.5, n),
    )  # fmt: skip
    trucks = int(np.ceil((share * quantity[:, None]).sum(axis=0).max())) or 1
    added = fill_up(quantity, needs, share=share, lot=lot, cost=40.0, trucks=trucks, max_days=5)
    assert ((added >= 0) & (added % lot == 0)).all()
    assert (added <= np.maximum(np.minimum(needs.planned[:, min(5, horizon - 1)], needs.room), 0)).all()
    assert (added <= np.maximum(needs.spare[:, 0], 0)).all()
    assert not added[needs.least > 0].any()
    assert (share * (quantity + added)[:, None]).sum(axis=0).max() <= trucks + 1e-6
