"""The JSON API: what it answers, and that two people and repeated requests do no harm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cockpit.places import order_ledger

Served = Callable[..., Any]
Token = Callable[..., dict[str, str]]
ORDERS = "/api/v1/orders"


@pytest.fixture
def client(served: Served, chain_with_accounts: Path) -> Any:
    return served(chain_with_accounts)


@pytest.fixture
def own(served: Served, own_chain: Path) -> Any:
    return served(own_chain)


def first_line(client: Any, headers: dict[str, str], **wanted: str) -> dict[str, Any]:
    rows = client.get(ORDERS, params={"per_page": 1, **wanted}, headers=headers).json()["orders"]
    line: dict[str, Any] = rows[0]
    return line


def test_name_and_password_give_a_token_that_opens_the_api(client: Any, password: str) -> None:
    form = {"username": "viewer", "password": password, "grant_type": "password"}
    answer = client.post("/api/v1/token", data=form)
    assert (answer.status_code, answer.json()["token_type"], answer.json()["expires_in"]) == (200, "bearer", 3600)
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert client.get("/api/v1/runs", headers=headers).json()["runs"][0]["run_id"] == "20241106-0123456789ab"


def test_a_wrong_password_gives_none(client: Any) -> None:
    answer = client.post("/api/v1/token", data={"username": "viewer", "password": "wrong password"})
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.json()["status"] == 401


def test_the_document_of_the_api_is_public_and_lists_only_the_api(client: Any) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    assert {"/api/v1/orders", "/api/v1/available-to-promise", "/api/v1/token"} <= set(document["paths"])


def test_orders_are_filtered_sorted_and_cut_into_pages(client: Any, token_of: Token) -> None:
    headers = token_of(client, "viewer")
    every = client.get(ORDERS, params={"per_page": 500}, headers=headers).json()
    assert (every["total"], len(every["orders"])) == (240, 240)
    values = [line["value"] for line in every["orders"]]
    assert values == sorted(values, reverse=True)
    assert {line["state"] for line in every["orders"]} == {"proposed"}
    assert "status" not in every["orders"][0]
    second = client.get(ORDERS, params={"per_page": 100, "page": 2}, headers=headers).json()
    assert second["orders"] == every["orders"][100:200]
    some = client.get(ORDERS, params={"kind": "purchase", "sort": "quantity"}, headers=headers).json()
    assert {line["kind"] for line in some["orders"]} == {"purchase"}
    assert some["total"] == sum(line["kind"] == "purchase" for line in every["orders"])
    found = client.get(ORDERS, params={"containing": "SKU-003"}, headers=headers).json()
    assert {line["sku"] for line in found["orders"]} == {"SKU-003"}
    assert client.get(ORDERS, params={"page": 1000}, headers=headers).json()["orders"] == []


@pytest.mark.parametrize("words", ["' OR 1=1 --", "%", "_", ".*", "\\", "[(", "\x00", "<script>"])
def test_what_is_searched_for_is_text_and_no_pattern_or_sql(words: str, client: Any, token_of: Token) -> None:
    for name in ("containing", "sku", "state"):
        answer = client.get(ORDERS, params={name: words}, headers=token_of(client, "viewer"))
        assert answer.status_code == 200
        expected = 20 if (name, words) == ("containing", "<script>") else 0  # every twelfth of 240 lines
        assert answer.json()["total"] == expected


def test_the_reason_of_a_line_sums_to_its_benefit(client: Any, token_of: Token) -> None:
    headers = token_of(client, "viewer")
    line = first_line(client, headers)
    reason = client.get(f"{ORDERS}/{line['order_id']}/reason", headers=headers).json()
    assert sum(term["amount"] for term in reason["order_terms"]) == pytest.approx(line["net_benefit"])


def test_promises_are_answered_by_channel_zone_and_day(client: Any, token_of: Token) -> None:
    headers = token_of(client, "viewer")
    path = "/api/v1/available-to-promise"
    whole = client.get(path, params={"sku": "SKU-000"}, headers=headers).json()["promises"]
    assert [(row["channel"], row["day"], row["units"]) for row in whole] == [
        ("instant", 0, 4),
        ("walk_in", 0, 7),
        ("walk_in", 1, 9),
    ]
    one = client.get(path, params={"sku": "SKU-000", "channel": "walk_in", "zone": "Z1", "day": 1}, headers=headers)
    assert one.json()["promises"] == [{"channel": "walk_in", "zone": "Z1", "day": 1, "date": "2024-11-08", "units": 9}]
    assert client.get(path, params={"sku": "unknown"}, headers=headers).json()["promises"] == []


@pytest.mark.parametrize("path", ["kpis", "exceptions", "trucks", "forecast", "audit", "runs", "runs/newest"])
def test_every_list_can_be_read(path: str, client: Any, token_of: Token) -> None:
    assert client.get(f"/api/v1/{path}", headers=token_of(client, "viewer")).status_code == 200


def test_what_is_not_there_is_a_problem_document(client: Any, token_of: Token) -> None:
    headers = token_of(client, "viewer")
    for path in ("runs/none", "orders/none", "orders/none/reason", "stock/none", "no/such/thing"):
        answer = client.get(f"/api/v1/{path}", headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_the_second_of_two_planners_is_told_and_nothing_is_lost(own: Any, token_of: Token) -> None:
    line = first_line(own, token_of(own, "viewer"), kind="purchase")
    path = f"{ORDERS}/{line['order_id']}"
    etag = own.get(path, headers=token_of(own, "planner")).headers["etag"]
    body = {"quantity": 2 * line["quantity"], "reason": "promotion"}
    first = own.post(f"{path}/quantity", json=body, headers={**token_of(own, "planner"), "If-Match": etag})
    assert first.status_code == 200
    body = {"quantity": 3 * line["quantity"], "reason": "promotion, I say"}
    second = own.post(f"{path}/quantity", json=body, headers={**token_of(own, "admin"), "If-Match": etag})
    assert second.status_code == 412
    assert second.json()["lines"][0]["quantity"] == 2 * line["quantity"]
    now = own.get(path, headers=token_of(own, "viewer"))
    assert (now.json()["quantity"], now.headers["etag"]) == (2 * line["quantity"], first.headers["etag"])


def test_a_change_needs_the_version_that_was_read(own: Any, token_of: Token) -> None:
    line = first_line(own, token_of(own, "viewer"))
    path = f"{ORDERS}/{line['order_id']}/approve"
    assert own.post(path, headers=token_of(own, "approver")).status_code == 428
    for etag in ("3", 'W/"0"', '"x"', '"-1"', '"99"'):
        assert own.post(path, headers={**token_of(own, "approver"), "If-Match": etag}).status_code == 412
    assert own.post(path, headers={**token_of(own, "approver"), "If-Match": "*"}).status_code == 200


def test_a_post_sent_twice_is_carried_out_once(own: Any, own_chain: Path, token_of: Token) -> None:
    line = first_line(own, token_of(own, "viewer"))
    headers = {**token_of(own, "approver"), "If-Match": "*"}
    first, second = (own.post(f"{ORDERS}/{line['order_id']}/approve", headers=headers) for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    rows = order_ledger(own_chain / "runs").audit_rows([line["order_id"]])
    assert rows["event"].tolist() == ["propose", "move"]
    other = own.post(f"{ORDERS}/{line['order_id']}/reject", json={"reason": "no"}, headers=headers)
    assert other.status_code in (403, 422)


def test_a_post_without_a_key_changes_nothing(own: Any, token_of: Token) -> None:
    line = first_line(own, token_of(own, "viewer"))
    headers = {**token_of(own, "approver"), "If-Match": "*"}
    for key in (None, "", "short", "x" * 101, "line\tbreak"):
        sent = {name: value for name, value in {**headers, "Idempotency-Key": key}.items() if value is not None}
        assert own.post(f"{ORDERS}/{line['order_id']}/approve", headers=sent).status_code == 400


def test_a_truck_is_approved_whole_released_and_exported_once(own: Any, own_chain: Path, token_of: Token) -> None:
    approved = own.post("/api/v1/trucks/L0/approve", json={}, headers=token_of(own, "approver")).json()
    assert approved["n_changed"] == len(approved["lines"]) > 0
    keyed = token_of(own, "approver")
    released = [own.post("/api/v1/runs/newest/release", headers=keyed).json() for _ in range(2)]
    assert released[0] == released[1]
    assert released[0]["n_released"] == 240  # without rules, nobody has to approve the rest
    states = own.get(ORDERS, params={"state": "released"}, headers=token_of(own, "viewer")).json()["total"]
    assert states == 240
    late = own.post("/api/v1/trucks/L0/approve", json={}, headers=token_of(own, "approver"))
    assert late.status_code == 409
    form = {"format": "csv"}
    files = [own.post("/api/v1/runs/newest/export", json=form, headers=token_of(own, "approver")) for _ in range(2)]
    assert [each.json()["files"] for each in files] == [["orders-20241106-0123456789ab.csv"]] * 2
    name = files[0].json()["files"][0]
    text = own.get(f"/api/v1/runs/newest/files/{name}", headers=token_of(own, "viewer")).text
    assert len(text.splitlines()) == 241
    events = own.get("/api/v1/audit", params={"user": "approver"}, headers=token_of(own, "viewer")).json()
    assert events["total"] >= 241
    problems = own.get("/api/v1/audit/problems", headers=token_of(own, "admin")).json()
    assert problems == {"problems": []}


def test_only_approved_lines_are_released_when_asked_and_the_rest_later(own: Any, token_of: Token) -> None:
    n = own.post("/api/v1/trucks/L0/approve", json={}, headers=token_of(own, "approver")).json()["n_changed"]
    form = {"format": "csv", "only_approved": True}
    few = own.post("/api/v1/runs/newest/export", json=form, headers=token_of(own, "approver")).json()
    assert (few["n_released"], few["files"]) == (n, ["orders-20241106-0123456789ab.csv"])
    again = own.post("/api/v1/runs/newest/release", json={"only_approved": True}, headers=token_of(own, "approver"))
    assert again.json()["n_released"] == 0
    rest = own.post("/api/v1/runs/newest/export", json={"format": "csv"}, headers=token_of(own, "approver")).json()
    assert rest["n_released"] == 240 - n
    assert rest["files"] == ["orders-20241106-0123456789ab.csv", "orders-20241106-0123456789ab-2.csv"]
    texts = [
        own.get(f"/api/v1/runs/newest/files/{name}", headers=token_of(own, "viewer")).text for name in rest["files"]
    ]
    assert [len(text.splitlines()) - 1 for text in texts] == [n, 240 - n]


@pytest.mark.parametrize(
    "name",
    ["..%2forders.sqlite", "../orders.sqlite", "%2e%2e%2ftoken-keys.json", "orders.sqlite", ".hidden", "/etc/passwd"],
)
def test_only_exported_files_can_be_fetched(name: str, client: Any, token_of: Token) -> None:
    answer = client.get(f"/api/v1/runs/newest/files/{name}", headers=token_of(client, "admin"))
    assert answer.status_code == 404


def test_several_lines_are_approved_or_none(own: Any, token_of: Token) -> None:
    rows = own.get(ORDERS, params={"per_page": 3}, headers=token_of(own, "viewer")).json()["orders"]
    ids = [row["order_id"] for row in rows]
    wrong = {"order_ids": [*ids, "none"]}
    assert own.post(f"{ORDERS}/approve", json=wrong, headers=token_of(own, "approver")).status_code == 404
    stale = {"order_ids": ids, "versions": {ids[0]: 7}}
    assert own.post(f"{ORDERS}/approve", json=stale, headers=token_of(own, "approver")).status_code == 412
    body = {"order_ids": ids, "versions": {row["order_id"]: row["version"] for row in rows}}
    answer = own.post(f"{ORDERS}/approve", json=body, headers=token_of(own, "approver")).json()
    assert [line["state"] for line in answer["lines"]] == ["approved"] * 3
    undone = own.post(f"{ORDERS}/undo", json={"order_ids": ids}, headers=token_of(own, "planner")).json()
    assert [line["state"] for line in undone["lines"]] == ["proposed"] * 3


def test_who_asks_too_often_is_told_when_to_come_back(
    served: Served, chain_with_accounts: Path, token_of: Token
) -> None:
    from cockpit.web.limits import Rate

    client = served(chain_with_accounts, api_rate=Rate(per_second=0.5, burst=3))
    headers = token_of(client, "viewer")
    answers = [client.get("/api/v1/runs", headers=headers) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[3].headers["retry-after"]) <= 2
    assert client.get("/api/v1/runs", headers=token_of(client, "planner")).status_code == 200


def test_a_request_that_is_too_large_is_not_read(served: Served, chain_with_accounts: Path, token_of: Token) -> None:
    client = served(chain_with_accounts, max_body_bytes=1000)
    headers = token_of(client, "approver")
    body = {"order_ids": ["x" * 100] * 20}
    assert client.post(f"{ORDERS}/approve", json=body, headers=headers).status_code == 413
    chunks = (b"x" * 500 for _ in range(5))
    assert client.post(f"{ORDERS}/approve", content=chunks, headers=headers).status_code == 413


def test_requests_are_counted_by_route_and_not_by_what_somebody_types(client: Any, token_of: Token) -> None:
    headers = token_of(client, "viewer")
    for path in ("orders/none", "orders/made-up", "no/such/thing"):
        client.get(f"/api/v1/{path}", headers=headers)
    text = client.get("/api/v1/metrics", headers=headers).text
    assert 'tierflow_request_seconds_count{method="GET",route="/api/v1/orders/{order_id}",status="404"} 2.0' in text
    assert 'route="other",status="404"} 1.0' in text
    assert "made-up" not in text


def test_scripts_in_names_and_reasons_come_back_as_text(own: Any, token_of: Token) -> None:
    line = first_line(own, token_of(own, "viewer"), sku="<script>alert('SKU')</script>")
    words = "<img src=x onerror=alert(1)>"
    headers = {**token_of(own, "planner"), "If-Match": "*"}
    answer = own.post(f"{ORDERS}/{line['order_id']}/reject", json={"reason": words}, headers=headers)
    assert answer.headers["content-type"] == "application/json"
    log = own.get("/api/v1/audit", params={"order_id": line["order_id"]}, headers=token_of(own, "viewer"))
    assert log.json()["events"][0]["detail"] == words
    assert log.headers["x-content-type-options"] == "nosniff"
