"""Who runs a command, as the system says."""

from __future__ import annotations

import getpass


def user_name() -> str:
    """Return who runs this; `tierflow` where the system does not say."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "tierflow"
