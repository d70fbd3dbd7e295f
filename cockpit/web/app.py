"""The application: routes, protective headers, and what a person reads when something is refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from cockpit.web.frame import Frame, MayNot, NoAccounts, NobodySignedIn, NoRun, page_templates
from cockpit.web.locale import LANGUAGE_COOKIE
from cockpit.web.pages import ROUTERS
from cockpit.web.people import People
from cockpit.web.protection import ProtectiveHeaders
from cockpit.web.published import PublishedRuns
from cockpit.web.rendering import page
from optimization.export_language import Language

STATIC = Path(__file__).resolve().parent.parent / "static"
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
    """

    is_https: bool = False
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    seconds_between_looks: float = 1.0


def create_app(chain: Path, runs: Path, *, people: People, options: ServerOptions | None = None) -> FastAPI:
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
    """
    options = options or ServerOptions()
    app = FastAPI(
        title="tierflow",
        docs_url=None,
        redoc_url=None,
        middleware=[
            Middleware(ProtectiveHeaders, is_https=options.is_https),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(options.hosts)),
            Middleware(GZipMiddleware, minimum_size=2000, compresslevel=4),
        ],
    )
    published = PublishedRuns(runs, chain, seconds_between_looks=options.seconds_between_looks)
    app.state.frame = Frame(chain, published, people, page_templates())
    app.state.options = options
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
    app.add_api_route("/language/{language}", switch_language, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for refusal, answer in (
        (NobodySignedIn, ask_to_sign_in),
        (NoAccounts, say_how_to_make_an_account),
        (NoRun, say_how_to_plan),
        (MayNot, say_who_may),
        (HTTPException, say_what_went_wrong),
    ):
        app.add_exception_handler(refusal, answer)
    return app


def local_path(address: str) -> str:
    """Return a path on this server, `/` for anything that leads elsewhere."""
    parts = urlsplit(address)
    is_local = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.scheme
    is_plain = address.isprintable() and "\\" not in address
    return address if is_local and not parts.netloc and is_plain else "/"


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


def say_what_went_wrong(request: Request, refusal: Exception) -> Response:
    """Say that there is no such page, or what else stood in the way."""
    status = refusal.status_code if isinstance(refusal, HTTPException) else 500
    message = "error.not_found" if status == 404 else "error.refused"
    return page(request, "error.html", {"message": message, "values": {}}, status=status)
