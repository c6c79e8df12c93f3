"""Orders, lost and doubled messages, crashes after every write, leases that run out, a region that is lost and returns.

Whatever happens: once it is quiet again, every accepted order was delivered, once.
"""

from collections.abc import Sequence
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.drive import jobs, orders, records
from services.drive.limits import CLOCK_SKEW, LATE_BEYOND_QUEUE, LEASE, STARTED_BUILDS
from services.drive.orders import Kind, State
from tests.services.conftest import environment
from tests.services.flow.memory import MemoryRecords, Write
from tests.services.flow.on_moto import MotoRecords
from tests.services.flow.world import REGIONS, Build, World

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")  # of a reconciler that crashed

MANIFESTS = ("a" * 64, "b" * 64)
Possible = TypeVar("Possible")
BUILDS = STARTED_BUILDS - 2
QUIET_MINUTES = 40

choices = st.integers(0, 11)
"""Picks one of what is possible just now; 0, the simplest, is the first."""
fuses = st.sampled_from([0, 0, 1, 2, 3])
users = st.sampled_from("uvw")


class OrderFlow(RuleBasedStateMachine):
    """The drive while anything may happen; `teardown` lets it become quiet."""

    world: World
    strong: bool

    @initialize(strong=st.booleans(), choice=choices)
    def start(self, choice: int, *, strong: bool) -> None:
        self.strong = strong
        self.world = self.make_world()
        self.purchase(choice, "u", "album")
        self.order_a_bundle(choice, "u", MANIFESTS[0], 1)

    def make_world(self) -> World:
        return World(MemoryRecords(REGIONS, strong=self.strong), environment)

    @property
    def alive(self) -> list[str]:
        return [region for region in REGIONS if region not in self.world.down]

    def waiting(self, *kinds: str) -> list[tuple[str, str]]:
        """Return the queues from which somebody could receive now."""
        return [
            (region, queue)
            for (region, queue), messages in self.world.queues.items()
            if messages and region in self.alive and queue.startswith(kinds)
        ]

    @rule(choice=choices, user=users, content=st.sampled_from(MANIFESTS), number=st.integers(1, 2))
    def order_a_bundle(self, choice: int, user: str, content: str, number: int) -> None:
        self.world.order(pick(choice, self.alive), user, Kind.BUNDLE, content, f"{content[0]}{number}")

    @rule(choice=choices, user=users, content=st.sampled_from(["album", "single"]))
    def purchase(self, choice: int, user: str, content: str) -> None:
        self.world.order(pick(choice, self.alive), user, Kind.PURCHASE, content, content)

    @precondition(lambda self: any(map(self.world.has_news, self.alive)))
    @rule(choice=choices, fuse=fuses)
    def follow_stream(self, choice: int, fuse: int) -> None:
        self.world.follow_stream(pick(choice, list(filter(self.world.has_news, self.alive))), fuse)

    @precondition(lambda self: self.waiting("deliver"))
    @rule(choice=choices, fuse=fuses)
    def deliver(self, choice: int, fuse: int) -> None:
        self.world.deliver(*pick(choice, self.waiting("deliver")), fuse)

    # A content that is given up is never delivered: others test that.
    @precondition(lambda self: self.waiting("bundle") and max(self.world.started.values(), default=0) < BUILDS)
    @rule(choice=choices, fuse=st.sampled_from([0, 0, 0, 2]))
    def take_build(self, choice: int, fuse: int) -> None:
        self.world.take_build(*pick(choice, self.waiting("bundle")), fuse)

    @precondition(lambda self: self.own_builds)
    @rule(choice=choices, fuse=st.sampled_from([0, 0, 1, 2, 9]))
    def finish_build(self, choice: int, fuse: int) -> None:
        self.world.finish_build(pick(choice, self.own_builds), fuse)

    @precondition(lambda self: self.own_builds)
    @rule(choice=choices, is_killed=st.booleans())
    def extend_or_kill_build(self, choice: int, *, is_killed: bool) -> None:
        act = self.world.kill_build if is_killed else self.world.extend_build
        act(pick(choice, self.own_builds))

    @property
    def own_builds(self) -> list[Build]:
        return [build for build in self.world.builds if build.region in self.alive]

    @precondition(lambda self: self.waiting("notify"))
    @rule(choice=choices, fuse=fuses)
    def notify(self, choice: int, fuse: int) -> None:
        region, _ = pick(choice, self.waiting("notify"))
        self.world.notify(region, fuse)

    @rule(choice=choices, fuse=st.integers(0, 8))
    def reconcile(self, choice: int, fuse: int) -> None:
        self.world.reconcile(pick(choice, self.alive), fuse)

    @precondition(lambda self: self.waiting(""))
    @rule(choice=choices, is_lost=st.booleans())
    def lose_or_double_a_message(self, choice: int, *, is_lost: bool) -> None:
        messages = self.world.queues[pick(choice, self.waiting(""))]
        message = messages.pop(choice % len(messages))
        messages += [] if is_lost else [message, message]

    @rule(seconds=st.sampled_from([1, 60, LATE_BEYOND_QUEUE + 1, LEASE + CLOCK_SKEW + 1]))
    def wait(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @precondition(lambda self: self.arriving)
    @rule(choice=choices)
    def replicate(self, choice: int) -> None:
        self.world.storage.replicate(pick(choice, self.arriving))

    @property
    def arriving(self) -> list[Write]:
        return [write for write in self.world.storage.under_way if {write.source, write.target} <= set(self.alive)]

    @rule(choice=choices)
    def lose_or_regain_a_region(self, choice: int) -> None:
        if self.world.down:
            self.world.regain_region(*self.world.down)
        else:
            self.world.lose_region(pick(choice, self.alive))

    @invariant()
    def each_content_is_published_once_and_built_only_again_when_a_build_is_lost(self) -> None:
        for place, started in self.world.started.items():
            assert started <= 1 + self.world.lost_builds[place]
            assert self.world.published[place] <= 1

    @invariant()
    def nothing_is_given_that_was_not_ordered(self) -> None:
        ordered = {(order.user, order.content) for order in self.world.accepted.values()}
        assert set(pointers(self.world)) <= ordered

    @invariant()
    def a_delivered_bundle_is_where_its_order_says(self) -> None:
        for item in order_items(self.world):
            if item["state"] == State.DELIVERED and item["kind"] == Kind.BUNDLE:
                assert is_published(self.world, item["content"], item["home"])

    def teardown(self) -> None:
        try:
            if not self.strong:  # what was accepted within the replication lag is only in the lost region
                for region in tuple(self.world.down):
                    self.world.regain_region(region)
            become_quiet(self.world)
            check_delivered(self.world)
            # Regions that do not know of each other's last writes may both deliver, and tell; the pointer is the same.
            tellers = 1 if self.strong else len(REGIONS)
            assert all(times <= tellers + self.world.crashes for times in self.world.told.values())
        finally:
            self.world.close()


def pick(choice: int, possible: Sequence[Possible]) -> Possible:
    return possible[choice % len(possible)]


def become_quiet(world: World) -> None:
    """Let everything that is alive work, and nothing crash, until no order is open."""
    for _ in range(QUIET_MINUTES):
        for write in tuple(world.storage.under_way):
            if not world.down & {write.source, write.target}:
                world.storage.replicate(write)
        for region in (region for region in REGIONS if region not in world.down):
            work_a_minute(world, region)
        world.pass_time(60)
        if not any(order["state"] == State.ACCEPTED for order in order_items(world)) and not world.storage.under_way:
            break


def work_a_minute(world: World, region: str) -> None:
    world.follow_stream(region)
    for queue in ("bundle", "bundle-sideline"):
        while world.queues[region, queue]:
            world.take_build(region, queue)
    for build in [build for build in world.builds if build.region == region]:
        world.finish_build(build)
    for queue in ("deliver", "deliver-sideline"):
        for _ in range(len(world.queues[region, queue])):
            world.deliver(region, queue)
    world.reconcile(region)
    world.follow_stream(region)
    for _ in range(len(world.queues[region, "notify"])):
        world.notify(region)


def check_delivered(world: World) -> None:
    survivor = next(region for region in REGIONS if region not in world.down)
    world.act_in(survivor)
    given = pointers(world)
    for order_id in world.accepted:
        order = orders.read(order_id)
        assert order is not None, "no accepted order is lost"
        assert order.state == State.DELIVERED, f"{order} is still not delivered"
        if order.kind == Kind.PURCHASE:
            assert given.count((order.user, order.content)) == 1
        else:
            assert is_published(world, order.content, order.home)
    assert {order_id for order_id, _ in world.told} <= set(world.accepted)


def is_published(world: World, content: str, region: str) -> bool:
    world.act_in(region)
    job = jobs.read(content)
    return job is not None and job.is_ready


def order_items(world: World) -> list[records.Item]:
    survivor = next(region for region in REGIONS if region not in world.down)
    world.act_in(survivor)
    return [item for item in world.storage.all("drive") if item["sk"] == "ORDER"]


def pointers(world: World) -> list[tuple[str, str]]:
    return [
        (item["pk"].removeprefix("USER#"), item["sk"].removeprefix("ITEM#"))
        for item in world.storage.all("drive")
        if item["sk"].startswith("ITEM#")
    ]


class OrderFlowOnMoto(OrderFlow):
    """The same on DynamoDB's expressions and indexes as moto implements them: slower, so less often."""

    def make_world(self) -> World:
        self.strong = True
        return World(MotoRecords(), environment)


FEW = settings(
    max_examples=60,
    stateful_step_count=50,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
FEWER = settings(FEW, max_examples=3, stateful_step_count=30)


def test_every_accepted_order_is_delivered_whatever_crashes() -> None:
    run_state_machine_as_test(OrderFlow, settings=FEW)


@pytest.mark.usefixtures("cloud")
def test_the_same_holds_on_tables_that_are_not_this_project_s() -> None:
    run_state_machine_as_test(OrderFlowOnMoto, settings=FEWER)
