"""Waiting for a network without becoming deaf: a build that may no longer go on stops within a second."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from services.drive.limits import CHECK_EVERY

Check = Callable[[], None]
"""Raises when the build must not go on; called often."""

_Result = TypeVar("_Result")


def result(future: Future[_Result], check: Check) -> _Result:
    """Return or raise what `future` does; raises what `check` does meanwhile."""
    while not wait([future], timeout=CHECK_EVERY).done:
        check()
    return future.result()
