"""Orders are written until DynamoDB has really taken them, which no emulator ever tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from processor.domain.errors import ThrottledError
from processor.domain.orders import Item, put_request
from processor.orders.batches import Batch
from processor.orders.transport.sender import ClientSender, encode_puts
from processor.orders.writer import OrderWriter

if TYPE_CHECKING:
    from tests.integration.stage import Stage


def item(number: int) -> Item:
    """Build the smallest item."""
    return {"order_id": {"S": f"A-{number}"}, "processed_timestamp": {"S": "t"}}


def batch(*items: Item) -> Batch:
    """Build a batch."""
    return Batch(encode_puts([put_request(one) for one in items]), b"", len(items))


def answer(*unprocessed: Item) -> dict[str, Any]:
    """Build DynamoDB's answer to a batch."""
    left = {"orders": [put_request(one) for one in unprocessed]} if unprocessed else {}
    return {"UnprocessedItems": left}


def asked(*items: Item) -> dict[str, Any]:
    """Build the request that is expected."""
    return {"RequestItems": {"orders": [put_request(one) for one in items]}}


def test_unprocessed_items_are_sent_again_with_growing_waits(stage: Stage) -> None:
    """Only what was left is sent again, each time after a longer possible wait."""
    waits: list[float] = []
    store = OrderWriter(ClientSender(stage.clients.orders, "orders"), sleep=waits.append, jitter=lambda: 1.0)
    items = [item(number) for number in range(4)]
    with Stubber(stage.clients.orders) as stubber:
        stubber.add_response("batch_write_item", answer(*items[1:]), asked(*items))
        stubber.add_response("batch_write_item", answer(items[3]), asked(*items[1:]))
        stubber.add_response("batch_write_item", answer(), asked(items[3]))

        store.write(batch(*items))

        stubber.assert_no_pending_responses()
    assert waits == [0.05, 0.1]
    assert (store.batches, store.retried_items) == (3, 4)


def test_endless_throttling_raises(stage: Stage) -> None:
    """After a bounded number of attempts the run fails, so that SQS tries again later."""
    waits: list[float] = []
    store = OrderWriter(ClientSender(stage.clients.orders, "orders"), sleep=waits.append, jitter=lambda: 1.0)
    with Stubber(stage.clients.orders) as stubber:
        for _ in range(12):
            stubber.add_response("batch_write_item", answer(item(1)), asked(item(1)))

        with pytest.raises(ThrottledError, match="left 1 orders unprocessed after 12 attempts"):
            store.write(batch(item(1)))
    assert max(waits) == 10.0


def test_written_items_are_in_the_table(stage: Stage) -> None:
    """A batch that DynamoDB takes at once is stored with one call."""
    store = stage.services.new_order_writer()

    store.write(batch(*[item(number) for number in range(25)]))

    assert len(stage.orders()) == 25
    assert store.batches == 1


def test_batch_that_is_throttled_as_a_whole_waits_like_its_items(stage: Stage) -> None:
    """A refused call counts as all items unprocessed: the SDK's small quota of retries must not end the run."""
    waits: list[float] = []
    store = OrderWriter(ClientSender(stage.clients.orders, "orders"), sleep=waits.append, jitter=lambda: 1.0)
    with Stubber(stage.clients.orders) as stubber:
        for code in ("ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"):
            stubber.add_client_error("batch_write_item", code, expected_params=asked(item(1)))
        stubber.add_response("batch_write_item", answer(), asked(item(1)))

        store.write(batch(item(1)))

    assert waits == [0.05, 0.1, 0.2]


def test_other_errors_are_not_waited_for(stage: Stage) -> None:
    """Any error but throttling fails the run at once."""
    store = OrderWriter(ClientSender(stage.clients.orders, "orders"), sleep=lambda _: None)
    with Stubber(stage.clients.orders) as stubber:
        stubber.add_client_error("batch_write_item", "AccessDeniedException")

        with pytest.raises(ClientError, match="AccessDenied"):
            store.write(batch(item(1)))


def test_no_wait_outlasts_the_run(stage: Stage) -> None:
    """Rather than sleep until Lambda kills it, a throttled run fails while it can still say why."""
    store = OrderWriter(ClientSender(stage.clients.orders, "orders"), sleep=lambda _: None, may_wait=lambda _: False)
    with Stubber(stage.clients.orders) as stubber:
        stubber.add_response("batch_write_item", answer(item(1)))

        with pytest.raises(ThrottledError, match="after 1 attempts"):
            store.write(batch(item(1)))
