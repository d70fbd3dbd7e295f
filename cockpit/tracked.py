"""Tracking of runs by MLflow, for commands: on by `--track` or by MLFLOW_TRACKING_URI; no work depends on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.tracking import Tracker
    from network.store import RunStore


def track(runs: Path, chain_id: str, act: Callable[[Tracker], None], *, is_asked: bool) -> tuple[str, ...]:
    """Carry out `act` with a tracker, if one is wanted, and return notices for the user.

    What is tracked is done and published already: a server that cannot be reached is told, and changes nothing.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not (uri or is_asked):
        return ()
    from experiments.tracking import tracker_at

    tracker = tracker_at(runs, chain_id, uri=uri, is_asked=is_asked)
    if tracker is None:
        return ()
    try:
        act(tracker)
    except Exception as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return (f"Not tracked: {tracker.uri} did not take it ({words}). The run itself is whole.",)
    return (f"Tracked in {tracker.uri}, experiment {tracker.experiment}.",)


def mirror_pointers(tracker: Tracker, store: RunStore) -> None:
    """Let the registry name the models that the run store names."""
    from experiments.tracking import CHALLENGER, CHAMPION, mirror_models

    pointers = {CHAMPION: store.champion(), CHALLENGER: store.challenger()}
    mirror_models(tracker, pointers, {name: store.load_model(name) for name in pointers.values() if name is not None})
