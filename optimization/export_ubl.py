"""Orders as UBL 2.1 documents: an Order to a supplier, a DespatchAdvice for goods that move between own sites.

Elements stand in the order of the OASIS schemas (UBL-Order-2.1, UBL-DespatchAdvice-2.1); quantities are pieces (C62 of
UN/ECE recommendation 20). One document of ours is one file.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from network.contracts import Mode
from optimization.actions import new_lines
from optimization.export_files import ExportError, file_stem, write_bytes_atomically

if TYPE_CHECKING:
    from lxml.etree import _Element

_ROOT = "urn:oasis:names:specification:ubl:schema:xsd:"
CAC, CBC = f"{_ROOT}CommonAggregateComponents-2", f"{_ROOT}CommonBasicComponents-2"
PIECE = "C62"
_GTIN_LENGTHS = (8, 12, 13, 14)
# What XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Line = Mapping[Hashable, Any]


@dataclass(frozen=True)
class DocumentHeader:
    """What documents say beyond their lines.

    Parameters
    ----------
    buyer
        Who orders: the chain's id.
    issued
        Day on which the orders are issued.
    currency
        ISO code of all money.
    """

    buyer: str
    issued: date
    currency: str


def write_ubl(orders: pd.DataFrame, folder: Path, header: DocumentHeader) -> tuple[Path, ...]:
    """Write each document of new lines to a file of its own, named by kind and document id; each whole or not at all.

    Parameters
    ----------
    orders
        The orders table; messages about published lines have no document here and are left out.
    folder
        Where; made if absent.
    header
        What all documents say.

    Returns
    -------
    The files, by document id. The same orders give the same bytes.

    Raises
    ------
    ExportError
        If lxml is not installed, or a text cannot stand in XML; nothing is written then.
    """
    documents = ubl_documents(orders, header)
    folder.mkdir(parents=True, exist_ok=True)
    paths = tuple(folder / f"{file_stem(name)}.xml" for name in documents)
    for path, content in zip(paths, documents.values(), strict=True):
        write_bytes_atomically(path, content)
    return paths


def ubl_documents(orders: pd.DataFrame, header: DocumentHeader) -> dict[str, bytes]:
    """Return the content of each document by its name, ``order-ID`` or ``despatch-ID``; see `write_ubl`."""
    try:
        from lxml import etree
    except ImportError as error:
        raise ExportError("UBL needs the extra edi: pip install 'tierflow[edi]'") from error
    lines = new_lines(orders)
    is_order = lines["kind"].astype("str") == str(Mode.PURCHASE)
    documents: dict[str, bytes] = {}
    for kind, chosen, build in (("order", is_order, _order), ("despatch", ~is_order, _despatch)):
        for document, rows in lines[chosen].groupby("document_id", sort=True):
            root = build(str(document), rows.to_dict("records"), header)
            documents[f"{kind}-{document}"] = etree.tostring(
                root, xml_declaration=True, encoding="UTF-8", pretty_print=True
            )
    return documents


def _order(document: str, lines: Sequence[Line], header: DocumentHeader) -> _Element:
    """One Order: who, where to, when, what."""
    root = _root("Order", document, header)
    _basic(root, "DocumentCurrencyCode", header.currency)
    _basic(root, "LineCountNumeric", str(len(lines)))
    _party(root, "BuyerCustomerParty", header.buyer)
    _party(root, "SellerSupplierParty", str(lines[0]["origin"]))
    delivery = _part(root, "Delivery")
    _basic(_part(delivery, "DeliveryLocation"), "ID", str(lines[0]["destination"]))
    values = [_number(line, "value") for line in lines]
    if all(value is not None for value in values):
        total = _part(root, "AnticipatedMonetaryTotal")
        for name in ("LineExtensionAmount", "PayableAmount"):
            _amount(total, name, sum(value for value in values if value is not None), header)
    for line in lines:
        _order_line(root, line, header)
    return root


def _order_line(root: _Element, line: Line, header: DocumentHeader) -> None:
    item = _part(_part(root, "OrderLine"), "LineItem")
    _basic(item, "ID", str(line["order_id"]))
    _quantity(item, "Quantity", line)
    value, unit_cost = _number(line, "value"), _number(line, "unit_cost")
    if value is not None:
        _amount(item, "LineExtensionAmount", value, header)
    delivery = _part(item, "Delivery")
    _basic(delivery, "LatestDeliveryDate", _day(line["due_date"]))
    _basic(_part(delivery, "Despatch"), "RequestedDespatchDate", _day(line["ship_date"]))
    if unit_cost is not None:
        _basic(_part(item, "Price"), "PriceAmount", _decimal(unit_cost, 6), currencyID=header.currency)
    _item(item, line)


def _despatch(document: str, lines: Sequence[Line], header: DocumentHeader) -> _Element:
    """One DespatchAdvice: what leaves one own site for another."""
    root = _root("DespatchAdvice", document, header)
    _basic(root, "LineCountNumeric", str(len(lines)))
    _party(root, "DespatchSupplierParty", str(lines[0]["origin"]))
    _party(root, "DeliveryCustomerParty", str(lines[0]["destination"]))
    _party(root, "BuyerCustomerParty", header.buyer)
    shipment = _part(root, "Shipment")
    _basic(shipment, "ID", document)
    delivery = _part(shipment, "Delivery")
    _basic(delivery, "LatestDeliveryDate", max(_day(line["due_date"]) for line in lines))
    _basic(_part(delivery, "Despatch"), "RequestedDespatchDate", _day(lines[0]["ship_date"]))
    for line in lines:
        each = _part(root, "DespatchLine")
        _basic(each, "ID", str(line["order_id"]))
        _quantity(each, "DeliveredQuantity", line)
        _basic(_part(each, "OrderLineReference"), "LineID", str(line["order_id"]))
        _item(each, line)
    return root


def _root(kind: str, document: str, header: DocumentHeader) -> _Element:
    from lxml import etree

    namespace = f"{_ROOT}{kind}-2"
    root = etree.Element(f"{{{namespace}}}{kind}", nsmap={None: namespace, "cac": CAC, "cbc": CBC})
    _basic(root, "UBLVersionID", "2.1")
    _basic(root, "ID", document)
    _basic(root, "IssueDate", header.issued.isoformat())
    return root


def _part(parent: _Element, name: str) -> _Element:
    from lxml import etree

    return etree.SubElement(parent, f"{{{CAC}}}{name}")


def _basic(parent: _Element, name: str, text: str, **attributes: str) -> None:
    from lxml import etree

    if _NOT_XML.search(text):
        raise ExportError(f"{text[:60]!r} cannot stand in XML: take the control characters out of the id")
    etree.SubElement(parent, f"{{{CBC}}}{name}", attributes).text = text


def _party(parent: _Element, role: str, identifier: str) -> None:
    _basic(_part(_part(_part(parent, role), "Party"), "PartyIdentification"), "ID", identifier)


def _quantity(parent: _Element, name: str, line: Line) -> None:
    _basic(parent, name, str(int(line["quantity"])), unitCode=PIECE)


def _amount(parent: _Element, name: str, value: float, header: DocumentHeader) -> None:
    _basic(parent, name, _decimal(value, 2), currencyID=header.currency)


def _item(parent: _Element, line: Line) -> None:
    """The item: size of a case, our id, the supplier's code, the barcode."""
    item = _part(parent, "Item")
    cases, quantity = _number(line, "cases"), int(line["quantity"])
    if cases and quantity % cases == 0:
        _basic(item, "PackSizeNumeric", str(int(quantity // cases)))
    _basic(item, "Name", str(line["sku"]))
    _basic(_part(item, "BuyersItemIdentification"), "ID", str(line["sku"]))
    if code := _text(line, "supplier_item_code"):
        _basic(_part(item, "SellersItemIdentification"), "ID", code)
    if barcode := _text(line, "barcode"):
        is_gtin = barcode.isascii() and barcode.isdigit() and len(barcode) in _GTIN_LENGTHS
        _basic(_part(item, "StandardItemIdentification"), "ID", barcode, **({"schemeID": "GTIN"} if is_gtin else {}))


def _text(line: Line, name: str) -> str:
    value = line.get(name)
    return "" if value is None or pd.isna(value) else str(value)


def _number(line: Line, name: str) -> float | None:
    value = line.get(name)
    return None if value is None or pd.isna(value) else float(value)


def _decimal(value: float, places: int) -> str:
    """A number as XML's decimal: no exponent, at least two places."""
    whole, _, rest = f"{value:.{places}f}".partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"


def _day(value: Any) -> str:
    return f"{pd.Timestamp(value):%Y-%m-%d}"
