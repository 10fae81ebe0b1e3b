"""Stored orders for scripts, by order id, customer or file."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from admin_api.actions.files import file_or_404
from admin_api.api.files import FileId
from admin_api.api.models import FileOrdersOut, OrderOut, OrdersOut, problems
from admin_api.web.errors import InvalidError
from admin_api.wiring.services import ConsoleDep
from processor.domain.cursors import CursorError
from processor.orders.lookup import CustomerIndexMissingError
from processor.storage.accepted_reader import run_with_offsets

router = APIRouter(prefix="/api", tags=["Orders"])

Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[str, Query(max_length=500, description="`older` or `newer` of another page.")]


@router.get("/orders", responses=problems())
def find_orders(
    console: ConsoleDep,
    order_id: Annotated[str, Query(max_length=64)] = "",
    customer: Annotated[str, Query(max_length=200)] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> OrdersOut:
    """Find orders by their exact order id, or by a customer's whole name in any case and spacing."""
    if bool(order_id.strip(" ")) == bool(customer.strip()):
        raise InvalidError("Exactly one of order_id and customer is needed.")
    try:
        if order_id.strip(" "):
            found = console.orders.find_by_order_id(order_id, cursor, limit)
        else:
            found = console.orders.find_by_customer(customer, cursor, limit)
    except (CursorError, CustomerIndexMissingError) as error:
        raise InvalidError(str(error)) from error
    orders = [OrderOut.model_validate(order) for order in found.orders]
    return OrdersOut(orders=orders, older=found.older, newer=found.newer)


@router.get("/files/{file_id}/orders", responses=problems(404))
def list_orders_of_file(
    file_id: FileId, console: ConsoleDep, first: Annotated[int, Query(ge=0)] = 0, limit: Limit = 50
) -> FileOrdersOut:
    """List a file's orders in row order, as they are stored now."""
    entry = file_or_404(console, file_id)
    # Only the run's entry says at which byte later rows begin.
    run = run_with_offsets(console.ledger.list_runs(file_id)) if first else None
    (found,) = console.orders.compare_with_table(
        [console.orders.list_file_orders(entry, run, first=first, limit=limit)]
    )
    return FileOrdersOut(
        orders=[OrderOut.model_validate(order) for order in found.orders],
        missing=[order.row_number for order in found.missing],
        first=found.first,
        following=found.total if found.problem else found.following,
        total=found.total,
        problem=found.problem,
    )
