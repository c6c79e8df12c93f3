"""What a promotion's tasks cost, with the prices and the sources of stacks/prices.py, which has no other that fits."""

from dataclasses import dataclass

from drills.simulation.design import Design
from stacks.prices import HOURS, TASK_CPU, TASK_MEMORY, Price

UNPRICED = (
    "provisioned concurrency",
    "requests to API Gateway, Lambda, SQS, SNS and DynamoDB",
    "storage of bundles",
    "transfer to the users",
)
"""Paid for by use; no page that could be read says what (stacks/prices.py)."""

SOURCES: tuple[Price, ...] = (TASK_CPU, TASK_MEMORY)


@dataclass(frozen=True)
class Cost:
    """US dollars."""

    tasks: float
    """All tasks of the bundler while the promotion lasts and drains."""
    extra: float
    """Beyond those that run every day."""


def cost(design: Design, task_seconds: float, everyday_tasks: float, seconds: float) -> Cost:
    """Return what `task_seconds` cost, and how much of it comes on top of `everyday_tasks` running for `seconds`."""
    tasks = task_seconds * per_second(design)
    return Cost(tasks, tasks - everyday_tasks * seconds * per_second(design))


def per_second(design: Design) -> float:
    """Return what one task costs each second."""
    if TASK_CPU.dollars is None or TASK_MEMORY.dollars is None:
        raise LookupError("stacks/prices.py has no price for Fargate")
    monthly = design.task_cpus * TASK_CPU.dollars + design.task_gigabytes * TASK_MEMORY.dollars
    return monthly / (HOURS * 3600)
