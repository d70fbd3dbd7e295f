"""`[switch]`: a growing share only adds locations, and everything that is wrong is said at once."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.config import PlanConfig
from optimization.switch import SWITCHABLE, Switch
from optimization.switch_settings import switch_from, turn

LIVE = PlanConfig()
GOALS = {"fill_rate_goals": {"A": 0.98}}
LOCATIONS = pd.DataFrame(
    [("V", "supplier", ""), ("C", "central", "EAST"), ("F", "forward", "EAST"), ("S1", "store", "EAST"),
     ("S2", "store", "EAST"), ("S3", "store", "WEST"), ("S4", "store", ""), ("HQ", "central", "HILL")],
    columns=["location", "tier", "region"],
)  # fmt: skip


def read(**settings: Any) -> Switch:
    found = switch_from({"plan": GOALS, **settings}, LOCATIONS, LIVE)
    assert found is not None
    return found


def refused(**settings: Any) -> list[str]:
    with pytest.raises(ValueError) as error:
        switch_from(settings, LOCATIONS, LIVE)
    return str(error.value).split("; ")


def test_a_chain_without_the_table_has_no_switch() -> None:
    assert switch_from({}, LOCATIONS, LIVE) is None


def test_the_whole_share_takes_every_forward_warehouse_and_store_of_the_region() -> None:
    assert read(region="EAST", share=1).locations == ("F", "S1", "S2")
    assert read(share=1.0).locations == ("F", "S1", "S2", "S3", "S4")


def test_a_share_takes_the_locations_whose_turn_comes_first() -> None:
    by_turn = sorted(("F", "S1", "S2"), key=turn)
    for n in (1, 2):
        share = (turn(by_turn[n - 1]) + turn(by_turn[n])) / 2
        assert read(region="EAST", share=share).locations == tuple(sorted(by_turn[:n]))


def test_locations_can_be_named_one_by_one() -> None:
    switch = read(locations=["S4", "F", "S4"])
    assert (switch.locations, switch.settings) == (("F", "S4"), GOALS)


@given(
    names=st.sets(st.text("abcdefgh0123", min_size=1, max_size=6), min_size=1, max_size=60),
    shares=st.tuples(st.floats(0.01, 1.0), st.floats(0.01, 1.0)),
)
def test_a_larger_share_only_adds_locations(names: set[str], shares: tuple[float, float]) -> None:
    stores = pd.DataFrame({"location": sorted(names), "tier": "store", "region": "R"})
    taken = []
    for share in sorted(shares):
        try:
            found = switch_from({"share": share, "plan": GOALS}, stores, LIVE)
        except ValueError:  # a share that takes nobody is refused
            assert min(map(turn, names)) >= share
            taken.append(set())
        else:
            assert found is not None
            taken.append(set(found.locations))
    assert taken[0] <= taken[1] <= names


@given(names=st.sets(st.text(min_size=1, max_size=8), min_size=1, max_size=40), gone=st.data())
def test_who_is_taken_does_not_depend_on_who_else_is_there(names: set[str], gone: st.DataObject) -> None:
    stores = pd.DataFrame({"location": sorted(names), "tier": "store", "region": "R"})
    kept = gone.draw(st.sets(st.sampled_from(sorted(names)), min_size=1))
    share = (max(map(turn, kept)) + 1.0) / 2
    everyone = switch_from({"share": share, "plan": GOALS}, stores, LIVE)
    fewer = switch_from({"share": share, "plan": GOALS}, stores[stores["location"].isin(kept)], LIVE)
    assert everyone is not None and fewer is not None
    assert set(fewer.locations) == set(everyone.locations) & kept


def test_a_fifth_is_about_a_fifth_of_many() -> None:
    assert 350 <= sum(turn(f"store-{n}") < 0.2 for n in range(2000)) <= 450


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"regoin": "EAST", "share": 1}, "unknown setting 'regoin'. Did you mean 'region'?"),
        ({"region": "EATS", "share": 1}, "region is 'EATS', which no location has. Did you mean 'EAST'?"),
        ({"region": 7, "share": 1}, "region is 7, which no location has. Known are EAST, HILL, WEST"),
        ({"region": "HILL", "share": 1}, "region 'HILL' has no forward warehouse and no store"),
        ({"region": "EAST"}, "it says not where: give share, with or without region, or locations"),
        ({"share": 0}, "share is 0: give a number above 0, at most 1"),
        ({"share": 1.2}, "share is 1.2: give a number above 0, at most 1"),
        ({"share": float("nan")}, "share is nan: give a number above 0, at most 1"),
        ({"share": True}, "share is True: give a number above 0, at most 1"),
        ({"share": 1, "locations": ["F"]}, "give either locations, or share with or without region"),
        ({"locations": []}, 'locations is []: list ids, such as ["S1", "S2"]'),
        ({"locations": "S1"}, 'locations is \'S1\': list ids, such as ["S1", "S2"]'),
        ({"locations": ["S11"]}, "unknown location 'S11'. Did you mean 'S1'?"),
        ({"locations": ["C"]}, "location 'C' is central: only forward warehouses and stores can be switched"),
    ],
)
def test_a_wrong_choice_of_locations_is_refused(settings: dict[str, Any], words: str) -> None:
    assert refused(plan=GOALS, **settings) == [words]


def test_a_share_that_takes_nobody_says_where_the_first_one_comes() -> None:
    (words,) = refused(region="EAST", share=0.001, plan=GOALS)
    assert words.startswith("share 0.001 takes none of 3 locations of region 'EAST': the first comes at ")
    first = float(words.rsplit(" ", 1)[1])
    assert len(read(region="EAST", share=first).locations) == 1


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (None, "it says not what: write [switch.plan] and settings below it"),
        ({}, "it says not what: write [switch.plan] and settings below it"),
        ({"fill_rate_goal": {}}, "plan has an unknown setting 'fill_rate_goal'. Did you mean 'fill_rate_goals'?"),
        ({"recourse_window": 1}, "plan: recourse_window is 1: give true or false"),
        ({"ageing_weight": "much"}, "plan: ageing_weight is 'much': give a number"),
        ({"ageing_weight": -0.1}, "plan: ageing_weight is -0.1: give 0 or more"),
        ({"lead_time_level": 1.0}, "plan: lead_time_level is 1.0: give a level between 0 and 1"),
        ({"fill_rate_goals": 0.9}, "plan: fill_rate_goals is 0.9: give a level by class, such as {A = 0.98}"),
        ({"cycle_service_goals": {"A": 98}}, "plan: cycle_service_goals has {'A': 98}: give levels between 0 and 1"),
    ],
)
def test_wrong_settings_are_refused(plan: Any, words: str) -> None:
    assert refused(share=1, plan=plan) == [words]


@pytest.mark.parametrize("name", ["purchase_budget", "joint_trucks", "horizon_days", "quantile_levels", "forecast"])
def test_a_setting_that_all_share_is_refused_by_name_and_says_what_can_be_switched(name: str) -> None:
    (words,) = refused(share=1, plan={name: 1, **GOALS})
    assert words == f"{name} cannot differ between locations, as {', '.join(SWITCHABLE)} can"


def test_everything_that_is_wrong_is_said_in_one_go() -> None:
    asked = {"purchase_budget": 1, "max_sources": 1, "ageing_weight": -1, "typo": 1}
    found = refused(region="NORTH", share=2, until="May", plan=asked)
    starts = ("unknown setting 'until'", "region is 'NORTH'", "share is 2", "plan has an unknown setting 'typo'",
              "purchase_budget, max_sources cannot differ", "plan: ageing_weight is -1")  # fmt: skip
    assert len(found) == len(starts)
    assert all(words.startswith(start) for words, start in zip(found, starts, strict=True))
