"""Figures of the last daily job in the text format of Prometheus, for its textfile collector."""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterable
from dataclasses import dataclass

from cockpit.journal import JobRecord
from network.store import RunStore
from network.store_files import write_file

METRICS_FILE = "metrics.prom"
SUCCESS_NOTE = "last_success"
_HELP = {
    "tierflow_job_exit_code": "Exit code of the last daily job.",
    "tierflow_job_seconds": "How long the last daily job took [s].",
    "tierflow_job_end_seconds": "When the last daily job ended [s since 1970].",
    "tierflow_job_success_seconds": "When a daily job last ended with exit code 0 or 4 [s since 1970].",
    "tierflow_cutoff_seconds": "Last day that the last daily job knew [s since 1970].",
    "tierflow_stage_seconds": "How long each stage of the last published run took [s].",
    "tierflow_orders": "Order lines of the last published run.",
    "tierflow_order_value": "Worth of its order lines [money].",
    "tierflow_exceptions": "Its exceptions.",
    "tierflow_critical_exceptions": "Its critical exceptions.",
    "tierflow_run": "The last published run; always 1.",
}
_FROM_MANIFEST = {
    "tierflow_orders": "n_orders",
    "tierflow_order_value": "order_value",
    "tierflow_exceptions": "n_exceptions",
    "tierflow_critical_exceptions": "n_critical",
}


@dataclass(frozen=True)
class JobFigures:
    """How a job went.

    Parameters
    ----------
    record
        The job, ended.
    seconds
        How long it took [s].
    """

    record: JobRecord
    seconds: float


def write_metrics(store: RunStore, figures: JobFigures) -> None:
    """Write the figures beside the runs, whole or not at all."""
    ended = _epoch(figures.record.ended_at)
    if figures.record.exit_code in (0, 4):
        store.write_note(SUCCESS_NOTE, {"at": ended})
    success = (store.read_note(SUCCESS_NOTE) or {}).get("at")
    write_file(store.path / METRICS_FILE, metrics_text(store, figures, success=success))


def metrics_text(store: RunStore, figures: JobFigures, *, success: float | None) -> str:
    """Return the figures as text: a comment, a type and a value for each that is known."""
    record = figures.record
    found: list[tuple[str, dict[str, str], float | None]] = [
        ("tierflow_job_exit_code", {}, record.exit_code),
        ("tierflow_job_seconds", {}, round(figures.seconds, 3)),
        ("tierflow_job_end_seconds", {}, _epoch(record.ended_at)),
        ("tierflow_job_success_seconds", {}, success),
        ("tierflow_cutoff_seconds", {}, _epoch(f"{record.cutoff}T00:00:00Z") if record.cutoff else None),
    ]
    if record.run_id:
        manifest = store.manifest(record.run_id)
        chain = {"chain": str(manifest.get("chain", ""))}
        timings = manifest.get("timings") or {}
        found += [("tierflow_stage_seconds", {**chain, "stage": str(each)}, timings[each]) for each in timings]
        found += [(name, chain, manifest.get(key)) for name, key in _FROM_MANIFEST.items()]
        found.append(("tierflow_run", {**chain, "run_id": record.run_id}, 1))
    return "".join(_lines(found))


def _lines(found: Iterable[tuple[str, dict[str, str], float | None]]) -> Iterable[str]:
    told: set[str] = set()
    for name, labels, value in found:
        if value is None:
            continue
        if name not in told:
            told.add(name)
            yield f"# HELP {name} {_HELP[name]}\n# TYPE {name} gauge\n"
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{inside}}} {value}\n" if inside else f"{name} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _epoch(moment: str) -> int | None:
    """Seconds since 1970 of `YYYY-MM-DDTHH:MM:SSZ`; None for nothing."""
    return calendar.timegm(time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ")) if moment else None
