"""What the task makes of an order: replace this together with services/work/task.py."""

import pytest
from orders.records import Order
from work import task


def order(**request: str) -> Order:
    return Order(
        id="1",
        home="",
        accepted_at=0,
        seen_at=0,
        tries=1,
        request=request,
        lease=None,
        leased_until=0,
        result=None,
        done_at=None,
    )


def test_words_are_counted() -> None:
    assert task.perform(order(text="a loaf of bread")) == {"words": 4}


def test_an_order_without_text_fails() -> None:
    with pytest.raises(KeyError):
        task.perform(order(other="thing"))
