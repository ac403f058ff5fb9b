"""Tools as people write them, in the version that was recorded and in today's."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from replay.tools import Toolbox

old = Toolbox("shop")
today = Toolbox("shop")


class Line(BaseModel):
    """One line of an order."""

    sku: str
    quantity: Annotated[int, Field(ge=1, le=99)] = 1
    gift: bool = False


class Address(BaseModel):
    """Where an order goes."""

    street: str
    city: str
    postcode: Annotated[str, Field(pattern=r"^[0-9A-Z -]{3,10}$")]
    country: str = "DE"


@old.tool(version="1")
def place_order(customer_id: str, lines: list[Line], address: Address, note: str = "") -> dict:
    """Place an order."""
    raise AssertionError("nothing runs here")


@today.tool(name="place_order", version="2")
def place_order_2(
    customer_id: str,
    lines: list[Line],
    address: Address,
    currency: Literal["EUR", "USD"] = "EUR",
    note: str = "",
) -> dict:
    """Place an order."""
    raise AssertionError("nothing runs here")


@old.tool(version="1")
def search_products(
    query: str, max_price: float | None = None, sort: Literal["price", "rating"] = "price"
) -> dict:
    """Search the shop."""
    raise AssertionError("nothing runs here")


@today.tool(name="search_products", version="2")
def search_products_2(
    query: str,
    max_price: Annotated[float, Field(le=500)] | None = None,
    sort: Literal["price", "rating", "newest"] = "rating",
) -> dict:
    """Search the shop."""
    raise AssertionError("nothing runs here")


@old.tool(version="1")
def track(order_id: str, since: str | None = None) -> dict:
    """Say where an order is."""
    raise AssertionError("nothing runs here")


@today.tool(name="track", version="2")
def track_2(order_id: str, since: date | None = None) -> dict:
    """Say where an order is."""
    raise AssertionError("nothing runs here")
