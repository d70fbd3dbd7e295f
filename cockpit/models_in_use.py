"""The fitted models that a chain's runs hold: which of them may plan a night, and how new ones come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from engine import EngineConfig
    from forecasting.forecaster import Forecaster
    from network.snapshot import Snapshot
    from network.store import RunStore


@dataclass(frozen=True)
class ModelInUse:
    """Models for one night.

    Parameters
    ----------
    forecaster
        The models, as they are stored.
    model_id
        Their name in the run store.
    notice
        Why others were fitted; empty where the champion serves.
    """

    forecaster: Forecaster
    model_id: str
    notice: str = ""


def usable_champion(store: RunStore, snapshot: Snapshot, config: EngineConfig) -> Forecaster | None:
    """Return the models in use, if they knew nothing after the cutoff and were fitted with these settings."""
    model_id = store.champion()
    return None if model_id is None else usable_model(store, model_id, snapshot, config)


def usable_model(store: RunStore, model_id: str, snapshot: Snapshot, config: EngineConfig) -> Forecaster | None:
    """Return stored models, if they knew nothing after the cutoff and were fitted with these settings.

    Raises
    ------
    ModelCorrupted
        If they are not stored whole.
    """
    from forecasting.forecaster import Forecaster

    stored = Forecaster.from_files(store.load_model(model_id))
    is_later = pd.Timestamp(stored.fitted_at) > snapshot.cutoff
    return None if is_later or stored.config != config.forecast else stored


def fitted(snapshot: Snapshot, config: EngineConfig) -> Forecaster:
    """Return models fitted on the chain as it is."""
    from forecasting.pipeline import fit_forecaster
    from network.graph import build_network

    return fit_forecaster(snapshot, build_network(snapshot), config.forecast)


def model_for(store: RunStore, snapshot: Snapshot, config: EngineConfig, *, asked: str = "") -> ModelInUse:
    """Return the models that plan a night: those asked for, else the champion, else new ones, which are stored.

    New models are read back from the store before they are used, so that a job that is killed after the fit and taken
    up again plans with the same ones.

    Parameters
    ----------
    store, snapshot, config
        The runs, what is known, and the settings.
    asked
        Name of stored models that a killed job had begun with; empty for the champion.
    """
    from network.store import ModelCorrupted

    named = asked or store.champion() or ""
    why = "The runs hold no fitted models yet"
    if named:
        try:
            stored = usable_model(store, named, snapshot, config)
        except ModelCorrupted as error:
            stored, why = None, f"The models in use cannot be read ({error})"
        else:
            why = "The models in use are later than the cutoff or of other settings"
        if stored is not None:
            return ModelInUse(stored, named)
    fresh = fitted(snapshot, config)
    about = {"fitted_at": fresh.fitted_at, "cutoff": f"{snapshot.cutoff:%Y-%m-%d}"}
    model_id = store.save_model(fresh.to_files(), about)
    stored = usable_model(store, model_id, snapshot, config)
    assert stored is not None, "models just fitted on this snapshot with these settings"
    return ModelInUse(stored, model_id, f"{why}: new ones were fitted.")
