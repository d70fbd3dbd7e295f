"""What a plan, a backtest, a replay and a scenario leave behind for a tracking server, as plain values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from engine import Plan
    from experiments.backtest import Backtest, BacktestRequest
    from experiments.scenario_compare import Comparison


@dataclass(frozen=True)
class Record:
    """One run to be recorded.

    Parameters
    ----------
    kind
        plan, backtest, replay, scenario or model.
    name
        Its name within the kind; recording it again does nothing.
    parameters
        What went in.
    metrics
        What came out; unknown figures are left out.
    tags
        Data hash, code version, cutoff.
    texts
        Text by artifact name.
    files
        Files to keep beside it.
    """

    kind: str
    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()

    @property
    def known_metrics(self) -> dict[str, float]:
        """Metrics that are finite numbers."""
        return {
            name: float(value) for name, value in self.metrics.items() if value is not None and math.isfinite(value)
        }


def plan_record(plan: Plan, folder: Path | None = None) -> Record:
    """Return the record of a plan: settings, data hash, planned KPIs, and the report and tables of its folder.

    Parameters
    ----------
    plan
        The run.
    folder
        Where it was published; None = nowhere.
    """
    manifest = plan.manifest
    known = ("report.html", "orders.csv", "kpis.csv", "manifest.json")
    solver = {f"solver_{name}": manifest.get(name) for name in ("objective", "bound", "gap")}
    metrics = {**_kpis(plan.kpis), **{name: value for name, value in solver.items() if value is not None}}
    metrics |= {f"seconds_{name}": value for name, value in dict(manifest.get("timings", {})).items()}
    return Record(
        "plan",
        plan.run_id,
        parameters=dict(_flat(manifest.get("config", {}))),
        metrics=metrics,
        tags=_tags(plan),
        files=() if folder is None else tuple(folder / name for name in known if (folder / name).is_file()),
    )


def scenario_record(comparison: Comparison) -> Record:
    """Return the record of a scenario: planned KPIs, their change against the plan as things are, and the page."""
    plan = comparison.after
    changes = dict(zip((f"change_{name}" for name in comparison.kpis["kpi"]), comparison.kpis["change"], strict=True))
    return Record(
        "scenario",
        f"{plan.run_id} {comparison.name}".replace("'", ""),
        parameters={**dict(_flat(plan.manifest.get("config", {}))), "scenario": comparison.name},
        metrics={**_kpis(plan.kpis), **changes},
        tags={**_tags(plan), "baseline_run": comparison.before.run_id},
        texts={"whatif.html": comparison._repr_html_(), "orders.csv": comparison.orders.to_csv(index=False)},
    )


def backtest_record(
    result: Backtest, request: BacktestRequest, *, name: str, data_hash: str, folder: Path | None = None
) -> Record:
    """Return the record of a backtest: origins and settings, scores of each step over everything, and its page."""
    everything = result.metrics[result.metrics["slice"] == "all"]
    scores = {
        f"{row['step']}_{measure}": row[measure]
        for row in everything.to_dict("records")
        for measure in ("wape", "wape_week", "bias", "rmsse")
    }
    page = (
        () if folder is None else tuple(p for p in (folder / "backtest.html", folder / "manifest.json") if p.is_file())
    )
    settings = {name: getattr(request, name) for name in ("last_day", "n_origins", "horizon", "every", "refit_every")}
    return Record(
        "backtest",
        name,
        parameters={**settings, **dict(_flat({"forecast": vars(request.config)}))},
        metrics={**scores, "beaten_share": result.beaten_share},
        tags={"data_hash": data_hash, "cutoff": f"{request.last_day:%Y-%m-%d}"},
        files=page,
    )


def replay_record(
    name: str, kpis: Mapping[str, float], *, parameters: Mapping[str, Any], data_hash: str, texts: Mapping[str, str]
) -> Record:
    """Return the record of a replay: its policy and days, the KPIs that came out, and tables as text."""
    return Record(
        "replay", name, parameters=dict(_flat(parameters)), metrics=kpis, tags={"data_hash": data_hash}, texts=texts
    )


def _tags(plan: Plan) -> dict[str, str]:
    return {
        "data_hash": plan.snapshot.content_hash,
        "cutoff": f"{plan.cutoff:%Y-%m-%d}",
        "chain": plan.snapshot.settings.id,
        "code_version": str(plan.manifest.get("code_version", "")),
        "status": str(plan.manifest.get("status", "")),
    }


def _kpis(kpis: pd.DataFrame) -> dict[str, float]:
    return dict(zip(kpis["kpi"].astype(str), kpis["planned"].astype(float), strict=True))


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as dotted names."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
