"""Minimums that are raised before a planned event and lowered after it, whatever scales: tasks or functions."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from aws_cdk.aws_applicationautoscaling import Schedule

from stacks.capacity import Running, Scheduled


class Scalable(Protocol):
    """What Application Auto Scaling scales, in each of CDK's guises."""

    def scale_on_schedule(self, name: str, /, *, schedule: Schedule, min_capacity: float | None = None) -> None:
        """Change the minimum at the moments of `schedule`."""


def raise_minimum(
    scalable: Scalable, events: Sequence[Scheduled], *, everyday: Running, of: Callable[[Running], int]
) -> None:
    """Schedule the minimum at each start and end: what the most demanding of the events running then needs.

    `of` picks what is scaled, such as `lambda running: running.bundlers`.
    """
    for event in events:
        for edge, moment in (("starts", event.start), ("is-over", event.end)):
            scalable.scale_on_schedule(
                f"{event.name}-{edge}",
                schedule=Schedule.at(moment),
                min_capacity=max(map(of, [everyday, *_running(events, moment)])),
            )


def _running(events: Sequence[Scheduled], moment: datetime) -> list[Running]:
    return [event.running for event in events if event.start <= moment < event.end]
