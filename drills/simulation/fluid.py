"""The fluid model of one data region: orders are amounts that flow, so that 10^8 cost no more time than 10^5.

It follows the same rules as the event model, step by step of PACE_INTERVAL, and leaves out what is chance there: kills,
poison, duplicates, and the short queues of a system that keeps up. Waits are therefore right to about one step.
"""

import random
from collections import defaultdict, deque
from collections.abc import Callable

from drills.simulation.broker import NOISY_SHARE
from drills.simulation.load import ALBUM, GREEDY, PURCHASE, Load
from drills.simulation.outcome import Outcome
from drills.simulation.parcels import NOTHING, Line, Parcel
from drills.simulation.plan import Plan
from drills.simulation.scaler import Fleet, Scaler
from stacks.capacity import REQUEST_SHARES

DISTINCT = "distinct"
PUBLISHED = "published"
NOTICE = "notice"

GOLDEN = 0.618034
"""Its multiples, modulo 1, fill the span from 0 to 1 most evenly."""

SPREAD = 12
"""A parcel's builds take so many different times, all equally likely."""


def simulate(plan: Plan, load: Load, progress: Callable[[float, Outcome], None] | None = None) -> Outcome:
    """Run the fluid model until everything is served or `plan.until`."""
    return _Flow(plan, load).run(progress)


class _Flow:
    def __init__(self, plan: Plan, load: Load) -> None:
        self.plan, self.load, self.rules, self.times = plan, load, plan.rules, plan.times
        self.step = plan.rules.pace_interval
        self.now = 0.0
        self.outcome = Outcome("fluid")
        self.outcome.last_arrival = load.seconds
        self._fresh, self._greedy, self._aside = Line(), Line(), Line()
        self._outbox, self._deliver, self._deliver_aside, self._notify = Line(), Line(), Line(), Line()
        self._building: deque[list[Parcel]] = deque([] for _ in range(round(self.times.build.mean / self.step)))
        self._returning: defaultdict[int, list[Parcel]] = defaultdict(list)
        self._undelivered: deque[Parcel] = deque()
        self._album_waits: list[Parcel] = []
        self._album_asked = self._album_ready = False
        self._scaler = Scaler(plan.design.scaling, plan.rules.time_scale)
        self._fleet = Fleet(plan.design.scaling.least, plan.times.task_start, plan.rules.time_scale)
        self._growth, self._seen_wait, self._looked = 0.0, 0.0, False
        self._build_times = _spread(plan)

    def run(self, progress: Callable[[float, Outcome], None] | None) -> Outcome:
        minute = max(1, round(self._scaler.minute / self.step))
        number = 0
        while self.now < self.plan.until and not self._is_over():
            self._let_in(number)
            self._follow_orders()
            self._deliver_purchases()
            self._build()
            self._tell()
            number += 1
            self.now = number * self.step
            if number % minute == 0:
                self._reconcile()
                if self.plan.autoscaling:
                    self._scale()
            self.outcome.task_seconds += self._fleet.at(self.now) * self.step
            self._sample()
            if progress:
                progress(self.now, self.outcome)
        if self._is_over():
            self.outcome.finished = self.now + self.times.build.mean
        self.outcome.in_flight = max(0.0, self.outcome.asked - self.outcome.resolved)
        return self.outcome

    def _is_over(self) -> bool:
        return self.now >= self.load.seconds and self.outcome.asked - self.outcome.resolved < 0.5

    # Who comes

    def _let_in(self, number: int) -> None:
        came = self.load.between(self.now, self.now + self.step)
        self.outcome.asked += came
        mix = self.load.mix
        shares = {
            PURCHASE: mix.purchases,
            ALBUM: (1 - mix.purchases) * mix.album,
            DISTINCT: mix.distinct * (1 - mix.greedy),
            GREEDY: mix.distinct * mix.greedy,
        }
        asking = [Parcel(kind, self.now, self.now, came * share) for kind, share in shares.items()]
        asking += self._returning.pop(number, [])
        for parcel in self._through_the_door(asking, number):
            parcel.accepted_at = self.now
            if parcel.kind == PURCHASE:
                self._accept(parcel)
            elif parcel.kind == ALBUM:
                self._ask_album(parcel)
        self._admit([parcel for parcel in asking if parcel.kind in (DISTINCT, GREEDY)], number)

    def _through_the_door(self, asking: list[Parcel], number: int) -> list[Parcel]:
        if not self.plan.door:
            return asking
        design = self.plan.design
        downloads = sum(parcel.amount for parcel in asking if parcel.kind != PURCHASE)
        first = min(1.0, design.downloads_per_second * self.step / max(NOTHING, downloads))
        every = sum(parcel.amount for parcel in asking) - (1 - first) * downloads
        most = min(
            design.requests_per_second * REQUEST_SHARES["order"],
            design.order_concurrency / self.times.request.mean,
        )
        second = min(1.0, most * self.step / max(NOTHING, every))
        for parcel in asking:
            let_in = second if parcel.kind == PURCHASE else first * second
            if let_in < 1:
                refused = parcel.part((1 - let_in) * parcel.amount)
                self.outcome.door_refusals += refused.amount
                seconds = design.throttled_retry_after / self.rules.time_scale
                self._refuse(refused, number, (seconds, 2 * seconds))
        return asking

    def _refuse(self, parcel: Parcel, number: int, retry_after: tuple[float, float]) -> None:
        if parcel.amount <= NOTHING:
            return
        self.outcome.refusals += parcel.amount
        self.outcome.refused_purchases += parcel.amount if parcel.kind == PURCHASE else 0
        if self.outcome.first_refusal is None and parcel.amount >= 1:
            self.outcome.first_refusal = self.now
        first, last = (max(1, round(seconds / self.step)) for seconds in retry_after)
        each = parcel.amount / (last - first + 1)
        for later in range(first, last + 1):
            waiting = self._returning[number + later]
            # One parcel of a kind in each step, or a long storm would fill the memory.
            for other in waiting:
                if other.kind == parcel.kind:
                    total = other.amount + each
                    other.asked_at = (other.asked_at * other.amount + parcel.asked_at * each) / total
                    other.amount = total
                    break
            else:
                waiting.append(Parcel(parcel.kind, self.now, parcel.asked_at, each))

    def _ask_album(self, parcel: Parcel) -> None:
        if self._album_ready:
            self.outcome.at_once += parcel.amount
            self.outcome.patience.add(self.now - parcel.asked_at, parcel.amount)
            return
        if parcel.amount <= NOTHING:
            return
        self._album_waits.append(parcel)
        if not self._album_asked:
            self._album_asked = True
            self._fresh.push(Parcel(ALBUM, self.now, self.now, 1))
        self._work_outbox(ALBUM, parcel.amount)

    def _admit(self, asking: list[Parcel], number: int) -> None:
        """The gate of services/api/admission.py, for all processes of the API together."""
        wanted = sum(parcel.amount for parcel in asking)
        counted = self._fresh.amount + self._greedy.amount
        aside = self._fleet.running / self.times.build.mean
        rate = aside * (self.rules.slots - 1) or self.rules.slots / self.rules.assumed_build
        waiting = counted + self._aside.amount
        wait = max(counted / rate, waiting / (rate + aside))
        if self._looked:
            self._growth = max(self.rules.growth_fades * self._growth, (wait - self._seen_wait) / self.step)
        self._seen_wait, self._looked = wait, True
        longest = self.rules.longest_wait - 2 * self.step * self._growth
        room = min(rate * longest - counted, (rate + aside) * longest - waiting)
        admitted = min(1.0, max(0.0, room) / max(NOTHING, wanted))
        for parcel in asking:
            self._refuse(parcel.part((1 - admitted) * parcel.amount), number, self.rules.retry_after)
        ordinary = [parcel for parcel in asking if parcel.kind == DISTINCT]
        # The greedy user's come now before, now behind the others: within a step nobody is always first.
        before = [parcel.part(number * GOLDEN % 1 * parcel.amount) for parcel in ordinary]
        greedy = [parcel for parcel in asking if parcel.kind == GREEDY]
        noisy = self._noisy(greedy, sum(parcel.amount for parcel in (*ordinary, *before)))
        for parcel in (*before, *greedy, *noisy, *ordinary):
            self._accept(parcel)

    def _noisy(self, greedy: list[Parcel], ordinary: float) -> list[Parcel]:
        """Part off what makes a user noisy: all beyond a tenth of the work."""
        all_greedy = sum(parcel.amount for parcel in greedy)
        share = max(0.0, 1 - NOISY_SHARE / (1 - NOISY_SHARE) * ordinary / max(NOTHING, all_greedy))
        noisy = [parcel.part(share * parcel.amount) for parcel in greedy]
        for parcel in noisy:
            parcel.is_noisy = True
        return noisy

    def _accept(self, parcel: Parcel) -> None:
        parcel.accepted_at = self.now
        parcel.seconds = self.times.outbox.mean
        self._outbox.push(parcel)

    def _work_outbox(self, kind: str, amount: float) -> None:
        """A record of the stream that only costs time."""
        self._outbox.push(Parcel(f"only {kind}", self.now, self.now, amount, self.times.outbox.mean))

    # What follows from an order

    def _follow_orders(self) -> None:
        budget = self.plan.design.outbox_concurrency * self.step
        for parcel, _ in self._outbox.serve(budget, lambda parcel: parcel.seconds):
            if parcel.kind == PURCHASE:
                self._deliver.push(parcel)
            elif parcel.kind in (DISTINCT, GREEDY):
                (self._greedy if parcel.is_noisy else self._fresh).push(parcel)
            elif parcel.kind == f"only {NOTICE}":
                self._notify.push(Parcel(NOTICE, self.now, self.now, parcel.amount, self.times.notice.mean))

    def _deliver_purchases(self) -> None:
        look, deliver = self.times.look.mean, self.times.deliver.mean
        budget = self._concurrency("deliver") * self.step
        for parcel, _ in self._deliver.serve(budget, lambda parcel: look if self._is_old(parcel) else deliver):
            if self._is_old(parcel):
                self.outcome.sidelined += parcel.amount
                self._deliver_aside.push(parcel)
            else:
                self._delivered(parcel, deliver)
        budget = self._concurrency("deliver-sideline") * self.step
        for parcel, _ in self._deliver_aside.serve(budget, lambda _: deliver):
            self._delivered(parcel, deliver)

    def _is_old(self, parcel: Parcel) -> bool:
        return self.now - parcel.accepted_at > self.rules.sideline_after

    def _concurrency(self, role: str) -> int:
        return self.plan.design.queues[role].concurrency or 1

    def _build(self) -> None:
        """Slots take from the sideline first while fresh orders are served; else one in each worker does."""
        self._building.append([])
        build, budget = self.times.build.mean, self._fleet.running * self.rules.slots * self.step
        head = self._fresh.head or self._greedy.head
        calm = head is None or self.now - head.accepted_at < self.rules.fresh_queue
        aside = budget if calm else budget / self.rules.slots
        if not calm and self._aside.head is None:
            budget -= aside * self.rules.short_poll / (build + self.rules.short_poll)  # looked there in vain
        left = aside
        for parcel, left in self._aside.serve(aside, lambda _: build):  # noqa: B007 - what is left after the last
            self._begin(parcel)
        budget -= aside - left
        for line in (self._fresh, self._greedy):
            budget = self._build_from(line, budget)
        for parcel in self._building.popleft():
            self._publish(parcel)

    def _build_from(self, line: Line, budget: float) -> float:
        build, look = self.times.build.mean, self.times.look.mean
        left = budget
        for parcel, left in line.serve(budget, lambda parcel: look if self._is_old(parcel) else build):  # noqa: B007
            if self._is_old(parcel):
                self.outcome.sidelined += parcel.amount
                self._aside.push(parcel)
            else:
                self._begin(parcel)
        return left

    def _begin(self, parcel: Parcel) -> None:
        if self.now - parcel.accepted_at > self.rules.expire_after and parcel.kind != ALBUM:
            self.outcome.expired += parcel.amount
            return
        self.outcome.builds_started += parcel.amount
        self._building[-1].append(parcel)

    def _publish(self, parcel: Parcel) -> None:
        self.outcome.built += parcel.amount
        pages = self.rules.order_shards * self.times.page.mean
        if parcel.kind == ALBUM:
            self._album_ready = True
            waits, self._album_waits = self._album_waits, []
            for waiting in waits:
                waiting.seconds = self.times.give.mean
                self._notify.push(waiting)
                self._undelivered.append(waiting)
            return
        parcel.seconds = pages + self.times.give.mean
        self._notify.push(parcel)
        self._undelivered.append(parcel)

    def _tell(self) -> None:
        for parcel, _ in self._notify.serve(self._concurrency("notify") * self.step, lambda parcel: parcel.seconds):
            if parcel.kind != NOTICE and not parcel.is_delivered:
                self._delivered(parcel, self.times.page.mean + self.times.give.mean)
            parcel.amount = 0

    def _delivered(self, parcel: Parcel, seconds: float) -> None:
        since = self.now - parcel.accepted_at + self.times.outbox.mean + seconds + self.times.pipeline
        refused = max(0.0, parcel.accepted_at - parcel.asked_at)
        before = self.outcome.delivered
        if parcel.kind == PURCHASE:
            self.outcome.waited(PURCHASE, since, parcel.amount)
            self.outcome.patience.add(since + refused, parcel.amount)
        else:
            # The flow's own delay is the mean build, in whole steps.
            since -= len(self._building) * self.step
            for took in self._build_times:
                self.outcome.waited(parcel.kind, max(took, since + took), parcel.amount / SPREAD)
                self.outcome.patience.add(max(took, since + took) + refused, parcel.amount / SPREAD)
        self.outcome.delivered = before + parcel.amount
        self._work_outbox(NOTICE, parcel.amount)

    # What happens by itself

    def _reconcile(self) -> None:
        """Orders that wait though their bundle is published, as many as fit into the run."""
        budget = self.rules.reconciler_run * self.rules.order_shards / max(1e-6, self.times.give.mean)
        while self._undelivered and budget > 0:
            parcel = self._undelivered[0]
            if parcel.amount > NOTHING:
                if self.now - parcel.accepted_at < self.rules.resend_after:
                    return
                self._delivered(parcel, self.times.give.mean)
                parcel.is_delivered = True  # its message still costs the notifier's time
                budget -= parcel.amount
            self._undelivered.popleft()

    def _scale(self) -> None:
        head = self._fresh.head or self._greedy.head
        oldest = self.now - head.accepted_at if head else 0.0
        waiting = self._fresh.amount + self._greedy.amount + self._aside.amount
        wanted = self._scaler.look(self.now, waiting=waiting, oldest=oldest, running=self._fleet.running)
        self._fleet.want(self.now, wanted)

    def _sample(self) -> None:
        returning = sum(parcel.amount for parcels in self._returning.values() for parcel in parcels)
        self.outcome.curve.add(
            self.now,
            {
                "bundle": self._fresh.amount + self._greedy.amount,
                "bundle-sideline": self._aside.amount,
                "deliver": self._deliver.amount,
                "deliver-sideline": self._deliver_aside.amount,
                "notify": self._notify.amount,
                "outbox": self._outbox.amount,
                "returning": returning,
                "tasks": self._fleet.running,
            },
        )


def _spread(plan: Plan) -> list[float]:
    """Return SPREAD equally likely build times, whose mean is the mean."""
    chance = random.Random(0)  # noqa: S311 - repeatable, not secret
    drawn = sorted(plan.times.build.sample(chance) for _ in range(100 * SPREAD))
    means = [sum(drawn[100 * part : 100 * (part + 1)]) / 100 for part in range(SPREAD)]
    factor = plan.times.build.mean / (sum(means) / SPREAD)
    return [factor * mean for mean in means]
