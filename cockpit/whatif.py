"""What if, from a command: plan a chain as it is and as scenario files would have it; publish nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cockpit.documents import plan_document, records
from cockpit.earlier_nights import published_before
from cockpit.models_in_use import fitted, usable_champion
from cockpit.outcome import Block, ExitCode, Outcome
from cockpit.places import order_ledger
from cockpit.publishing import is_degraded, released_lines
from cockpit.render import difference_block, plan_blocks
from cockpit.stopwatch import Stopwatch
from cockpit.tracked import track
from cockpit.wording import is_known
from network.ingest_toml import TomlError, read_toml
from network.store import RunStore

if TYPE_CHECKING:
    from cockpit.jobs import PlanRequest
    from engine import EngineConfig
    from experiments.scenarios import Comparison, Scenario, WhatIf
    from experiments.tracking import Tracker
    from network.snapshot import Snapshot
    from optimization.stability import Published

N_SHOWN = 12
_FITTED_ANEW = (
    "Note: the runs hold no models of these settings up to the cutoff; some were fitted for this and not kept."
)
_NOTHING_WRITTEN = "What if: nothing was published, and no order changed."


def read_scenarios(files: tuple[Path, ...]) -> tuple[Scenario, ...]:
    """Read scenario files.

    Raises
    ------
    ScenarioError
        With everything that is wrong with any of them.
    """
    from experiments.scenarios import ScenarioError, scenario_from_mapping
    from network.breach import Breach

    scenarios, found = [], []
    for file in files:
        try:
            scenarios.append(scenario_from_mapping(read_toml(file), file.stem))
        except TomlError as error:
            found.append(Breach(str(file), "", str(error), 0))
        except ScenarioError as error:
            found += list(error.breaches)
    if found:
        raise ScenarioError(found)
    return tuple(scenarios)


def what_if_chain(
    request: PlanRequest, snapshot: Snapshot, config: EngineConfig, *, scenarios: tuple[Scenario, ...], out: Path | None
) -> Outcome:
    """Compare the plan of a chain with its plan under each scenario.

    Parameters
    ----------
    request, snapshot, config
        What is planned.
    scenarios
        From `read_scenarios`.
    out
        Folder for `whatif.html` and the tables; None writes nothing.
    """
    from experiments.scenarios import what_if

    for each in scenarios:
        each.applied(snapshot, config)
    released, earlier = nights_before(request, snapshot, config)
    champion = usable_champion(RunStore(request.runs_path), snapshot, config)
    result = what_if(
        snapshot, *scenarios, config=config, champion=champion,
        released=released, published=earlier, workers=request.workers, on_stage=Stopwatch(),
    )  # fmt: skip
    currency = snapshot.settings.currency
    paths = {} if out is None else write_comparisons(result.comparisons, out)
    blocks = tuple(block for each in result.comparisons for block in comparison_blocks(each, currency))
    files = tuple(f"Written  {path}" for path in paths.values())
    document = {
        "exit_code": 0,
        "chain": snapshot.settings.id,
        "cutoff": f"{snapshot.cutoff:%Y-%m-%d}",
        "baseline": {"run_id": result.baseline.run_id, "kpis": records(result.baseline.kpis)},
        "scenarios": [comparison_document(each) for each in result.comparisons],
        "paths": paths,
    }
    notices: tuple[str, ...] = () if champion is not None else (_FITTED_ANEW,)
    notices += track(request.runs_path, snapshot.settings.id, partial(_record, result), is_asked=request.is_tracked)
    return Outcome(ExitCode.DONE, (*blocks, Block(lines=(*files, _NOTHING_WRITTEN))), document, notices)


def _record(result: WhatIf, tracker: Tracker) -> None:
    """Track each scenario."""
    from experiments.tracking_records import scenario_record

    for each in result.comparisons:
        tracker.record(scenario_record(each))


def plan_under(
    request: PlanRequest, snapshot: Snapshot, config: EngineConfig, *, scenarios: tuple[Scenario, ...]
) -> Outcome:
    """Plan a chain as one scenario would have it; publish nothing.

    Parameters
    ----------
    request, snapshot, config
        What is planned.
    scenarios
        Applied one after the other, as one scenario.
    """
    from experiments.scenarios import plan_scenario

    whole = scenarios[0]
    for each in scenarios[1:]:
        whole = whole + each
    whole.applied(snapshot, config)
    released, earlier = nights_before(request, snapshot, config)
    kept = usable_champion(RunStore(request.runs_path), snapshot, config)
    champion = kept or fitted(snapshot, config)
    plan, notes = plan_scenario(
        snapshot, whole, config=config, champion=champion, released=released, published=earlier,
        workers=request.workers, on_stage=Stopwatch(),
    )  # fmt: skip
    blocks = (
        Block(title=f"What if: {whole.name}", lines=notes),
        *plan_blocks(plan, currency=snapshot.settings.currency),
        Block(lines=(_NOTHING_WRITTEN, f"Next     tierflow whatif {request.chain} SCENARIO compares it with the plan")),
    )
    code = ExitCode.DEGRADED if is_degraded(plan) else ExitCode.DONE
    document = {**plan_document(plan), "exit_code": int(code), "is_new": False, "scenario": whole.name,
                "notes": list(notes), "paths": {}}  # fmt: skip
    return Outcome(code, blocks, document, () if kept is not None else (_FITTED_ANEW,))


def nights_before(
    request: PlanRequest, snapshot: Snapshot, config: EngineConfig
) -> tuple[pd.DataFrame | None, Published | None]:
    """Return released lines and earlier runs, as tonight's plan has to respect them; nothing is written."""
    store = RunStore(request.runs_path)
    earlier = published_before(store, snapshot, quiet_days=config.plan.message_quiet_days)
    ledger = order_ledger(request.runs_path)
    if not ledger.exists:
        return None, earlier
    return released_lines(ledger, snapshot, config, store=store, before=earlier)[0], earlier


def comparison_blocks(comparison: Comparison, currency: str) -> tuple[Block, ...]:
    """Return what a person reads of one comparison: KPIs, changed orders with their why, notes."""
    rows = tuple(
        (str(row["kpi"]), *(_figure(row[name]) for name in ("before", "after")), _figure(row["change"], sign=True))
        for row in comparison.kpis.head(N_SHOWN).to_dict("records")
    )
    why = tuple(
        (f"{row['kind']} {row['origin']} > {row['destination']} {row['sku']}", str(row["why"]))
        for row in comparison.orders.head(N_SHOWN).to_dict("records")
    )
    blocks = [
        Block(f"What if: {comparison.name}", comparison.notes, ("kpi", "before", "after", "change"), rows,
              frozenset({1, 2, 3})),
        difference_block(comparison.orders, against="the plan as things are", currency=currency),
    ]  # fmt: skip
    return (*blocks, *([Block("Why", (), ("line", "because"), why)] if why else []))


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """Return one comparison as plain values."""
    return {
        "scenario": comparison.name,
        "notes": list(comparison.notes),
        "kpis": records(comparison.kpis),
        "orders": records(comparison.orders),
    }


def write_comparisons(comparisons: tuple[Comparison, ...], folder: Path) -> dict[str, str]:
    """Write one page with all comparisons, and the changed orders and KPIs of all as CSV; return where."""
    from network.store_files import write_file

    body = "".join(each._repr_html_() for each in comparisons)
    style = (
        "body{font:14px sans-serif;margin:2em}table{border-collapse:collapse}td,th{padding:2px 10px;text-align:right}"
    )
    page = f"<!doctype html><meta charset='utf-8'><title>What if</title><style>{style}</style>{body}"
    tables = {
        name: pd.concat([getattr(each, name).assign(scenario=each.name) for each in comparisons], ignore_index=True)
        for name in ("orders", "kpis")
    }
    written = {"page": str(folder / "whatif.html")}
    write_file(folder / "whatif.html", page)
    for name, table in tables.items():
        written[name] = str(folder / f"whatif_{name}.csv")
        write_file(folder / f"whatif_{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    return written


def _figure(value: float, *, sign: bool = False) -> str:
    if not is_known(value):
        return "–"
    return f"{value:{'+' if sign else ''},.{0 if abs(value) >= 100 else 3}f}"
