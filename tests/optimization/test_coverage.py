import numpy as np

from optimization.coverage import Coverage, build_coverage
from optimization.inbound import Inbound

HORIZON = 8


def pairs(origin: list[int], ships: list[list[int]], lead: list[int]) -> Inbound:
    """Points 0, 1, ... each with one lane: its origin, the days on which it ships, its lead time."""
    n = len(origin)
    allowed = np.zeros((n, HORIZON), dtype=bool)
    for row, days in enumerate(ships):
        allowed[row, days] = True
    arrival = np.arange(HORIZON)[None, :] + np.maximum(np.array(lead), 1)[:, None] - 1
    ones = np.ones(n, dtype=np.int64)
    return Inbound(
        point=np.arange(n),
        origin_point=np.array(origin),
        lane=np.arange(n),
        priority=np.ones(n),
        lead_time_days=np.array(lead),
        case=ones,
        order_multiple=ones,
        min_order_quantity=0 * ones,
        unit_cost=np.ones(n),
        is_main=np.ones(n, dtype=bool),
        slot=np.arange(n),
        ships=allowed,
        arrival=arrival,
    )


def covered(
    inbound: Inbound, on_hand: list[int], *, pipeline: dict[tuple[int, int], int] | None = None, gap: int = 1
) -> Coverage:
    coming = np.zeros((len(on_hand), HORIZON), dtype=np.int64)
    for place, units in (pipeline or {}).items():
        coming[place] = units
    mean = np.tile(np.arange(1.0, HORIZON + 1), (len(on_hand), 1))
    return build_coverage(
        inbound,
        coming,
        on_hand=np.array(on_hand),
        mean_demand=mean,
        gap_days=np.full(len(on_hand), gap),
        has_recourse=True,
    )


def test_a_point_hedges_until_the_receipt_after_tonights_order() -> None:
    # Ships on day 0 and 3, two days' lead: usable on 1 and 4. Days 0..3 are uncertain, shortage counts on 0, 3 and 7.
    found = covered(pairs([-1], [[0, 3]], [2]), [0])
    assert np.flatnonzero(found.receipts[0]).tolist() == [1, 4]
    assert (found.first_receipt[0], found.window[0]) == (1, 4)
    assert np.flatnonzero(found.shortage_day[0]).tolist() == [0, 3, 7]


def test_where_trucks_come_every_few_days_a_point_hedges_until_the_next_one() -> None:
    # A lane that may run daily, with a full truck every third day: tonight's is there on day 0, the next on day 3.
    daily = pairs([-1], [list(range(HORIZON))], [1])
    assert covered(daily, [0]).window[0] == 1
    assert covered(daily, [0], gap=3).window[0] == 3


def test_an_open_order_ends_a_coverage_interval_too() -> None:
    found = covered(pairs([-1], [[0]], [2]), [0], pipeline={(0, 6): 5})
    assert np.flatnonzero(found.shortage_day[0]).tolist() == [0, 5, 7]


def test_an_empty_source_can_send_nothing_before_it_is_replenished_itself() -> None:
    # Point 0 is bought for: ships day 1, lead 2, there on day 2; it may pass on from day 3. Point 1: lead 1, daily.
    inbound = pairs([-1, 0], [[1], list(range(HORIZON))], [2, 1])
    assert covered(inbound, [0, 0]).first_receipt.tolist() == [2, 3]
    assert covered(inbound, [50, 0]).first_receipt.tolist() == [2, 0]


def test_a_scarce_source_sends_what_it_has_once_and_again_when_it_is_replenished() -> None:
    # One unit a day each at both points: until day 3 the source needs 4 for itself and 4 for the point behind it.
    inbound = pairs([-1, 0], [[1], list(range(HORIZON))], [2, 1])
    scarce = covered(inbound, [7, 0])
    assert np.flatnonzero(scarce.receipts[1]).tolist() == [0, 3, 4, 5, 6, 7]
    assert scarce.window[1] == 3
    enough = covered(inbound, [8, 0])
    assert np.flatnonzero(enough.receipts[1]).tolist() == list(range(HORIZON))


def test_without_recourse_every_day_is_hedged() -> None:
    inbound = pairs([-1], [[0, 3]], [2])
    none = np.zeros((1, HORIZON), dtype=np.int64)
    mean = np.zeros((1, HORIZON))
    one = np.ones(1, np.int64)
    found = build_coverage(inbound, none, on_hand=0 * one, mean_demand=mean, gap_days=one, has_recourse=False)
    assert found.window[0] == HORIZON
