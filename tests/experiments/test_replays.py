"""Past weeks under every rule: the same demand for all, none below the clairvoyant, tuned on the past only."""

from __future__ import annotations

from functools import cache

import pytest

from experiments.prove_history import CannotProve, history
from experiments.replays import Contest, contest, tuned_rivals
from experiments.rivals import RIVALS
from tests.experiments.test_prove import LAST, QUICK, chain

RULES = ("base_stock", "min_max")


@cache
def found() -> Contest:
    return contest(chain().tables, chain().settings, last_day=LAST, n_weeks=1, rivals=RULES, config=QUICK)


def test_no_rule_costs_less_than_the_clairvoyant() -> None:
    table = found().table
    assert table["policy"].iloc[0] == "clairvoyant"
    assert set(table["policy"]) == {"tierflow", "clairvoyant", *RULES}
    assert table["total_cost"].is_monotonic_increasing
    assert found().n_days == 7


def test_the_ratio_is_to_the_rival_that_was_best_before_the_start() -> None:
    tuning = found().tuning.set_index("policy")["cost_on_history"]
    assert found().best_rival == tuning.idxmin()
    assert found().cost_ratio == found().cost("tierflow") / found().cost(found().best_rival)
    assert found().share_of_gap >= 0


def test_rivals_are_tuned_on_what_was_known_at_the_start() -> None:
    """Other sales after the start change the demand that is replayed, and not how the rivals are tuned."""
    sales = chain().tables["sales"]
    start = found().start
    changed = sales.assign(units=sales["units"].where(sales["date"] <= start, sales["units"] * 2 + 1))
    tables = {**chain().tables, "sales": changed}
    past = history(tables, chain().settings, start=start, last_day=LAST)
    other = tuned_rivals(past, tables, RULES)
    tuning = found().tuning.set_index("policy")
    assert {name: each.cost for name, each in other.items()} == tuning["cost_on_history"].to_dict()
    assert [each.factors for each in other.values()] == list(zip(tuning["first"], tuning["second"], strict=True))
    assert past.demand["units"].sum() > 1.5 * sales.loc[sales["date"] > start, "units"].sum()


def test_every_rival_has_the_same_search_budget() -> None:
    assert {len(rival.pairs) for rival in RIVALS.values()} == {25}


def test_a_past_without_a_stock_record_is_refused() -> None:
    with pytest.raises(CannotProve, match="No stock record"):
        contest(chain().tables, chain().settings, last_day=LAST, n_weeks=40, rivals=RULES)
