"""How many bundlers there are, by how much work waits for each of them, and by what is planned."""

from collections.abc import Sequence

from aws_cdk.aws_ecs import FargateService
from constructs import Construct

from seawall_constructs import backlog_scaling
from services.drive.limits import BUNDLE_SLOTS
from stacks.capacity import BUILD_SECONDS, RegionCapacity
from stacks.patterns.planned_capacity import raise_minimum
from stacks.patterns.work_queue import WorkQueue

GOAL_SECONDS = 60
"""How long a message may wait for a slot in quiet times: a fifth of the age at which somebody gets a ticket."""

BACKLOG_PER_TASK = BUNDLE_SLOTS * GOAL_SECONDS / BUILD_SECONDS
"""Messages that one task works off in that time."""


class BacklogScaling(backlog_scaling.BacklogScaling):
    """Scales the bundlers by the messages that wait, per running task, in their queues.

    Survives a planned surge: the minimum rises an hour before the event and falls an hour after it.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        service: FargateService,
        queues: Sequence[WorkQueue],
        capacity: RegionCapacity,
    ) -> None:
        """Scale `service` by all of `queues`; the first one is where work should never be late."""
        super().__init__(
            scope,
            name,
            service=service,
            queues=queues,
            backlog_per_task=BACKLOG_PER_TASK,
            fewest=capacity.running.bundlers,
            most=capacity.most_bundlers,
        )
        raise_minimum(self.target, capacity.events, everyday=capacity.running, of=lambda running: running.bundlers)
