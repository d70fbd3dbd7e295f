"""The JSON API: everything the pages do, for programs that carry a bearer token."""

from __future__ import annotations

from fastapi import APIRouter

from cockpit.web.api import audit, deciding, orders, promising, releasing, runs, tokens, trying

PREFIX = "/api/v1"

router = APIRouter(prefix=PREFIX)
for part in (promising, tokens, runs, orders, deciding, releasing, trying, audit):
    router.include_router(part.router)
