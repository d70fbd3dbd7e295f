"""Signing in and out."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from cockpit.web.forms import refuse_forged_form
from cockpit.web.frame import NoAccounts, frame_of
from cockpit.web.limits import Limiter, Rate
from cockpit.web.locale import words_for
from cockpit.web.rendering import language_of, page
from cockpit.web.sessions import SignedInPeople
from cockpit.web.ways import local_path

ATTEMPTS = Rate(per_second=1 / 6, burst=10)
"""Attempts to sign in, by address and by name: ten, then one each six seconds."""

router = APIRouter()


class SignInLimits:
    """Attempts to sign in, by address and by name."""

    def __init__(self) -> None:
        self._limiters = {kind: Limiter(ATTEMPTS) for kind in ("address", "name")}

    def seconds_to_wait(self, address: str, name: str) -> float:
        """Return 0.0 and count the attempt, or how long to wait [seconds]."""
        keys = {"address": address, "name": name.casefold()}
        return max(limiter.seconds_to_wait(keys[kind]) for kind, limiter in self._limiters.items())

    def forget(self, address: str, name: str) -> None:
        """Let attempts of somebody who signed in count no more."""
        self._limiters["address"].forget(address)
        self._limiters["name"].forget(name.casefold())


def address_of(request: Request) -> str:
    """Return where a request comes from."""
    return request.client.host if request.client else ""


def sign_in_page(request: Request, *, to: str, name: str = "", fault: str = "", status: int = 200) -> Response:
    """Return the sign-in page."""
    values = {
        "to": local_path(to),
        "name": name,
        "fault": fault,
        "has_provider": request.app.state.provider is not None,
    }
    return page(request, "sign_in.html", values, status=status)


@router.get("/sign-in")
def ask(request: Request, to: str = "/") -> Response:
    """Ask for name and password."""
    if not frame_of(request).people.has_accounts:
        raise NoAccounts
    return sign_in_page(request, to=to)


@router.post("/sign-in")
def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=200)],
    to: Annotated[str, Form()] = "/",
) -> Response:
    """Let somebody in whose name and password fit."""
    people, limits = frame_of(request).people, request.app.state.sign_in_limits
    if not isinstance(people, SignedInPeople):
        raise NoAccounts
    words = words_for(language_of(request), "")["t"]
    wait = math.ceil(limits.seconds_to_wait(address_of(request), name))
    if wait:
        answer = sign_in_page(request, to=to, name=name, fault=words("sign_in.wait", seconds=wait), status=429)
        answer.headers["Retry-After"] = str(wait)
        return answer
    account = people.accounts.verified(name, password)
    if account is None:
        return sign_in_page(request, to=to, name=name, fault=words("sign_in.wrong"), status=403)
    limits.forget(address_of(request), name)
    answer = RedirectResponse(local_path(to), status_code=303)
    people.close(request)
    people.begin(account, answer)
    return answer


@router.post("/sign-out", dependencies=[Depends(refuse_forged_form)])
def sign_out(request: Request) -> Response:
    """End the session."""
    answer = RedirectResponse("/sign-in", status_code=303)
    people = frame_of(request).people
    if isinstance(people, SignedInPeople):
        people.end(request, answer)
    return answer
