"""One run from a command: lock, read, plan, publish, record; or check an input, or write a demo chain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.failures import refuse_input
from cockpit.outcome import Block, ExitCode, Outcome, UsageError
from cockpit.places import REJECTS_FILE, runs_folder
from cockpit.wording import count

if TYPE_CHECKING:
    import pandas as pd

    from cockpit.daily import DailyRequest
    from engine import EngineConfig
    from network.settings import ChainSettings
    from network.snapshot import Snapshot
    from optimization.partition.run import Workers


@dataclass(frozen=True)
class PlanRequest:
    """What `tierflow plan` was asked for.

    Parameters
    ----------
    chain
        The chain folder or DuckDB file.
    runs
        Where runs are kept; None for the default.
    cutoff
        Last day that may be known; None for the last with both sales and stock.
    horizon_days
        Days planned ahead; None to derive them.
    is_dry_run
        Whether to publish nothing and show the difference to the last plan.
    is_strict
        Whether critical exceptions end in exit code 4.
    workers
        Processes that share the SKUs, or who does on Dask; the run is the same for any number of them.
    scenario
        File with a scenario to plan under; such a plan is never published.
    is_tracked
        Whether to record the run with MLflow where no server is named.
    """

    chain: Path
    runs: Path | None = None
    cutoff: date | None = None
    horizon_days: int | None = None
    is_dry_run: bool = False
    is_strict: bool = False
    workers: Workers = 1
    scenario: Path | None = None
    is_tracked: bool = False

    @property
    def runs_path(self) -> Path:
        """Where runs are kept."""
        return runs_folder(self.chain, self.runs)


def plan_chain(request: PlanRequest) -> Outcome:
    """Plan a chain and publish the run, or show what it would change."""
    from cockpit.publishing import planned_and_published
    from cockpit.rehearsal import dry_run
    from network.store import lock

    if request.scenario is not None:
        from cockpit.whatif import plan_under, read_scenarios

        scenarios = read_scenarios((request.scenario,))
        return _or_refused(request, partial(plan_under, scenarios=scenarios))
    if request.is_dry_run:
        return _or_refused(request, dry_run)
    with lock(request.runs_path):
        return _or_refused(request, planned_and_published)


def replenish_chain(request: DailyRequest) -> Outcome:
    """Carry out the daily job: plan the night with the models in use and publish it, or find it published."""
    from cockpit.daily import replenished
    from network.store import lock

    with lock(request.plan.runs_path):
        return replenished(request, _or_refused)


def compare_scenarios(request: PlanRequest, files: tuple[Path, ...], *, out: Path | None) -> Outcome:
    """Plan a chain as it is and under each scenario file, and show what differs; publish nothing."""
    from cockpit.whatif import read_scenarios, what_if_chain

    return _or_refused(request, partial(what_if_chain, scenarios=read_scenarios(files), out=out))


def _or_refused(request: PlanRequest, act: Any) -> Outcome:
    """Carry out `act` on the snapshot, or refuse an invalid input with all its breaches."""
    from network.breach import ContractError

    try:
        snapshot = read_snapshot(request)
        config = config_for(snapshot.settings, request.horizon_days, snapshot.table("locations"))
        outcome: Outcome = act(request, snapshot, config)
    except ContractError as error:
        return refuse_input(error, rejects=str(write_rejected_rows(error.rejects, request.runs_path / REJECTS_FILE)))
    return outcome


def read_snapshot(request: PlanRequest) -> Snapshot:
    """Return what was known at the cutoff.

    Raises
    ------
    ContractError
        With every breach of the input.
    UsageError
        If the cutoff lies before the first or after the last day of the data.
    """
    from network.ingest import load_snapshot

    snapshot = load_snapshot(request.chain, cutoff=request.cutoff)
    if request.cutoff is None:
        return snapshot
    sold, counted = snapshot.table("sales")["date"], snapshot.table("stock")["as_of"]
    if sold.empty:
        raise UsageError(f"The chain has no sales up to {request.cutoff}: choose a later --cutoff.")
    last = max(sold.max(), counted.max()) if len(counted) else sold.max()
    if last.normalize() < snapshot.cutoff:
        raise UsageError(f"The data end on {last:%Y-%m-%d}: choose a --cutoff up to that day.")
    return snapshot


def config_for(settings: ChainSettings, horizon_days: int | None, locations: pd.DataFrame) -> EngineConfig:
    """Return the engine's configuration: defaults, then `[plan]` of chain.toml, then the command line; and `[switch]`.

    Parameters
    ----------
    settings
        The chain's settings.
    horizon_days
        Days planned ahead, from the command line; None where it says nothing.
    locations
        The chain's locations, of which `[switch]` takes some.

    Raises
    ------
    UsageError
        If `[plan]` names an unknown setting or gives a value out of its range, or with all that is wrong with
        `[switch]`.
    """
    from dataclasses import fields

    from engine import EngineConfig
    from forecasting.config import ForecastConfig
    from network.breach import nearest
    from optimization.config import PlanConfig
    from optimization.switch_settings import switch_from

    asked = {**settings.plan}
    forecast = dict(asked.pop("forecast", {}))
    if horizon_days is not None:
        asked["horizon_days"] = horizon_days
    for given, owner in ((asked, PlanConfig), (forecast, ForecastConfig)):
        known = [field.name for field in fields(owner)]
        for name in set(given) - set(known):
            raise UsageError(f"chain.toml [plan] has an unknown setting {name!r}. {nearest(name, known)}".strip())
    try:
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in asked.items()
        }
        config = EngineConfig(forecast=ForecastConfig(**forecast), plan=PlanConfig(**values))
    except (TypeError, ValueError) as error:
        raise UsageError(f"chain.toml [plan]: {error}") from error
    try:
        return config.replace(switch=switch_from(settings.switch, locations, config.plan))
    except ValueError as error:
        raise UsageError(f"chain.toml [switch]: {error}") from error


def write_rejected_rows(rejects: pd.DataFrame, path: Path) -> Path:
    """Write every rejected row of an input and return where."""
    from network.store_files import write_file

    write_file(path, rejects.to_csv(index=False, lineterminator="\n"))
    return path


def check_chain(chain: Path, *, rejects: Path | None) -> Outcome:
    """Check the input and report every breach at once."""
    from network.breach import ContractError
    from network.ingest import load_chain
    from network.snapshot import default_cutoff

    try:
        read = load_chain(chain)
    except ContractError as error:
        where = rejects if rejects is not None else runs_folder(chain, None) / REJECTS_FILE
        return refuse_input(error, rejects=str(write_rejected_rows(error.rejects, where)))
    sizes = {name: len(table) for name, table in read.tables.items() if len(table)}
    left_out = ""
    if len(read.rejects):
        where = rejects if rejects is not None else runs_folder(chain, None) / REJECTS_FILE
        left_out = str(write_rejected_rows(read.rejects, where))
    cutoff = f"{default_cutoff(read.tables):%Y-%m-%d}"
    block = Block(
        title=f"{read.settings.id}: the input keeps its contract",
        lines=(
            f"Last day with both sales and stock: {cutoff}.",
            *((f"Left out under quarantine: {count(len(read.rejects), 'cell')}, see {left_out}.",) if left_out else ()),
        ),
        header=("table", "rows"),
        rows=tuple((name, f"{n:,}") for name, n in sizes.items()),
        numeric=frozenset({1}),
    )
    next_step = Block(lines=(f"Next     tierflow plan {chain}",))
    document = {"exit_code": 0, "chain": read.settings.id, "breaches": [], "tables": sizes, "cutoff": cutoff}
    document |= {"warnings": list(read.warnings), "rejects": left_out}
    return Outcome(ExitCode.DONE, (block, next_step), document, tuple(f"Note: {words}" for words in read.warnings))


def write_demo(folder: Path, *, skus: int, stores: int, days: int, seed: int) -> Outcome:
    """Write a synthetic chain.

    Raises
    ------
    UsageError
        If the folder holds something else already, or a size is out of its range.
    """
    from experiments.world import WorldConfig, build_world, write_world

    if folder.exists() and not (folder.is_dir() and is_free_or_demo(folder)):
        raise UsageError(f"{folder} holds something that is no demo chain: name a new folder.")
    try:
        config = WorldConfig(n_skus=skus, n_stores=stores, n_days=days, seed=seed)
    except ValueError as error:
        raise UsageError(str(error)) from error
    write_world(build_world(config), folder)
    words = f"{count(skus, 'SKU')}, {count(stores, 'store')}, {count(days, 'day')} of history, seed {seed}."
    block = Block(
        title=f"Wrote a synthetic chain to {folder}",
        lines=(words, f"What is really true of it: {folder / 'truth'}", f"Next     tierflow plan {folder}"),
    )
    return Outcome(ExitCode.DONE, (block,), {"exit_code": 0, "folder": str(folder), "truth": str(folder / "truth")})


def is_free_or_demo(folder: Path) -> bool:
    """Return whether a folder is empty or holds a demo chain, which may be written again."""
    return (folder / "truth").is_dir() or not any(folder.iterdir())
