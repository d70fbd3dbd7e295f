"""The pages, one router each."""

from __future__ import annotations

from fastapi import APIRouter

from cockpit.web.pages import monday

ROUTERS: tuple[APIRouter, ...] = (monday.router,)
