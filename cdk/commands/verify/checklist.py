"""The list of assertions: runs each, prints one line for it, and remembers what failed and what is to be removed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from cdk.commands.session import OperationError

PASSED, FAILED, LEFT_OUT = "✓", "✗", "·"
POLL_S = 0.5
UNFORESEEN = "An answer that this script does not know, so perhaps a fault of its own:"


class CheckError(OperationError):
    """What was asserted is not so; the message says what is seen instead, and what to do."""


class LeftOutError(Exception):
    """The assertion means nothing in this deployment; the message says why."""


@dataclass
class Checklist:
    """The assertions so far. `say` prints a line."""

    say: Callable[[str], None]
    failures: int = 0
    _removals: list[tuple[str, Callable[[], object]]] = field(default_factory=list)

    def check(self, claim: str, prove: Callable[[], object]) -> bool:
        """Run an assertion and print its line, with what it returns as a remark; return whether it holds."""
        started = time.monotonic()
        try:
            remark = prove()
        except LeftOutError as error:
            self.say(f"{LEFT_OUT} {claim}: left out. {error}")
            return False
        except (OperationError, BotoCoreError, ClientError, httpx.HTTPError) as error:
            self.failures += 1
            words = str(error) or type(error).__name__
            self.say(f"{FAILED} {claim}\n    {words}")
            return False
        except Exception as error:  # noqa: BLE001 - an answer that nobody foresaw must not hide the other assertions
            self.failures += 1
            self.say(f"{FAILED} {claim}\n    {UNFORESEEN} {error!r}")
            return False
        seconds = f"{time.monotonic() - started:.1f} s"
        self.say(f"{PASSED} {claim} ({remark + ', ' if isinstance(remark, str) else ''}{seconds})")
        return True

    def remove_later(self, what: str, removal: Callable[[], object]) -> None:
        """Remember how to remove what was made."""
        self._removals.append((what, removal))

    def remove_all(self) -> None:
        """Remove everything that was made, the newest first; one that stays is a failure with its name."""
        while self._removals:
            what, removal = self._removals.pop()
            try:
                removal()
            except (OperationError, BotoCoreError, ClientError, httpx.HTTPError) as error:
                self.failures += 1
                self.say(f"{FAILED} {what} could not be removed: remove it by hand.\n    {error}")
            except Exception as error:  # noqa: BLE001 - the others are still to be removed
                self.failures += 1
                self.say(f"{FAILED} {what} could not be removed: remove it by hand.\n    {UNFORESEEN} {error!r}")


def wait_for[T](find: Callable[[], T | None], seconds: float, otherwise: Callable[[], str]) -> T:
    """Return what `find` returns once that is something; raise CheckError with other words after these seconds."""
    deadline = time.monotonic() + seconds
    while not (found := find()):
        if time.monotonic() > deadline:
            raise CheckError(f"After {seconds:.0f} s {otherwise()}")
        time.sleep(POLL_S)
    return found
