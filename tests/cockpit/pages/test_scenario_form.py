"""A scenario from a form is checked as a scenario file is."""

from __future__ import annotations

from datetime import date

import pytest

from cockpit.pages.scenario_form import KINDS, faults, form_fields, meaning, scenario_of
from cockpit.scenario_jobs import with_days
from cockpit.web.words import MESSAGES
from experiments.scenarios import ScenarioError, scenario_from_mapping


def test_every_kind_of_change_has_a_form_with_names_in_both_languages() -> None:
    for kind in KINDS:
        assert meaning(kind)
        names = {f"change.{kind}", *(f"part.{field.name}" for field in form_fields(kind))}
        for messages in MESSAGES.values():
            assert names <= set(messages)


def test_fields_know_their_type() -> None:
    by_name = {field.name: field for field in form_fields("demand")}
    assert (by_name["factor"].type, by_name["factor"].is_required, by_name["factor"].is_whole) == (
        "number",
        True,
        False,
    )
    assert (by_name["start"].type, by_name["sku"].type) == ("date", "text")
    assert {field.name: field for field in form_fields("supplier_late")}["days"].is_whole


def test_a_form_becomes_a_scenario() -> None:
    form = {"name": "Storm in EAST", "csrf": "x", "change-0-kind": "demand", "change-0-factor": "1.3",
            "change-0-region": "EAST", "change-0-start": "2025-11-08", "change-0-sku": " ",
            "change-2-kind": "supplier_late", "change-2-supplier": "V01", "change-2-days": "7"}  # fmt: skip
    scenario = scenario_of(form)
    assert scenario == {
        "name": "Storm in EAST",
        "change": [
            {"kind": "demand", "factor": 1.3, "region": "EAST", "start": date(2025, 11, 8)},
            {"kind": "supplier_late", "supplier": "V01", "days": 7},
        ],
    }
    assert scenario_from_mapping(scenario).name == "Storm in EAST"


def test_everything_wrong_with_a_form_is_said_at_once() -> None:
    form = {"name": "x", "change-0-kind": "demand", "change-0-factor": "much", "change-1-kind": "nonsense"}
    with pytest.raises(ScenarioError) as caught:
        scenario_of(form)
    words = " ".join(faults(caught.value))
    assert "factor" in words
    assert "nonsense" in words


def test_an_empty_form_is_refused() -> None:
    with pytest.raises(ScenarioError):
        scenario_of({"name": "nothing"})


def test_days_come_back_from_text() -> None:
    kept = {"name": "x", "change": [{"kind": "storm", "start": "2025-11-08", "key": "2025-11-08"}]}
    assert with_days(kept)["change"][0] == {"kind": "storm", "start": date(2025, 11, 8), "key": "2025-11-08"}
