"""Signing in through an OpenID Connect provider."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from cockpit.web.frame import frame_of
from cockpit.web.locale import words_for
from cockpit.web.oidc import LIFE, Provider, ProviderError
from cockpit.web.rendering import language_of
from cockpit.web.sessions import SignedInPeople
from cockpit.web.sign_in import address_of, sign_in_page
from cockpit.web.ways import local_path

router = APIRouter()
COOKIE = "sign-in"
BACK = "/sign-in/back"
_log = logging.getLogger(__name__)


def provider_of(request: Request) -> Provider:
    """Return the provider that people sign in with.

    Raises
    ------
    HTTPException
        404 where there is none.
    """
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise HTTPException(404)
    return provider


@router.get("/sign-in/provider")
def begin(request: Request, to: Annotated[str, Query(max_length=2000)] = "/") -> Response:
    """Send the browser to the provider."""
    provider, is_https = provider_of(request), request.app.state.options.is_https
    scheme = "https" if is_https else request.url.scheme
    try:
        attempt = provider.begin(back=f"{scheme}://{request.headers['host']}{BACK}", to=local_path(to))
    except ProviderError as error:
        return _refused(request, error)
    answer = RedirectResponse(attempt.address, status_code=303)
    seconds = round(LIFE.total_seconds())
    answer.set_cookie(
        COOKIE, attempt.cookie, max_age=seconds, path=BACK, httponly=True, samesite="lax", secure=is_https
    )
    return answer


@router.get(BACK)
def finish(
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """Let somebody in whom the provider names and who has an account."""
    provider, people = provider_of(request), frame_of(request).people
    if not isinstance(people, SignedInPeople):
        raise HTTPException(404)
    wait = request.app.state.sign_in_limits.seconds_to_wait(address_of(request), "")
    try:
        if wait:
            raise ProviderError(f"too many attempts: wait {wait:.0f} s")
        name, to = provider.finish(request.cookies.get(COOKIE, ""), state=state, code=code)
        account = people.accounts.find(name)
        if account is None:
            raise ProviderError(f"{name!r} has no account here")
    except ProviderError as error:
        return _refused(request, error)
    request.app.state.sign_in_limits.forget(address_of(request), "")
    answer = RedirectResponse(local_path(to), status_code=303)
    people.close(request)
    people.begin(account, answer)
    answer.delete_cookie(COOKIE, path=BACK)
    return answer


def _refused(request: Request, error: ProviderError) -> Response:
    """Say that nobody was signed in; the log says why, the page only that it was so."""
    _log.warning("Sign-in through the provider refused: %s", error)
    words = words_for(language_of(request), "")["t"]
    return sign_in_page(request, to="/", fault=words("sign_in.provider_refused"), status=403)
