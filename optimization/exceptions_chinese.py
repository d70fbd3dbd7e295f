"""The sentences of exceptions in Chinese.

A published run keeps what an exception says, and what it suggests, as the English sentences that its rule made. Each
sentence that the rules can make has a pattern here; ids, names and numbers are carried over as they are. A sentence
without a pattern stays as it is: never half of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from optimization.reasons_chinese import chinese_phrase

_DATE = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day \d+ [A-Z][a-z]{2}"
_DAYS = r"(?:\d+ days?|over a year|under a day)"
_KINDS = {
    "date": _DATE,
    "days": _DAYS,
    "cover": r"(?:\d+ days?'s? cover|(?:over a year|under a day) of cover)",
    "units": r"-?[\d,]+ units?",
    "rate": r"(?:[\d.]+ a day|[\d.]+ a week|1 in [\d,]+ days|almost nothing)",
    "n": r"-?[\d,.]+",
    "day": r"\d{4}-\d\d-\d\d",
    "measure": r"(?:units|cases|lines|m3|trucks)",
    "id": r".+?",
}
"""Pattern of each kind of word; a group is named by its kind and a number."""
_RATES = ((r"(.+) a day", r"每天\1件"), (r"(.+) a week", r"每周\1件"), (r"1 in (.+) days", r"每\1天1件"),
          (r"almost nothing", "几乎没有"))  # fmt: skip
_MEASURES = {"units": "件数", "cases": "箱数", "lines": "行数", "m3": "立方米", "trucks": "车次"}

_PLACE = re.compile(rf"(?P<place>.+?) \(wants (?P<units>{_KINDS['units']}) more, sells (?P<rate>{_KINDS['rate']})"
                    r"(?P<no_lane>, no lane yet)?\)(?: or |$)")  # fmt: skip
_SENTENCES: tuple[tuple[str, str], ...] = (
    # Stock-outs.
    ("out of stock; the earliest delivery is <date1>, about <units1> of demand unserved",
     "缺货；最早<date1>到货，约<units1>需求无法满足"),
    ("out of stock; no delivery can come in time, about <units1> of demand unserved",
     "缺货；没有来得及的到货，约<units1>需求无法满足"),
    ("runs out <date1>; the earliest delivery is <date2>, about <units1> of demand unserved",
     "<date1>断货；最早<date2>到货，约<units1>需求无法满足"),
    ("runs out <date1>; no delivery can come in time, about <units1> of demand unserved",
     "<date1>断货；没有来得及的到货，约<units1>需求无法满足"),
    ("Serve the demand from another location, or open a faster lane.", "请由其他地点满足需求，或开通更快的线路。"),
    # Slow movers, phantom stock, ageing lots.
    ("<units1>, <cover1>; none sold in <days1>", "<units1>，<cover1>；<days1>内没有售出"),
    ("<units1>, <cover1>; <units2> sold in <days1>", "<units1>，<cover1>；<days1>内售出<units2>"),
    ("No other location needs it: mark it down.", "其他地点都不需要：请降价处理。"),
    ("<units1> on record, none sold for <days1> where <rate1> was usual",
     "账面<units1>，<days1>没有售出，平时为<rate1>"),
    ("Count the shelf and correct the record.", "请盘点货架并更正账面。"),
    ("<units1> expired <date1>, about <units2> will not sell", "<units1>已于<date1>到期，约<units2>卖不掉"),
    ("<units1> expire <date1>, about <units2> will not sell", "<units1>将于<date1>到期，约<units2>卖不掉"),
    ("<units1> expired <date1>, less life left than asked for", "<units1>已于<date1>到期，剩余保质期不足"),
    ("<units1> expire <date1>, less life left than asked for", "<units1>将于<date1>到期，剩余保质期不足"),
    ("Mark it down, or move it to where it sells in time.", "请降价处理，或调往来得及售出的地点。"),
    # Supply.
    ("no lane brings this SKU here", "没有线路把该商品送到这里"),
    ("Add a transfer or purchase lane, or take the SKU out of the assortment.",
     "请增加调拨或采购线路，或把该商品移出品类。"),
    ("order <id1> from <id2>: <units1> due <date1>, <days1> late",
     "订单<id1>（来自<id2>）：<units1>应于<date1>到货，已迟<days1>"),
    ("order <id1>: <units1> due <date1>, <days1> late", "订单<id1>：<units1>应于<date1>到货，已迟<days1>"),
    ("Ask for a new date; the plan expects it tomorrow.", "请询问新的日期；计划按明天到货计算。"),
    ("order <id1>: <units1> released <days1> ago and never acknowledged; still counted",
     "订单<id1>：<units1>于<days1>前下达，一直未获确认；仍计入"),
    ("Ask the receiver whether it has the order; cancel the line if not.",
     "请向接收方核实是否收到订单；若没有，请取消该行。"),
    ("order <id1>: <units1> of <units2> confirmed", "订单<id1>：<units2>中确认了<units1>"),
    ("Order the rest elsewhere, or tell the stores.", "其余请另行订货，或通知门店。"),
    ("on sale from <date1>, but no supplier lane and no stock", "<date1>起上市，但没有供应商线路，也没有库存"),
    ("Name its supplier in `sourcing`, or add a purchase lane.", "请在`sourcing`中填写供应商，或增加采购线路。"),
    # Capacity and scarcity.
    ("<n1> <measure1> to be received on <date1>, room for <n2>", "<date1>需收货<n1>（<measure1>），只容得下<n2>"),
    ("<n1> <measure1> to be shipped on <date1>, room for <n2>", "<date1>需发货<n1>（<measure1>），只容得下<n2>"),
    ("<n1> <measure1> to be picked on <date1>, room for <n2>", "<date1>需拣货<n1>（<measure1>），只容得下<n2>"),
    ("<n1> <measure1> in store on <date1>, room for <n2>", "<date1>需存放<n1>（<measure1>），只容得下<n2>"),
    ("Move lines of low priority to the next day, or plan overtime.", "请把不急的订单行改到次日，或安排加班。"),
    ("<id1> to <id2>: <units1> of <n1> lines? cannot be bought: the purchase budget is spent",
     "<id1>至<id2>：<n1>行共<units1>无法采购：采购预算已用完"),
    ("<id1> to <id2>: <units1> of <n1> lines? cannot be shipped from <id3> on <date1>: its <measure1> are full",
     "<id1>至<id2>：<n1>行共<units1>无法于<date1>从<id3>发出：<measure1>已满"),
    ("<id1> to <id2>: <units1> of <n1> lines? cannot be picked at <id3> on <date1>: its <measure1> are full",
     "<id1>至<id2>：<n1>行共<units1>无法于<date1>在<id3>拣货：<measure1>已满"),
    ("<id1> to <id2>: <units1> of <n1> lines? cannot be received at <id3> on <date1>: its <measure1> are full",
     "<id1>至<id2>：<n1>行共<units1>无法于<date1>在<id3>收货：<measure1>已满"),
    ("<id1> to <id2>: <units1> of <n1> lines? cannot be stored at <id3> on <date1>: its <measure1> are full",
     "<id1>至<id2>：<n1>行共<units1>无法于<date1>在<id3>存放：<measure1>已满"),
    ("Make room there, or send stock on, before more comes.", "请先在那里腾出空间，或把库存继续发走。"),
    ("Raise the budget, or leave it: the lines cut are those that earn least for their money.",
     "请提高预算，或维持不变：被砍掉的是单位资金收益最低的行。"),
    ("Plan overtime, or let it wait: the lines cut are those that earn least for their room.",
     "请安排加班，或让其等待：被砍掉的是单位空间收益最低的行。"),
    ("gets <n1> of <units1>: <id1> has no more", "所需<units1>只得到<n1>：<id1>已无更多"),
    ("gets <n1> of <units1>: <id1> has no more and others come first (priority <n2>)",
     "所需<units1>只得到<n1>：<id1>已无更多，且其他地点优先（优先级<n2>）"),
    ("Buy or move stock to its source, or take it from elsewhere.", "请为其货源采购或调入库存，或改由别处供应。"),
    # Promotions, presales, interest.
    ("promotion <id1> from <date1>: about <units1> short at <n1> locations?",
     "促销<id1>（<date1>起）：<n1>个地点约缺<units1>"),
    ("Order by a faster lane, shift stock from other regions, or start later.",
     "请用更快的线路订货、从其他区域调货，或推迟开始。"),
    ("deposits on <units1>, <units2> in the chain, on order or ordered tonight",
     "已收<units1>的定金，而全链库存、在途与今晚订货共<units2>"),
    ("Buy the difference, or close the presale.", "请补购差额，或关闭预售。"),
    ("<units1> too many after <id1> ended <date1>, <cover1>", "<id1>于<date1>结束后多出<units1>，<cover1>"),
    ("Move it to where it still sells, or return it.", "请调往仍能售出的地点，或退回。"),
    ("<id1> is <n1> times as high for its sales as usual in its category; <units1> sold in <days1>",
     "相对销量，<id1>是同品类常态的<n1>倍；<days1>内售出<units1>"),
    ("<id1> is <n1> times as high for its sales as usual in <id2>; <units1> sold in <days1>",
     "相对销量，<id1>是<id2>常态的<n1>倍；<days1>内售出<units1>"),
    ("Check price and product page.", "请检查价格和商品页面。"),
    ("There is no stock: check its supply.", "没有库存：请检查供应。"),
    # Feeds.
    ("no sales since <date1>, <days1>, from a location that sells every day",
     "自<date1>起<days1>没有销售数据，而该地点平时每天都有销售"),
    ("Check its sales feed: the plan takes silence for no demand.", "请检查其销售数据：没有数据时计划按没有需求处理。"),
    ("the newest stock record is of <date1>, <days1> old", "最新的库存记录是<date1>的，已过<days1>"),
    ("Load its stock again: the plan takes the old record for tonight's.",
     "请重新载入库存：计划把旧记录当作今晚的库存。"),
    ("signal <id1> last came <date1>, <days1> ago", "信号<id1>最近一次是<date1>，已过<days1>"),
    ("Check the feed: the forecast goes on without it.", "请检查该数据源：预测在没有它的情况下继续。"),
    # Doubts about the night's tables.
    ("<id1>: ends on <day1>, <days1> before the cutoff", "<id1>：止于<day1>，比截止日早<days1>"),
    ("sales: no sale at all on <id1>", "sales：<id1>完全没有销售"),
    ("Ask the feed for these days; if the chain was closed, say so in `closures` and set this check to show.",
     "请向数据源索取这些天；若当时全链停业，请写入`closures`，并把此项检查设为 show。"),
    ("Wait for the feed, or choose an earlier --cutoff.", "请等待数据，或选择更早的 --cutoff。"),
    ("sales: <n1> places have sent <day1>, of <n2> that never fail to",
     "sales：从不缺报的<n2>个地点中，<day1>只收到<n1>个"),
    ("Wait until every place has sent its sales.", "请等到所有地点都送来销售数据。"),
    ("sales: <day1> sold <id1> times what its weekday sells", "sales：<day1>的销量是同一星期日常销量的<id1>倍"),
    ("Look for rows that came twice or not at all; name the event in `calendar` if there was one.",
     "请查找重复或缺失的行；若有活动，请写入`calendar`。"),
    ("sales: <id1> sells <n1> a row, before <n2>: its case pack is <n3>",
     "sales：<id1>每行售出<n1>，以前为<n2>：其箱规为<n3>"),
    ("Send eaches, as `sales.units` means.", "请按`sales.units`的含义以单件发送。"),
    ("stock: <n1> of <id1> at <id2>: beyond <n2> years of sales of the whole chain",
     "stock：<id2>有<id1> <n1>件：超过全链<n2>年的销量"),
    ("Count it.", "请盘点。"),
)  # fmt: skip


@lru_cache(maxsize=20_000)
def chinese_exception(sentence: str) -> str:
    """Say a message or a suggestion of an exception in Chinese; return it as it is where it is no sentence of ours."""
    for pattern, template in _COMPILED:
        found = pattern.fullmatch(sentence)
        if found is not None:
            return _filled(template, found.groupdict())
    return _where_it_would_sell(sentence)


def _compiled(sentence: str) -> re.Pattern[str]:
    """Pattern of a sentence: its words in angle brackets become named groups, a letter before ? may be missing."""
    parts = re.split(r"<([a-z]+)(\d)>", re.escape(sentence).replace(r"\?", "?"))
    text = parts[0]
    for kind, number, after in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        text += f"(?P<{kind}{number}>{_KINDS[kind]}){after}"
    return re.compile(text)


def _filled(template: str, words: Mapping[str, str]) -> str:
    return re.sub(r"<([a-z]+)(\d)>", lambda found: _said(found[1], words[found[1] + found[2]]), template)


def _said(kind: str, word: str) -> str:
    """A word in Chinese, by its kind; ids, numbers and ISO dates as they are."""
    if kind == "measure":
        return _MEASURES[word]
    if kind == "rate":
        return next(re.sub(pattern, said, word) for pattern, said in _RATES if re.fullmatch(pattern, word))
    return chinese_phrase(word) if kind in ("date", "days", "cover", "units") else word


def _where_it_would_sell(sentence: str) -> str:
    """The advice for a slow mover: what leaves tonight, and the places that want it."""
    leaving, found, rest = sentence.partition(" leave tonight. ")
    advice = rest if found else sentence
    if found and not re.fullmatch(_KINDS["units"], leaving):
        return sentence
    said = next((words for pattern, words in _COMPILED if pattern.fullmatch(advice)), None) if found else None
    if said is None:
        places = advice.removeprefix("Would sell at ").removesuffix(".")
        names = list(_PLACE.finditer(places))
        if places == advice or "".join(each[0] for each in names) != places:
            return sentence
        said = "可在" + "或".join(_place(each) for each in names) + "售出。"
    return (f"今晚发走{chinese_phrase(leaving)}。" if found else "") + said


def _place(found: re.Match[str]) -> str:
    lane = "，尚无线路" if found["no_lane"] else ""
    return f"{found['place']}（还需{chinese_phrase(found['units'])}，销量{_said('rate', found['rate'])}{lane}）"


_COMPILED = tuple((_compiled(sentence), template) for sentence, template in _SENTENCES)
