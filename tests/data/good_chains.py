"""The good small chains: tiny (many tables), minimal (only what is required), chinese (GB18030, mapped headers)."""

# ruff: noqa: E501  (rows of tables)
from __future__ import annotations

LOCATIONS = """location,tier,region,zone,latitude,longitude
S1,supplier,,,31.0,121.0
C1,central,EAST,,31.2,121.4
C2,central,WEST,,30.6,104.0
F1,forward,EAST,Z1,31.3,121.5
A1,store,EAST,Z1,31.31,121.51
A2,store,EAST,Z2,31.32,121.52
B1,store,WEST,Z3,30.61,104.01
"""

SKUS = """sku,category,brand,barcode,unit_cost,unit_price,case_pack,volume_m3,shelf_life_days,launch_date,end_date
K1,tea,Lu,6901234567892,10.0,16.0,6,0.002,,2025-01-01,
K2,tea,Lu,6901234567908,4.0,7.5,12,0.001,,,
K3,milk,Bai,6901234567915,2.0,3.5,24,0.001,21,,2026-12-31
"""

LANES = """origin,destination,mode,lead_time_days,order_days,truck_cost,truck_volume_m3
S1,C1,purchase,7,"MO,TH",900,40
S1,C2,purchase,9,MO,1200,40
C1,F1,transfer,2,,300,20
C1,region:EAST,emergency,0,,450,20
C1,A1,transfer,2,"TU,FR",300,20
C1,A2,transfer,2,"TU,FR",300,20
C2,B1,transfer,3,,350,20
tier:store,tier:store,transshipment,4,,200,10
A1,C1,return,3,,100,10
"""

SALES = """date,sku,location,channel,zone,units,price,is_promotion,availability
2026-11-18,K1,A1,walk_in,,3,16.0,false,1
2026-11-18,K2,A1,walk_in,,5,7.5,false,1
2026-11-18,K3,F1,instant,Z1,4,3.5,false,0.9
2026-11-19,K1,A1,walk_in,,2,16.0,false,1
2026-11-19,K1,A2,delivery,Z2,1,15.0,true,1
2026-11-19,K2,B1,walk_in,,6,7.5,false,
2026-11-20,K1,A1,walk_in,,4,16.0,false,0.8
2026-11-20,K2,A2,pickup,,2,7.5,false,1
2026-11-20,K3,F1,instant,Z1,7,3.5,false,1
2026-11-20,K3,B1,walk_in,,1,3.5,false,1
"""

STOCK = """as_of,sku,location,on_hand,allocated,stock_type
2026-11-20,K1,C1,120,0,free
2026-11-20,K1,A1,8,0,free
2026-11-20,K1,A1,2,0,display
2026-11-20,K1,A2,5,1,free
2026-11-20,K2,B1,30,0,free
2026-11-20,K3,F1,20,2,free
"""

OPEN_ORDERS = """order_id,origin,destination,sku,quantity,ship_date,due_date,status,external_ref
O1,S1,C1,K1,60,2026-11-19,2026-11-25,confirmed,
O2,C1,A1,K2,12,2026-11-20,2026-11-21,released,
O3,S1,C1,K3,48,2026-11-02,2026-11-08,closed,
"""

RECEIPTS = """order_id,sku,date,quantity
O3,K3,2026-11-09,48
"""

SIGNALS = """signal,key_type,key,date,known_at,family,value,sentiment
search_index,sku,K1,2026-11-19,2026-11-20,search,130,
search_index,category,tea,2026-11-19,2026-11-20T08:00+08:00,search,410,
foot_traffic,location,A1,2026-11-19,2026-11-20,traffic,1250,
buzz,brand,Lu,2026-11-19,2026-11-20,social,17,0.4
rain_mm,region,EAST,2026-11-22,2026-11-20,weather,12.5,
trend,global,,2026-11-19,2026-11-20,social,1.1,
visits,zone,Z1,2026-11-19,2026-11-20,traffic,88,
"""

PROMOTIONS = """promotion,sku,category,location,zone,region,channel,mechanism,from,to,price,planned_units,one_off,known_at
P1,K1,,,,EAST,,discount,2026-11-22,2026-11-25,13.9,40,false,2026-11-15
P2,,milk,A1,,,instant,flash,2026-11-23,2026-11-23,2.9,30,true,2026-11-18
"""

CALENDAR = """date,region,event,event_type,is_workday
2026-11-11,,Double 11,sale,
2027-02-17,EAST,Spring Festival,holiday,false
2027-02-21,,Moved working day,workday,true
"""

ASSORTMENT = """sku,location,from,to,presentation_stock,min_stock,max_stock,blocked,do_not_transfer,class,fill_rate
K1,A1,2026-01-01,,2,4,40,false,false,A,0.97
K1,A2,,,2,4,40,false,true,A,
K2,A1,,2026-12-31,1,2,,false,false,B,
K3,F1,,,0,6,60,false,false,A,0.98
"""

ZONES = """zone,latitude,longitude
Z1,31.31,121.51
Z2,31.32,121.52
Z3,30.61,104.01
"""

SERVING = """zone,location,channel,priority,promise_hours
Z1,F1,instant,1,0.5
Z1,A1,instant,2,2
Z2,A2,delivery,1,24
"""

SETTINGS = """id = "tiny"
currency = "CNY"
time_zone = "Asia/Shanghai"
country = "CN"

[economics]
gross_margin = 0.35

[[assumptions]]
table = "lanes"
text = "Truck costs are a planner's guess."
"""

CSV_BY_TABLE = {
    "locations": LOCATIONS,
    "skus": SKUS,
    "lanes": LANES,
    "sales": SALES,
    "stock": STOCK,
    "open_orders": OPEN_ORDERS,
    "receipts": RECEIPTS,
    "signals": SIGNALS,
    "promotions": PROMOTIONS,
    "calendar": CALENDAR,
    "assortment": ASSORTMENT,
    "zones": ZONES,
    "serving": SERVING,
}
REQUIRED = ("locations", "skus", "lanes", "sales", "stock")

TINY = {f"{table}.csv": text.encode() for table, text in CSV_BY_TABLE.items()} | {"chain.toml": SETTINGS.encode()}

MINIMAL = {
    "locations.csv": b"location,tier\nS1,supplier\nC1,central\nA1,store\n",
    "skus.csv": b"sku\nK1\n",
    "lanes.csv": b"origin,destination,mode,lead_time_days\nS1,C1,purchase,7\nC1,A1,transfer,1\n",
    "sales.csv": b"date,sku,location,units\n2026-11-19,K1,A1,2\n2026-11-20,K1,A1,3\n",
    "stock.csv": b"as_of,sku,location,on_hand\n2026-11-20,K1,A1,4\n2026-11-20,K1,C1,30\n",
}

_CHINESE_TEXT = {
    "locations.csv": "地点,层级,区域\n供应商一,supplier,\n中心仓,central,华东\n前置仓,forward,华东\n徐家汇店,store,华东\n",
    "skus.csv": "商品,类别,成本,箱规\n龙井茶,茶叶,１０,６\n纯牛奶,乳品,2.5,12\n",
    "lanes.csv": (
        "起点,终点,方式,提前期\n供应商一,中心仓,purchase,7\n中心仓,前置仓,transfer,1\n中心仓,徐家汇店,transfer,２\n"
    ),
    "sales.csv": (
        "日期,商品,地点,销量,促销\n2026-11-19,龙井茶,徐家汇店,3,否\n2026-11-20,龙井茶,徐家汇店,５,是\n"
        "2026-11-20,纯牛奶,前置仓,12,否\n"
    ),
    "stock.csv": "日期,商品,地点,库存\n2026-11-20,龙井茶,徐家汇店,6\n2026-11-20,纯牛奶,前置仓,２４\n",
}
_CHINESE_SETTINGS = """id = "华东连锁"
time_zone = "Asia/Shanghai"

[columns.locations]
location = "地点"
tier = "层级"
region = "区域"

[columns.skus]
sku = "商品"
category = "类别"
unit_cost = "成本"
case_pack = "箱规"

[columns.lanes]
origin = "起点"
destination = "终点"
mode = "方式"
lead_time_days = "提前期"

[columns.sales]
date = "日期"
sku = "商品"
location = "地点"
units = "销量"
is_promotion = "促销"

[columns.stock]
as_of = "日期"
sku = "商品"
location = "地点"
on_hand = "库存"
"""
CHINESE = {name: text.encode("gb18030") for name, text in _CHINESE_TEXT.items()} | {
    "chain.toml": _CHINESE_SETTINGS.encode()
}
