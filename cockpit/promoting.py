"""The challenger against the champion, from a command: who makes the forecasts from now on."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from math import isfinite
from pathlib import Path

from cockpit.outcome import Block, ExitCode, Outcome, UsageError
from cockpit.places import runs_folder
from cockpit.tracked import mirror_pointers, track
from network.store import RunStore, lock


def promote_challenger(chain: Path, runs: Path | None, *, is_tracked: bool = False) -> Outcome:
    """Test the challenger on the last weeks, and let it follow the champion if it wins.

    Raises
    ------
    UsageError
        If the runs hold no two models to compare.
    """
    from experiments.challenger import try_challenger
    from forecasting.forecaster import Forecaster
    from network.ingest import load_chain
    from network.snapshot import default_cutoff

    store = RunStore(runs_folder(chain, runs))
    with lock(store.path):
        names = store.champion(), store.challenger()
        champion, challenger = names
        if champion is None or challenger is None:
            missing = "models in use" if champion is None else "challenger"
            raise UsageError(f"{store.path} holds no {missing}: `tierflow plan` of a later night makes one.")
        read = load_chain(chain)
        models = [Forecaster.from_files(store.load_model(name)) for name in (champion, challenger)]
        trial = try_challenger(models[0], models[1], read.tables, read.settings, last_day=default_cutoff(read.tables))
        if trial.is_won:
            store.set_champion(challenger)
    notices = track(store.path, read.settings.id, partial(mirror_pointers, store=store), is_asked=is_tracked)
    words = f"In use: {store.champion()}." if trial.is_won else f"In use stays {champion}."
    figures = {name: value for name, value in asdict(trial).items() if not isinstance(value, float) or isfinite(value)}
    document = {"exit_code": 0, **figures, "champion": store.champion(), "challenger": store.challenger()}
    title = f"{read.settings.id}: challenger {challenger} against champion {champion}"
    return Outcome(ExitCode.DONE, (Block(title, (trial.why, words)),), document, notices)
