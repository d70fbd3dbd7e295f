"""MLflow: what is recorded, once; aliases as the store's pointers have them; off unless asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from experiments.tracking import CHALLENGER, CHAMPION, Tracker, mirror_models, tracker_at
from experiments.tracking_records import Record, plan_record, replay_record


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Tracker:
    made = tracker_at(tmp_path_factory.mktemp("runs"), "demo/1: 'x'", is_asked=True)
    assert made is not None
    return made


def test_nothing_is_tracked_unless_asked_for(tmp_path: Path) -> None:
    assert tracker_at(tmp_path, "demo") is None
    assert list(tmp_path.iterdir()) == []
    named = tracker_at(tmp_path, "demo", uri="http://localhost:1")
    assert named is not None and named.uri == "http://localhost:1" and named.artifacts == ""


def test_a_run_is_recorded_once_with_what_went_in_and_came_out(tracker: Tracker, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_id\n", "utf-8")
    record = Record(
        "plan", "20251105-abc", parameters={"plan.laterals": True, "levels": (0.5, 0.9)},
        metrics={"fill_rate": 0.97, "turnover_days": float("nan")}, tags={"data_hash": "ff"},
        texts={"note.txt": "hello"}, files=(tmp_path / "orders.csv",),
    )  # fmt: skip
    run_id = tracker.record(record)
    assert tracker.record(record) == run_id
    run = tracker._client.get_run(run_id)
    assert run.data.params == {"plan.laterals": "True", "levels": "(0.5, 0.9)"}
    assert run.data.metrics == {"fill_rate": 0.97}
    assert run.data.tags["data_hash"] == "ff"
    assert {item.path for item in tracker._client.list_artifacts(run_id)} == {"note.txt", "orders.csv"}
    other = tracker.record(
        replay_record("20251105-abc", {"cost": 1.0}, parameters={"a": {"b": 1}}, data_hash="ff", texts={})
    )
    assert other != run_id  # another kind


def test_more_than_one_batch_of_parameters_is_taken(tracker: Tracker) -> None:
    run_id = tracker.record(Record("plan", "many", parameters={f"p{i}": i for i in range(250)}))
    assert len(tracker._client.get_run(run_id).data.params) == 250


def test_aliases_name_what_the_store_names(tracker: Tracker) -> None:
    files = {"aa": {"forecaster.json": "{}"}, "bb": {"forecaster.json": "{1}"}}
    mirror_models(tracker, {CHAMPION: "aa", CHALLENGER: "bb"}, files)
    assert (tracker.model_of(CHAMPION), tracker.model_of(CHALLENGER)) == ("aa", "bb")
    mirror_models(tracker, {CHAMPION: "bb", CHALLENGER: None}, files)
    assert (tracker.model_of(CHAMPION), tracker.model_of(CHALLENGER)) == ("bb", None)
    versions = tracker._client.search_model_versions(f"name = '{tracker.model_name}'")
    assert len(versions) == 2  # no model is registered twice


def test_telemetry_is_off(tracker: Tracker) -> None:
    assert tracker.model_of("nobody") is None
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_a_plan_s_record_has_settings_kpis_and_the_data_hash(fake_kpi_plan: object) -> None:
    record = plan_record(fake_kpi_plan)  # type: ignore[arg-type]
    assert record.parameters == {"plan.laterals": True, "plan.levels": (0.1,)}
    assert record.known_metrics == {"fill_rate": 0.9, "solver_gap": 0.01, "seconds_fit": 2.0}
    assert record.tags["data_hash"] == "ab" and record.tags["cutoff"] == "2025-11-05"


@pytest.fixture
def fake_kpi_plan() -> object:
    from types import SimpleNamespace

    import pandas as pd

    return SimpleNamespace(
        run_id="r", cutoff=pd.Timestamp("2025-11-05"),
        kpis=pd.DataFrame({"kpi": ["fill_rate", "unknown"], "planned": [0.9, None]}),
        snapshot=SimpleNamespace(content_hash="ab", settings=SimpleNamespace(id="demo")),
        manifest={"config": {"plan": {"laterals": True, "levels": (0.1,)}}, "gap": 0.01, "bound": None,
                  "timings": {"fit": 2.0}},
    )  # fmt: skip
