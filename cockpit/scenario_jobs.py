"""Scenarios tried in the background: one process at a time plans the night again, and says which step it is at."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from network.store_scenarios import ScenarioStore

N_ORDERS = 200
STEPS = 12
"""About how many steps a comparison takes: two plans, and the models where there are none."""


@dataclass(frozen=True)
class Workbench:
    """The scenarios of one chain.

    Parameters
    ----------
    chain
        The chain folder or file.
    store
        Where scenarios are kept.
    """

    chain: Path
    store: ScenarioStore
    _line: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "whatif"), repr=False)
    _running: dict[str, Future[None]] = field(default_factory=dict, repr=False)

    def start(self, name: str) -> None:
        """Try a scenario once those before it are done; one that has a result or waits already is left alone."""
        if self.store.result(name) is None and not self.is_waiting(name):
            self._running[name] = self._line.submit(self._in_a_process, name)

    def is_waiting(self, name: str) -> bool:
        """Whether a scenario is at work or in line."""
        future = self._running.get(name)
        return future is not None and not future.done()

    def close(self) -> None:
        """Take no more."""
        self._line.shutdown(wait=False, cancel_futures=True)

    def _in_a_process(self, name: str) -> None:
        """Plan in a process of its own: the server stays quick, and all memory comes back."""
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=try_scenario, args=(self.chain, self.store.runs, name), daemon=True)
        process.start()
        process.join()
        if self.store.result(name) is None:
            words = f"the planning process ended with code {process.exitcode}; try it again"
            self.store.set_result(name, {"error": words})


def try_scenario(chain: Path, runs: Path, name: str) -> None:
    """Compare the plan of a night with its plan under a scenario, and keep what differs; nothing is published."""
    store = ScenarioStore(runs)
    asked = store.asked(name)
    watch = _Steps(store, name)
    logger = logging.getLogger("cockpit")
    logger.addHandler(watch)
    logger.setLevel(logging.INFO)
    store.set_result(name, compared(chain, runs, asked))


class _Steps(logging.Handler):
    """Keeps each step that the planner says it has begun."""

    def __init__(self, store: ScenarioStore, name: str) -> None:
        super().__init__(logging.INFO)
        self._store, self._name, self._steps = store, name, list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        self._steps.append(record.getMessage())
        self._store.set_progress(self._name, self._steps)


def compared(chain: Path, runs: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a scenario changes, as plain values; `error` says why there is nothing, a line each."""
    from cockpit.jobs import PlanRequest, config_for, read_snapshot
    from cockpit.outcome import UsageError
    from cockpit.whatif import what_if_chain
    from experiments.scenarios import ScenarioError, scenario_from_mapping
    from network.breach import ContractError
    from network.store import RunStore

    cutoff = str(RunStore(runs).manifest(str(asked["run_id"]))["cutoff"])[:10]
    try:
        scenario = scenario_from_mapping(with_days(asked["scenario"]))
        request = PlanRequest(chain=chain, runs=runs, cutoff=_day(cutoff))
        snapshot = read_snapshot(request)
        config = config_for(snapshot.settings, None, snapshot.table("locations"))
        outcome = what_if_chain(request, snapshot, config, scenarios=(scenario,), out=None)
    except (ScenarioError, ContractError) as error:
        return {"error": "\n".join(str(breach) for breach in error.breaches)}
    except UsageError as error:
        return {"error": str(error)}
    found = dict(outcome.document["scenarios"][0])
    found["n_orders"] = len(found["orders"])
    found["orders"] = found["orders"][:N_ORDERS]
    return {**found, "baseline": outcome.document["baseline"], "notices": list(outcome.notices)}


def with_days(scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Return a scenario with its days as days, which JSON keeps as texts."""
    changes = [
        {key: _day(value) if key in ("start", "end") and value else value for key, value in dict(change).items()}
        for change in scenario["change"]
    ]
    return {"name": scenario["name"], "change": changes}


def _day(text: Any) -> Any:
    from datetime import date

    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return text
