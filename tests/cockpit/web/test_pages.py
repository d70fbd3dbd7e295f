"""What a planner sees: every page, in both languages, safe from what the data say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from cockpit.web.people import Person, Role
from cockpit.web.words import MESSAGES, translate
from optimization.export_language import Language

PAGES = (
    *("/", "/exceptions", "/orders", "/orders?group=lane", "/orders?group=exception&q=sku"),
    *("/orders?sort=value&down=true", "/orders/O00001", "/orders/O00001/effect?quantity=9"),
    *("/trucks", "/trucks/load?id=L1", "/stock?q=SKU-000", "/forecast?q=sku", "/runs", "/audit"),
    *("/forecast/point?sku=SKU-000&location=ST-EAST-000", "/whatif", "/whatif/change?number=1"),
    "/runs/20241106-0123456789ab",
)
ANN = Person("ann", Role.APPROVER, csrf="token")
Opened = Callable[..., TestClient]


@pytest.fixture(scope="module")
def answers(published_chain: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Any]:
    """Every page in each language, asked for once."""
    import shutil

    from cockpit.web.app import ServerOptions, create_app
    from tests.cockpit.web.conftest import OnePerson

    chain = Path(shutil.copytree(published_chain, tmp_path_factory.mktemp("seen") / "chain"))
    app = create_app(chain, chain / "runs", people=OnePerson(ANN), options=ServerOptions(hosts=("testserver",)))
    with TestClient(app) as client:
        return {
            (page, language): client.get(page, headers={"accept-language": language})
            for page in PAGES
            for language in ("en", "zh")
        }


def test_every_page_answers_in_both_languages(answers: dict[tuple[str, str], Any]) -> None:
    assert {key: answer.status_code for key, answer in answers.items() if answer.status_code != 200} == {}
    whole = {key: answer.text for key, answer in answers.items() if "<html" in answer.text}
    assert len(whole) > 20
    assert all(f'lang="{"zh-Hans" if language == "zh" else "en"}"' in text for (_, language), text in whole.items())
    assert "明天" not in answers["/", "en"].text
    assert "关键指标" in answers["/", "zh"].text
    assert "2 courses it may take" in answers["/forecast/point?sku=SKU-000&location=ST-EAST-000", "en"].text
    assert "Backtest B1: 2 origins" in answers["/forecast?q=sku", "en"].text


def test_no_page_holds_a_script_a_style_or_a_handler_of_its_own(answers: dict[tuple[str, str], Any]) -> None:
    for (page, _), answer in answers.items():
        assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son[a-z]+=|javascript:", answer.text), page


def test_the_title_of_the_first_page_names_the_day_of_its_heading(answers: dict[tuple[str, str], Any]) -> None:
    text = answers["/", "en"].text
    assert "<title>What leaves on Nov 7, 2024</title>" in text
    assert "<h1>What leaves on Thursday 7 November</h1>" in text


def test_critical_exceptions_are_a_list_of_their_own(client_of: Opened, published_chain: Path) -> None:
    client = client_of(published_chain, ANN)
    n = int(re.findall(r'href="/exceptions\?severity=critical">(\d+) critical exceptions', client.get("/").text)[0])
    page = client.get("/exceptions?severity=critical&n=1000").text
    assert page.count('class="badge critical"') == n
    assert 'class="badge warning"' not in page
    kind = re.findall(r'hx-get="/exceptions\?(severity=critical&amp;kind=[^"]+)"', page)[0].replace("&amp;", "&")
    assert 0 < client.get(f"/exceptions?{kind}&n=1000").text.count('class="badge critical"') <= n
    assert "No exception of this kind." in client.get("/exceptions?severity=none").text


def test_an_exception_leads_to_orders_only_where_tonight_has_one(client_of: Opened, published_chain: Path) -> None:
    client = client_of(published_chain, ANN)
    page = client.get("/exceptions?n=1000").text
    links = re.findall(r'href="(/orders\?sku=[^"]+)">Orders for it', page)
    assert 0 < len(links) < len(re.findall(r'<th scope="row"><span class="badge', page))
    for link in set(links):
        assert 'id="line-' in client.get(link.replace("&amp;", "&")).text, link


@pytest.mark.parametrize(
    ("address", "under"),
    [
        ("/audit", "/runs"),
        ("/runs/20241106-0123456789ab", "/runs"),
        ("/exceptions", "/"),
        ("/trucks/load?id=L1", "/trucks"),
    ],
)
def test_the_navigation_says_where_a_page_belongs(
    answers: dict[tuple[str, str], Any], address: str, under: str
) -> None:
    assert f'<a href="{under}" aria-current="page">' in answers[address, "en"].text


def test_the_log_leads_to_its_lines(client_of: Opened, published_chain: Path, own_chain: Path) -> None:
    client = client_of(own_chain, ANN)
    form = {"csrf": "token", "order_id": "O00001:1", "format": "csv"}
    assert client.post("/release", data=form).status_code == 200
    text = client.get("/audit").text
    lines = re.findall(r'<a href="(/orders/[^"]+)">', text)
    assert client.get(lines[0]).status_code == 200
    assert 'data-label="Order line">20241106-0123456789ab' in text  # a delivery has no page of its own


def test_names_from_the_data_are_text_and_never_markup(answers: dict[tuple[str, str], Any]) -> None:
    text = answers["/forecast?q=sku", "en"].text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_messages_are_there_in_both_languages_with_the_same_fields() -> None:
    english, chinese = MESSAGES.values()
    assert set(english) == set(chinese)
    fields = {name: [set(re.findall(r"\{(\w+)", each[name])) for each in (english, chinese)] for name in english}
    assert {name: pair for name, pair in fields.items() if pair[0] != pair[1]} == {}


def test_nouns_and_verbs_agree_with_their_numbers_in_every_message() -> None:
    # A number is followed by the words that agree with it or by a name; Chinese words never change.
    english, chinese = MESSAGES.values()
    unsaid = {name: words for name, words in english.items() if re.search(r"\{\w+\} [a-z]+s\b", words)}
    assert set(unsaid) <= {"help.back"}
    assert [name for name, words in chinese.items() if "|" in words] == []
    assert translate(Language.ENGLISH, "release.waiting", n="1") == "1 line waits for approval and stays."
    assert translate(Language.ENGLISH, "release.waiting", n="1,240") == "1,240 lines wait for approval and stay."
    assert translate(Language.CHINESE, "release.waiting", n="1") == "1 行待批，不会下发。"


def test_one_of_a_thing_is_told_in_the_singular(client_of: Opened, published_chain: Path) -> None:
    client = client_of(published_chain, ANN)
    assert "1 line, " in client.get("/orders?q=O00001").text
    pages = [client.get(page).text for page in PAGES]
    assert [
        found for page in pages for found in re.findall(r"(?<![\d.,])1 (?:lines|trucks|days|units|points)\b", page)
    ] == []


def test_labels_belong_to_fields_and_tables_have_headers(answers: dict[tuple[str, str], Any]) -> None:
    for (page, _), answer in answers.items():
        ids = set(re.findall(r'\sid="([^"]+)"', answer.text))
        assert set(re.findall(r'<label for="([^"]+)"', answer.text)) <= ids, page
        assert set(re.findall(r'aria-labelledby="([^"]+)"', answer.text)) <= ids, page
        assert answer.text.count("<h1") == ("<html" in answer.text), page


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_line_of_a_truck_says_why_it_leaves_as_its_own_page_does(
    client_of: Opened, published_chain: Path, language: str
) -> None:
    client = client_of(published_chain, ANN)
    ask = {"headers": {"accept-language": language}}
    rows = re.findall(r'<th scope="row"><a class="open" href="/orders/(\w+)".*?class="why">([^<]*)</td>',
                      client.get("/trucks/load?id=L1", **ask).text)  # fmt: skip
    assert len(rows) > 5
    for order_id, reason in rows[:3]:
        opening = re.findall(r'<p class="reason">([^<]*)[.。]</p>', client.get(f"/orders/{order_id}", **ask).text)
        assert [reason] == opening


def test_the_stock_page_says_how_many_points_are_slow_of_how_many_and_what_cover_means(
    client_of: Opened, published_chain: Path
) -> None:
    from network.store import RunStore

    targets = RunStore(published_chain / "runs").read_table("20241106-0123456789ab", "targets")
    text = client_of(published_chain, ANN).get("/stock").text
    assert f"0 of {len(targets)} stock points with over 60 days of cover" in text  # the kinds made by hand are others
    assert text.count("Cover is how many days of forecast demand the stock on hand lasts.") == 2


def test_what_ordering_nothing_loses_is_the_worth_of_the_line_and_its_share_of_trucks_to_the_cent(
    client_of: Opened, published_chain: Path
) -> None:
    client = client_of(published_chain, ANN)
    for order_id in ("O00001", "O00002", "O00003"):
        text = client.get(f"/orders/{order_id}").text
        table = text[text.index('<table class="sum">') :].split("</table>")[0]
        worth, share, regret = (float(each) for each in re.findall(r"CN¥([\d.]+)", table.replace(",", "")))
        assert (round(worth + share, 2), share > 0) == (regret, True)
        assert text.replace(",", "").count(f"CN¥{regret:.2f}<") == 2  # the same in the table of alternatives


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/orders?sku=SKU-000", "Fresh milk"), ("/orders?group=sku", "Fresh milk"), ("/orders/O00000", "Fresh milk"),
        ("/trucks", "Shanghai centre → Nanjing Road"), ("/trucks/load?id=L0", "Fresh milk"),
        ("/trucks/load?id=L0", "Shanghai centre → Nanjing Road"), ("/stock?q=SKU-000", "Fresh milk"),
        ("/stock?q=ST-EAST-000", "Nanjing Road"), ("/exceptions?n=1000", "Fresh milk"),
        ("/exceptions?n=1000", "Nanjing Road"), ("/forecast/point?sku=SKU-000&location=ST-EAST-000", "Nanjing Road"),
    ],
)  # fmt: skip
def test_a_code_stands_beside_its_name(client_of: Opened, published_chain: Path, address: str, name: str) -> None:
    text = client_of(published_chain, ANN).get(address).text
    assert f'class="called">{name}' in text
    assert "<b>1 l" not in text  # a name is text and never markup


def test_a_code_without_a_name_stands_alone(client_of: Opened, published_chain: Path) -> None:
    assert 'class="called"' not in client_of(published_chain, ANN).get("/orders?sku=SKU-001&kind=return").text


def test_a_script_gets_only_the_part_it_asks_for(client_of: Opened, published_chain: Path) -> None:
    client = client_of(published_chain, ANN)
    for page in ("/orders?q=sku-000", "/trucks", "/stock", "/forecast", "/exceptions"):
        answer = client.get(page, headers={"hx-request": "true"})
        assert answer.status_code == 200
        assert "<html" not in answer.text, page


def test_the_list_filters_sorts_and_turns_pages(client_of: Opened, published_chain: Path) -> None:
    client = client_of(published_chain, ANN)
    hits = client.get("/orders?kind=emergency&sort=value&down=true").text
    assert 'class="kind kind-emergency"' in hits
    assert 'class="kind kind-purchase"' not in hits
    first, second = (client.get(f"/orders?size=5&page={n}").text for n in (1, 2))
    lines = [re.findall(r'id="line-(\w+)"', text) for text in (first, second)]
    assert (len(lines[0]), len(lines[1]), set(lines[0]) & set(lines[1])) == (5, 5, set())


@pytest.mark.parametrize(
    "address",
    ["/orders?sort=password", "/orders?page=0", "/orders?group=nothing", "/whatif/change?number=99",
     "/whatif/change?number=0&change-0-kind=setting", "/stock?sort=price", f"/orders?q={'x' * 300}"],
)  # fmt: skip
def test_what_no_page_asks_for_is_refused(client_of: Opened, published_chain: Path, address: str) -> None:
    assert client_of(published_chain, ANN).get(address).status_code == 422


@pytest.mark.parametrize(
    "address",
    ["/orders/NOPE", "/orders/NOPE/effect?quantity=1", "/trucks/load?id=NOPE", "/forecast/point?sku=a&location=b",
     "/runs/NOPE", "/whatif/000000000000", "/whatif/..%2f..%2fsecret", "/outbox/..%2forders.sqlite"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(client_of: Opened, published_chain: Path, address: str) -> None:
    assert client_of(published_chain, ANN).get(address).status_code == 404


def test_a_viewer_sees_no_buttons_that_change_anything(
    client_of: Opened, published_chain: Path, viewer: Person
) -> None:
    client = client_of(published_chain, viewer)
    for page in ("/orders", "/orders/O00001", "/trucks", "/trucks/load?id=L1", "/runs", "/whatif"):
        forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]+)"', client.get(page).text)
        assert [form for form in forms if form != "/sign-out"] == [], page
