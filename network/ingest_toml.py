"""Read one TOML file of a user, such as a scenario."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


class TomlError(Exception):
    """A file is not readable as TOML; the message says where and what to do."""


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    TomlError
        If it is not there, not UTF-8 or not TOML.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise TomlError(f"{path}: {error.strerror or error}. Give the path of a TOML file.") from error
    except UnicodeDecodeError as error:
        raise TomlError(f"{path}: not UTF-8. Save the file as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise TomlError(f"{path}: {error}. Mend the TOML.") from error
