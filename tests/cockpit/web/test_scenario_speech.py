"""Every sentence that scenarios can make is said in Chinese, whole."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from cockpit.pages.scenario_form import KINDS, faults, form_fields, meaning, scenario_of
from cockpit.scenario_jobs import try_scenario
from cockpit.stopwatch import STAGES
from cockpit.web import scenario_speech
from cockpit.web.people import Person, Role
from cockpit.web.scenario_speech import said_fault, said_kind, said_note, said_step, said_why
from cockpit.web.words import MESSAGES
from experiments.scenario_case import ScenarioError
from network.store_scenarios import ScenarioStore
from optimization.export_language import Language

ZH = Language.CHINESE
EXPERIMENTS = Path(try_scenario.__code__.co_filename).parents[1] / "experiments"
IDS = re.compile(r"X1|setting|fill_rate_goals|region:EAST")
Said = Callable[[str, Language], str]


def text_of(node: ast.expr) -> str | None:
    """A sentence as it is written, X1 where a value comes in; None for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "X1" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def texts(node: ast.AST) -> Iterator[str]:
    """Every sentence below a node: with a capital letter at its start and a stop at its end."""
    inside = {id(part) for each in ast.walk(node) if isinstance(each, ast.JoinedStr) for part in each.values}
    for each in ast.walk(node):
        text = text_of(each) if isinstance(each, ast.expr) and id(each) not in inside else None
        if text and re.fullmatch(r"(?:[A-Z]|X1).*[.?]", text):
            yield text


def trees() -> list[ast.Module]:
    return [ast.parse(path.read_text("utf-8")) for path in sorted(EXPERIMENTS.glob("scenario_*.py"))]


def calls_of_wrong() -> list[ast.Call]:
    calls = (node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [
        call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "wrong" and len(call.args) == 4
    ]


def without_docstrings(function: ast.FunctionDef) -> ast.Module:
    return ast.Module(function.body[1:] if ast.get_docstring(function) else function.body, [])


def functions() -> list[ast.FunctionDef]:
    return [node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def is_chinese(text: str) -> bool:
    return not re.search(r"[A-Za-z]{2,}", IDS.sub("", text))


def test_every_rule_that_a_change_can_break_is_said_with_what_to_do() -> None:
    rules = {text for call in calls_of_wrong() if (text := text_of(call.args[2]))}
    about = [each for each in functions() if each.name not in ("assumptions", "unread_signals", "__init__")]
    actions = {text for each in about if "wrong(" in ast.unparse(each) for text in texts(without_docstrings(each))}
    assert (len(rules) > 25, len(actions) > 20) == (True, True)
    # No form can make the first three; the others are tried below.
    told_otherwise = {"not a table", "not a text", "unknown key", "no change", "no lane from X1", "unknown X1 X1"}
    said = {rule: said_fault(f"name: change 1 demand.factor: {rule}. Give a text.", ZH) for rule in rules}
    assert {rule for rule, words in said.items() if not is_chinese(words)} == told_otherwise
    in_files_only = {"Write it between quotes.", "Known are name and change.", "Give a value that the setting takes.",
                     "Write [[change]] and its fields below it.", 'Write [[change]] and below it kind = "demand".',
                     "Give a number X1."}  # fmt: skip
    said = {action: said_fault(f"a. b: change 2 storm.value: missing. {action}", ZH) for action in actions}
    assert {action for action, words in said.items() if not is_chinese(words)} <= in_files_only


def test_what_a_form_gets_wrong_is_said_in_chinese() -> None:
    form = {"name": "x", "change-0-kind": "storm", "change-0-value": "high", "change-1-kind": "capacity"}
    with pytest.raises(ScenarioError) as refused:
        scenario_of(form)
    said = [said_fault(each, ZH) for each in faults(refused.value)]
    assert said[0] == "第 1 项变化（暴雨）数值：'high' 类型不对。请填数字。"
    assert said[1] == "第 1 项变化（暴雨）开始日：缺失。请填文字或日期。"
    with pytest.raises(ScenarioError) as refused:
        scenario_of({"name": "x"})
    assert [said_fault(each, ZH) for each in faults(refused.value)] == ["请至少选择一项变化。"]


@pytest.mark.parametrize(
    ("said", "names"),
    [(said_note, {"assumptions", "unread_signals"}), (said_why, {"_lane_words", "_truck_words", "_source_words"})],
)
def test_what_a_comparison_says_is_said_in_chinese(said: Said, names: set[str]) -> None:
    bodies = [without_docstrings(each) for each in functions() if each.name in names]
    nodes = [
        node
        for body in bodies
        for node in ast.walk(body)
        if isinstance(node, ast.List | ast.Tuple | ast.Call | ast.Assign)
    ]
    found = {text for node in nodes for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)
             if (text := text_of(part)) and " " in text.strip() and text != ", "}  # fmt: skip
    assert len(found) >= 6
    assert [text for text in found if not is_chinese(said(text, ZH))] == []


def test_steps_whys_of_facts_and_refusals_are_said_in_chinese() -> None:
    assert [step for step in STAGES.values() if said_step(step, ZH) == step] == []
    assert said_why("target 3 -> 4; days to cover 2 -> 5", ZH) == "目标库存 3 → 4；覆盖天数 2 → 5"
    assert is_chinese(said_why("follows from other lines: stock, trucks or capacity that they share", ZH))
    assert said_fault("The data end on 2025-01-05: choose a --cutoff up to that day.", ZH).startswith(
        "数据截至 2025-01-05"
    )
    opened = "name: change 1 lane_opened.mode: emergency cannot join the two. From central to store goes transfer."
    assert (
        said_fault(opened, ZH)
        == "第 1 项变化（新开线路）方式：紧急补货不能连接这两个地点。从中心仓到门店可用：transfer。"
    )
    for column in ("kind", "unit"):
        assert is_chinese(said_fault(f"name: change 1 capacity.what: unknown {column} 'X1'. Known are X1.", ZH))
    for bounds in ("from 0 to 0.9999", "of 1 or more"):
        assert is_chinese(said_fault(f"name: change 1 demand.factor: -1 is out of range. Give a number {bounds}.", ZH))
    closed = "name: change 1 lane_closed.origin: no lane from DC to anywhere by transfer. Did you mean 'DC-1'?"
    assert said_fault(closed, ZH).endswith("没有从 DC 到 任意地点 的调拨线路。是否指 'DC-1'？")


def test_a_sentence_nobody_translated_stays_whole_and_english_is_never_touched() -> None:
    for said in (said_fault, said_why, said_note, said_step):
        assert said("the lane is closed; something new", ZH) == "the lane is closed; something new"
        assert said("the lane is closed", Language.ENGLISH) == "the lane is closed"


def test_every_kind_of_change_and_every_field_has_chinese_words() -> None:
    assert set(scenario_speech.MEANINGS) == set(KINDS)
    assert all(is_chinese(said_kind(kind, meaning(kind), ZH)) for kind in KINDS)
    chinese = MESSAGES[ZH]
    assert [kind for kind in KINDS if f"change.{kind}" not in chinese] == []
    assert [each.name for kind in KINDS for each in form_fields(kind) if f"part.{each.name}" not in chinese] == []


def english_sentences(page: str) -> list[str]:
    """Three English words in a row in what a reader sees of a page."""
    main = page[page.index("<main") : page.index("</main>")]
    return re.findall(r"[A-Za-z]{2,} [a-z]+ [a-z]+[^。]{0,40}", re.sub(r"<[^>]+>", "|", main))


def test_no_english_sentence_is_on_the_chinese_pages_of_scenarios(
    client_of: Callable[..., TestClient], own_chain: Path
) -> None:
    client = client_of(own_chain, Person("ann", Role.PLANNER, csrf="token"))
    client.headers["accept-language"] = "zh-CN"
    store = ScenarioStore(own_chain / "runs")
    scenario = {"name": "S", "change": [{"kind": "storm", "value": 80, "start": "2024-11-08", "end": "2024-11-09"}]}
    names = [store.ask(f"2024110{n}-0123456789ab", scenario, user="ann", at="2024-11-06T20:00") for n in range(3)]
    line = {"sku": "K1", "origin": "A", "destination": "B", "kind": "transfer", "quantity_before": 1,
            "quantity_after": 2, "value_change": 3.0, "why": "trucks on the lane 1 -> 2; target 3 -> 4"}  # fmt: skip
    kpis = [{"kpi": "orders_transfer", "before": 1.0, "after": 2.0, "unit": "orders"}]
    notes = ["A storm moves the forecast as far as the fitted models read the weather as issued."]
    done = {"scenario": "S", "n_orders": 1, "orders": [line], "kpis": kpis, "notes": notes, "notices": []}
    store.set_result(names[0], done)
    store.set_result(names[1], {"error": "S: change 1 storm.signal: the chain has no signal 'rain'. Known are a, b."})
    pages = ["/whatif", *(f"/whatif/{name}" for name in names), *(f"/whatif/change?number=0&change-0-kind={kind}"
                                                                  for kind in KINDS)]  # fmt: skip
    found = {}
    for page in pages:
        text = client.get(page).text
        found[page] = english_sentences(text if "<main" in text else f"<main>{text}</main>")
    form = {"csrf": "token", "name": "x", "change-0-kind": "storm", "change-0-value": "high"}
    found["form"] = english_sentences(client.post("/whatif", data=form).text)
    assert {page: sentences for page, sentences in found.items() if sentences} == {}
    assert "该网络没有信号 'rain'。可选：a, b。" in client.get(f"/whatif/{names[1]}").text.replace("&#39;", "'")
