"""The pages, one router each."""

from __future__ import annotations

from fastapi import APIRouter

from cockpit.web.pages import deciding, forecast, monday, orders, runs, stock, trucks, whatif

ROUTERS: tuple[APIRouter, ...] = (
    monday.router,
    deciding.router,
    orders.router,
    trucks.router,
    stock.router,
    forecast.router,
    whatif.router,
    runs.router,
)
