"""Model artifacts: text files under a name made from their content, checked against their sha256 before use."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from network.store_files import json_text, sweep_folder, write_file, write_folder

MODEL_MANIFEST = "manifest.json"

_SAFE_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MODEL_ID_DIGITS = 16


class ModelCorrupted(Exception):
    """A stored model is missing or not what its manifest says."""


def save_model(folder: Path, files: Mapping[str, str], *, about: Mapping[str, Any]) -> str:
    """Store a model's text files; a damaged copy of the same model is replaced.

    Parameters
    ----------
    folder
        Folder of all models.
    files
        Text by file name.
    about
        What to record beside the hashes.

    Returns
    -------
    The model id: the same files always have the same.

    Raises
    ------
    ValueError
        If a file name is not made of letters, digits, dot, dash and underscore, or is that of the manifest.
    """
    for name in files:
        if not _SAFE_FILE.fullmatch(name) or name == MODEL_MANIFEST:
            raise ValueError(f"{name!r} cannot name a file of a model: use letters, digits, dot, dash and underscore")
    hashes = {name: _text_hash(files[name]) for name in sorted(files)}
    model_id = _text_hash(json.dumps(hashes))[:_MODEL_ID_DIGITS]
    final = folder / model_id
    if final.exists():
        if not _faults(final):
            return model_id
        shutil.rmtree(final)

    def write(temporary: Path) -> None:
        for name, text in files.items():
            (temporary / name).write_bytes(text.encode("utf-8"))

    def finish(temporary: Path) -> None:
        write_file(temporary / MODEL_MANIFEST, json_text({"model_id": model_id, "files": hashes, "about": about}))

    sweep_folder(folder)
    write_folder(final, write, finish=finish)
    return model_id


def load_model(folder: Path, model_id: str) -> dict[str, str]:
    """Read a stored model after checking every file.

    Parameters
    ----------
    folder
        Folder of all models.
    model_id
        Result of `save_model`.

    Returns
    -------
    Text by file name.

    Raises
    ------
    ModelCorrupted
        If the model is not there, or a file is missing or changed.
    """
    place = folder / model_id
    faults = _faults(place) if _SAFE_FILE.fullmatch(model_id) else ["no such model"]
    if faults:
        raise ModelCorrupted(f"model {model_id}: {', '.join(faults)}; fit a new one")
    try:
        return {name: (place / name).read_bytes().decode("utf-8") for name in _hashes(place)}
    except UnicodeDecodeError as error:
        raise ModelCorrupted(f"model {model_id}: a file is no text; fit a new one") from error


def _faults(place: Path) -> list[str]:
    """Return what is wrong with a stored model."""
    if not (place / MODEL_MANIFEST).is_file():
        return ["no such model"]
    try:
        hashes = _hashes(place)
    except (ValueError, KeyError, TypeError):
        return ["its manifest cannot be read"]
    strange = [f"{name!r} is no name of a model's file" for name in hashes if not _SAFE_FILE.fullmatch(str(name))]
    if strange:
        return strange
    missing = [f"{name} is missing" for name in hashes if not (place / name).is_file()]
    changed = [
        f"{name} has changed"
        for name, expected in hashes.items()
        if (place / name).is_file() and hashlib.sha256((place / name).read_bytes()).hexdigest() != expected
    ]
    return missing + changed


def _hashes(place: Path) -> dict[str, str]:
    return dict(json.loads((place / MODEL_MANIFEST).read_text(encoding="utf-8"))["files"])


def _text_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
