"""The audit over random chains, and tiny truck programs against trying everything: a few of each in the suite."""

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.audit_chains import measured, planned
from benchmarks.tiny_chains import measured as tiny


@settings(max_examples=6, deadline=None, derandomize=True)
@given(seed=st.integers(0, 100_000))
def test_a_random_chain_with_every_kind_of_limit_breaks_no_rule(seed: int) -> None:
    decisions, found = planned(seed)
    assert found.empty, found.to_string()
    assert decisions.bound is not None and decisions.bound <= decisions.objective + 1e-6


def test_the_figures_count_chains_and_lines() -> None:
    report = measured(range(2))
    assert (report["chains"], report["violations"], report["rules"], report["seeds"]) == (2, 0, {}, [])


def test_the_optimum_of_tiny_chains_lies_between_bound_and_objective() -> None:
    report = tiny(range(200, 204))
    assert report["in_order"] == report["chains"] == 4
    assert float(str(report["largest_over"])) >= 0
