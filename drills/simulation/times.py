"""How long each stage's work takes: measured on the embedded cloud, or assumed of AWS. The two are never mixed.

An emulator on two processors says nothing about how fast AWS is; AWS's limits (what the templates hold) say nothing
about how fast an emulator is. So a simulation takes all service times from one `ServiceTimes`, which says whose.
"""

import math
import random
from dataclasses import dataclass

from stacks.capacity import BUILD_SECONDS, REQUEST_SECONDS


@dataclass(frozen=True)
class Duration:
    """Seconds that a piece of work takes: always `mean` if `deviation` is 0, else spread like a gamma distribution."""

    mean: float
    deviation: float = 0.0

    def sample(self, chance: random.Random) -> float:
        """Return one of them."""
        if not self.deviation:
            return self.mean
        shape = (self.mean / self.deviation) ** 2
        if math.isclose(shape, 1):
            return chance.expovariate(1 / self.mean)
        return chance.gammavariate(shape, self.mean / shape)


@dataclass(frozen=True, kw_only=True)
class ServiceTimes:
    """What each piece of work takes, in seconds of the run."""

    source: str
    """Who says so."""
    build: Duration
    """A slot, from the receipt of a message until it is free again."""
    look: Duration
    """A slot, for a message that leads to no build: moved to the sideline, or dropped."""
    outbox: Duration
    """One record of the stream."""
    deliver: Duration
    """One purchase."""
    notice: Duration
    """One user is told."""
    page: Duration
    """A published bundle's shard without anybody who waits."""
    give: Duration
    """One order that waited for a published bundle."""
    request: Duration
    """One order occupies the API's function."""
    task_start: float
    """From the wish for a task until it takes work."""
    pipeline: float = 0.0
    """What an order waits beside all this, in calls, streams and polls."""


CALL_SECONDS = 0.01
"""A call to DynamoDB, SQS or SNS from within the region. An assumption: AWS speaks of single-digit milliseconds."""

STRONG_WRITE_SECONDS = 0.05
"""A write to a table that is strongly consistent between regions some 25 ms apart. An assumption."""

BUILD_SPREAD = 0.5
"""Bundles differ in size: their builds' deviation, of the mean. An assumption."""

TASK_START_SECONDS = 60
"""From the wish for a Fargate task until it works: network interface, image, process. An assumption."""


def assumed_on_aws() -> ServiceTimes:
    """Return the times that the design itself assumes (stacks/capacity.py), and calls counted in the services' code."""
    call, write = CALL_SECONDS, STRONG_WRITE_SECONDS
    return ServiceTimes(
        source="assumed of AWS: stacks/capacity.py for requests and builds, calls counted for the rest",
        build=Duration(BUILD_SECONDS, BUILD_SPREAD * BUILD_SECONDS),
        look=Duration(4 * call),  # receive, read the job, send, delete
        outbox=Duration(3 * call),  # read the job, insert it, send
        deliver=Duration(call + 2 * write),  # read the order, give, deliver
        notice=Duration(call + 2 * write),  # claim, publish, mark as told
        page=Duration(2 * call),  # read the job, query a page
        give=Duration(write),
        request=Duration(REQUEST_SECONDS),
        task_start=TASK_START_SECONDS,
        pipeline=0.5,  # the stream is polled four times a second, the queues all the time
    )
