"""Messages of the pages in Chinese."""

from __future__ import annotations

MESSAGES = {
    "product": "tierflow",
    "skip": "跳到正文",
    "navigation": "页面",
    "nav.monday": "今日",
    "nav.orders": "订单",
    "nav.trucks": "车辆",
    "nav.stock": "库存",
    "nav.forecast": "预测",
    "nav.whatif": "情景推演",
    "nav.runs": "批次与复盘",
    "language": "语言",
    "language.en": "English",
    "language.zh": "中文",
    "footer.run": "计划批次 {run}，数据截至 {day}",
    "no_run.title": "还没有计划",
    "no_run.words": "该网络还没有发布过计划。用下面的命令生成第一份：",
    "error.title": "操作未完成",
    "error.not_found": "没有这个页面。",
    "error.back": "返回今日",
    "kpi.name": "指标",
    "kpi.today": "当前",
    "kpi.planned": "计划后",
    "no_account.title": "还没有账号",
    "no_account.words": "请在运行服务器的机器上创建第一个账号，然后刷新本页：",
    "error.may_not": "您的账号没有此权限：需要角色 {role}。",
    "error.refused": "服务器拒绝了该操作，请返回重试。",
}
