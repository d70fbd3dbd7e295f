"""A whole run from the command line: published once, exported once, and never half."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from cockpit.cli import main
from cockpit.detail_review import CAUSES
from cockpit.details import N_DRAWS, demand_draws
from forecasting.forecast import Forecast

SMALL = """
[plan]
truck_fill_up = false

[plan.forecast]
max_rounds = 5
n_origins = 1
max_training_rows = 5000
threads = 1
"""
HOSTILE = "=1+1"
DETAILS = (
    *("stock_paths", "quantity_worth", "drivers", "places", "history", "accuracy", "lots", "promoted"),
    *("signal_feeds", "figures", "review", "draws", "products"),
)
TABLES = ("orders", "order_terms", "loads", "targets", "exceptions", "kpis", "planned", "alternatives")


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def said(capfd: pytest.CaptureFixture[str]) -> dict[str, object]:
    document = json.loads(capfd.readouterr().out)
    assert isinstance(document, dict)
    return document


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small demo chain, planned once; one SKU has a name that a spreadsheet would compute."""
    folder = tmp_path_factory.mktemp("publishing") / "chain"
    assert run("demo", folder, "--skus", 9, "--stores", 4, "--days", 120) == 0
    settings = folder / "chain.toml"
    settings.write_text(settings.read_text("utf-8") + SMALL, "utf-8")
    for file in folder.glob("*.csv"):
        file.write_text(file.read_text("utf-8").replace('"K05"', f'"{HOSTILE}"'), "utf-8")
    assert run("plan", folder) == 0
    yield folder


@pytest.fixture
def fresh(chain: Path, tmp_path: Path) -> Path:
    """A copy of the planned chain that a test may change."""
    return Path(shutil.copytree(chain, tmp_path / chain.name))


def published(chain: Path) -> list[Path]:
    return sorted(path.parent for path in (chain / "runs").glob("*/manifest.json"))


def test_a_run_folder_holds_every_table_and_exactly_one_orders_csv(chain: Path) -> None:
    (folder,) = published(chain)
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *(f"{name}.{ending}" for name in TABLES for ending in ("csv", "parquet")),
        "forecast.parquet",
        "pegging.parquet",
        "promises.parquet",
        *(f"{name}.parquet" for name in DETAILS),
        "forecast_changes.csv",
        "forecast_changes.parquet",
        "report.html",
        "manifest.json",
    }
    assert len(list((chain / "runs").rglob("orders.csv"))) == 1


def test_two_workers_publish_the_same_bytes_under_the_same_name(chain: Path, tmp_path: Path) -> None:
    assert run("plan", chain, "--runs", tmp_path / "runs", "--workers", 2) == 0
    (one,), (two,) = published(chain), sorted(path.parent for path in (tmp_path / "runs").glob("*/manifest.json"))
    assert two.name == one.name
    assert all((two / f"{name}.csv").read_bytes() == (one / f"{name}.csv").read_bytes() for name in TABLES)


def test_the_manifest_says_what_was_planned_from_what_and_how_well(chain: Path) -> None:
    (folder,) = published(chain)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    wanted = ("cutoff", "config", "input_hash", "code_version", "timings", "status", "objective", "bound", "gap")
    assert not {*wanted, "created_at", "n_orders", "released_runs_counted", "previous_run"} - set(manifest)
    assert {"fit", "forecast", "flow"} <= set(manifest["timings"])
    assert manifest["files"]["orders.csv"] == hashlib.sha256((folder / "orders.csv").read_bytes()).hexdigest()


def test_the_forecast_is_one_row_a_stock_point_and_day_with_ordered_quantiles(chain: Path) -> None:
    (folder,) = published(chain)
    forecast = pd.read_parquet(folder / "forecast.parquet")
    assert not forecast.duplicated(["sku", "location", "date"]).any()
    assert (forecast["q05"] <= forecast["q50"]).all()
    assert (forecast["q50"] <= forecast["q95"]).all()


def test_a_run_says_what_other_quantities_and_each_path_of_stock_are_worth(chain: Path) -> None:
    (folder,) = published(chain)
    orders, worth, paths = (pd.read_parquet(folder / f"{name}.parquet") for name in ("orders", *DETAILS[1::-1]))
    lines = orders[orders["action"] == "new"].set_index("order_id")
    assert worth["order_id"].tolist() == lines.index.tolist()
    for row in worth.itertuples():
        line = lines.loc[row.order_id]
        assert (np.diff(row.quantities) > 0).all()
        assert row.quantities[0] == 0
        assert row.gains[row.quantities.tolist().index(line["quantity"])] == 0.0  # as proposed nothing is gained
        assert (np.diff(row.unmet) <= 1e-9).all()  # more units never leave more unserved
        assert row.unmet.max() <= row.expected_demand + 1e-3
    ends = set(zip(lines["sku"], lines["destination"], strict=True))
    assert set(zip(paths["sku"], paths["location"], strict=True)) == ends
    assert all((np.diff(demand) >= 0).all() for demand in paths["demand"])


def test_a_run_keeps_courses_that_demand_may_take(chain: Path) -> None:
    (folder,) = published(chain)
    draws, paths = (pd.read_parquet(folder / f"{name}.parquet") for name in ("draws", "stock_paths"))
    assert draws[["sku", "location"]].equals(
        paths.loc[~paths["is_echelon"], ["sku", "location"]].reset_index(drop=True)
    )
    sums = np.array([courses.reshape(N_DRAWS, -1).sum(axis=1) for courses in draws["draws"]])
    assert (sums >= 0).all()
    assert (np.ptp(sums, axis=1) > 0).mean() > 0.9  # they differ: the 10% to the 90% quantile


def test_a_night_without_a_line_keeps_no_courses() -> None:
    forecast = Forecast.from_rates([[1.0, 2.0]], ["A"], location=["S1"])
    none = pd.DataFrame({name: pd.Series(dtype="str") for name in ("sku", "destination", "action", "quantity")})
    assert demand_draws(none, forecast).empty
    one = pd.DataFrame({"sku": ["A"], "destination": ["S1"], "action": ["new"], "quantity": [1]})
    assert [courses.size for courses in demand_draws(one, forecast)["draws"]] == [N_DRAWS * 2]


def test_a_later_night_says_what_changed_in_the_forecast_and_reviews_the_week(chain: Path, tmp_path: Path) -> None:
    for cutoff in ("2025-10-28", "2025-11-05"):
        assert run("plan", chain, "--cutoff", cutoff, "--runs", tmp_path) == 0
    first, second = sorted(path.parent for path in tmp_path.glob("*/manifest.json"))
    assert pd.read_parquet(first / "forecast_changes.parquet").empty
    accuracy, losses = (pd.read_parquet(second / f"{name}.parquet") for name in ("accuracy", "review"))
    assert pd.read_parquet(first / "accuracy.parquet").empty  # no run of a week before it
    assert set(accuracy["slice"]) == {"all", "category", "location", "demand_class"}
    whole, parts = (accuracy.loc[accuracy["slice"] == name, "n_days"].sum() for name in ("all", "category"))
    assert whole == parts > 0
    assert losses["money"].is_monotonic_decreasing
    assert not losses.duplicated(["loss", "sku", "location"]).any()
    assert set(losses["cause"]) <= {str(cause) for cause in CAUSES}
    changes = pd.read_parquet(second / "forecast_changes.parquet")
    total = changes.groupby(["sku", "location"]).agg({"before": "first", "after": "first", "change": "sum"})
    assert np.allclose(total["change"], total["after"] - total["before"])
    assert "Next 7 days" in (second / "report.html").read_text("utf-8")


def test_the_same_plan_again_is_the_same_run_and_says_so(fresh: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder,) = published(fresh)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    capfd.readouterr()
    assert run("plan", fresh, "--json") == 0
    document = said(capfd)
    assert document["run_id"] == folder.name
    assert document["is_new"] is False
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert published(fresh) == [folder]


def test_the_same_plan_in_another_folder_gives_the_same_orders_byte_for_byte(
    chain: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert run("plan", chain, "--runs", tmp_path / "elsewhere", "--json") == 0
    document = said(capfd)
    (folder,) = published(chain)
    again = tmp_path / "elsewhere" / folder.name
    assert document["is_new"] is True
    assert (again / "orders.csv").read_bytes() == (folder / "orders.csv").read_bytes()
    assert (again / "order_terms.csv").read_bytes() == (folder / "order_terms.csv").read_bytes()
    orders = document["orders"]
    assert isinstance(orders, list)
    assert len(orders) == len(pd.read_csv(folder / "orders.csv")) > 0


def test_a_dry_run_publishes_nothing_and_shows_the_difference(fresh: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = sorted(path for path in (fresh / "runs").rglob("*") if path.name != "orders.sqlite")
    capfd.readouterr()
    assert run("plan", fresh, "--dry-run", "--json", "--horizon", 20) == 0
    document = said(capfd)
    assert document["is_dry_run"] is True
    assert document["against"] == published(fresh)[0].name
    assert sorted(path for path in (fresh / "runs").rglob("*") if path.name != "orders.sqlite") == before


def test_critical_exceptions_end_in_code_4_only_when_asked(fresh: Path, capfd: pytest.CaptureFixture[str]) -> None:
    manifest = json.loads((published(fresh)[0] / "manifest.json").read_text("utf-8"))
    assert manifest["n_critical"] > 0
    capfd.readouterr()
    assert run("plan", fresh) == 0
    assert run("plan", fresh, "--strict") == 4
    assert "critical exceptions under --strict" in capfd.readouterr().err


def test_export_releases_once_and_writes_the_same_file_every_time(
    fresh: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_id = published(fresh)[0].name
    capfd.readouterr()
    assert run("export", run_id, "--chain", fresh, "--to", tmp_path / "out", "--json") == 0
    first = said(capfd)
    content = (tmp_path / "out" / f"orders-{run_id}.csv").read_bytes()
    assert run("export", run_id[:12], "--chain", fresh, "--to", tmp_path / "out", "--json") == 0
    second = said(capfd)
    assert first["n_released"] == first["n_orders"]
    assert second["n_released"] == 0
    assert (tmp_path / "out" / f"orders-{run_id}.csv").read_bytes() == content
    assert set(pd.read_csv(tmp_path / "out" / f"orders-{run_id}.csv")["status"]) == {"released"}
    assert run("runs", "show", run_id, "--chain", fresh, "--json") == 0
    assert said(capfd)["states"] == {"released": first["n_orders"]}


def test_a_preview_releases_nothing(fresh: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run_id = published(fresh)[0].name
    assert run("export", run_id, "--chain", fresh, "--to", tmp_path, "--format", "json", "--preview") == 0
    assert {line["status"] for line in json.loads((tmp_path / f"orders-{run_id}.json").read_text("utf-8"))} == {
        "proposed"
    }
    capfd.readouterr()
    assert run("runs", "show", run_id, "--chain", fresh, "--json") == 0
    assert set(said(capfd)["states"]) == {"proposed"}  # type: ignore[call-overload]


def test_a_spreadsheet_never_computes_a_name(fresh: Path, tmp_path: Path) -> None:
    folder = published(fresh)[0]
    assert HOSTILE in set(pd.read_csv(folder / "targets.csv")["sku"])
    assert run("export", folder, "--to", tmp_path, "--format", "xlsx", "--preview") == 0
    sheet = openpyxl.load_workbook(tmp_path / f"orders-{folder.name}.en.xlsx").active
    assert sheet is not None
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_the_forms_of_other_systems_leave_with_what_the_run_says_of_itself(fresh: Path, tmp_path: Path) -> None:
    pytest.importorskip("lxml", reason="misses UBL: the extra edi is not installed")
    folder = published(fresh)[0]
    assert run("export", folder, "--to", tmp_path, "--format", "ubl", "--preview") == 0
    documents = [path.read_text("utf-8") for path in (tmp_path / f"orders-{folder.name}.ubl").iterdir()]
    assert documents
    cutoff = json.loads((folder / "manifest.json").read_text("utf-8"))["cutoff"][:10]
    assert all(f"IssueDate>{cutoff}<" in text for text in documents)


def test_the_same_night_planned_again_after_the_export_is_still_the_same_run(
    fresh: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_id = published(fresh)[0].name
    assert run("export", run_id, "--chain", fresh, "--to", tmp_path) == 0
    capfd.readouterr()
    assert run("plan", fresh, "--json") == 0
    assert said(capfd)["run_id"] == run_id
    assert len(published(fresh)) == 1


def test_data_that_came_late_after_the_export_never_order_the_same_goods_twice(
    fresh: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first = published(fresh)[0]
    assert run("plan", fresh, "--horizon", 20) == 0  # another plan of the same night, made before the export
    second = next(folder for folder in published(fresh) if folder != first)
    assert run("export", first.name, "--chain", fresh, "--to", tmp_path) == 0
    capfd.readouterr()
    assert run("export", second.name, "--chain", fresh, "--to", tmp_path) == 2
    assert "would order twice" in capfd.readouterr().err
    assert run("plan", fresh, "--horizon", 21, "--json") == 0  # a plan made after the export counts what has left
    third = said(capfd)
    manifest = json.loads((fresh / "runs" / str(third["run_id"]) / "manifest.json").read_text("utf-8"))
    assert manifest["released_runs_counted"] == [first.name]
    keys = ["kind", "origin", "destination", "sku"]
    before, after = (pd.read_csv(fresh / "runs" / str(name) / "orders.csv") for name in (first.name, third["run_id"]))
    both = before.merge(after, on=keys, suffixes=("", "_again"))
    assert both["quantity_again"].sum() < 0.5 * before["quantity"].sum()
    assert run("export", str(third["run_id"]), "--chain", fresh, "--to", tmp_path) == 0


def test_leftovers_of_a_killed_run_are_swept(fresh: Path) -> None:
    leftover = fresh / "runs" / ".writing-999999999-1-x-20200101-abc"
    leftover.mkdir()
    assert run("plan", fresh) == 0
    assert not leftover.exists()


def test_runs_are_listed_newest_first_and_compared(fresh: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("plan", fresh, "--cutoff", "2025-11-03") == 0
    capfd.readouterr()
    assert run("runs", "--chain", fresh, "--json") == 0
    listed = said(capfd)["runs"]
    assert isinstance(listed, list)
    assert [entry["cutoff"] for entry in listed] == ["2025-11-05", "2025-11-03"]
    assert run("runs", "compare", "20251103", "20251105", "--chain", fresh, "--json") == 0
    document = said(capfd)
    assert document["to"] == listed[0]["run_id"]
    assert document["difference"]
    assert run("runs", "compare", "20251103", "20251105", "--chain", fresh) == 0
    assert "Planned KPIs" in capfd.readouterr().out


def test_an_unknown_setting_of_the_plan_is_wrong_configuration(fresh: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings = fresh / "chain.toml"
    settings.write_text(settings.read_text("utf-8").replace("truck_fill_up", "truck_fil_up"), "utf-8")
    assert run("plan", fresh) == 2
    assert "Did you mean 'truck_fill_up'?" in capfd.readouterr().err
    assert len(published(fresh)) == 1
