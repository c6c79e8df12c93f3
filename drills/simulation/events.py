"""The event model of one data region: every order is followed by itself. For up to some 10^5 orders.

Simulated: API Gateway's throttle, admission, single flight, the outbox, the queues with their fairness, sidelines,
retries and dead letters, workers that are killed, autoscaling, the reconciler's deliveries, clients that come back.
Not simulated: the ramp-up of SQS pollers and of functions (both grow within a minute), DynamoDB's partitions, uploads.
"""

import random
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from simpy import Environment, Event

from drills.simulation.broker import Message
from drills.simulation.bundlers import Bundlers, Job, State
from drills.simulation.gate import Door, Gate
from drills.simulation.load import ALBUM, GREEDY, PURCHASE, Arrival
from drills.simulation.outcome import Outcome
from drills.simulation.plan import Plan
from drills.simulation.scaler import Scaler
from drills.simulation.station import Station
from stacks.capacity import REQUEST_SHARES

Steps = Generator[Event, Any, None]


@dataclass(slots=True, eq=False)
class Order:
    user: str
    content: str
    kind: str
    asked_at: float
    accepted_at: float = 0.0
    returns: int = 0
    is_delivered: bool = False

    @property
    def group(self) -> str:
        """Return which waits it counts among."""
        if self.kind == PURCHASE:
            return PURCHASE
        if self.user == GREEDY:
            return GREEDY
        return ALBUM if self.content == ALBUM else "distinct"


def simulate(
    plan: Plan, arrivals: Iterable[Arrival], progress: Callable[[float, Outcome], None] | None = None
) -> Outcome:
    """Run the event model until everything is served or `plan.until`; the same plan and arrivals give the same."""
    return _Region(plan, progress).run(arrivals)


class _Region:
    def __init__(self, plan: Plan, progress: Callable[[float, Outcome], None] | None) -> None:
        self.plan, self.rules, self.times = plan, plan.rules, plan.times
        self.clock = Environment()
        self.chance = random.Random(plan.seed)  # noqa: S311 - repeatable, not secret
        self.outcome = Outcome("events")
        self._progress = progress
        design = plan.design
        share = REQUEST_SHARES["order"]
        self._doors = [
            Door(min(design.requests_per_second * share, design.order_concurrency / plan.times.request.mean)),
            Door(design.downloads_per_second),
        ]
        self.bundlers = Bundlers(
            self.clock,
            plan.rules,
            plan.times,
            chance=self.chance,
            most_receives=design.queues["bundle"].most_receives,
            outcome=self.outcome,
            ended=self._job_ended,
            fair=plan.fair,
            in_turn=plan.in_turn,
            poison=plan.faults.poison,
        )
        self._gates = [Gate(plan.rules, self.bundlers.estimate) for _ in range(max(1, design.order_processes))]
        self._outbox = Station(self.clock, design.outbox_concurrency)
        self._deliver, self._deliver_sideline, self._notify = (
            Station(self.clock, design.queues[role].concurrency or 1)
            for role in ("deliver", "deliver-sideline", "notify")
        )
        self._scaler = Scaler(design.scaling, plan.rules.time_scale)
        self._starting = 0
        self._published: deque[tuple[float, Order]] = deque()
        self._returning = 0
        self._all_came = False
        self._over = self.clock.event()

    def run(self, arrivals: Iterable[Arrival]) -> Outcome:
        self.bundlers.start(self.plan.design.scaling.least)
        self.clock.process(self._arrive(arrivals))
        self.clock.process(self._sample())
        self.clock.process(self._reconcile())
        self.clock.process(self._kill())
        if self.plan.autoscaling:
            self.clock.process(self._scale())
        self.clock.run(until=self.clock.any_of([self._over, self.clock.timeout(self.plan.until)]))
        self.outcome.in_flight = self.outcome.asked - self.outcome.resolved
        self._take_sample()
        return self.outcome

    # Who comes

    def _arrive(self, arrivals: Iterable[Arrival]) -> Steps:
        for arrival in arrivals:
            yield self.clock.timeout(max(0.0, arrival.second - self.clock.now))
            self.outcome.asked += 1
            self.outcome.last_arrival = self.clock.now
            self._ask(Order(arrival.user, arrival.content, arrival.kind, self.clock.now))
        self._all_came = True
        self._resolved()

    def _ask(self, order: Order) -> None:
        if order.returns:
            self._returning -= 1
        if self.plan.door and not self._gets_in(order):
            self.outcome.door_refusals += 1
            seconds = self.plan.design.throttled_retry_after / self.rules.time_scale
            self._refuse(order, (seconds, 2 * seconds))
        elif order.kind == PURCHASE:
            self._accept(order)
        else:
            self._download(order)

    def _gets_in(self, order: Order) -> bool:
        every, downloads = self._doors
        if order.kind != PURCHASE and not downloads.lets_in(self.clock.now):
            return False
        return every.lets_in(self.clock.now)

    def _download(self, order: Order) -> None:
        job = self.bundlers.jobs.get(order.content)
        if job and job.state is State.READY:
            self.outcome.at_once += 1
            self.outcome.patience.add(self.clock.now - order.asked_at)
            self._resolved()
            return
        is_new = job is None or job.state is State.FAILED
        if is_new and not self.chance.choice(self._gates).admits(self.clock.now):
            self._refuse(order, self.rules.retry_after)
        else:
            self._accept(order)

    def _refuse(self, order: Order, retry_after: tuple[float, float]) -> None:
        self.outcome.refusals += 1
        self.outcome.refused_purchases += order.kind == PURCHASE
        if self.outcome.first_refusal is None:
            self.outcome.first_refusal = self.clock.now
        most = self.plan.faults.returns
        if most is not None and order.returns >= most:
            self.outcome.gave_up += 1
            self._resolved()
            return
        order.returns += 1
        self._returning += 1
        self._later(self.chance.uniform(*retry_after), partial(self._ask, order))

    def _accept(self, order: Order) -> None:
        order.accepted_at = self.clock.now
        self._outbox.submit(self.times.outbox.sample(self.chance), partial(self._follow, order))

    # What follows from an order

    def _follow(self, order: Order) -> None:
        if order.kind == PURCHASE:
            self._buy(order)
            return
        job = self.bundlers.jobs.get(order.content)
        if job is None or job.state is State.EXPIRED:
            job = self.bundlers.order(order.content, order.user, order.accepted_at)
            if self.chance.random() < self.plan.faults.duplicates:
                self.bundlers.fresh.send(Message(order.content, order.user, order.accepted_at))
        elif job.state is State.READY:
            self._delivered(order)
            return
        elif job.state is State.FAILED:
            self._fail(order)
            return
        job.waiters.append(order)

    def _buy(self, order: Order) -> None:
        start = self._deliver.next_start()
        if start - order.accepted_at > self.rules.sideline_after:
            seconds = self.times.deliver.sample(self.chance)
            aside = partial(self._deliver_sideline.submit, seconds, partial(self._delivered, order))
            self.outcome.sidelined += 1
            self._deliver.submit(self.times.look.sample(self.chance), aside)
        else:
            self._deliver.submit(self.times.deliver.sample(self.chance), partial(self._delivered, order))

    def _job_ended(self, job: Job) -> None:
        waiters, job.waiters = job.waiters, []
        if job.state is State.READY:
            shards: list[list[Order]] = [[] for _ in range(self.rules.order_shards)]
            for number, order in enumerate(waiters, start=self.chance.randrange(len(shards))):
                shards[number % len(shards)].append(order)
            for shard in shards:
                self._publish(shard)
            return
        for order in waiters:
            if job.state is State.EXPIRED:
                self.outcome.expired += 1
                self._resolved()
            else:
                self._fail(order)

    def _publish(self, shard: list[Order]) -> None:
        """One message delivers so many orders; the rest follows in a continuation."""
        now, later = shard[: self.rules.published_orders], shard[self.rules.published_orders :]
        self._published.extend((order.accepted_at, order) for order in now)
        seconds = self.times.page.sample(self.chance) + sum(self.times.give.sample(self.chance) for _ in now)

        def done() -> None:
            for order in now:
                self._delivered(order)
            if later:
                self._publish(later)

        self._notify.submit(seconds, done)

    def _fail(self, order: Order) -> None:
        order.is_delivered = True
        self.outcome.failed += 1
        self._resolved()

    def _delivered(self, order: Order) -> None:
        if order.is_delivered:
            return
        order.is_delivered = True
        now = self.clock.now + self.times.pipeline
        self.outcome.waited(order.group, now - order.accepted_at)
        self.outcome.patience.add(now - order.asked_at)
        self._outbox.submit(
            self.times.outbox.sample(self.chance),
            lambda: self._notify.submit(self.times.notice.sample(self.chance)),
        )
        self._resolved()

    def _resolved(self) -> None:
        if self._all_came and self.outcome.resolved >= self.outcome.asked and not self._over.triggered:
            self.outcome.finished = self.clock.now
            self._over.succeed()

    # What happens by itself

    def _reconcile(self) -> Steps:
        """Each minute: orders that wait though their bundle is published, as many as fit into the run."""
        while True:
            yield self.clock.timeout(self.rules.reconciler_every)
            budget = self.rules.reconciler_run * self.rules.order_shards / max(1e-6, self.times.give.mean)
            while self._published and budget > 0:
                accepted_at, order = self._published[0]
                if not order.is_delivered:
                    if self.clock.now - accepted_at < self.rules.resend_after:
                        break
                    self._delivered(order)
                    budget -= 1
                self._published.popleft()

    def _kill(self) -> Steps:
        for second, count in self.plan.faults.kills:
            yield self.clock.timeout(max(0.0, second - self.clock.now))
            self.bundlers.kill(count)
            self._launch(count)

    def _scale(self) -> Steps:
        while True:
            yield self.clock.timeout(self._scaler.minute)
            fresh, running = self.bundlers.fresh, len(self.bundlers.workers)
            waiting = fresh.visible + self.bundlers.sideline.visible
            oldest = 0.0 if fresh.oldest_sent is None else self.clock.now - fresh.oldest_sent
            wanted = self._scaler.look(self.clock.now, waiting=waiting, oldest=oldest, running=running)
            if wanted > running + self._starting:
                self._launch(wanted - running - self._starting)
            elif wanted < running:
                self.bundlers.stop(running - wanted)

    def _launch(self, count: int) -> None:
        self._starting += count

        def started() -> None:
            self._starting -= count
            self.bundlers.start(count)

        self._later(self.times.task_start, started)

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        self.clock.timeout(seconds).callbacks.append(lambda _: what())

    def _sample(self) -> Steps:
        while True:
            self._take_sample()
            if self._progress:
                self._progress(self.clock.now, self.outcome)
            every = self.rules.pace_interval
            self.outcome.task_seconds += every * len(self.bundlers.workers)
            yield self.clock.timeout(every)

    def _take_sample(self) -> None:
        self.outcome.curve.add(
            self.clock.now,
            {
                "bundle": self.bundlers.fresh.visible,
                "bundle-sideline": self.bundlers.sideline.visible,
                "deliver": self._deliver.waiting,
                "deliver-sideline": self._deliver_sideline.waiting,
                "notify": self._notify.waiting,
                "outbox": self._outbox.waiting,
                "returning": self._returning,
                "tasks": len(self.bundlers.workers),
            },
        )
