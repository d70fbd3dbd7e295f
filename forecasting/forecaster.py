"""A fitted forecaster: model text, choices and calibration, as plain text files for the store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from forecasting.blend import BUCKET_ENDS, Blend
from forecasting.config import ForecastConfig
from forecasting.distribution import CumulativeDistribution
from forecasting.evidence import Evidence, build_evidence
from forecasting.members import Choice
from forecasting.models.lightgbm_direct import GlobalModel
from forecasting.signal_plan import SignalPlan

if TYPE_CHECKING:
    import pandas as pd

    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

MODEL_FILE = "global_model.txt"
SETTINGS_FILE = "forecaster.json"
TABLES = ("starts", "lengths", "means", "levels", "ratios", "dispersion", "recalibrated", "shocks")


@dataclass(frozen=True)
class Forecaster:
    """What a fit leaves behind; enough to forecast any later snapshot of the chain.

    Parameters
    ----------
    config
        As fitted with.
    fitted_at
        ISO date of the cutoff it was fitted at.
    global_model
        The booster, or None where nothing uses it.
    choices
        Blend of models by demand class.
    distribution
        Calibration tables.
    full_shelf
        The same for days whose shelf stays full.
    signal_plan
        Drivers, leads, effects and gate.
    """

    config: ForecastConfig
    fitted_at: str
    global_model: GlobalModel | None
    choices: Mapping[str, Choice]
    distribution: CumulativeDistribution
    full_shelf: CumulativeDistribution
    signal_plan: SignalPlan

    @cached_property
    def id(self) -> str:
        """Twelve hex digits of the hash of all files: equal ids forecast equally."""
        text = json.dumps(self.to_files(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def weights(self) -> pd.DataFrame:
        """Return the blends: demand_class, first_step, last_step (none for the last bucket), model, weight."""
        import pandas as pd

        firsts, lasts = (1, *(end + 1 for end in BUCKET_ENDS)), (*BUCKET_ENDS, None)
        rows = [
            (name, first, last, member, weight)
            for name, choice in self.choices.items()
            for first, last, row in zip(firsts, lasts, choice.blend.weights, strict=True)
            for member, weight in zip(choice.blend.members, row, strict=True)
        ]
        table = pd.DataFrame(rows, columns=["demand_class", "first_step", "last_step", "model", "weight"])
        return table.astype({"demand_class": "str", "model": "str", "last_step": "Int64"})

    def evidence(self, snapshot: Snapshot, network: SupplyNetwork, *, horizon: int) -> Evidence:
        """Build what this forecaster reads of a snapshot; ``horizon`` in days."""
        return build_evidence(
            snapshot,
            network,
            horizon=horizon,
            max_signals=self.config.max_signals,
            signal_plan=self.signal_plan,
            has_rhythm=self.config.reads_rhythm,
            has_states=self.config.reads_states,
        )

    def to_files(self) -> dict[str, str]:
        """Return file name -> text; `from_files` reads them back bit for bit."""
        settings = {
            "config": self.config.as_dict(),
            "fitted_at": self.fitted_at,
            "choices": {name: _choice_as_lists(choice) for name, choice in self.choices.items()},
            "features": None if self.global_model is None else list(self.global_model.features),
            "smearing": 1.0 if self.global_model is None else self.global_model.smearing,
            "signals": self.signal_plan.as_dict(),
            "distribution": _tables_as_lists(self.distribution),
            "full_shelf": _tables_as_lists(self.full_shelf),
        }
        files = {SETTINGS_FILE: json.dumps(settings, sort_keys=True)}
        if self.global_model is not None:
            files[MODEL_FILE] = self.global_model.text
        return files

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> Forecaster:
        """Read what `to_files` wrote.

        Parameters
        ----------
        files
            File name -> text.

        Raises
        ------
        KeyError
            If a file or a field is missing.
        """
        settings = json.loads(files[SETTINGS_FILE])
        config = ForecastConfig(**settings["config"])
        features = settings["features"]
        model = None
        if features is not None:
            model = GlobalModel(
                files[MODEL_FILE],
                tuple(features),
                config.threads,
                objective=config.objective,
                smearing=settings["smearing"],
            )
        return cls(
            config=config,
            fitted_at=settings["fitted_at"],
            global_model=model,
            choices={name: _choice_from_lists(choice) for name, choice in settings["choices"].items()},
            distribution=_tables_from_lists(settings["distribution"]),
            full_shelf=_tables_from_lists(settings["full_shelf"]),
            signal_plan=SignalPlan.from_dict(settings["signals"]),
        )


def _choice_as_lists(choice: Choice) -> dict[str, object]:
    return {
        "members": list(choice.blend.members),
        "weights": [list(row) for row in choice.blend.weights],
        "fallback": choice.fallback,
    }


def _choice_from_lists(lists: Mapping[str, Any]) -> Choice:
    weights = tuple(tuple(float(weight) for weight in row) for row in lists["weights"])
    return Choice(Blend(tuple(lists["members"]), weights), lists["fallback"])


def _tables_as_lists(distribution: CumulativeDistribution) -> dict[str, object]:
    tables: dict[str, npt.NDArray[np.float64]] = {name: getattr(distribution, name) for name in TABLES}
    lists: dict[str, object] = {name: table.tolist() for name, table in tables.items()}
    return {**lists, "classes": list(distribution.classes), "count_means": list(distribution.count_means)}


def _tables_from_lists(lists: Mapping[str, list[float]]) -> CumulativeDistribution:
    tables = {name: np.array(lists[name], dtype=np.float64) for name in TABLES}
    low, high = lists["count_means"]
    classes = tuple(str(name) for name in lists["classes"])
    return CumulativeDistribution(classes=classes, count_means=(low, high), **tables)
