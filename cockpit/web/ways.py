"""Ways back: addresses that a page was asked to lead to."""

from __future__ import annotations

from urllib.parse import urlsplit


def local_path(address: str) -> str:
    """Return a path on this server, `/` for anything that leads elsewhere."""
    parts = urlsplit(address)
    is_local = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.scheme
    is_plain = address.isprintable() and "\\" not in address
    return address if is_local and not parts.netloc and is_plain else "/"
