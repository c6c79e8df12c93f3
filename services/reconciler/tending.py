"""What the reconciler does with one open order, or one job: repairs what a crash or a lost message left behind.

Every step is one conditional write, then at most one message. If the process dies between the two, `sent_at` says when
the message was meant to leave, and it is sent when that is as late as any other.
"""

from dataclasses import dataclass, field

from services.drive import jobs, levers, messages, orders
from services.drive.jobs import Job, JobState
from services.drive.limits import EXPIRE_BUNDLE_AFTER, TELL_DELAY_AFTER, scaled
from services.drive.messages import OrderMessage
from services.drive.orders import Kind, Order
from services.reconciler.budget import Throttle
from services.reconciler.lateness import Lateness


@dataclass(frozen=True)
class Tending:
    """The rules of one run, with what they need to know about the queues."""

    deliveries: Lateness
    builds: Lateness
    throttle: Throttle
    _jobs: dict[str, Job | None] = field(default_factory=dict)
    _kept: set[str] = field(default_factory=set)

    def tend(self, order: Order) -> None:
        """Do what an open order of this region needs."""
        if order.kind == Kind.PURCHASE:
            self._tend_purchase(order)
        else:
            self._tend_bundle(order)

    def tend_job(self, job: Job) -> None:
        """Do what a QUEUED or BUILDING job of this region needs; other states need nothing."""
        if job.lease_ran_out:
            self._send_again(jobs.requeue(job))
        elif job.state == JobState.QUEUED and job.is_given_up:
            jobs.give_up(job, job.reason or "its workers vanished")
        elif job.state == JobState.QUEUED and self.builds.is_lost(accepted_at=job.accepted_at, sent_at=job.sent_at):
            self._send_again(job if jobs.mark_sent(job) else None)

    def _tend_purchase(self, order: Order) -> None:
        _tell_of_delay(order)
        is_lost = self.deliveries.is_lost(accepted_at=order.accepted_at, sent_at=order.sent_at)
        if is_lost and orders.mark_sent(order):
            self._send(order.message(sidelined=_belongs_aside(is_old=order.is_old)))

    def _tend_bundle(self, order: Order) -> None:
        job = self._job(order.content)
        if job and job.is_ready:
            orders.deliver(order)
        elif order.age > scaled(EXPIRE_BUNDLE_AFTER):
            orders.expire(order)
        elif job and job.state == JobState.FAILED:
            _tell_of_failure(order)
        else:
            _tell_of_delay(order)
            self._keep_building(order, job)

    def _job(self, content: str) -> Job | None:
        """Read each job once a run: a million orders may wait for the same one."""
        if content not in self._jobs:
            self._jobs[content] = jobs.read(content)
        return self._jobs[content]

    def _keep_building(self, order: Order, job: Job | None) -> None:
        if order.content in self._kept:
            return
        self._kept.add(order.content)
        if job:
            self.tend_job(job)
            return
        created, is_mine = jobs.ensure(order)
        self._send_again(created if is_mine else None)

    def _send_again(self, job: Job | None) -> None:
        if job:
            self._send(job.message(sidelined=_belongs_aside(is_old=job.message().is_old)))

    def _send(self, message: OrderMessage) -> None:
        self.throttle.wait()
        messages.send_order(message)


def _tell_of_delay(order: Order) -> None:
    if order.delayed_at is None and order.age > scaled(TELL_DELAY_AFTER):
        orders.mark_delayed(order)


def _tell_of_failure(order: Order) -> None:
    if order.failed_at is None:
        orders.mark_failed(order)


def _belongs_aside(*, is_old: bool) -> bool:
    return is_old and levers.current().sideline
