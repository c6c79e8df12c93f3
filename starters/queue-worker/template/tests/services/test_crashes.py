"""Every accepted order is done, and its result recorded once, whatever crashes between two steps."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from orders import aws, records
from orders.limits import LEASE, RESEND_AFTER, SIDELINE_AFTER

from tests.services.world import HERE, THERE, World, queue_url

ROUNDS = 10
BREAD = {"text": "a loaf of bread"}
crashes = st.one_of(st.none(), st.integers(0, 8))
"""After how many calls to AWS the process dies."""


@pytest.mark.parametrize("calls", range(20))
def test_an_order_is_done_whatever_call_its_processes_die_at(world: World, calls: int) -> None:
    for step in (lambda: world.post("key", BREAD), lambda: world.work("work"), world.reconcile):
        with world.dying(calls):
            step()
    _, told, _ = world.post("key", BREAD)  # the caller, too, tries again

    become_quiet(world, {told["id"]})

    assert world.look(told["id"])[1]["result"] == {"echo": BREAD}
    assert world.performed[told["id"]] <= 2


class Orders(RuleBasedStateMachine):
    """Two regions at work while anything may happen; `teardown` lets it become quiet."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.answered: set[str] = set()
        self.results: dict[str, Any] = {}

    @rule(number=st.integers(0, 3), region=st.sampled_from([HERE, THERE]), crash=crashes)
    def order(self, number: int, region: str, crash: int | None) -> None:
        self.world.act_in(region)
        with self.world.dying(crash):
            status, told, _ = self.world.post(f"key-{number}", {"number": number})
            assert status in (200, 202)
            self.answered.add(told["id"])

    @rule(region=st.sampled_from([HERE, THERE]), role=st.sampled_from(["work", "sideline"]), crash=crashes)
    def work(self, region: str, role: str, crash: int | None) -> None:
        self.world.act_in(region)
        with self.world.dying(crash):
            self.world.work(role)

    @rule(region=st.sampled_from([HERE, THERE]), crash=crashes)
    def reconcile(self, region: str, crash: int | None) -> None:
        self.world.act_in(region)
        with self.world.dying(crash):
            self.world.reconcile()

    @rule(evacuated=st.sampled_from(["", HERE, THERE]))
    def switch(self, evacuated: str) -> None:
        records.put({"id": "switch", "evacuated": evacuated})

    @precondition(lambda self: self.answered)
    @rule(region=st.sampled_from([HERE, THERE]))
    def lose_a_message(self, region: str) -> None:
        self.world.act_in(region)
        sqs, url = aws.client("sqs"), queue_url("work")
        for received in sqs.receive_message(QueueUrl=url).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=received["ReceiptHandle"])

    @rule(seconds=st.sampled_from([1, LEASE + 1, SIDELINE_AFTER + 1, RESEND_AFTER + 1]))
    def wait(self, seconds: int) -> None:
        self.world.now += seconds

    @rule(fails=st.booleans())
    def break_or_mend_what_the_task_needs(self, *, fails: bool) -> None:
        self.world.fails = fails

    @invariant()
    def what_was_answered_is_recorded_and_a_result_never_changes(self) -> None:
        for order in self.answered:
            item = self.world.item(order)
            assert item
            if "result" in item:
                recorded = (item["result"], item["done_by"], item["done_at"])
                assert self.results.setdefault(order, recorded) == recorded

    def teardown(self) -> None:
        try:
            become_quiet(self.world, self.answered)
            for order in self.answered:
                assert self.world.item(order).get("done_at"), f"{self.world.item(order)} was accepted, and is not done"
        finally:
            self.world.close()


def become_quiet(world: World, orders: set[str]) -> None:
    """Nothing crashes any more, and an operator sends dead letters back, until all of `orders` are done."""
    world.fails = False
    for _ in range(ROUNDS):
        if all("done_at" in world.item(order) for order in orders):
            break
        for region in (HERE, THERE):
            world.act_in(region)
            for role in ("work", "sideline"):
                redrive(role)
                while world.work(role):
                    pass
            world.reconcile()
        world.now += SIDELINE_AFTER


def redrive(role: str) -> None:
    sqs = aws.client("sqs")
    while received := sqs.receive_message(QueueUrl=queue_url(f"{role}-dead-letters")).get("Messages"):
        sqs.send_message(QueueUrl=queue_url(role), MessageBody=received[0]["Body"])
        sqs.delete_message(QueueUrl=queue_url(f"{role}-dead-letters"), ReceiptHandle=received[0]["ReceiptHandle"])


TestOrders = Orders.TestCase
TestOrders.settings = settings(
    max_examples=20, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
