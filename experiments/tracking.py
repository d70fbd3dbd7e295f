"""MLflow: one run for each plan, backtest, replay and scenario; models under the run store's aliases. Its only door.

Nothing is sent to anybody but the tracking server that was asked for: telemetry is off. Without a server, runs are kept
in SQLite in the chain's own run folder.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.tracking_records import Record

if TYPE_CHECKING:
    from mlflow import MlflowClient

URI_VARIABLE = "MLFLOW_TRACKING_URI"
FOLDER = "mlflow"
CHAMPION, CHALLENGER = "champion", "challenger"
_NAME_TAG, _KIND_TAG, _MODEL_TAG = "tierflow.name", "tierflow.kind", "tierflow.model_id"
_LOUD = ("mlflow", "alembic", "sqlalchemy")
# What MLflow takes in one call, and of one parameter.
_MOST_IN_A_BATCH, _LONGEST_PARAMETER = 100, 6000
_UNSAFE = re.compile(r"[^\w\-. /]")


@dataclass(frozen=True)
class Tracker:
    """A place where runs are recorded; made by `tracker_at`.

    Parameters
    ----------
    uri
        Tracking and registry server, or a database.
    experiment
        Name under which a chain's runs stand together, and of its registered model.
    artifacts
        Folder for artifacts; empty = where the server keeps them.
    """

    uri: str
    experiment: str
    artifacts: str = ""

    def record(self, record: Record) -> str:
        """Record one run and return its MLflow id; a run of this kind and name that is there already stays as it is."""
        with _quietly():
            found = self._find(record.kind, record.name)
            if found:
                return found
            client = self._client
            tags = {**record.tags, _NAME_TAG: record.name, _KIND_TAG: record.kind}
            run_id = str(client.create_run(self._experiment_id, run_name=record.name, tags=tags).info.run_id)
            try:
                self._log(run_id, record)
            except BaseException:
                client.set_terminated(run_id, status="FAILED")
                raise
            client.set_terminated(run_id)
            return run_id

    def register(self, model_id: str, files: Mapping[str, str]) -> str:
        """Register a stored model's text files and return its version; the same model has one version only."""
        with _quietly():
            client = self._client
            self._ensure_model()
            for version in client.search_model_versions(f"name = '{self.model_name}'"):
                if version.tags.get(_MODEL_TAG) == model_id:
                    return str(version.version)
        run_id = self.record(Record("model", model_id, texts={f"model/{name}": text for name, text in files.items()}))
        with _quietly():
            source = f"{client.get_run(run_id).info.artifact_uri}/model"
            made = client.create_model_version(self.model_name, source, run_id=run_id, tags={_MODEL_TAG: model_id})
            return str(made.version)

    def point(self, alias: str, version: str | None) -> None:
        """Let an alias name a version, or nothing."""
        with _quietly():
            self._ensure_model()
            if version is not None:
                self._client.set_registered_model_alias(self.model_name, alias, version)
            elif alias in self._client.get_registered_model(self.model_name).aliases:
                self._client.delete_registered_model_alias(self.model_name, alias)

    def model_of(self, alias: str) -> str | None:
        """Return the id of the stored model that an alias names, None where it names none."""
        with _quietly():
            self._ensure_model()
            versions = self._client.get_registered_model(self.model_name).aliases
            if alias not in versions:
                return None
            return str(self._client.get_model_version(self.model_name, versions[alias]).tags[_MODEL_TAG])

    @property
    def model_name(self) -> str:
        """Name of the registered model of the chain's forecaster."""
        return f"{self.experiment} forecaster"

    @cached_property
    def _client(self) -> MlflowClient:
        # MLflow reads this once, on import.
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        from mlflow import MlflowClient

        if self.artifacts:
            Path(self.artifacts).mkdir(parents=True, exist_ok=True)
        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    @cached_property
    def _experiment_id(self) -> str:
        found = self._client.get_experiment_by_name(self.experiment)
        if found is not None:
            return str(found.experiment_id)
        location = Path(self.artifacts).resolve().as_uri() if self.artifacts else None
        return str(self._client.create_experiment(self.experiment, artifact_location=location))

    def _find(self, kind: str, name: str) -> str:
        words = f"tags.`{_NAME_TAG}` = '{name}' and tags.`{_KIND_TAG}` = '{kind}' and attributes.status = 'FINISHED'"
        runs = self._client.search_runs([self._experiment_id], filter_string=words, max_results=1)
        return str(runs[0].info.run_id) if runs else ""

    def _ensure_model(self) -> None:
        if not self._client.search_registered_models(f"name = '{self.model_name}'"):
            self._client.create_registered_model(self.model_name)

    def _log(self, run_id: str, record: Record) -> None:
        from mlflow.entities import Metric, Param

        parameters = [Param(_safe(key), str(value)[:_LONGEST_PARAMETER]) for key, value in record.parameters.items()]
        metrics = [Metric(_safe(key), float(value), 0, 0) for key, value in record.known_metrics.items()]
        for items, word in ((parameters, "params"), (metrics, "metrics")):
            for first in range(0, len(items), _MOST_IN_A_BATCH):
                batch: dict[str, Any] = {word: items[first : first + _MOST_IN_A_BATCH]}
                self._client.log_batch(run_id, **batch)
        for name, text in record.texts.items():
            self._client.log_text(run_id, text, name)
        for file in record.files:
            self._client.log_artifact(run_id, str(file))


def tracker_at(runs: Path, chain_id: str, *, uri: str = "", is_asked: bool = False) -> Tracker | None:
    """Return where to track, or None where nobody asked for it.

    Parameters
    ----------
    runs
        The chain's run folder; holds the database where no server is named.
    chain_id
        Name of the chain.
    uri
        Content of the variable MLFLOW_TRACKING_URI; naming a server asks for tracking.
    is_asked
        Asked for by an option.
    """
    name = "tierflow " + re.sub(r"[/:'\"`%]", "-", chain_id)
    if uri:
        return Tracker(uri, name)
    if not is_asked:
        return None
    folder = (runs / FOLDER).resolve()
    return Tracker(f"sqlite:///{folder / 'mlflow.db'}", name, str(folder / "artifacts"))


def mirror_models(
    tracker: Tracker, pointers: Mapping[str, str | None], files_of: Mapping[str, Mapping[str, str]]
) -> None:
    """Let the registry's aliases name what the run store's pointers name.

    Parameters
    ----------
    tracker
        Where.
    pointers
        Model id by alias, `champion` and `challenger`; None = nobody holds it.
    files_of
        Text files of each of these models.
    """
    for alias, model_id in pointers.items():
        tracker.point(alias, None if model_id is None else tracker.register(model_id, files_of[model_id]))


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep MLflow's progress and the deprecations of its own libraries from the user's screen."""
    loggers = [logging.getLogger(name) for name in _LOUD]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    # MLflow sets its own logger's level when it is imported.
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    try:
        with warnings.catch_warnings():
            for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
                warnings.simplefilter("ignore", category)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _safe(key: str) -> str:
    """A key as MLflow takes it."""
    return _UNSAFE.sub("_", key)[:250]
