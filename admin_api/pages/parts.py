"""Parts of a page, loaded from several services at once; if one fails, only its own part is missing."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from processor.domain.errors import LookupThrottledError
from processor.observability.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable

_pool = ThreadPoolExecutor(6, thread_name_prefix="parts")


def start_call[T](call: Callable[[], T]) -> Future[T]:
    """Start a call that the page needs: ``result()`` raises its errors.

    ``call`` must not make a client, which is not thread-safe, nor wait for another call of this module.
    """
    return _pool.submit(call)


@dataclass(frozen=True, slots=True)
class PagePart[T]:
    """One part of a page, or the reason why it is missing."""

    value: T | None
    problem: str = ""

    def then[U](self, make: Callable[[T], U]) -> PagePart[U]:
        """Convert the value; a missing part stays missing for the same reason."""
        return PagePart(None if self.value is None else make(self.value), self.problem)


def start_part[T](what: str, call: Callable[[], T]) -> Future[PagePart[T]]:
    """Start to load a part; ``result()`` waits for it, and never raises an error of AWS.

    ``call`` must not make a client, which is not thread-safe.
    """
    return _pool.submit(_call_service, what, call)


def _call_service[T](what: str, call: Callable[[], T]) -> PagePart[T]:
    try:
        return PagePart(call())
    except ClientError as error:
        logger.warning("part_missing", extra={"what": what}, exc_info=error)
        return PagePart(None, f"{error.operation_name} failed: {error.response['Error']['Code']}.")
    except LookupThrottledError as error:
        logger.warning("part_missing", extra={"what": what}, exc_info=error)
        return PagePart(None, str(error))
    except BotoCoreError as error:
        logger.warning("part_missing", extra={"what": what}, exc_info=error)
        return PagePart(None, f"{what} could not be reached: {type(error).__name__}.")
