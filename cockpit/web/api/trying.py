"""What if: scenarios tried in the background, and what another quantity of a line would change."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from cockpit.pages.line import effect_of, left_at_origin
from cockpit.scenario_jobs import with_days
from cockpit.web.api.asked import TheKey, TheRun, carried_out
from cockpit.web.api.bearer import Planner, Viewer
from cockpit.web.api.deciding import answered
from cockpit.web.api.problems import RESPONSES, Problem
from cockpit.web.desk import desks_of
from cockpit.web.frame import Frame, TheFrame
from cockpit.web.pages.whatif import standing, workbench_of
from cockpit.web.people import Person
from cockpit.web.standing import now
from experiments.scenario_case import ScenarioError
from experiments.scenarios import scenario_from_mapping
from optimization.ledger_desk import Answer

router = APIRouter(
    tags=["what if"], responses={code: RESPONSES[code] for code in (400, 401, 403, 404, 409, 422, 429, 503)}
)
_MAX_UNITS = 10**7


class ScenarioAsked(BaseModel):
    """A scenario as a scenario file has it; days as ISO texts."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    change: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=20)]


@router.get("/whatif")
def scenarios(person: Viewer, frame: TheFrame, request: Request) -> dict[str, Any]:
    """List the scenarios that were tried, newest first: how far each is, and what it changes."""
    bench = workbench_of(request, frame)
    found = [standing(bench, name) for name in bench.store.names()]
    return {"scenarios": sorted(found, key=lambda each: str(each["at"]), reverse=True)}


@router.get("/whatif/{name}")
def scenario(person: Viewer, frame: TheFrame, request: Request, name: str) -> dict[str, Any]:
    """Return one scenario: how far it is, and what it changes."""
    return standing(workbench_of(request, frame), name)


@router.post("/whatif")
def ask(person: Planner, frame: TheFrame, request: Request, run: TheRun, key: TheKey, asked: ScenarioAsked) -> Response:
    """Try a scenario in the background; the same of the same run has the same name and is tried once."""
    mapping = asked.model_dump()
    try:
        scenario_from_mapping(with_days(mapping))
    except ScenarioError as error:
        faults = [str(each) for each in error.breaches]
        raise Problem(422, "The scenario cannot be applied; see `faults`.", facts={"faults": faults}) from error
    bench = workbench_of(request, frame)

    def act() -> dict[str, Any]:
        name = bench.store.ask(run.run_id, mapping, user=person.name, at=now().isoformat(timespec="seconds"))
        bench.start(name)
        return {"name": name, "run_id": run.run_id}

    sent = json.dumps({"what": "scenario", "run": run.run_id, "scenario": mapping}, sort_keys=True)
    return answered(carried_out(lambda: _once(frame, act, request=sent, person=person, key=key)))


@router.post("/whatif/{name}/drop")
def drop(person: Planner, frame: TheFrame, request: Request, key: TheKey, name: str) -> Response:
    """Remove a scenario and what came of it."""
    bench = workbench_of(request, frame)

    def act() -> dict[str, Any]:
        standing(bench, name)
        bench.store.drop(name)
        return {"name": name, "is_dropped": True}

    sent = json.dumps({"what": "drop", "scenario": name})
    return answered(carried_out(lambda: _once(frame, act, request=sent, person=person, key=key)))


@router.get("/orders/{order_id}/effect")
def effect(
    person: Viewer, request: Request, run: TheRun, order_id: str, quantity: Annotated[int, Query(ge=0, le=_MAX_UNITS)]
) -> dict[str, Any]:
    """Say what another quantity of a line would change: money, service, the fill of its truck; null where unknown."""
    desk = desks_of(request).of(run)
    try:
        line = desk.orders().line(order_id)
    except KeyError as error:
        raise Problem(404, "There is no such order line in this run.") from error
    worth = desk.detail("quantity_worth")
    if worth is None:
        raise Problem(404, f"Run {run.run_id} was published without the worth of other quantities: plan again.")
    at_origin = left_at_origin(line.to_dict(), desk.orders().lines, run.table("targets"))
    found = asdict(effect_of(line, quantity, worth=worth, loads=run.table("loads"), at_origin=at_origin))
    return {name: None if isinstance(value, float) and np.isnan(value) else value for name, value in found.items()}


def _once(frame: Frame, act: Any, *, request: str, person: Person, key: str) -> Answer:
    """Carry out what changes nothing in the ledger, and keep its answer there."""
    desk = frame.books.desk(frame.runs.folder)
    kept = desk.answered(request, user=person.name, key=key)
    return kept or desk.keep_answer(request, act(), at=now(), user=person.name, key=key)
