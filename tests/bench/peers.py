"""Other ways to do the same task. Each returns its work, after importing its packages and making its clients.

They write fewer attributes than we do and have no ledger, no index key, no outputs, no telemetry and no retries beyond
the SDK's; rows that do not pass are dropped. The packages come with the dependency group ``bench``.
"""

from __future__ import annotations

import codecs
import csv
import importlib
import os
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STAMP = datetime(2026, 11, 22, tzinfo=UTC).isoformat()
# Without bounds they would crash at the file's 1e400.
MOST_PIECES, MOST_MONEY = 1_000_000, 10_000_000


def _body() -> Any:
    return boto3.client("s3").get_object(Bucket="bench", Key="raw-data/orders.csv")["Body"]


def _rows() -> Iterator[dict[str, str]]:
    return csv.DictReader(codecs.getreader("utf-8")(_body()))


def _item(number: int, row: dict[str, Any]) -> dict[str, Any] | None:
    """Validate a row as tutorials do."""
    try:
        quantity, price = int(row["quantity"]), Decimal(row["unit_price"])
    except (ValueError, TypeError, InvalidOperation):
        return None
    if not row["order_id"] or not 0 < quantity <= MOST_PIECES or not price.is_finite() or not 0 <= price <= MOST_MONEY:
        return None
    return {
        "order_id": row["order_id"],
        "processed_timestamp": f"{STAMP}#{number}",
        "customer_name": row["customer_name"],
        "product_name": row["product_name"],
        "quantity": quantity,
        "unit_price": price,
        "line_total": quantity * price,
    }


def tutorial() -> Callable[[], None]:
    """Prepare csv.DictReader and Table.batch_writer."""
    table = boto3.resource("dynamodb").Table("orders")

    def work() -> None:
        with table.batch_writer() as batch:
            for number, row in enumerate(_rows()):
                if item := _item(number, row):
                    batch.put_item(Item=item)

    return work


def pydantic() -> Callable[[], None]:
    """Prepare a pydantic model for each row."""
    library = importlib.import_module("pydantic")
    table = boto3.resource("dynamodb").Table("orders")
    text = (str, library.Field(min_length=1, max_length=200))
    model: Any = library.create_model(
        "Row",
        order_id=text,
        customer_name=text,
        product_name=text,
        quantity=(int, library.Field(ge=1, le=MOST_PIECES)),
        unit_price=(Decimal, library.Field(ge=0, le=MOST_MONEY, decimal_places=4)),
    )

    def work() -> None:
        with table.batch_writer() as batch:
            for number, row in enumerate(_rows()):
                try:
                    order = model.model_validate(row)
                except library.ValidationError:
                    continue
                total = order.quantity * order.unit_price
                stamp = f"{STAMP}#{number}"
                batch.put_item(Item={**order.model_dump(), "processed_timestamp": stamp, "line_total": total})

    return work


def _frame(pandas: Any) -> Any:
    """Read and validate the file as pandas users do."""
    frame = pandas.read_csv(_body(), dtype=str, on_bad_lines="skip")
    quantity = pandas.to_numeric(frame["quantity"], errors="coerce")
    price = pandas.to_numeric(frame["unit_price"], errors="coerce")
    passing = frame["order_id"].notna() & frame["customer_name"].notna() & frame["product_name"].notna()
    passing &= quantity.between(1, MOST_PIECES) & (quantity % 1 == 0) & price.between(0, MOST_MONEY)
    frame = frame[passing].copy()
    frame["quantity"] = quantity[passing].astype(int)
    frame["unit_price"] = frame["unit_price"].map(Decimal)
    frame["processed_timestamp"] = [f"{STAMP}#{number}" for number in frame.index]
    frame["line_total"] = frame["quantity"] * frame["unit_price"]
    return frame


def pandas() -> Callable[[], None]:
    """Prepare pandas.read_csv and Table.batch_writer."""
    library = importlib.import_module("pandas")
    table = boto3.resource("dynamodb").Table("orders")

    def work() -> None:
        with table.batch_writer() as batch:
            for item in _frame(library).to_dict("records"):
                batch.put_item(Item=item)

    return work


def awswrangler() -> Callable[[], None]:
    """Prepare pandas.read_csv and awswrangler's put_df."""
    pandas_library, library = importlib.import_module("pandas"), importlib.import_module("awswrangler")

    def work() -> None:
        library.dynamodb.put_df(df=_frame(pandas_library), table_name="orders")

    return work


def ready_made() -> Callable[[], None]:
    """Prepare botocore's minimum: a call for every 25 rows with a body built beforehand."""
    rows = int(os.environ["BENCH_ROWS"])
    item = (
        '{"PutRequest":{"Item":{"order_id":{"S":"SO0001-0000001"},"processed_timestamp":{"S":"2026-11-22T10:00:00Z"},'
        '"customer_name":{"S":"Ada Lovelace"},"product_name":{"S":"Difference Engine"},"quantity":{"N":"3"},'
        '"unit_price":{"N":"9.99"},"line_total":{"N":"29.97"},"file_id":{"S":"0123456789abcdef01234567"}}}}'
    )
    body = f'{{"RequestItems":{{"orders":[{",".join([item] * 25)}]}}}}'.encode()
    config = importlib.import_module("botocore.config").Config(parameter_validation=False)
    client = boto3.client("dynamodb", config=config)

    def put_in(params: dict[str, Any], **_: Any) -> None:
        params["body"] = body

    client.meta.events.register("before-call.dynamodb.BatchWriteItem", put_in)

    def work() -> None:
        for _ in range(0, rows, 25):
            client.batch_write_item(RequestItems={})

    return work
