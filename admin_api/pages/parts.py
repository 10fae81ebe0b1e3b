"""The parts of a page that are asked of several services at once, so that one that is away takes only its own part."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from processor.observability.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable

_pool = ThreadPoolExecutor(6, thread_name_prefix="parts")


def start_call[T](call: Callable[[], T]) -> Future[T]:
    """Begin a call that the page cannot do without: ``result()`` raises what it raised.

    ``call`` must not make a client, which is not safe from several threads, nor wait for another call of this module.
    """
    return _pool.submit(call)


@dataclass(frozen=True, slots=True)
class PagePart[T]:
    """One part of a page, or why it is not there."""

    value: T | None
    problem: str = ""

    def then[U](self, make: Callable[[T], U]) -> PagePart[U]:
        """Make something else of the value; what is not there stays so, for the same reason."""
        return PagePart(None if self.value is None else make(self.value), self.problem)


def start_part[T](what: str, call: Callable[[], T]) -> Future[PagePart[T]]:
    """Begin to ask; ``result()`` of what is returned waits for the answer and never raises an error of AWS.

    ``call`` must not make a client: that is not safe from several threads.
    """
    return _pool.submit(_call_service, what, call)


def _call_service[T](what: str, call: Callable[[], T]) -> PagePart[T]:
    try:
        return PagePart(call())
    except ClientError as error:
        logger.warning("part_missing", extra={"what": what}, exc_info=error)
        return PagePart(None, f"{error.operation_name} failed: {error.response['Error']['Code']}.")
    except BotoCoreError as error:
        logger.warning("part_missing", extra={"what": what}, exc_info=error)
        return PagePart(None, f"{what} could not be reached: {type(error).__name__}.")
