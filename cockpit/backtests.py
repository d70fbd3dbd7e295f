"""A backtest from a command: read, forecast the past, publish tables and a report, and say what came out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.failures import refuse_input
from cockpit.jobs import config_for, write_rejected_rows
from cockpit.outcome import Block, ExitCode, Outcome, UsageError
from cockpit.places import REJECTS_FILE, runs_folder
from cockpit.tracked import track
from cockpit.wording import share

if TYPE_CHECKING:
    import pandas as pd

    from experiments.backtest import Backtest, BacktestRequest
    from experiments.tracking import Tracker
    from network.ingest import Chain

TABLES = ("steps", "metrics", "fva", "calibration", "slices", "forecasts")
# Changes when scoring changes, so that an old result is not taken for the new one.
SCORING = 1


@dataclass(frozen=True)
class BacktestOptions:
    """What `tierflow backtest` was asked for.

    Parameters
    ----------
    chain
        The chain folder or DuckDB file.
    out
        Folder of the result; None for `CHAIN/backtests/NAME`.
    cutoff
        Last day that may be scored; None for the last with both sales and stock.
    n_origins, horizon, every, refit_every
        As for `BacktestRequest` [days, but for the first and last].
    has_ladder
        Whether to fit every step of the ladder.
    is_tracked
        Whether to record the backtest with MLflow where no server is named.
    """

    chain: Path
    out: Path | None = None
    cutoff: date | None = None
    n_origins: int = 6
    horizon: int = 28
    every: int = 7
    refit_every: int | None = None
    has_ladder: bool = True
    is_tracked: bool = False


def backtest_chain(options: BacktestOptions) -> Outcome:
    """Backtest a chain and publish the result, or refuse an invalid input with all its breaches."""
    from network.breach import ContractError
    from network.ingest import load_chain

    try:
        chain = load_chain(options.chain)
        request = request_of(options, chain)
    except ContractError as error:
        where = runs_folder(options.chain, None) / REJECTS_FILE
        return refuse_input(error, rejects=str(write_rejected_rows(error.rejects, where)))
    name = name_of(chain, request)
    folder = options.out if options.out is not None else backtests_folder(options.chain) / name
    if (folder / "manifest.json").is_file():
        return _outcome(_read(folder), folder, notices=("This backtest of these data is there already.",))
    result = _run(chain, request)
    _publish(result, chain, request, folder=folder, name=name)
    runs = runs_folder(options.chain, None)
    act = partial(_record, result, request, chain, folder, name)
    return _outcome(result, folder, notices=track(runs, chain.settings.id, act, is_asked=options.is_tracked))


def _record(
    result: Backtest, request: BacktestRequest, chain: Chain, folder: Path, name: str, tracker: Tracker
) -> None:
    """Track a published backtest."""
    from experiments.tracking_records import backtest_record
    from network.snapshot import snapshot_at

    data_hash = snapshot_at(chain.tables, chain.settings, request.last_day).content_hash
    tracker.record(backtest_record(result, request, name=name, data_hash=data_hash, folder=folder))


def backtests_folder(chain: Path) -> Path:
    """Return where backtests of a chain are kept; reading a chain passes the folder over."""
    return chain / "backtests" if chain.is_dir() else chain.with_name(f"{chain.stem}.backtests")


def request_of(options: BacktestOptions, chain: Chain) -> BacktestRequest:
    """Return what to backtest, with the chain's own forecast settings.

    Raises
    ------
    UsageError
        If the last day lies outside the data, or the history is too short for the origins.
    """
    import dataclasses

    import pandas as pd

    from experiments.backtest import BacktestRequest, too_short
    from network.snapshot import default_cutoff

    last = pd.Timestamp(options.cutoff) if options.cutoff else default_cutoff(chain.tables)
    sold = chain.tables["sales"]["date"]
    if last > sold.max():
        raise UsageError(f"The sales end on {sold.max():%Y-%m-%d}: choose a --cutoff up to that day.")
    config = config_for(chain.settings, None, chain.tables["locations"]).forecast
    request = BacktestRequest(
        last_day=last.normalize(),
        n_origins=options.n_origins,
        horizon=options.horizon,
        every=options.every,
        refit_every=options.refit_every or options.n_origins,
        has_ladder=options.has_ladder,
        config=dataclasses.replace(config, horizon_days=options.horizon),
    )
    if words := too_short(chain.tables["sales"], request):
        raise UsageError(words)
    return request


def name_of(chain: Chain, request: BacktestRequest) -> str:
    """Return the name of a backtest: last day, and a hash of data, settings and code."""
    from network.snapshot import snapshot_at
    from network.store_files import code_version

    data = snapshot_at(chain.tables, chain.settings, request.last_day).content_hash
    text = f"{data} {request} {code_version()} {SCORING}"
    return f"{request.last_day:%Y%m%d}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _run(chain: Chain, request: BacktestRequest) -> Backtest:
    from experiments.backtest import backtest

    return backtest(chain.tables, chain.settings, request)


def _publish(result: Backtest, chain: Chain, request: BacktestRequest, *, folder: Path, name: str) -> None:
    """Write the folder, whole or not at all."""
    from cockpit.backtest_report import build_backtest_report
    from network.store import RunStore
    from network.store_files import write_file

    page = build_backtest_report(result, request, chain_id=chain.settings.id, name=name)

    def write(place: Path) -> None:
        for table in TABLES:
            RunStore.write_table(place, table, getattr(result, table), csv=False)
        write_file(place / "backtest.html", page)

    about = {
        "chain": chain.settings.id,
        "backtest": name,
        "cutoff": f"{request.last_day:%Y-%m-%d}",
        "origins": [f"{cutoff:%Y-%m-%d}" for cutoff in request.cutoffs],
        "config": {field.name: str(getattr(request, field.name)) for field in fields(request)},
        "beaten_share": result.beaten_share,
        "tied_share": result.tied_share,
    }
    try:
        RunStore(folder.parent).publish(folder.name, write, about)
    except ValueError as error:
        raise UsageError(f"--out: {error}") from error


def _read(folder: Path) -> Backtest:
    from experiments.backtest import Backtest
    from network.store import RunStore

    store = RunStore(folder.parent)
    return Backtest(**{name: store.read_table(folder.name, name) for name in TABLES})


def _outcome(result: Backtest, folder: Path, *, notices: tuple[str, ...] = ()) -> Outcome:
    overall = result.fva[result.fva["category"] == ""]
    everything = result.metrics[result.metrics["slice"] == "all"]
    blocks = (
        Block(
            title="Forecast value added",
            lines=("Each step against the one before it, with a 90% interval over origins and series.",),
            header=("step", "against", "value added", "from", "to"),
            rows=tuple(_value_row(row) for _, row in overall.iterrows()),
            numeric=frozenset({2, 3, 4}),
        ),
        Block(
            title="Accuracy",
            header=("step", "WAPE, weeks", "WAPE, days", "bias", "RMSSE"),
            rows=tuple(_score_row(row) for _, row in everything.iterrows()),
            numeric=frozenset({1, 2, 3, 4}),
        ),
        Block(lines=(_beaten_words(result), f"Report   {folder / 'backtest.html'}", f"Tables   {folder}")),
    )
    return Outcome(ExitCode.DONE, blocks, _document(result, folder), notices)


def _value_row(row: pd.Series[Any]) -> tuple[str, ...]:
    amounts = (share(float(row[name])) for name in ("value_added", "low", "high"))
    return (str(row["step"]), str(row["compared_with"]), *amounts)


def _score_row(row: pd.Series[Any]) -> tuple[str, ...]:
    shares = (share(float(row[name])) for name in ("wape_week", "wape", "bias"))
    return (str(row["step"]), *shares, f"{row['rmsse']:.3f}")


def _beaten_words(result: Backtest) -> str:
    return (
        f"Beats the baseline that was best on earlier origins in {share(result.beaten_share)} of "
        f"{len(result.slices):,} slices (demand class x location), equals it in {share(result.tied_share)}."
    )


def _document(result: Backtest, folder: Path) -> dict[str, Any]:
    from cockpit.documents import records

    overall = result.fva[result.fva["category"] == ""]
    everything = result.metrics[result.metrics["slice"] == "all"]
    return {
        "exit_code": 0,
        "folder": str(folder),
        "report": str(folder / "backtest.html"),
        "beaten_share": result.beaten_share if len(result.slices) else None,
        "tied_share": result.tied_share if len(result.slices) else None,
        "n_slices": len(result.slices),
        "value_added": records(overall.reset_index(drop=True)),
        "metrics": records(everything.reset_index(drop=True)),
    }
