"""Lead times: declared or learnt, as distributions over whole days; review periods and protection interval."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.graph import build_network
from network.lead_time import lead_times, pmf, protection_interval, quantile_days, review_periods
from network.snapshot import Snapshot

Make = Callable[..., pd.DataFrame]
Chain = Callable[..., Snapshot]


def moments(mean: float, sd: float) -> pd.DataFrame:
    return pd.DataFrame({"mean_days": [mean], "sd_days": [sd]})


def history(
    table: Make, days: list[int], *, ship_date: str = "2024-01-01", **columns: object
) -> dict[str, pd.DataFrame]:
    """Orders S>C that left on one day, and their receipts: `days` counts the day of leaving too."""
    ids = [f"o{number:02d}" for number in range(len(days))]
    given_columns = {"origin": "S", "destination": "C", "sku": "x", "quantity": 5, "status": "closed", **columns}
    received = [pd.Timestamp(ship_date) + pd.Timedelta(days=day - 1) for day in days]
    return {
        "open_orders": table("open_orders", order_id=ids, ship_date=ship_date, **given_columns),
        "receipts": table("receipts", order_id=ids, sku="x", date=received, quantity=5),
    }


@pytest.fixture
def purchase(table: Make) -> pd.DataFrame:
    """One lane S>C of 4 days, punctual by declaration."""
    return table("lanes", origin=["S"], destination="C", mode="purchase", lead_time_days=4)


def test_a_declared_lead_time_without_spread_is_its_day(purchase: pd.DataFrame, chain: Chain) -> None:
    snapshot = chain(lanes=purchase)
    row = lead_times(build_network(snapshot), snapshot)
    assert row.loc[0].to_dict() == {"lane_id": "S>C:purchase", "mean_days": 4.0, "sd_days": 0.0, "p95_days": 4,
                                    "n_receipts": 0, "source": "declared"}  # fmt: skip
    assert pmf(row)[0].tolist() == [0, 0, 0, 0, 1]


def test_a_spread_of_two_days_is_a_discretised_gamma() -> None:
    # Gamma with mean 5 and sd 2 has shape 6.25 and scale 0.8: P(4.5 < L <= 5.5) = 0.1954.
    probabilities = pmf(moments(5.0, 2.0))[0]
    assert probabilities[5] == pytest.approx(0.1954, abs=1e-4)
    assert probabilities @ np.arange(len(probabilities)) == pytest.approx(5.0, abs=0.02)
    assert quantile_days(probabilities[None, :], 0.95).tolist() == [9]


def test_a_mean_between_two_days_without_spread_is_shared_by_both() -> None:
    assert pmf(moments(2.25, 0.0))[0].tolist() == pytest.approx([0, 0, 0.75, 0.25])


def test_eight_receipts_outweigh_the_declaration_by_half(table: Make, chain: Chain, purchase: pd.DataFrame) -> None:
    # Eight receipts of 6 days weigh 8 / (8 + 8): mean 4 + 0.5 x (6 - 4) = 5. Seven are too few.
    snapshot = chain(lanes=purchase, **history(table, [6] * 8))
    row = lead_times(build_network(snapshot), snapshot).loc[0]
    assert (row["mean_days"], row["n_receipts"], row["source"]) == (5.0, 8, "learnt")
    snapshot = chain(lanes=purchase, **history(table, [6] * 7))
    row = lead_times(build_network(snapshot), snapshot).loc[0]
    assert (row["mean_days"], row["n_receipts"], row["source"]) == (4.0, 7, "declared")


def test_one_order_lost_for_two_months_does_not_spoil_the_lane(
    table: Make, chain: Chain, purchase: pd.DataFrame
) -> None:
    # Median 4, spread at least 1 day: 60 counts as 4 + 3 = 7. Mean (23 x 4 + 7) / 24 = 4.125, weight 24 / 32.
    snapshot = chain(lanes=purchase, **history(table, [4] * 23 + [60]))
    row = lead_times(build_network(snapshot), snapshot).loc[0]
    assert row["mean_days"] == pytest.approx(4 + 0.75 * 0.125)
    assert row["p95_days"] <= 6


def test_orders_too_young_for_the_slow_ones_to_have_come_are_left_out(
    table: Make, chain: Chain, purchase: pd.DataFrame
) -> None:
    # Cutoff 10 March. Of ten orders of 9 March only those of two days can have come: they tell nothing.
    old, young = history(table, [6] * 10), history(table, [2] * 10, ship_date="2024-03-09")
    for name in young:
        young[name] = young[name].assign(order_id="young " + young[name]["order_id"])
    both = {name: pd.concat([old[name], young[name]], ignore_index=True) for name in old}
    snapshot = chain(lanes=purchase, **both)
    row = lead_times(build_network(snapshot), snapshot).loc[0]
    assert row["n_receipts"] == 10
    assert row["mean_days"] == pytest.approx(4 + 2 * 10 / 18)


def test_of_two_lanes_between_two_places_the_one_planned_for_learns(table: Make, chain: Chain) -> None:
    lanes = table("lanes", origin=["C", "C"], destination="F1", mode=["transfer", "emergency"], lead_time_days=[3, 1])
    orders = history(table, [4] * 8, origin="C", destination="F1", due_date="2024-01-03")
    snapshot = chain(lanes=lanes, **orders)
    rows = lead_times(build_network(snapshot), snapshot).set_index("lane_id")
    assert rows["n_receipts"].to_dict() == {"C>F1:emergency": 0, "C>F1:transfer": 8}


def test_the_last_of_several_receipts_ends_the_lead_time(table: Make, chain: Chain, purchase: pd.DataFrame) -> None:
    tables = history(table, [2] * 8)
    later = tables["receipts"].assign(date=tables["receipts"]["date"] + pd.Timedelta(days=4))
    tables["receipts"] = pd.concat([tables["receipts"], later], ignore_index=True)
    snapshot = chain(lanes=purchase, **tables)
    assert lead_times(build_network(snapshot), snapshot).loc[0, "mean_days"] == 5.0  # learnt 6, declared 4


def test_receipts_after_the_cutoff_teach_nothing(table: Make, chain: Chain, purchase: pd.DataFrame) -> None:
    snapshot = chain("2024-01-03", lanes=purchase, **history(table, [6] * 8))
    assert lead_times(build_network(snapshot), snapshot).loc[0, "source"] == "declared"


def test_review_periods_are_days_of_the_week_over_order_days(table: Make, chain: Chain) -> None:
    lanes = table("lanes", origin="C", destination=["A", "B", "F1"], mode="transfer", lead_time_days=1,
                  order_days=["", "MO", "MO,TH"])  # fmt: skip
    network = build_network(chain(lanes=lanes))
    assert review_periods(network).tolist() == [1.0, 7.0, 3.5]
    assert review_periods(network, [2]).tolist() == [3.5]


def test_the_protection_interval_is_review_plus_lead_time_less_one() -> None:
    # Daily review, there before tomorrow opens: tomorrow alone. Weekly review and 7 days: 13 days.
    assert protection_interval([1, 1, 7, 7], [0, 1, 7, 1]).tolist() == [1, 1, 13, 7]


def test_a_chain_without_lanes_has_no_lead_times(chain: Chain) -> None:
    snapshot = chain()
    assert lead_times(build_network(snapshot), snapshot).empty


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(0, 30)), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_every_distribution_sums_to_one(rows: list[tuple[float, float]]) -> None:
    probabilities = pmf(pd.DataFrame(rows, columns=["mean_days", "sd_days"]))
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(rows)))
    assert (probabilities >= 0).all()


@given(days=st.lists(st.integers(1, 20), min_size=8, max_size=20), declared=st.integers(0, 20))
@settings(max_examples=20, deadline=None)
def test_a_learnt_lead_time_lies_between_declared_and_observed(table, chain, days, declared) -> None:  # type: ignore[no-untyped-def]
    lanes = table("lanes", origin=["S"], destination="C", mode="purchase", lead_time_days=declared)
    snapshot = chain(lanes=lanes, **history(table, days))
    row = lead_times(build_network(snapshot), snapshot)
    assert min(*days, declared) <= row.loc[0, "mean_days"] <= max(*days, declared)
    assert pmf(row).sum() == pytest.approx(1.0)
