"""Orders as one file in memory, to be handed out: what would be a folder of files is a zip archive."""

from __future__ import annotations

import io
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from optimization.export import DocumentHeader, ExportFormat, Language, name_in, write_orders

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip archive can say: the same orders are the same bytes


def forms_here() -> tuple[ExportFormat, ...]:
    """Return the forms that can be written here: UBL needs an extra of the installation."""
    has_xml = find_spec("lxml") is not None
    return tuple(each for each in ExportFormat if has_xml or each is not ExportFormat.UBL)


def orders_file(
    orders: pd.DataFrame, format: ExportFormat, *, name: str, language: Language, header: DocumentHeader
) -> tuple[str, bytes]:
    """Return the file of orders in a form, its name and its content.

    Parameters
    ----------
    orders
        The orders table.
    format
        In which form; a form of several files becomes a zip archive of them.
    name
        Of the file, without its ending; it gets the language of the content where that has one.
    language
        Of headers, choices and reasons.
    header
        What UBL documents say beyond their lines.

    Raises
    ------
    ExportError
        As `write_orders` does.
    """
    with tempfile.TemporaryDirectory() as folder:
        named = name_in(name, format, language)
        path = write_orders(orders, Path(folder), format, name=named, language=language, header=header)
        if path.is_file():
            return path.name, path.read_bytes()
        return f"{path.name}.zip", _zipped(path)


def _zipped(folder: Path) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for path in sorted(folder.iterdir()):
            about = zipfile.ZipInfo(f"{folder.name}/{path.name}", _FIRST_DAY)
            opened.writestr(about, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive.getvalue()
