"""Orders in a reader's language: headers, choices and reasons, and the way back from headers and choices."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import pandas as pd

from optimization.reasons_chinese import chinese_reason

CHANGE_REASON = "change_reason"
"""Column of a sheet for people: why the planner changed the quantity."""


class Language(StrEnum):
    """Languages of exports."""

    ENGLISH = "en"
    CHINESE = "zh"


HEADERS: Mapping[str, str] = {
    "document_id": "单据号",
    "order_id": "订单行号",
    "run_id": "计划批次",
    "action": "操作",
    "amends_order_id": "所改订单行号",
    "kind": "类型",
    "origin": "发出地",
    "destination": "目的地",
    "sku": "商品编码",
    "barcode": "条码",
    "supplier_item_code": "供应商货号",
    "quantity": "数量（件）",
    CHANGE_REASON: "修改原因",
    "cases": "箱数",
    "pallets": "托盘数",
    "ship_date": "发货日期",
    "due_date": "到货可用日期",
    "load_id": "车次",
    "unit_cost": "单位成本",
    "value": "金额",
    "status": "状态",
    "priority": "优先级",
    "on_hand": "现有库存",
    "on_order": "在途在订",
    "expected_demand": "预计需求",
    "target": "目标库存",
    "cover_before": "补货前可用天数",
    "cover_after": "补货后可用天数",
    "stockout_date_without": "不补货的缺货日期",
    "reason": "原因",
    "proposed_quantity": "建议数量（件）",
    "net_benefit": "净收益",
}
"""Chinese header of each column."""

CHOICES: Mapping[str, Mapping[str, str]] = {
    "action": {"new": "新增", "expedite": "提前", "defer": "推迟", "reduce": "减量", "cancel": "取消"},
    "kind": {
        "purchase": "采购",
        "transfer": "调拨",
        "transshipment": "横向调拨",
        "emergency": "紧急补货",
        "return": "退回",
    },
    "status": {
        "proposed": "建议",
        "approved": "已批准",
        "released": "已下发",
        "confirmed": "已确认",
        "closed": "已完成",
        "rejected": "已驳回",
        "cancelled": "已取消",
    },
}
"""Chinese word of each choice, by column."""


def in_language(orders: pd.DataFrame, language: Language | str) -> pd.DataFrame:
    """Return orders with headers, choices and reasons in a language; ids, numbers and dates stay as they are."""
    if Language(language) is Language.ENGLISH:
        return orders
    shown = orders.copy()
    for name, words in CHOICES.items():
        if name in shown:
            said = shown[name].astype("str")
            shown[name] = said.map(words).fillna(said)
    if {"reason", "origin", "destination"} <= set(shown.columns):
        ends = zip(shown["reason"].astype("str"), shown["origin"], shown["destination"], strict=True)
        sentences = [chinese_reason(reason, str(origin), str(destination)) for reason, origin, destination in ends]
        shown["reason"] = pd.Series(sentences, dtype="str", index=shown.index)
    return shown.rename(columns=HEADERS)


def with_change_reason(orders: pd.DataFrame) -> pd.DataFrame:
    """Return orders with an empty column for the reason of a change, after the quantity."""
    if not {"order_id", "quantity"} <= set(orders.columns) or CHANGE_REASON in orders:
        return orders
    shown = orders.copy()
    place = list(orders.columns).index("quantity") + 1
    shown.insert(place, CHANGE_REASON, pd.Series("", index=orders.index, dtype="str"))
    return shown


def original_name(header: str) -> str:
    """Return the column that a header of any language means; the header itself where it is none of ours."""
    return _ORIGINAL_NAMES.get(header, header)


def original_choice(column: str, word: str) -> str:
    """Return the choice that a word of any language means; the word itself where it is none of ours."""
    return next((choice for choice, said in CHOICES.get(column, {}).items() if said == word), word)


_ORIGINAL_NAMES = {said: name for name, said in HEADERS.items()}
