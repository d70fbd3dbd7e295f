"""Forms come from our own pages: the browser says from which site, and each carries the token of its session."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from fastapi import Request

from cockpit.web.frame import ForgedForm, signed_in_person

CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_other_sites(request: Request) -> None:
    """Refuse a change that another site asks for, as far as the browser says so.

    Raises
    ------
    ForgedForm
        If `Sec-Fetch-Site` or `Origin` names another site.
    """
    if request.method in _READING:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    is_other = site not in (None, "same-origin", "none")
    if is_other or (origin is not None and urlsplit(origin).netloc != request.headers.get("host")):
        raise ForgedForm


async def refuse_forged_form(request: Request) -> None:
    """Refuse a change without the session's token, in the form or in a header.

    Raises
    ------
    ForgedForm
        If the token is not there or is another one's, or the form comes from another site.
    """
    if request.method in _READING:
        return
    refuse_other_sites(request)
    person = signed_in_person(request)
    if person is None:
        return  # the page itself sends them to sign in
    given = request.headers.get(CSRF_HEADER) or (await request.form()).get(CSRF_FIELD)
    if not (isinstance(given, str) and person.csrf and hmac.compare_digest(given.encode(), person.csrf.encode())):
        raise ForgedForm
