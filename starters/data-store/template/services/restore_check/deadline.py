"""How long a check may take."""

import time
from dataclasses import dataclass
from typing import Any

SPARE_SECONDS = 30
"""Left for the verdict itself, when the function is about to be ended."""


class OutOfTimeError(Exception):
    """The check was not through when its time was over."""


@dataclass(frozen=True)
class Deadline:
    """When a check must be over, in seconds of `time.monotonic`."""

    ends_at: float

    @classmethod
    def of(cls, context: Any) -> "Deadline":
        """Return the deadline of a Lambda invocation."""
        return cls(time.monotonic() + context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS)

    def check(self) -> None:
        """Raise OutOfTimeError when no time is left."""
        if time.monotonic() > self.ends_at:
            raise OutOfTimeError
