"""The API against its own OpenAPI document: made-up requests of every kind never make the server fail."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis, of the extra `test`")


@pytest.mark.parametrize("role", ["admin"])
def test_no_made_up_request_makes_the_server_fail(
    role: str,
    served: Callable[..., Any],
    own_chain: Path,
    token_of: Callable[..., dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cockpit.scenario_jobs.Workbench.start", lambda bench, name: None)  # nothing is planned here
    client = served(own_chain)
    client.app.state.sign_in_limits = type("NoLimits", (), {"seconds_to_wait": lambda *given: 0.0, "forget": print})()
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    numbers = itertools.count()
    failures: list[tuple[str, str, int]] = []

    @settings(
        max_examples=12, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data())
    def send(data: st.DataObject) -> None:
        for operation in operations:
            case = data.draw(operation.as_strategy())
            headers = {**token_of(client, role), **{k: str(v) for k, v in (case.headers or {}).items()}}
            if data.draw(st.booleans()):
                headers |= {"Idempotency-Key": f"made-up-{next(numbers)}", "If-Match": "*"}
            request = case.as_transport_kwargs(base_url="http://testserver")
            request["headers"] = {**dict(request.get("headers") or {}), **headers}
            answer = client.request(**{k: v for k, v in request.items() if k in SENT and v is not None})
            if answer.status_code >= 500:
                failures.append((operation.method, operation.path, answer.status_code))

    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) > 20
    send()
    assert failures == []


SENT = {"method", "url", "params", "headers", "json", "data", "content"}
