"""What if: a scenario from a form, tried in the background, compared, kept or dropped."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from cockpit.pages.scenario_form import KINDS, MAX_CHANGES, faults, form_fields, meaning, scenario_of
from cockpit.scenario_jobs import STEPS, Workbench
from cockpit.web.frame import Frame, NewestRun, Planner, TheFrame, Viewer
from cockpit.web.rendering import page
from cockpit.web.standing import now
from experiments.scenario_case import ScenarioError
from network.store_scenarios import ScenarioStore

router = APIRouter()
N_SIDE_BY_SIDE = 4
N_LISTED = 50


def workbench_of(request: Request, frame: Frame) -> Workbench:
    """Return the scenarios of the server that got this request."""
    if not hasattr(request.app.state, "workbench"):
        request.app.state.workbench = Workbench(frame.chain, ScenarioStore(frame.runs.folder))
    bench: Workbench = request.app.state.workbench
    return bench


def standing(bench: Workbench, name: str) -> dict[str, Any]:
    """Return a scenario with how far it is.

    Raises
    ------
    HTTPException
        404 if there is no such scenario.
    """
    try:
        asked = bench.store.asked(name)
    except KeyError as error:
        raise HTTPException(404) from error
    steps, result = bench.store.progress(name), bench.store.result(name)
    is_waiting = bench.is_waiting(name)
    if result is not None:
        state = "failed" if "error" in result else "done"
    else:
        state = ("working" if steps else "waiting") if is_waiting else "stopped"
    return {**asked, "state": state, "steps": steps, "share": min(len(steps) / STEPS, 0.95), "result": result}


@router.get("/whatif")
def whatif(request: Request, person: Viewer, run: NewestRun, frame: TheFrame) -> HTMLResponse:
    """Show the scenarios that were tried, side by side, and the form for another."""
    return page(request, "whatif.html", whatif_values(request, frame))


def whatif_values(request: Request, frame: Frame, **more: Any) -> dict[str, Any]:
    """Return what the page of scenarios shows."""
    bench = workbench_of(request, frame)
    listed = sorted((standing(bench, name) for name in bench.store.names()), key=lambda each: each["at"], reverse=True)
    done = [each for each in listed if each["state"] == "done"][:N_SIDE_BY_SIDE]
    rows: dict[str, dict[str, Any]] = {}
    for place, each in enumerate(done):
        for kpi in each["result"]["kpis"]:
            row = rows.setdefault(kpi["kpi"], {"unit": kpi["unit"], "before": {}, "after": {}})
            row["before"][place], row["after"][place] = kpi["before"], kpi["after"]
    return {
        "scenarios": listed[:N_LISTED],
        "done": done,
        "rows": rows,
        "kinds": KINDS,
        "faults": [],
        "given": {},
        "changes": [("demand", 0)],
        "fields": form_fields,
        "meaning": meaning,
        "most": MAX_CHANGES,
        "is_added": False,
        **more,
    }


@router.get("/whatif/change")
def change(
    request: Request, person: Viewer, number: Annotated[int, Query(ge=0, lt=MAX_CHANGES)], add: bool = False
) -> HTMLResponse:
    """Show the fields of one more change, or of another kind of change."""
    kind = request.query_params.get(f"change-{number}-kind", KINDS[0])
    if kind not in KINDS:
        raise HTTPException(422)
    values = {"kind": kind, "number_of": number, "kinds": KINDS, "fields": form_fields, "meaning": meaning,
              "given": {}, "is_added": add, "following": number + 1, "most": MAX_CHANGES}  # fmt: skip
    return page(request, "whatif_change.html", values)


@router.post("/whatif")
async def ask(request: Request, person: Planner, run: NewestRun, frame: TheFrame) -> Response:
    """Try a scenario, or say what is wrong with it."""
    form = {key: str(value) for key, value in (await request.form()).items()}
    try:
        scenario = scenario_of(form)
    except ScenarioError as error:
        numbers = sorted(
            {int(key.split("-")[1]) for key in form if key.startswith("change-") and key.endswith("-kind")}
        )
        changes = [(form[f"change-{each}-kind"], each) for each in numbers if form[f"change-{each}-kind"] in KINDS]
        more = {"faults": faults(error), "given": form, "changes": changes or [("demand", 0)]}
        return page(request, "whatif.html", whatif_values(request, frame, **more), status=422)
    bench = workbench_of(request, frame)
    name = bench.store.ask(run.run_id, scenario, user=person.name, at=now().isoformat(timespec="seconds"))
    bench.start(name)
    return RedirectResponse(f"/whatif/{name}", status_code=303)


@router.get("/whatif/{name}")
def scenario(request: Request, person: Viewer, frame: TheFrame, name: str) -> HTMLResponse:
    """Show one scenario: how far it is, or what it changes."""
    template = "scenario_body.html" if "hx-request" in request.headers else "scenario.html"
    return page(request, template, {"each": standing(workbench_of(request, frame), name)})


@router.post("/whatif/{name}/again")
def again(request: Request, person: Planner, frame: TheFrame, name: str) -> Response:
    """Try a scenario again that was stopped, as by a restart of the server."""
    bench = workbench_of(request, frame)
    standing(bench, name)
    bench.start(name)
    return RedirectResponse(f"/whatif/{name}", status_code=303)


@router.post("/whatif/{name}/drop")
def drop(request: Request, person: Planner, frame: TheFrame, name: str) -> Response:
    """Remove a scenario."""
    bench = workbench_of(request, frame)
    standing(bench, name)
    bench.store.drop(name)
    return RedirectResponse("/whatif", status_code=303)
