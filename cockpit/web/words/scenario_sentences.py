"""Sentences about scenarios that the planner makes: what is wrong, how far it is, what it takes for granted, and why.

A published sentence is English. Each that can be made has a pattern here; `{part}`, `{given}` and `{mode}` are words of
ours, every other field is carried over as it is. A sentence without a pattern stays as it is: never half of it.
"""

from __future__ import annotations

STEPS = {
    "Building the network": "构建网络",
    "Fitting the forecast models": "拟合预测模型",
    "Forecasting demand": "预测需求",
    "Telling what drives the forecasts": "分析预测的驱动因素",
    "Setting stock targets": "设定库存目标",
    "Optimizing moves and orders": "优化调拨与订单",
    "Filling the trucks": "安排装车",
    "Auditing the plan": "校验计划",
    "Explaining each order in money": "计算每张订单的金额构成",
    "Looking for what needs a person": "查找需要人工处理的异常",
    "Counting": "统计指标",
}
"""What the planner is at, in Chinese."""

RULES = (
    ("missing", "缺失"),
    ("{value} has the wrong type", "{value} 类型不对"),
    ("unknown field", "未知字段"),
    ("unknown kind {value}", "未知的类型 {value}"),
    ("unknown setting {value}", "未知的设置 {value}"),
    ("unknown unit {value}", "未知的单位 {value}"),
    ("unknown mechanism {value}", "未知的促销方式 {value}"),
    ("the chain has no signals of family {value}", "该网络没有类别为 {value} 的信号"),
    ("the chain has no assortment to set goals in", "该网络没有可设目标的商品组合"),
    ("the chain has no {part} {value}", "该网络没有{part} {value}"),
    ("{value} is out of range", "{value} 超出范围"),
    ("{value} is no day", "{value} 不是日期"),
    ("{value} is not ahead", "{value} 不是将来的日期"),
    ("{value} is before the start", "{value} 早于开始日"),
    ("no sale in 56 days", "56天内没有销售"),
    ("not one of sku and category", "商品与品类须二选一"),
    ("not one of signal and family", "信号与类别须二选一"),
    ("not one of factor and amount", "系数与数额须二选一"),
    ("no announced promotion {value}", "没有已公布的促销 {value}"),
    ("{value} is taken", "{value} 已被占用"),
    ("no location {value}", "没有地点 {value}"),
    ("no supplier {value}", "没有供应商 {value}"),
    ("{signal} has no key {value}", "{signal} 没有对象 {value}"),
    ("a start without an end", "有开始日而无结束日"),
    ("{mode} cannot join the two", "{mode}不能连接这两个地点"),
    ("the lane is there already", "该线路已存在"),
    ("no lane is named", "未指定线路"),
    ("no lane from {origin} to {destination} by {mode}", "没有从 {origin} 到 {destination} 的{mode}线路"),
    ("no lane from {origin} to {destination}", "没有从 {origin} 到 {destination} 的线路"),
    ("an amount for no location", "有数额而无地点"),
    ("nothing is declared to multiply", "没有可乘以系数的申报值"),
    ("no goal", "没有目标"),
    ("nothing is named", "未指定对象"),
)
"""What is wrong with a field, in English and Chinese; the more exact ones first."""

ACTIONS = (
    ("Give a number from {least} to {most}.", "请填 {least} 至 {most} 的数。"),
    ("Give a number of {least} or more.", "请填不小于 {least} 的数。"),
    ("Give fill_rate or cycle_service_level.", "请填满足率或周期服务水平。"),
    ("Give both days, or neither for good.", "请同时填写两个日期；若为永久则都不填。"),
    ("Give one of the two.", "请填写其中之一。"),
    ("Give an amount instead.", "请改填数额。"),
    ("Give {given}.", "请填{given}。"),
    ("Did you mean {value}?", "是否指 {value}？"),
    ("Known are {values}.", "可选：{values}。"),
    ("Announced are {values}.", "已公布：{values}。"),
    ("None is announced.", "没有已公布的促销。"),
    ("It has no signals at all.", "该网络没有任何信号。"),
    ("Write it as 2025-11-06.", "请写成 2025-11-06 的形式。"),
    ("Choose a day after {day}: what has happened cannot be changed.", "请选择 {day} 之后的日期：已发生的不能更改。"),
    ("Choose a later day.", "请选择更晚的日期。"),
    ("Choose an id that is new.", "请使用新的编码。"),
    ("Name customers who bought, or leave the zone and channel out.", "请指定有购买的顾客，或不填片区和渠道。"),
    ("Name the SKU or the category.", "请填写商品或品类。"),
    ("Name a SKU or a category.", "请填写商品或品类。"),
    ("Name the signal or its family.", "请填写信号或其类别。"),
    ("Name a location of the chain.", "请填写网络中的地点。"),
    ("Name an origin, a destination or a mode.", "请填写发出地、目的地或方式。"),
    ("Name locations or groups such as region:EAST that a lane joins.", "请填写有线路相连的地点或组，如 region:EAST。"),
    ("From {tier} to {tier2} goes {values}.", "从{tier}到{tier2}可用：{values}。"),
    ("Take this change out.", "请去掉该变化。"),
    ("Say which location has it.", "请填写是哪个地点。"),
    ("Set `fill_rate_goals` by a change of kind setting.", "请用 setting 类变化设定 `fill_rate_goals`。"),
)
"""What to do about it."""

GIVEN = {"a number": "数字", "a whole number": "整数", "a text": "文字", "a day": "日期", "true or false": "是或否"}
"""What a field takes."""

REFUSALS = (
    ("The data end on {day}: choose a --cutoff up to that day.", "数据截至 {day}：请选择不晚于该日的截止日。"),
    ("The chain has no sales up to {day}: choose a later --cutoff.", "截至 {day} 没有销售：请选择更晚的截止日。"),
    ("the planning process ended with code {code}; try it again", "计划进程以代码 {code} 结束；请重试"),
)
"""Why a scenario could not be planned, where it is not a fault of the scenario."""

WHYS = (
    ("follows from other lines: stock, trucks or capacity that they share", "由其他订单引起：共用库存、车辆或能力"),
    ("the lane is closed", "线路已关闭"),
    ("the lane is new", "线路为新开"),
    ("nothing leaves on the lane tomorrow", "该线路明天不发货"),
    ("lead time {before} -> {after} days", "提前期 {before} → {after} 天"),
    ("trucks on the lane {before} -> {after}", "该线路车辆 {before} → {after}"),
    ("comes from {places} instead", "改由 {places} 供货"),
    ("in place of {places}", "代替 {places}"),
    ("demand until the next order can arrive {before} -> {after}", "下次到货前的需求 {before} → {after}"),
    ("target {before} -> {after}", "目标库存 {before} → {after}"),
    ("days to cover {before} -> {after}", "覆盖天数 {before} → {after}"),
    ("stock and on order {before} -> {after}", "现有与在订 {before} → {after}"),
)
"""Why a line changes under a scenario."""

NOTES = (
    ("A demand factor moves the mean; the spread around it moves with it as the fit learnt.",
     "需求系数改变均值；其波动按拟合所得随之变化。"),
    ("A promotion sells what the fitted models learnt from past ones.", "促销销量按模型从以往促销学到的推算。"),
    ("Demand of a closed location is lost, not moved; add a demand factor elsewhere for what moves.",
     "关闭地点的需求视为流失而非转移；如有转移，请在别处加需求系数。"),
    ("A new location sells what its SKUs sell elsewhere, and takes no demand from its neighbours.",
     "新地点的销量按其商品在别处的销量推算，不分走邻近地点的需求。"),
    ("{place} has no assortment rows, so the new location has no demand; declare an assortment.",
     "{place} 没有商品组合，新地点因此没有需求；请先申报商品组合。"),
    ("A burst moves the forecast as far as the fitted models read the signal.",
     "爆发对预测的影响限于模型读取该信号的程度。"),
    ("A storm moves the forecast as far as the fitted models read the weather as issued.",
     "暴雨对预测的影响限于模型读取天气预报的程度。"),
    ("Models fitted with the feed are kept; they see it as unknown.", "沿用有该数据源时拟合的模型，视其为未知。"),
    ("A delay holds for goods on the way too, and for as long as the plan looks ahead.",
     "延误同样影响在途货物，并持续整个计划期。"),
    ("Open orders of the supplier are as late as new ones.", "该供应商的在途订单与新订单同样延误。"),
    ("Goods that left before a lane closes still arrive.", "线路关闭前已发出的货物仍会到达。"),
    ("A new lane carries every SKU that no sourcing rule keeps from it.", "新线路可运所有未被货源规则排除的商品。"),
    ("A goal raises a target above what money alone asks for; it never lowers one.",
     "服务目标只会把库存目标提高到仅按金额所需之上，不会降低。"),
    ("Lots on hand keep their expiry dates.", "现有批次的到期日不变。"),
    ("The fitted models do not read {signal}: it earned no place, so the forecast stays.",
     "模型未采用 {signal}（未证明价值），因此预测不变。"),
    ("Note: the runs hold no models of these settings up to the cutoff; some were fitted for this and not kept.",
     "说明：批次中没有该设置截至当日的模型；本次临时拟合，未保存。"),
    ("Tracked in {place}, experiment {experiment}.", "已记录到 {place}，实验 {experiment}。"),
    ("Not tracked: {place} did not take it ({why}). The run itself is whole.",
     "未能记录：{place} 未接收（{why}）。计划本身完整。"),
)  # fmt: skip
"""What a comparison takes for granted."""

MEANINGS = {
    "demand": "预测之后需求乘以系数；所填条件须同时满足。",
    "promotion_added": "今晚公布的促销。",
    "promotion_moved": "已公布的促销改到另一天开始，时长不变；不填日期即取消。",
    "social_burst": "引发热议：某社交信号最近几天达到某一水平，今晚得知。",
    "storm": "今晚发布的天气预报。",
    "signal_lost": "数据源中断：若干天内没有任何数据到达。",
    "lane_delayed": "线路运输变慢，包括已在途的货物。",
    "lane_closed": "线路停发若干天或永久停发；在途货物仍会到达。",
    "lane_opened": "网络中还没有的线路。",
    "supplier_late": "供应商的所有来货都推迟，包括未到订单。",
    "location_closed": "地点停止销售、收货和发货，若干天或永久。",
    "location_added": "新地点，供货、商品组合和条件参照现有地点，开始时无库存。",
    "truck_price": "车辆和包裹的费用乘以系数。",
    "capacity": "地点的处理能力：申报值乘以系数，或每天的数额。",
    "service_goal": "部分商品组合的服务目标。",
    "shelf_life": "今后收货的商品从收货到到期的天数。",
    "holding_cost": "持有库存的成本乘以系数：资金更贵或更便宜。",
    "budget": "今晚采购金额的上限。",
}
"""What a kind of change does, in Chinese; the English comes with the change itself."""
