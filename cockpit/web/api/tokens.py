"""A bearer token for a name and a password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.security import OAuth2PasswordRequestForm
from pydantic import BaseModel

from cockpit.web.api.bearer import office_of
from cockpit.web.api.problems import RESPONSES, Problem, too_often
from cockpit.web.tokens import LIFE

router = APIRouter(tags=["token"])


class Token(BaseModel):
    """A bearer token (RFC 6749)."""

    access_token: str
    token_type: str = "bearer"
    expires_in: int


@router.post("/token", responses={code: RESPONSES[code] for code in (401, 422, 429)})
def token(request: Request, form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> Token:
    """Return a token for an account; it lasts an hour, and ends before with the account or its password.

    The one POST without an idempotency key: a token is a secret, and no secret is kept to be sent again.
    """
    limits, address = request.app.state.sign_in_limits, request.client.host if request.client else ""
    wait = limits.seconds_to_wait(address, form.username)
    if wait:
        raise too_often(wait)
    office = office_of(request)
    account = office.accounts.verified(form.username, form.password)
    if account is None:
        raise Problem(401, "Name and password do not fit.", headers={"WWW-Authenticate": "Bearer"})
    limits.forget(address, form.username)
    return Token(access_token=office.token_for(account), expires_in=round(LIFE.total_seconds()))
