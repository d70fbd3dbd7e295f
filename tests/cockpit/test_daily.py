"""The daily job from the command line: never twice, never half, never lost; approved by people; taken up again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from cockpit.cli import main
from cockpit.daily import DailyRequest
from cockpit.jobs import PlanRequest, replenish_chain
from cockpit.journal import JobRecord, Journal, last_job
from network.store import RunStore
from optimization.ledger import OrderLedger

SMALL = """
[approval]
max_value = 100
four_eyes_above = 200
exceptions = []

[plan]
truck_fill_up = false

[plan.forecast]
max_rounds = 5
n_origins = 1
max_training_rows = 3000
threads = 1
"""
NIGHT = "2025-11-05"


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def said(capfd: pytest.CaptureFixture[str], *words: object) -> dict[str, object]:
    """Run a command and return its document."""
    capfd.readouterr()
    code = run(*words, "--json")
    document = json.loads(capfd.readouterr().out)
    assert isinstance(document, dict) and document["exit_code"] == code
    return document


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small chain whose models were fitted the night before, with the night itself published by the daily job."""
    folder = tmp_path_factory.mktemp("daily") / "chain"
    assert run("demo", folder, "--skus", 9, "--stores", 4, "--days", 120) == 0
    settings = folder / "chain.toml"
    settings.write_text(settings.read_text("utf-8") + SMALL, "utf-8")
    assert run("replenish", folder, "--cutoff", "2025-11-04") in (0, 4)
    assert run("replenish", folder, "--cutoff", NIGHT) in (0, 4)
    yield folder


@pytest.fixture
def chain(planned: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(planned, tmp_path / "chain"))


def ledger_of(chain: Path) -> OrderLedger:
    return OrderLedger(chain / "runs" / "orders.sqlite")


def run_of(chain: Path) -> str:
    """The run of the night."""
    (folder,) = (chain / "runs").glob("20251105-*")
    return folder.name


def test_the_second_night_reuses_the_models_of_the_first(chain: Path) -> None:
    store = RunStore(chain / "runs")
    first, second = store.runs()
    assert first["model_id"] == second["model_id"] == store.champion()
    assert store.challenger() is None  # nothing was fitted on the second night
    assert "fit" not in second["timings"]


def test_a_finished_job_does_nothing_and_ends_with_0(chain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in (chain / "runs" / run_of(chain)).iterdir()}
    lines = ledger_of(chain).states(run_of(chain))
    document = said(capfd, "replenish", chain)
    assert (document["exit_code"], document["is_new"], document["run_id"]) == (0, False, run_of(chain))
    assert {path: path.read_bytes() for path in (chain / "runs" / run_of(chain)).iterdir()} == before
    pd.testing.assert_frame_equal(ledger_of(chain).states(run_of(chain)), lines)
    resumed = said(capfd, "replenish", chain, "--resume")
    assert (resumed["exit_code"], resumed["run_id"]) == (0, run_of(chain))


def test_a_night_planned_by_hand_with_the_same_models_is_not_planned_again(
    chain: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    by_hand = said(capfd, "plan", chain, "--runs", tmp_path / "runs")
    job = said(capfd, "replenish", chain, "--runs", tmp_path / "runs")
    assert (job["run_id"], job["is_new"]) == (by_hand["run_id"], False)


def test_a_job_killed_before_it_published_is_taken_up_with_its_cutoff_and_its_models(
    chain: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store, run_id = RunStore(chain / "runs"), run_of(chain)
    orders = (chain / "runs" / run_id / "orders.csv").read_bytes()
    shutil.rmtree(chain / "runs" / run_id)
    (chain / "runs" / "orders.sqlite").unlink()
    killed = JobRecord(cutoff=NIGHT, model_id=str(store.champion()), stage="fitted")
    Journal(store, killed)
    files = store.load_model(killed.model_id)
    other = {
        name: text.replace('"fitted_at": "2025-11-04"', '"fitted_at": "2025-11-03"') for name, text in files.items()
    }
    store.set_champion(store.save_model(other))  # promoted in the meantime
    assert store.champion() != killed.model_id
    assert run("replenish", chain, "--resume", "--cutoff", "2025-11-04") == 2
    assert "has the cutoff 2025-11-05" in capfd.readouterr().err
    assert run("replenish", chain, "--resume") in (0, 4)
    assert (chain / "runs" / run_id / "orders.csv").read_bytes() == orders
    record = last_job(store)
    assert record is not None and record.is_finished and record.run_id == run_id


def test_lines_that_a_killed_job_did_not_record_are_recorded_by_the_next_one(chain: Path) -> None:
    before = ledger_of(chain).states(run_of(chain)).drop(columns="released_at")
    (chain / "runs" / "orders.sqlite").unlink()
    assert run("replenish", chain) == 0
    after = ledger_of(chain).states(run_of(chain)).drop(columns="released_at")
    pd.testing.assert_frame_equal(after, before)
    assert ledger_of(chain).verify() == ()


def test_a_job_that_was_overtaken_publishes_nothing(chain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cockpit import publishing
    from optimization.ledger import Superseded

    shutil.rmtree(chain / "runs" / run_of(chain))
    (chain / "runs" / "orders.sqlite").unlink()
    honest = publishing._planned

    def paused(*arguments: object, **given: object) -> object:
        finished = honest(*arguments, **given)  # type: ignore[arg-type]
        ledger_of(chain).begin_job("demo", at=pd.Timestamp(NIGHT).to_pydatetime(), user="another machine")
        return finished

    monkeypatch.setattr(publishing, "_planned", paused)
    with pytest.raises(Superseded):
        replenish_chain(DailyRequest(PlanRequest(chain)))
    assert not list((chain / "runs").glob("20251105-*"))
    assert not [path for path in (chain / "runs").rglob("*") if path.name.startswith(".writing-")]
    assert run("replenish", chain) == 5
    monkeypatch.undo()
    assert run("replenish", chain) in (0, 4)


def test_the_record_and_the_figures_of_a_job_tell_how_it_ended(chain: Path) -> None:
    text = (chain / "runs" / "metrics.prom").read_text("utf-8")
    store = RunStore(chain / "runs")
    manifest = store.manifest(run_of(chain))
    assert f'tierflow_orders{{chain="{manifest["chain"]}"}} {manifest["n_orders"]}\n' in text
    assert "# TYPE tierflow_stage_seconds gauge\n" in text
    assert all(line.startswith("#") or len(line.rsplit(" ", 1)) == 2 for line in text.splitlines())
    (chain / "sales.csv").write_text("nonsense\n", "utf-8")
    assert run("replenish", chain) == 3
    record = last_job(store)
    assert record is not None and (record.exit_code, record.is_finished) == (3, False)
    after = (chain / "runs" / "metrics.prom").read_text("utf-8")
    assert "tierflow_job_exit_code 3\n" in after
    success = [line for line in text.splitlines() if line.startswith("tierflow_job_success_seconds")]
    assert success[0] in after.splitlines()


def test_people_approve_what_the_rules_do_not_and_each_line_leaves_once(
    chain: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, out = run_of(chain), tmp_path / "out"
    orders = RunStore(chain / "runs").read_table(run_id, "orders")
    cheap = set(orders.loc[orders["value"] <= 100, "order_id"])
    dear = set(orders.loc[orders["value"] > 200, "order_id"])
    assert cheap and dear
    first = said(capfd, "export", run_id, "--chain", chain, "--to", out)
    assert {line["order_id"] for line in first["orders"]} == cheap  # type: ignore[attr-defined]
    assert first["n_waiting"] == len(orders) - len(cheap)
    content = (out / f"orders-{run_id}.csv").read_bytes()
    waiting = said(capfd, "approve", run_id, "--chain", chain)["waiting"]
    assert {line["order_id"] for line in waiting} == set(orders["order_id"]) - cheap  # type: ignore[attr-defined]
    monkeypatch.setenv("LOGNAME", "ann")
    assert said(capfd, "approve", run_id, "--chain", chain, "--all")["states"]["proposed"] == len(dear)  # type: ignore[index]
    monkeypatch.setenv("LOGNAME", "bob")
    assert "proposed" not in said(capfd, "approve", run_id, "--chain", chain, "--all")["states"]  # type: ignore[operator]
    second = said(capfd, "export", run_id, "--chain", chain, "--to", out)
    assert second["n_released"] == len(orders) - len(cheap)
    assert (out / f"orders-{run_id}.csv").read_bytes() == content
    left = pd.concat([pd.read_csv(path) for path in sorted(out.iterdir())])
    assert sorted(left["order_id"]) == sorted(orders["order_id"])
    assert ledger_of(chain).verify() == ()


def test_a_killed_export_is_finished_by_the_next_one(
    chain: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_id, out = run_of(chain), tmp_path / "out"
    at = pd.Timestamp(NIGHT).to_pydatetime()
    ledger_of(chain).release(run_id, at=at, user="job", target=str(out), format="csv")  # and then it was killed
    assert run("doctor", chain) == 4
    told = capfd.readouterr().out
    assert f"run {run_id} is released, and not all of it is in {out}" in told
    assert run("export", run_id, "--chain", chain, "--to", out) == 0
    assert ledger_of(chain).deliveries()[0].is_delivered
    assert run("doctor", chain) == 0


def test_a_person_changes_or_rejects_a_line_with_a_reason(chain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run_id, ledger = run_of(chain), ledger_of(chain)
    states = ledger.states(run_id)
    line = states[(states["state"] == "proposed") & (states["lot"] > 1)].iloc[0]
    name, lot, quantity = line["order_id"], int(line["lot"]), int(line["quantity"])
    assert run("approve", run_id, "--chain", chain, "--quantity", f"{name}={quantity + lot}") == 2  # no reason
    assert run("approve", run_id, "--chain", chain, "--quantity", f"{name}={quantity + 1}", "--reason", "x") == 2
    assert f"no multiple of {lot}" in capfd.readouterr().err
    assert run("approve", run_id, "--chain", chain, "--quantity", f"{name}={quantity + lot}", "--reason", "fair") == 0
    assert run("approve", run_id, "--chain", chain, "--reject", name, "--reason", "closed") == 0
    after = ledger.states(run_id).set_index("order_id").loc[name]
    assert (after["quantity"], after["proposed_quantity"], after["state"]) == (quantity + lot, quantity, "rejected")
    assert run("approve", run_id, "--chain", chain, "--all", "--reject", name, "--reason", "x") == 2
    assert run("approve", run_id, "--chain", chain, "--order", "no-such-line") == 2


def test_an_edited_sheet_changes_and_rejects_lines_whole_or_not_at_all(
    chain: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_id, ledger = run_of(chain), ledger_of(chain)
    assert run("export", run_id, "--chain", chain, "--to", tmp_path, "--preview") == 0
    sheet = pd.read_csv(tmp_path / f"orders-{run_id}.csv", dtype="str", keep_default_na=False)
    sheet = sheet[sheet["status"] == "proposed"].head(2).assign(change_reason="closed", quantity=["0", "-5"])
    sheet.to_csv(tmp_path / "edited.csv", index=False)
    before = ledger.states(run_id)
    assert run("approve", run_id, "--chain", chain, "--sheet", tmp_path / "edited.csv") == 2
    assert "the sheet was not taken" in capfd.readouterr().err
    pd.testing.assert_frame_equal(ledger.states(run_id), before)
    sheet.assign(quantity="0").to_csv(tmp_path / "edited.csv", index=False)
    assert run("approve", run_id, "--chain", chain, "--sheet", tmp_path / "edited.csv") == 0
    states = ledger.states(run_id).set_index("order_id")["state"]
    assert set(states[sheet["order_id"]]) == {"rejected"}


def test_a_shadow_is_compared_and_never_published(
    chain: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shadow = tmp_path / "shadow.toml"
    shadow.write_text("[plan]\nhorizon_days = 20\n", "utf-8")
    document = said(capfd, "replenish", chain, "--shadow", shadow)
    kept = Path(document["shadow"]["folder"])  # type: ignore[index]
    assert {path.name for path in kept.iterdir()} == {"comparison.json", "orders_difference.csv", "kpis.csv"}
    assert len(RunStore(chain / "runs").runs()) == 2
    for wrong in ("[plant]\n", "", "plan = 1\n"):
        shadow.write_text(wrong, "utf-8")
        assert run("replenish", chain, "--shadow", shadow) == 2


def test_a_switch_is_rehearsed_then_live_for_its_locations_alone(
    chain: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    live, places = run_of(chain), pd.read_csv(chain / "locations.csv", dtype="str").fillna("")
    region = places.loc[places["tier"] == "store", "region"].iloc[0]
    is_in = (places["region"] == region) & places["tier"].isin(["forward", "store"])
    new_settings = "[switch.plan]\ncommitment_premium = 2.5\nlead_time_level = 0.6\n"
    words = f'[switch]\nregion = "{region}"\nshare = 1.0\n{new_settings}'
    (tmp_path / "shadow.toml").write_text(words, "utf-8")
    rehearsed = said(capfd, "replenish", chain, "--shadow", tmp_path / "shadow.toml")
    about = json.loads((Path(rehearsed["shadow"]["folder"]) / "comparison.json").read_text("utf-8"))  # type: ignore[index]
    switch = {
        "settings": {"commitment_premium": 2.5, "lead_time_level": 0.6},
        "locations": sorted(places.loc[is_in, "location"]),
    }
    assert about["config"]["switch"] == switch

    settings = chain / "chain.toml"
    settings.write_text(f"{settings.read_text('utf-8')}\n{words}", "utf-8")
    capfd.readouterr()
    assert run("replenish", chain) in (0, 4)
    (new,) = {path.name for path in (chain / "runs").glob("20251105-*")} - {live}
    told = " ".join(capfd.readouterr().out.split())
    assert f"New settings first for {len(switch['locations'])} location" in told
    store = RunStore(chain / "runs")
    assert store.manifest(new)["config"]["switch"] == switch
    assert "Settings switched first" in (chain / "runs" / new / "report.html").read_text("utf-8")
    before, after = (store.read_table(name, "targets") for name in (live, new))
    is_new = after["location"].isin(switch["locations"])
    pd.testing.assert_frame_equal(after[~is_new], before[~is_new])
    assert (after.loc[is_new, "lead_time_days"] < before.loc[is_new, "lead_time_days"]).any()

    settings.write_text(settings.read_text("utf-8").replace("\nshare = 1.0", "\nshare = 7\nuntil = 1"), "utf-8")
    assert run("replenish", chain) == 2
    error = " ".join(capfd.readouterr().err.split())
    assert "chain.toml [switch]: unknown setting 'until'" in error and "share is 7" in error


def test_a_wave_decides_anew_on_what_has_not_left_and_counts_what_has(
    chain: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first, ledger, words = run_of(chain), ledger_of(chain), ("replenish", chain, "--cutoff", NIGHT, "--wave")
    assert run("export", first, "--chain", chain, "--to", tmp_path) == 0
    before = ledger.states(first)["state"].value_counts()
    assert set(before.index) == {"released", "proposed"}
    assert run(*words, "14:00") == 2  # the next day has no sales yet
    sales = pd.read_csv(chain / "sales.csv", dtype="str", keep_default_na=False)
    sales = pd.concat([sales, sales[sales["date"] == NIGHT].assign(date="2025-11-06")])
    sales.to_csv(chain / "sales.csv", index=False)
    assert run(*words, "25:00") == 2
    wave = said(capfd, *words, "14:00")
    assert wave["is_new"] is True and wave["run_id"] != first
    after = ledger.states(first)["state"].value_counts()
    assert after.to_dict() == {"released": before["released"], "cancelled": before["proposed"]}
    manifest = RunStore(chain / "runs").manifest(str(wave["run_id"]))
    assert manifest["wave"] == "14:00" and manifest["released_runs_counted"] == [first]
    assert run("export", wave["run_id"], "--chain", chain, "--to", tmp_path) == 0
    again = said(capfd, *words, "14:00")
    assert (again["is_new"], again["run_id"]) == (False, wave["run_id"])
    assert ledger.verify() == ()


def test_a_night_in_doubt_is_refused_and_published_with_the_doubt_once_the_chain_says_so(
    chain: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stock = pd.read_csv(chain / "stock.csv", dtype="str")
    stock.loc[stock["as_of"].str.startswith(NIGHT).to_numpy().argmax(), "on_hand"] = "99999999"
    stock.to_csv(chain / "stock.csv", index=False)
    assert run("replenish", chain) == 3
    assert "impossible_stock" in capfd.readouterr().err
    assert len(RunStore(chain / "runs").runs()) == 2
    settings = chain / "chain.toml"
    settings.write_text(settings.read_text("utf-8") + '\n[quality]\nimpossible_stock = "quarantine"\n', "utf-8")
    document = said(capfd, "replenish", chain)
    assert document["is_new"] is True
    exceptions = RunStore(chain / "runs").read_table(str(document["run_id"]), "exceptions")
    assert exceptions["kind"].iloc[-1] == "data in doubt"
    assert exceptions["rank"].tolist() == list(range(1, len(exceptions) + 1))


def test_an_unknown_rule_of_approval_is_wrong_configuration(chain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings = chain / "chain.toml"
    settings.write_text(settings.read_text("utf-8").replace("max_value", "max_valu"), "utf-8")
    assert run("replenish", chain) == 2
    assert "[approval]" in capfd.readouterr().err


def test_a_changed_file_and_a_changed_log_are_found_by_the_doctor(
    chain: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import sqlite3

    (chain / "runs" / run_of(chain) / "orders.csv").write_text("tampered", "utf-8")
    connection = sqlite3.connect(chain / "runs" / "orders.sqlite")
    connection.execute("UPDATE orders SET quantity = quantity + 1")
    connection.commit()
    connection.close()
    found = said(capfd, "doctor", chain)["findings"]
    problems = {each["check"] for each in found if each["health"] == "problem"}  # type: ignore[attr-defined]
    assert problems == {"runs", "audit log"}


def test_a_record_of_a_job_keeps_only_what_changed(tmp_path: Path) -> None:
    journal = Journal(RunStore(tmp_path), JobRecord(cutoff=NIGHT))
    journal.note(stage="fitted", model_id="m")
    assert last_job(RunStore(tmp_path)) == replace(journal.record)
    assert last_job(RunStore(tmp_path / "none")) is None
