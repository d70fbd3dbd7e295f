"""What if by the API: scenarios asked for once, refused with all their faults, dropped; effects of a quantity."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Served = Callable[..., Any]
Token = Callable[..., dict[str, str]]
RAIN = {"name": "rain", "change": [{"kind": "demand", "factor": 1.3}]}


@pytest.fixture
def client(served: Served, own_chain: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server whose scenarios are kept and not planned: planning has its own tests."""
    monkeypatch.setattr("cockpit.scenario_jobs.Workbench.start", lambda bench, name: None)
    return served(own_chain)


def test_a_scenario_is_asked_for_once_listed_and_dropped(client: Any, token_of: Token) -> None:
    headers = token_of(client, "planner")
    first, again = (client.post("/api/v1/whatif", json=RAIN, headers=headers) for _ in range(2))
    assert first.status_code == 200, first.text
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    name = first.json()["name"]
    (listed,) = client.get("/api/v1/whatif", headers=token_of(client, "viewer")).json()["scenarios"]
    assert (listed["id"], listed["state"], listed["user"]) == (name, "stopped", "planner")
    one = client.get(f"/api/v1/whatif/{name}", headers=token_of(client, "viewer")).json()
    assert one["scenario"] == RAIN
    assert client.post(f"/api/v1/whatif/{name}/drop", headers=token_of(client, "planner")).json()["is_dropped"]
    assert client.get(f"/api/v1/whatif/{name}", headers=token_of(client, "viewer")).status_code == 404


@pytest.mark.parametrize(
    "change",
    [{"kind": "nonsense"}, {"kind": "demand"}, {"kind": "demand", "factor": 1.3, "factr": 1.3}, {"factor": 1.3}],
)
def test_a_scenario_that_cannot_be_applied_is_refused_with_its_faults(
    change: dict[str, Any], client: Any, token_of: Token
) -> None:
    body = {"name": "wrong", "change": [change]}
    answer = client.post("/api/v1/whatif", json=body, headers=token_of(client, "planner"))
    assert (answer.status_code, len(answer.json()["faults"])) == (422, 1)


@pytest.mark.parametrize("name", ["none", "..%2f..", "0123456789ab"])
def test_a_scenario_that_nobody_asked_for_is_not_there(name: str, client: Any, token_of: Token) -> None:
    assert client.get(f"/api/v1/whatif/{name}", headers=token_of(client, "viewer")).status_code == 404
    assert client.post(f"/api/v1/whatif/{name}/drop", headers=token_of(client, "planner")).status_code == 404


def test_the_effect_of_a_quantity_is_told_or_said_to_be_unknown(client: Any, token_of: Token) -> None:
    headers = token_of(client, "viewer")
    line = client.get("/api/v1/orders", params={"per_page": 1}, headers=headers).json()["orders"][0]
    answer = client.get(f"/api/v1/orders/{line['order_id']}/effect", params={"quantity": 0}, headers=headers)
    assert answer.status_code in (200, 404)
    if answer.status_code == 200:
        assert answer.json()["value_change"] == pytest.approx(-line["quantity"] * line["unit_cost"], abs=0.01)
    assert client.get("/api/v1/orders/none/effect", params={"quantity": 1}, headers=headers).status_code == 404
