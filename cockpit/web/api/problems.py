"""What went wrong, as a program reads it: problem documents (RFC 9457)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that is refused.

    Parameters
    ----------
    status
        HTTP status.
    detail
        What is wrong and what to do, in a sentence.
    facts
        More members of the document.
    headers
        Headers of the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        facts: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.detail = detail
        self.facts = dict(facts or {})
        self.headers = dict(headers or {})
        super().__init__(detail)


def too_often(seconds: float) -> Problem:
    """Return the refusal of somebody who asks too often."""
    wait = max(math.ceil(seconds), 1)
    return Problem(429, f"Too many requests: wait {wait} s.", headers={"Retry-After": str(wait)})


def problem_answer(problem: Problem) -> JSONResponse:
    """Return a refusal as a problem document."""
    title = HTTPStatus(problem.status).phrase
    document = {"type": "about:blank", "title": title, "status": problem.status, "detail": problem.detail}
    headers = {"Cache-Control": "no-store", **problem.headers}
    return JSONResponse({**document, **problem.facts}, problem.status, headers, MEDIA_TYPE)


def problem_of(request: Request, error: Exception) -> JSONResponse:
    """Return what a program reads about any refusal."""
    if isinstance(error, Problem):
        return problem_answer(error)
    if isinstance(error, RequestValidationError):
        faults = [{"where": ".".join(map(str, each["loc"])), "fault": str(each["msg"])} for each in error.errors()]
        return problem_answer(Problem(422, "The request does not fit the API; see `faults`.", facts={"faults": faults}))
    if isinstance(error, HTTPException):
        return problem_answer(Problem(error.status_code, str(error.detail), headers=error.headers))
    return problem_answer(Problem(500, "The server failed; its log says why. Nothing was changed by this request."))


RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for code, words in {
        400: "The request is incomplete",
        401: "No valid token",
        403: "The account's role does not allow this",
        404: "There is no such thing",
        409: "Not possible as things stand",
        412: "Changed since it was read",
        422: "The request does not fit the API",
        428: "If-Match is missing",
        429: "Too many requests",
        503: "The order ledger cannot be used at the moment",
    }.items()
}
PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
