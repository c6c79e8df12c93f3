"""The bundler's workers in a simulation: slots, two queues, leases, failed builds, as in services/bundler."""

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import Enum
from statistics import fmean
from typing import Any

from simpy import Environment, Event, Interrupt, Process

from drills.simulation.broker import FairQueue, Message
from drills.simulation.outcome import Outcome
from drills.simulation.rules import Rules
from drills.simulation.times import ServiceTimes
from services.bundler.build_times import RECENT_BUILD
from services.drive.pace import Pace, together

Steps = Generator[Event, Any, None]


class State(Enum):
    QUEUED = "queued"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(slots=True, eq=False)
class Job:
    """One content in one region, and the orders that wait for it."""

    content: str
    user: str
    accepted_at: float
    state: State = State.QUEUED
    started: int = 0
    failures: int = 0
    lease_until: float = 0.0
    waiters: list[Any] = field(default_factory=list)


class Bundlers:
    """The queues of bundles and all workers of a region.

    `ended` is told of each job that is READY, FAILED or EXPIRED now.
    """

    def __init__(
        self,
        clock: Environment,
        rules: Rules,
        times: ServiceTimes,
        *,
        chance: random.Random,
        most_receives: int,
        outcome: Outcome,
        ended: Callable[[Job], None],
        fair: bool = True,
        in_turn: bool = False,
        poison: frozenset[str] = frozenset(),
    ) -> None:
        self.clock, self.rules, self.times, self.chance = clock, rules, times, chance
        self.outcome, self._ended, self.poison = outcome, ended, poison
        self.jobs: dict[str, Job] = {}
        self.workers: list[Worker] = []
        self.fresh, self.sideline = (
            FairQueue(
                clock,
                most_receives=most_receives,
                dead=self._dead,
                fair=fair,
                in_turn=in_turn,
                time_scale=rules.time_scale,
            )
            for _ in range(2)
        )

    def order(self, content: str, user: str, accepted_at: float) -> Job:
        """Make a job and send its message."""
        job = self.jobs[content] = Job(content, user, accepted_at)
        self.fresh.send(Message(content, user, accepted_at))
        return job

    def start(self, count: int) -> None:
        """Start workers, at once."""
        self.workers.extend(Worker(self) for _ in range(count))

    def stop(self, count: int) -> None:
        """Let the youngest workers finish what they are building, and take nothing more."""
        for _ in range(min(count, len(self.workers))):
            self.workers.pop().stopping = True

    def kill(self, count: int) -> None:
        """End workers in the middle of what they do."""
        for _ in range(min(count, len(self.workers))):
            self.workers.pop(self.chance.randrange(len(self.workers))).kill()

    def estimate(self) -> tuple[int, float]:
        """Return how many messages are visible, and how long a new order would wait, as services/drive/pace.py does."""
        fresh, waiting = self.fresh.visible, self.fresh.visible + self.sideline.visible
        aside = together([Pace(1, worker.mean, worker.built > 0) for worker in self.workers])
        rate = max(1, self.rules.slots - 1) * aside or self.rules.slots / self.rules.assumed_build
        return waiting, max(fresh / rate, waiting / (rate + aside))

    def claim(self, job: Job) -> None:
        """Begin a build."""
        job.state = State.BUILDING
        job.started += 1
        job.lease_until = self.clock.now + self.rules.lease
        self.outcome.builds_started += 1

    def finish(self, job: Job, state: State) -> None:
        """End a job."""
        job.state = state
        self._ended(job)

    def is_leased(self, job: Job) -> bool:
        """Return whether somebody builds it and may be alive."""
        return job.state is State.BUILDING and job.lease_until + self.rules.clock_skew >= self.clock.now

    def _dead(self, message: Message) -> None:
        self.outcome.dead_letters += 1
        job = self.jobs[message.content]
        if job.state not in (State.QUEUED, State.BUILDING):
            return
        # Its message is gone and its record is not: the reconciler sends a new one within its minute.
        if job.started >= self.rules.started_builds:
            self.finish(job, State.FAILED)
        else:
            again = Message(job.content, job.user, job.accepted_at)
            self.clock.timeout(self.rules.reconciler_every).callbacks.append(lambda _: self.sideline.send(again))


class Worker:
    """One task: its slots run until it is stopped or killed."""

    def __init__(self, bundlers: Bundlers) -> None:
        self._of = bundlers
        self._mean = bundlers.rules.assumed_build
        self.built = 0
        self._began: dict[int, float] = {}
        self.stopping = False
        self._seen: tuple[float, float] | None = None  # when the fresh queue was looked at, and the age it gave
        self._slots: list[Process] = [bundlers.clock.process(self._work(slot)) for slot in range(bundlers.rules.slots)]

    @property
    def mean(self) -> float:
        """Seconds of a build, as services/bundler/build_times.py knows them."""
        running = [self._of.clock.now - began for began in self._began.values()]
        return fmean(max(lasts, self._mean) for lasts in running) if running else self._mean

    def kill(self) -> None:
        """Vanish: what was being built is taken over when its message comes back."""
        for slot in self._slots:
            if slot.is_alive:
                slot.interrupt()

    def _work(self, slot: int) -> Steps:
        queue, message = None, None
        try:
            while not self.stopping:
                message, queue = yield from self._receive(slot)
                if message is not None:
                    self._began[slot] = self._of.clock.now
                    yield from self._handle(message, queue)
                    del self._began[slot]
                    message = None
        except Interrupt:
            if message is not None and queue is not None:
                self._vanish(message, queue)

    def _vanish(self, message: Message, queue: FairQueue) -> None:
        rules, job = self._of.rules, self._of.jobs[message.content]
        since_heartbeat = self._of.chance.uniform(0, rules.heartbeat)
        if job.state is State.BUILDING:
            job.lease_until = self._of.clock.now + rules.lease - since_heartbeat
        queue.return_after(message, rules.lease + 2 * rules.clock_skew - since_heartbeat)

    def _receive(self, slot: int) -> Generator[Event, Any, tuple[Message | None, FairQueue]]:
        bundlers, rules = self._of, self._of.rules
        if slot == 0 or self._fresh_are_served():
            message = yield from bundlers.sideline.receive(rules.short_poll)
            if message:
                return message, bundlers.sideline
        message = yield from bundlers.fresh.receive(rules.long_poll)
        now = bundlers.clock.now
        self._seen = (now, now - message.accepted_at if message else 0.0)
        return message, bundlers.fresh

    def _fresh_are_served(self) -> bool:
        if self._seen is None:
            return False
        at, age = self._seen
        return age + self._of.clock.now - at < self._of.rules.fresh_queue

    def _handle(self, message: Message, queue: FairQueue) -> Steps:
        bundlers, rules = self._of, self._of.rules
        job, age = bundlers.jobs[message.content], bundlers.clock.now - message.accepted_at
        is_fresh = queue is bundlers.fresh
        if job.state in (State.READY, State.EXPIRED) or bundlers.is_leased(job):
            yield from self._look(queue, message)
        elif job.state is State.FAILED:
            yield bundlers.clock.timeout(self._looking())
            queue.return_after(message, rules.retry_build_after)
        elif age > rules.expire_after:
            bundlers.finish(job, State.EXPIRED)
            yield from self._look(queue, message)
        elif is_fresh and message.tries == 1 and not message.sidelined and age > rules.sideline_after:
            yield from self._look(queue, message)
            bundlers.sideline.send(Message(message.content, message.user, message.accepted_at, sidelined=True))
            bundlers.outcome.sidelined += 1
        elif job.started >= rules.started_builds:
            bundlers.finish(job, State.FAILED)
            yield from self._look(queue, message)
        else:
            yield from self._build(job, message, queue)

    def _build(self, job: Job, message: Message, queue: FairQueue) -> Steps:
        bundlers = self._of
        bundlers.claim(job)
        took = bundlers.times.build.sample(bundlers.chance)
        yield bundlers.clock.timeout(took)
        if job.content in bundlers.poison:
            job.failures += 1
            if job.failures >= bundlers.rules.failed_builds:
                bundlers.finish(job, State.FAILED)
            else:
                job.state = State.QUEUED
            queue.return_after(message, bundlers.rules.retry_build_after * message.tries)
            return
        self.built += 1
        self._mean += max(RECENT_BUILD, 1 / self.built) * (took - self._mean)
        queue.drop(message)
        bundlers.outcome.built += 1
        bundlers.finish(job, State.READY)

    def _look(self, queue: FairQueue, message: Message) -> Steps:
        """A message that leads to no build costs a slot a moment."""
        yield self._of.clock.timeout(self._looking())
        queue.drop(message)

    def _looking(self) -> float:
        return max(SHORTEST_LOOK, self._of.times.look.sample(self._of.chance))


SHORTEST_LOOK = 1e-4
"""Above zero, or a slot that finds only such messages would stop the time."""
