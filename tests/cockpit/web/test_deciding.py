"""What planners decide on the pages reaches the ledger once, whole, and as they saw it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from cockpit.outcome import UsageError
from cockpit.places import order_ledger
from cockpit.web.pages.deciding import asked_from, versions_of
from cockpit.web.people import Person, Role

Opened = Callable[..., TestClient]
HX = {"hx-request": "true"}


@pytest.fixture
def client(client_of: Opened, own_chain: Path) -> TestClient:
    return client_of(own_chain, Person("ann", Role.APPROVER, csrf="token"))


def version(client: TestClient, order_id: str) -> int:
    found = re.search(r'name="version" value="(\d+)"', client.get(f"/orders/{order_id}").text)
    assert found
    return int(found[1])


def send(client: TestClient, address: str, **fields: object) -> str:
    answer = client.post(address, data={"csrf": "token", **fields}, headers=HX)
    assert answer.status_code == 200
    return answer.text


def whole_cases(chain: Path, order_id: str, n: int) -> int:
    """Units of `n` cases of a line."""
    held = order_ledger(chain / "runs").states("20241106-0123456789ab").set_index("order_id")
    return n * int(held.loc[order_id, "lot"])


def state(chain: Path, order_id: str) -> tuple[str, int]:
    held = order_ledger(chain / "runs").states("20241106-0123456789ab").set_index("order_id").loc[order_id]
    return str(held["state"]), int(held["quantity"])


def test_a_line_is_approved_and_taken_back(client: TestClient, own_chain: Path) -> None:
    text = send(client, "/orders/O00001/approve", version=version(client, "O00001"))
    assert "1 line approved." in text
    assert state(own_chain, "O00001")[0] == "approved"
    send(client, "/orders/O00001/undo", version=version(client, "O00001"))
    assert state(own_chain, "O00001")[0] == "proposed"
    log = order_ledger(own_chain / "runs").audit_rows(["O00001"])
    assert log["user"].tolist()[-2:] == ["ann", "ann"]


def test_a_change_needs_a_reason_and_shows_its_effect_first(client: TestClient, own_chain: Path) -> None:
    effect = client.get("/orders/O00001/effect?quantity=0").text
    assert "-CN¥40" in effect  # nothing at all loses 40
    assert (
        client.post("/orders/O00001/override", data={"csrf": "token", "version": 0, "quantity": 7}).status_code == 422
    )
    units = whole_cases(own_chain, "O00001", 2)
    text = send(client, "/orders/O00001/override", version=version(client, "O00001"), quantity=units, reason="party")
    assert "Quantity saved." in text
    assert state(own_chain, "O00001") == ("proposed", units)
    assert "party" in text  # the audit log of the line


def test_a_line_cannot_take_more_than_its_origin_has(client: TestClient, own_chain: Path) -> None:
    from network.store import RunStore

    orders = RunStore(own_chain / "runs").read_table("20241106-0123456789ab", "orders")
    line = orders[orders["kind"] == "transshipment"].iloc[0]  # from a store, whose stock is known
    name, before = str(line["order_id"]), state(own_chain, str(line["order_id"]))
    asked = {"version": version(client, name), "reason": "more"}
    text = send(client, f"/orders/{name}/override", quantity=100_000, **asked)
    assert f"Nothing was changed: {line['origin']} has" in text
    assert state(own_chain, name) == before
    assert "it does not have that much" in client.get(f"/orders/{name}/effect?quantity=100000").text


def test_a_line_that_is_set_to_nothing_is_rejected(client: TestClient, own_chain: Path) -> None:
    asked = {"version": version(client, "O00001"), "quantity": 0, "reason": "closed"}
    assert "Line rejected" in send(client, "/orders/O00001/override", **asked)
    assert state(own_chain, "O00001")[0] == "rejected"


def test_who_saw_an_older_line_is_told_and_nothing_is_lost(client: TestClient, own_chain: Path) -> None:
    seen = version(client, "O00002")
    units = whole_cases(own_chain, "O00002", 2)
    send(client, "/orders/O00002/override", version=seen, quantity=units, reason="first")
    text = send(client, "/orders/O00002/override", version=seen, quantity=2 * units, reason="second")
    assert "somebody changed it" in text
    assert state(own_chain, "O00002") == ("proposed", units)


def test_a_selection_is_approved_and_undone_as_a_whole(client: TestClient, own_chain: Path) -> None:
    page = client.get("/orders?size=3").text
    chosen = re.findall(r'name="order_id" value="([^"]+)"', page)
    text = send(client, "/orders/approve", order_id=chosen, back="/orders?size=3")
    assert "3 lines approved." in text
    assert len(re.findall(r'id="line-', text)) == 3  # the same list again
    undo = re.findall(r'<input type="hidden" name="order_id" value="([^"]+)">', text)
    assert "3 lines are as they were proposed." in send(client, "/orders/undo", order_id=undo)


def test_approving_all_found_takes_what_the_list_holds(client: TestClient, own_chain: Path) -> None:
    text = send(client, "/orders/approve", which="found", back="/orders?kind=emergency&size=5")
    n = int(re.findall(r"(\d+) lines approved", text)[0])
    held = order_ledger(own_chain / "runs").states("20241106-0123456789ab")
    approved = held[held["state"] == "approved"]
    assert len(approved) == n > 5
    assert set(approved["kind"]) == {"emergency"}


def test_all_found_counts_what_can_be_approved_and_goes_when_nothing_can(client: TestClient, own_chain: Path) -> None:
    address = "/orders?kind=emergency&size=5"
    n = int(re.findall(r"Approve all found \((\d+)\)", client.get(address).text)[0])
    chosen = re.findall(r'name="order_id" value="([^"]+)"', client.get(address).text)
    text = send(client, "/orders/approve", order_id=chosen, back=address)
    assert f"Approve all found ({n - 5})" in text
    assert f"{n - 5} lines approved." in (text := send(client, "/orders/approve", which="found", back=address))
    assert "Approve all found" not in text
    assert "Approve all found" in client.get("/orders").text


def test_lines_that_wait_for_a_second_person_are_not_counted_for_the_first(client_of: Opened, own_chain: Path) -> None:
    ann, bob = (client_of(own_chain, Person(name, Role.APPROVER, csrf="token")) for name in ("ann", "bob"))
    ledger = order_ledger(own_chain / "runs")
    needs_two = {"at": datetime.now(UTC), "user": "cid", "reason": "more", "four_eyes_above": 0.0}
    units = whole_cases(own_chain, "O00001", 2)
    ledger.override("O00001", units, **needs_two)
    before = [re.findall(r"Approve all found \((\d+)\)", each.get("/orders?q=O00001").text) for each in (ann, bob)]
    assert before == [["1"], ["1"]]
    assert "1 waits for a second person." in send(ann, "/orders/approve", which="found", back="/orders?q=O00001")
    after = [re.findall(r"Approve all found \((\d+)\)", each.get("/orders?q=O00001").text) for each in (ann, bob)]
    assert after == [[], ["1"]]


def test_nothing_chosen_is_said(client: TestClient) -> None:
    assert "Choose at least one line first." in send(client, "/orders/approve", which="chosen")


def test_a_truck_is_approved_released_and_exported(client: TestClient, own_chain: Path) -> None:
    page = client.get("/trucks/load?id=L1").text
    lines = re.findall(r'name="order_id" value="([^"]+)"', page)
    text = send(client, "/trucks/approve", load_id="L1", order_id=lines)
    assert f"{len(lines)} lines approved." in text
    assert "No line of it waits for approval." in text
    answer = client.post("/release", data={"csrf": "token", "format": "csv"})
    link = re.search(r'href="(/outbox/[^"]+)"', answer.text)
    assert link, answer.text
    assert lines[0].split(":")[0] in client.get(link[1]).text
    assert state(own_chain, lines[0].split(":")[0])[0] == "released"
    text = send(client, "/orders/" + lines[0].split(":")[0] + "/undo", version=3)
    assert "Nothing was changed" in text


def released(client: TestClient, **fields: str) -> str:
    """Release as the form does, and come out on the page that the browser is led to."""
    answer = client.post("/release", data={"csrf": "token", "format": "csv", **fields}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/runs?released=")
    return client.get(answer.headers["location"]).text


def test_the_page_says_what_leaves_and_the_approved_lines_can_leave_alone(client: TestClient, own_chain: Path) -> None:
    assert "240 lines that nobody has to approve leave" in client.get("/runs").text
    lines = re.findall(r'name="order_id" value="([^"]+)"', client.get("/trucks/load?id=L1").text)
    send(client, "/trucks/approve", load_id="L1", order_id=lines)
    n, page = len(lines), client.get("/runs").text
    assert f"{n} approved lines and {240 - n} that nobody has to approve leave" in page
    assert f"Release {n} lines worth CN¥" in page
    assert "Release 240 lines worth CN¥" in page
    few = released(client, only_approved="true")
    assert f"{n} lines released; the file is orders-20241106-0123456789ab.csv." in few
    assert f"{240 - n} lines that nobody has to approve leave" in few
    rest = released(client)
    assert f"{240 - n} lines released; the file is orders-20241106-0123456789ab-2.csv." in rest
    assert "Nothing is left to release." in rest
    assert 'action="/release"' not in rest
    files = re.findall(r'<th scope="row"><a href="(/outbox/[^"]+)"', client.get("/runs").text)
    texts = [client.get(link).text for link in files]
    assert sorted(len(text.splitlines()) - 1 for text in texts) == sorted([n, 240 - n])
    assert "Nothing more was released" in released(client)


def test_the_first_page_says_what_is_left_to_do(client_of: Opened, own_chain: Path) -> None:
    ann, bob = (client_of(own_chain, Person(name, Role.APPROVER, csrf="token")) for name in ("ann", "bob"))
    text = ann.get("/").text
    assert "Nothing waits for approval. 240 lines can be released." in text
    assert '<a class="button" href="/runs">Release</a>' in text
    units, ledger = whole_cases(own_chain, "O00001", 2), order_ledger(own_chain / "runs")
    ledger.override("O00001", units, at=datetime.now(UTC), user="cid", reason="more", four_eyes_above=0.0)
    text = ann.get("/").text
    assert "Review 1 line that waits for approval" in text
    assert "Release</a>" not in text
    assert re.findall(r'id="line-(\w+)"', ann.get("/orders?approval=needed").text) == ["O00001"]
    for each in (ann, bob):
        send(each, "/orders/approve", which="found", back="/orders?approval=needed")
    assert "Nothing waits for approval. 240 lines can be released." in ann.get("/").text
    released(ann)
    text = ann.get("/").text
    assert "Released: 240 lines." in text
    assert "Approve by truck" not in text
    assert "can be released" not in text


def test_nothing_leaves_that_the_page_did_not_say(client: TestClient, own_chain: Path) -> None:
    seen = re.findall(r'name="seen" value="([^"]+)"', client.get("/runs").text)[0]
    send(client, "/orders/O00001/approve", version=version(client, "O00001"))
    answer = client.post("/release", data={"csrf": "token", "format": "csv", "seen": seen})
    assert (answer.status_code, "Nothing was released" in answer.text) == (409, True)
    assert set(order_ledger(own_chain / "runs").states("20241106-0123456789ab")["batch"]) == {0}
    seen = re.findall(r'name="seen" value="([^"]+)"', answer.text)[0]
    assert "1 line released" in released(client, seen=seen, only_approved="true")


def test_files_of_releases_are_listed_as_long_as_they_are_there(client: TestClient, own_chain: Path) -> None:
    assert "Files of releases" not in client.get("/runs").text
    released(client)
    assert 'href="/outbox/orders-20241106-0123456789ab.csv"' in client.get("/runs").text
    (own_chain / "runs" / "outbox" / "orders-20241106-0123456789ab.csv").unlink()
    page = client.get("/runs").text
    assert "/outbox/" not in page


def test_what_has_left_is_downloaded_in_every_form_and_language(client: TestClient, own_chain: Path) -> None:
    batch = "/runs/20241106-0123456789ab/batch"
    assert client.get(f"{batch}?format=csv").status_code == 404  # nothing has left
    assert f'href="{batch}' not in client.get("/runs").text
    released(client)
    for page in ("/runs", "/runs/20241106-0123456789ab"):
        links = re.findall(rf'href="({batch}[^"]+)"', client.get(page).text)
        assert len(links) >= 9
    answers = [client.get(link.replace("&amp;", "&")) for link in links]
    assert {answer.status_code for answer in answers} == {200}
    names = [re.findall(r'filename="orders-20241106-0123456789ab([^"]+)"', answer.headers["content-disposition"])[0]
             for answer in answers]  # fmt: skip
    assert {".en.xlsx", ".zh.xlsx", ".csv", ".zh.csv", ".json", ".odoo.zip"} <= set(names)
    file = own_chain / "runs" / "outbox" / "orders-20241106-0123456789ab.csv"
    assert answers[names.index(".csv")].content == file.read_bytes()
    assert "订单行号" in answers[names.index(".zh.csv")].text
    assert client.get(f"{batch}?format=csv&number=2").status_code == 404


def test_the_outcome_of_a_release_is_what_the_ledger_says(client: TestClient) -> None:
    for made_up in ("X%231", "20241106-0123456789ab%23x", "20241106-0123456789ab%23999", "%C2%B2"):
        assert "lines released" not in client.get(f"/runs?released={made_up}").text, made_up


def test_a_refused_release_says_why_and_its_address_leads_back(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise UsageError("Plan again.")

    monkeypatch.setattr("cockpit.web.pages.deciding.export", refuse)
    answer = client.post("/release", data={"csrf": "token", "format": "csv"})
    assert (answer.status_code, "Nothing was changed: Plan again." in answer.text) == (409, True)
    assert client.get("/release", follow_redirects=False).headers["location"] == "/runs"


def row_form(page: str, load_id: str) -> dict[str, str]:
    """The fields of the form that approves a load in the list."""
    forms = re.findall(r'<form method="post" action="/trucks/listed/approve".*?</form>', page)
    form = next(form for form in forms if f'name="load_id" value="{load_id}"' in form)
    return dict(re.findall(r'name="(load_id|seen|q|kind)" value="([^"]*)"', form))


def test_a_truck_is_approved_in_the_list_and_taken_back(client: TestClient, own_chain: Path) -> None:
    page = client.get("/trucks").text
    n = len(re.findall(r'name="order_id" value="([^"]+)"', client.get("/trucks/load?id=L1").text))
    text = send(client, "/trucks/listed/approve", **row_form(page, "L1"))
    assert f"{n} lines approved." in text
    assert 'name="load_id" value="L1"' not in text
    held = order_ledger(own_chain / "runs").states("20241106-0123456789ab")
    assert int((held["state"] == "approved").sum()) == n
    undo = re.findall(r'<input type="hidden" name="order_id" value="([^"]+)">', text)
    text = send(client, "/trucks/listed/undo", order_id=undo)
    assert f"{n} lines are as they were proposed." in text
    assert 'name="load_id" value="L1"' in text


def test_a_truck_of_which_a_line_was_changed_since_is_not_approved(client: TestClient, own_chain: Path) -> None:
    form = row_form(client.get("/trucks").text, "L1")
    units = whole_cases(own_chain, "O00001", 2)
    send(client, "/orders/O00001/override", version=version(client, "O00001"), quantity=units, reason="party")
    assert "somebody changed a line of this truck" in send(client, "/trucks/listed/approve", **form)
    held = order_ledger(own_chain / "runs").states("20241106-0123456789ab")
    assert set(held["state"]) == {"proposed"}


def test_a_second_person_has_to_approve_in_the_list_too(client_of: Opened, own_chain: Path) -> None:
    ann, bob = (client_of(own_chain, Person(name, Role.APPROVER, csrf="token")) for name in ("ann", "bob"))
    units, ledger = whole_cases(own_chain, "O00001", 2), order_ledger(own_chain / "runs")
    ledger.override("O00001", units, at=datetime.now(UTC), user="cid", reason="more", four_eyes_above=0.0)
    text = send(ann, "/trucks/listed/approve", **row_form(ann.get("/trucks").text, "L1"))
    assert "1 waits for a second person." in text
    assert 'name="load_id" value="L1"' not in text
    assert state(own_chain, "O00001")[0] == "proposed"
    assert "1 line approved." in send(bob, "/trucks/listed/approve", **row_form(bob.get("/trucks").text, "L1"))
    assert state(own_chain, "O00001")[0] == "approved"


def language_links(page: str) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall(r'<a href="(/language/[^"]+)"', page)]


@pytest.mark.parametrize(
    ("address", "fields", "read_at"),
    [
        (
            "/orders/approve",
            {"back": "/orders?kind=emergency&size=5", "which": "found"},
            "/orders?kind=emergency&size=5",
        ),
        ("/orders/undo", {"back": "/orders"}, "/orders"),
        ("/orders/O00001/approve", {"version": 1}, "/orders/O00001"),
        ("/orders/O00001/undo", {"version": 1}, "/orders/O00001"),
        ("/orders/O00001/override", {"version": 1, "quantity": 0, "reason": "x"}, "/orders/O00001"),
        ("/orders/O00001/override", {"version": 1}, "/orders/O00001"),
        ("/trucks/approve", {"load_id": "L1"}, "/trucks/load?id=L1"),
        ("/trucks/approve", {}, "/trucks"),
        ("/trucks/listed/approve", {"load_id": "L1", "seen": 0, "kind": "transfer"}, "/trucks?kind=transfer"),
        ("/trucks/listed/approve", {}, "/trucks"),
        ("/whatif", {"name": "x", "change-0-kind": "storm"}, "/whatif"),
        ("/release", {"format": "csv", "seen": "something else"}, "/runs"),
        ("/release", {"format": "nonsense"}, "/runs"),
    ],
)
def test_the_answer_to_a_form_can_be_read_in_the_other_language(
    client: TestClient, address: str, fields: dict[str, object], read_at: str
) -> None:
    links = language_links(client.post(address, data={"csrf": "token", **fields}).text)
    answers = [client.get(link) for link in links]
    assert [(each.status_code, str(each.url)) for each in answers] == 2 * [(200, f"http://testserver{read_at}")]


def test_a_form_without_the_token_is_refused(client: TestClient, own_chain: Path) -> None:
    answer = client.post("/orders/O00001/approve", data={"version": version(client, "O00001")})
    assert answer.status_code == 403
    assert state(own_chain, "O00001")[0] == "proposed"


@pytest.mark.parametrize(("role", "may"), [(Role.VIEWER, ()), (Role.PLANNER, ("override", "undo"))])
def test_roles_decide_what_may_be_sent(client_of: Opened, own_chain: Path, role: Role, may: tuple[str, ...]) -> None:
    client = client_of(own_chain, Person("bob", role, csrf="token"))
    fields = {"csrf": "token", "version": 1, "quantity": 5, "reason": "x", "load_id": "L1", "format": "csv"}
    for what in ("approve", "override", "undo"):
        answer = client.post(f"/orders/O00001/{what}", data=fields)
        assert (answer.status_code == 200) == (what in may), what
    fields |= {"seen": 1}
    for address in ("/orders/approve", "/trucks/approve", "/trucks/listed/approve", "/release"):
        assert client.post(address, data=fields).status_code == 403


def test_an_address_of_ours_names_a_list_and_any_other_none() -> None:
    asked = asked_from("/orders?q=milk&kind=transfer&sort=value&down=true&page=2")
    assert (asked.query.search, asked.query.wanted, asked.query.page) == ("milk", (("kind", "transfer"),), 2)
    assert asked.address(page=1) == "/orders?q=milk&kind=transfer&sort=value&down=true"
    for foreign in ("https://elsewhere/orders?q=x", "/runs?q=x", "/orders?sort=password", "/orders?page=x"):
        assert asked_from(foreign).query.search == ""


def test_versions_are_read_from_the_choices_and_nonsense_is_left_out() -> None:
    assert versions_of(["A:1", "B:x", "C", ":3", "D:E:4"]) == {"A": 1, "D:E": 4}
