from typing import Any

import pytest

from services.drive import messages, pace
from services.drive.limits import LONGEST_WAIT, PACE_INTERVAL, PACE_VALID
from services.drive.messages import OrderMessage
from services.drive.pace import Queue


@pytest.fixture(autouse=True)
def _cloud(cloud: Any, time: Any) -> None:
    """Every test needs both."""


def wait_for_builds(count: int) -> None:
    for number in range(count):
        messages.send_order(OrderMessage("bundle", str(number), "u1", 0))


def publish(worker: str = "w1", **changed: float) -> None:
    known: dict[str, Any] = {"slots": 4, "mean_seconds": 20.0, "queue_age": 10.0}
    pace.publish(Queue.BUNDLE, worker, **known | changed)


def test_all_workers_together_drain_the_queue() -> None:
    publish("w1", slots=4, mean_seconds=20)
    publish("w2", slots=2, mean_seconds=10)
    assert pace.drain_rate(Queue.BUNDLE) == pytest.approx(0.4)
    assert pace.drain_rate(Queue.BUNDLE_SIDELINE) == 0


def test_a_new_worker_is_no_quicker_than_the_others() -> None:
    publish("w1", slots=3, mean_seconds=300)
    publish("w2", slots=3, mean_seconds=30, is_known=False)
    assert pace.drain_rate(Queue.BUNDLE) == pytest.approx(6 / 300)


def test_what_only_new_workers_say_counts() -> None:
    publish("w1", slots=3, mean_seconds=30, is_known=False)
    assert pace.drain_rate(Queue.BUNDLE) == pytest.approx(3 / 30)


def test_a_silent_worker_counts_as_gone(time: Any) -> None:
    publish()
    time.advance(PACE_VALID + 1)
    assert pace.drain_rate(Queue.BUNDLE) == 0


def test_the_wait_is_what_stands_before_divided_by_the_drain_rate() -> None:
    publish(slots=4, mean_seconds=20)
    wait_for_builds(10)
    assert pace.estimate(Queue.BUNDLE, Queue.BUNDLE_SIDELINE) == pace.Estimate(position=10, wait=50)


def test_what_was_moved_aside_stands_before_a_new_order_too() -> None:
    publish(slots=3, mean_seconds=20)
    pace.publish(Queue.BUNDLE_SIDELINE, "w1", slots=1, mean_seconds=20.0, queue_age=0)
    wait_for_builds(3)
    for number in range(17):
        messages.send_order(OrderMessage("bundle", str(number), "u1", 0, sidelined=True))
    assert pace.estimate(Queue.BUNDLE, Queue.BUNDLE_SIDELINE) == pace.Estimate(position=20, wait=100)


def test_an_empty_sideline_s_workers_do_not_shorten_the_wait() -> None:
    publish(slots=3, mean_seconds=20)
    pace.publish(Queue.BUNDLE_SIDELINE, "w1", slots=1, mean_seconds=20.0, queue_age=0)
    wait_for_builds(30)
    assert pace.estimate(Queue.BUNDLE, Queue.BUNDLE_SIDELINE).wait == pytest.approx(200)


def test_an_empty_queue_means_no_wait() -> None:
    assert pace.estimate(Queue.BUNDLE, Queue.BUNDLE_SIDELINE).wait == 0


def test_without_workers_some_orders_are_let_in_but_not_a_flood(time: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "visible", lambda url: 10 * (url == Queue.BUNDLE.url))
    assert 0 < pace.estimate(Queue.BUNDLE, Queue.BUNDLE_SIDELINE).wait < LONGEST_WAIT
    monkeypatch.setattr(messages, "visible", lambda url: 200 * (url == Queue.BUNDLE.url))
    time.advance(PACE_INTERVAL)
    assert pace.estimate(Queue.BUNDLE, Queue.BUNDLE_SIDELINE).wait > LONGEST_WAIT


def test_an_estimate_is_kept_for_some_seconds(time: Any) -> None:
    pace.estimate(Queue.BUNDLE, Queue.BUNDLE_SIDELINE)
    wait_for_builds(3)
    assert pace.estimate(Queue.BUNDLE, Queue.BUNDLE_SIDELINE).position == 0
    time.advance(PACE_INTERVAL)
    assert pace.estimate(Queue.BUNDLE, Queue.BUNDLE_SIDELINE).position == 3


def test_the_queue_s_age_is_the_oldest_that_workers_were_handed() -> None:
    wait_for_builds(1)
    publish("w1", queue_age=10)
    publish("w2", queue_age=70)
    assert pace.queue_age(Queue.BUNDLE) == 70


def test_an_empty_queue_has_no_age_whatever_was_handed_out_before() -> None:
    publish(queue_age=70)
    assert pace.queue_age(Queue.BUNDLE) == 0


def test_nobody_knows_the_age_of_a_queue_that_nobody_receives_from() -> None:
    wait_for_builds(1)
    assert pace.queue_age(Queue.BUNDLE) is None
