import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from optimization.allocation import fair_share


def test_scarce_stock_goes_where_a_unit_is_worth_most() -> None:
    # 10 units; 6 worth 30 (5 each) first, then 3 of the 6 worth 12 (2 each, lots of 3), nothing left for the third.
    granted = fair_share(
        np.array([10]),
        np.zeros(3, dtype=np.int64),
        size=np.array([6, 6, 3]),
        value=np.array([12.0, 30.0, 3.0]),
        lot=np.array([3, 3, 3]),
    )
    assert granted.tolist() == [3, 6, 0]


def test_a_request_too_large_for_what_is_left_does_not_block_a_smaller_one() -> None:
    granted = fair_share(
        np.array([5]),
        np.zeros(2, dtype=np.int64),
        size=np.array([6, 4]),
        value=np.array([600.0, 4.0]),
        lot=np.array([6, 4]),
    )
    assert granted.tolist() == [0, 4]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20), st.floats(0, 100), st.integers(1, 6)), max_size=15),
    st.lists(st.integers(0, 40), min_size=3, max_size=3),
)
def test_grants_are_whole_lots_within_request_and_stock(
    requests: list[tuple[int, int, float, int]], available: list[int]
) -> None:
    group = np.array([r[0] for r in requests], dtype=np.int64)
    size = np.array([r[1] for r in requests], dtype=np.int64)
    lot = np.array([r[3] for r in requests], dtype=np.int64)
    value = np.array([r[2] for r in requests], dtype=np.float64)
    granted = fair_share(np.array(available), group, size=size, value=value, lot=lot)
    assert (granted >= 0).all() and (granted <= size).all() and (granted % lot == 0).all()
    assert all(granted[group == g].sum() <= available[g] for g in range(3))
