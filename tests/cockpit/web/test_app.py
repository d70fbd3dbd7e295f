"""The frame of the pages: who is let in, what is said where nothing is there, and what the browser has to refuse."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cockpit.web.people import Person, Role
from cockpit.web.ways import local_path

Client = Callable[..., Any]


def test_nobody_signed_in_is_led_to_the_sign_in_page_and_back(client_of: Client, published_chain: Path) -> None:
    answer = client_of(published_chain).get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?to=%2F")


def test_a_part_asked_for_by_a_script_leads_the_whole_page_to_sign_in(client_of: Client, published_chain: Path) -> None:
    answer = client_of(published_chain).get("/", headers={"HX-Request": "true"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in?to=%2F")


def test_without_any_account_the_page_says_how_to_make_the_first(client_of: Client, published_chain: Path) -> None:
    people = SimpleNamespace(has_accounts=False, reader_of=lambda connection: None)
    answer = client_of(published_chain, people=people).get("/")
    assert answer.status_code == 503
    assert f"tierflow user add {published_chain} NAME --role admin" in answer.text


def test_without_a_run_the_page_says_how_to_plan(client_of: Client, tmp_path: Path, viewer: Person) -> None:
    answer = client_of(tmp_path, viewer).get("/")
    assert answer.status_code == 404
    assert f"tierflow plan {tmp_path}" in answer.text


def test_the_first_page_names_the_run_its_day_and_the_person(
    client_of: Client, published_chain: Path, viewer: Person
) -> None:
    text = client_of(published_chain, viewer).get("/").text
    assert "20241106-0123456789ab" in text
    assert "Nov 6, 2024" in text
    assert ">ann (viewer)<" in text


def test_a_page_that_is_not_there_says_so_without_telling_more(
    client_of: Client, published_chain: Path, viewer: Person
) -> None:
    answer = client_of(published_chain, viewer).get("/no/such/<script>")
    assert answer.status_code == 404
    assert "There is no such page." in answer.text
    assert "<script>alert" not in answer.text


def test_the_browsers_language_is_taken_unless_a_person_switched(
    client_of: Client, published_chain: Path, viewer: Person
) -> None:
    client = client_of(published_chain, viewer)
    assert "今日" in client.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}).text
    client.get("/language/en?to=/")
    page = client.get("/", headers={"Accept-Language": "zh-CN"}).text
    assert "今日" not in page
    assert '<html lang="en">' in page


def test_every_message_is_there_in_both_languages_with_the_same_fields() -> None:
    from cockpit.web.words import MESSAGES

    english, chinese = MESSAGES.values()
    assert set(english) == set(chinese)
    fields = {name: [sorted(re.findall(r"{\w+", words[name])) for words in (english, chinese)] for name in english}
    assert [name for name, (one, other) in fields.items() if one != other] == []


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/orders?lane=A&page=2", "/orders?lane=A&page=2"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\nSet-Cookie: x=1", "/"),
        ("", "/"),
    ],
)
def test_a_way_back_never_leads_elsewhere(address: str, path: str) -> None:
    assert local_path(address) == path


def test_every_answer_forbids_foreign_and_inline_scripts_and_frames(
    client_of: Client, published_chain: Path, viewer: Person
) -> None:
    client = client_of(published_chain, viewer)
    for path in ("/", "/static/htmx.min.js", "/no/such/page", "/language/fr"):
        headers = client.get(path).headers
        assert "script-src 'self';" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"


def test_pages_hold_no_inline_script_or_style(client_of: Client, published_chain: Path, viewer: Person) -> None:
    text = client_of(published_chain, viewer).get("/").text
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text) == []


def test_another_host_name_is_refused(client_of: Client, published_chain: Path, viewer: Person) -> None:
    answer = client_of(published_chain, viewer).get("/", headers={"Host": "elsewhere.example"})
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/static/../web/app.py", "/static/%2e%2e/web/app.py", "/static/..%2f..%2fengine.py"])
def test_files_outside_the_static_folder_are_out_of_reach(
    path: str, client_of: Client, published_chain: Path, viewer: Person
) -> None:
    answer = client_of(published_chain, viewer).get(path)
    assert answer.status_code == 404
    assert "import" not in answer.text


def test_a_role_covers_those_before_it() -> None:
    assert [each for each in Role if Role.PLANNER.covers(each)] == [Role.VIEWER, Role.PLANNER]
