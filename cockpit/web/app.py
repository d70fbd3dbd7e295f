"""The application: routes, protective headers, and what a person reads when something is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from cockpit.web.accounts import ACCOUNTS_FILE, Accounts
from cockpit.web.api import router as api_router
from cockpit.web.api.bearer import TokenOffice
from cockpit.web.api.problems import PROBLEM_SCHEMA, Problem, problem_of
from cockpit.web.forms import refuse_forged_form, refuse_other_sites
from cockpit.web.frame import ForgedForm, Frame, MayNot, NoAccounts, NobodySignedIn, NoRun, page_templates
from cockpit.web.limits import Rate
from cockpit.web.locale import LANGUAGE_COOKIE
from cockpit.web.metering import Meter, Metering
from cockpit.web.oidc import Provider
from cockpit.web.pages import ROUTERS
from cockpit.web.people import People
from cockpit.web.promises import PromiseBooks
from cockpit.web.protection import BodyLimit, ProtectiveHeaders
from cockpit.web.published import PublishedRuns
from cockpit.web.rendering import page
from cockpit.web.sign_in import SignInLimits
from cockpit.web.sign_in import router as sign_in_router
from cockpit.web.sign_in_provider import router as sign_in_provider_router
from cockpit.web.ways import local_path
from optimization.export_language import Language

STATIC = Path(__file__).resolve().parent.parent / "static"
API_VERSION = "1"
API_RATE = Rate(per_second=500.0, burst=1000.0)
_YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True)
class ServerOptions:
    """How the server is reached.

    Parameters
    ----------
    is_https
        Whether browsers reach it by https: cookies then never travel without.
    hosts
        Names it answers to; `*` for any.
    seconds_between_looks
        How long a list of published runs is taken for current [seconds].
    api_rate
        How often one account may call the API.
    max_body_bytes
        Largest request [bytes].
    """

    is_https: bool = False
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    seconds_between_looks: float = 1.0
    api_rate: Rate = API_RATE
    max_body_bytes: int = 2_000_000


def create_app(
    chain: Path,
    runs: Path,
    *,
    people: People,
    options: ServerOptions | None = None,
    provider: Provider | None = None,
) -> FastAPI:
    """Return the cockpit of one chain.

    Parameters
    ----------
    chain
        The chain folder or file.
    runs
        Where its runs are published.
    people
        How the server knows who asks.
    options
        How it is reached.
    provider
        An OpenID Connect provider that signs people in; None for none.
    """
    options, meter = options or ServerOptions(), Meter()
    app = FastAPI(
        title="tierflow",
        description="The JSON API of the cockpit: everything its pages do.",
        version=API_VERSION,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        docs_url=None,
        redoc_url=None,
        middleware=[
            Middleware(Metering, meter=meter),
            Middleware(ProtectiveHeaders, is_https=options.is_https),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(options.hosts)),
            Middleware(BodyLimit, max_bytes=options.max_body_bytes),
            Middleware(GZipMiddleware, minimum_size=2000, compresslevel=4),
        ],
    )
    published = PublishedRuns(runs, chain, seconds_between_looks=options.seconds_between_looks)
    app.state.frame = Frame(chain, published, people, page_templates())
    app.state.options = options
    app.state.sign_in_limits = SignInLimits()
    app.state.office = TokenOffice(Accounts(runs / ACCOUNTS_FILE), runs, rate=options.api_rate)
    app.state.provider = provider
    app.state.promises, app.state.meter = PromiseBooks(), meter
    app.state.paths = read_paths(*ROUTERS, sign_in_router, sign_in_provider_router)
    app.include_router(api_router)  # first: a page is not asked for hundreds of times a second
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False, dependencies=[Depends(refuse_forged_form)])
    for router in (sign_in_router, sign_in_provider_router):
        app.include_router(router, include_in_schema=False, dependencies=[Depends(refuse_other_sites)])
    app.add_api_route("/language/{language}", switch_language, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for refusal, words in (
        (NobodySignedIn, ask_to_sign_in),
        (NoAccounts, say_how_to_make_an_account),
        (NoRun, say_how_to_plan),
        (MayNot, say_who_may),
        (ForgedForm, say_that_the_form_is_old),
        (RequestValidationError, say_what_went_wrong),
        (HTTPException, say_what_went_wrong),
        (Exception, say_what_went_wrong),
    ):
        app.add_exception_handler(refusal, for_people_and_programs(words))
    app.add_exception_handler(Problem, problem_of)
    app.openapi = partial(api_document, app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def read_paths(*routers: APIRouter) -> frozenset[str]:
    """Return the paths, as their routes write them, of the pages that can be read."""
    routes = (route for router in routers for route in router.routes)
    return frozenset(getattr(route, "path", "") for route in routes if "GET" in (getattr(route, "methods", None) or ()))


def for_people_and_programs(
    words: Callable[[Request, Exception], Response],
) -> Callable[[Request, Exception], Response]:
    """Return a handler that answers programs with a problem document and people with a page."""

    def answer(request: Request, refusal: Exception) -> Response:
        return problem_of(request, refusal) if request.url.path.startswith("/api/") else words(request, refusal)

    return answer


def api_document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document: the API and nothing else."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
        app.openapi_schema = document
    return app.openapi_schema


def switch_language(request: Request, language: Language, to: str = "/") -> Response:
    """Answer in this language from now on."""
    answer = RedirectResponse(local_path(to), status_code=303)
    is_https = request.app.state.options.is_https
    answer.set_cookie(
        LANGUAGE_COOKIE, str(language), max_age=_YEAR_SECONDS, httponly=True, samesite="lax", secure=is_https
    )
    return answer


def ask_to_sign_in(request: Request, refusal: Exception) -> Response:
    """Lead to the sign-in page and from there back to what was asked for."""
    back = quote(request.url.path if request.method == "GET" else "/", safe="")
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": f"/sign-in?to={back}"})
    return RedirectResponse(f"/sign-in?to={back}", status_code=303)


def say_how_to_make_an_account(request: Request, refusal: Exception) -> Response:
    """Say which command makes the first account."""
    return page(request, "no_account.html", {"chain": str(request.app.state.frame.chain)}, status=503)


def say_how_to_plan(request: Request, refusal: Exception) -> Response:
    """Say which command makes the first plan."""
    return page(request, "no_run.html", {"chain": str(request.app.state.frame.chain)}, status=404)


def say_who_may(request: Request, refusal: Exception) -> Response:
    """Name the role that is needed."""
    needed = refusal.needed if isinstance(refusal, MayNot) else ""
    return page(request, "error.html", {"message": "error.may_not", "values": {"role": str(needed)}}, status=403)


def say_that_the_form_is_old(request: Request, refusal: Exception) -> Response:
    """Refuse a form that did not come from a page of this session."""
    return page(request, "error.html", {"message": "error.forged", "values": {}}, status=403)


def say_what_went_wrong(request: Request, refusal: Exception) -> Response:
    """Say that there is no such page, or what else stood in the way."""
    status = refusal.status_code if isinstance(refusal, HTTPException) else 500
    status = 422 if isinstance(refusal, RequestValidationError) else status
    message = "error.not_found" if status == 404 else "error.refused"
    return page(request, "error.html", {"message": message, "values": {}}, status=status)
