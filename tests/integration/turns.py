"""Interleaves two runs at their AWS calls: only one of them goes on at a time, in the order of a schedule."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from processor.wiring.services import Clients

_LONGEST_WAIT_S = 60


class Turns:
    """Lets two functions go on call by call; the schedule names the one whose turn it is."""

    def __init__(self, schedule: Iterable[int]) -> None:
        self._schedule = iter(schedule)
        self._condition = threading.Condition()
        self._names: dict[int, int] = {}
        self._running = {0, 1}
        self._turn = next(self._schedule, 0)
        self.calls = [0, 0]

    def run(self, clients: Clients, *functions: Callable[[], object]) -> None:
        """Run both functions to their ends; raises what one of them raised."""
        errors: list[Exception] = []
        threads = [
            threading.Thread(target=self._run, args=(number, function, errors))
            for number, function in enumerate(functions)
        ]
        with self._watching(clients):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if errors:
            raise errors[0]

    def _run(self, number: int, function: Callable[[], object], errors: list[Exception]) -> None:
        self._names[threading.get_ident()] = number
        try:
            self._await_turn(number)
            function()
        except Exception as error:  # noqa: BLE001 - raised again by the caller's thread
            errors.append(error)
        finally:
            with self._condition:
                self._running.discard(number)
                self._pass_on()

    def _before_call(self, **_: Any) -> None:
        number = self._names.get(threading.get_ident())
        if number is None:
            return
        with self._condition:
            self.calls[number] += 1
            self._pass_on()
        self._await_turn(number)

    def _pass_on(self) -> None:
        """Give the turn to the next in the schedule; whoever is left goes on when it has ended."""
        turn = next(self._schedule, self._turn)
        self._turn = turn if turn in self._running else next(iter(self._running), turn)
        self._condition.notify_all()

    def _await_turn(self, number: int) -> None:
        with self._condition:
            assert self._condition.wait_for(lambda: self._turn == number, _LONGEST_WAIT_S), "the other never ended"

    @contextmanager
    def _watching(self, clients: Clients) -> Iterator[None]:
        watched = (clients.s3, clients.files, clients.orders, clients.sqs, clients.sns)
        for client in watched:
            client.meta.events.register("before-call", self._before_call)
        try:
            yield
        finally:
            for client in watched:
                client.meta.events.unregister("before-call", self._before_call)
