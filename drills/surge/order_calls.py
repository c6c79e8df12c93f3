"""Writes down the AWS calls that our code makes for a purchase: `python -m drills.surge.order_calls OUT.json CONTENT`.

The code of the API, the outbox, the deliverer and the notifier runs here, one after the other, against the running
drive, with the environment of those functions; botocore's own events tell what they call. What they do by the clock,
whoever orders (levers, their pace), belongs to no order and is left out.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

Call = tuple[str, str, dict[str, Any]]
"""Service, operation, and parameters, as boto3's clients name them."""

TRIES = 5


class Recorder:
    """Writes down what the clients of this process are asked for, while it is on."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.is_on = False

    def install(self) -> None:
        """Listen to every client that is made from now on."""
        import boto3

        boto3.setup_default_session()
        session: Any = boto3.DEFAULT_SESSION
        session.events.register("provide-client-params", self._asked)

    def _asked(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        from services.drive.environment import here

        by_the_clock = params.get("TableName") == here.pace_table or model.service_model.service_name == "appconfigdata"
        if self.is_on and not by_the_clock:
            self.calls.append((model.service_model.service_name, model.name, json.loads(json.dumps(params))))


def main(out: Path, content: str) -> None:
    """Make one purchase, and write its calls with the names that are this order's own."""
    from services.drive.orders import NoticeClaimed

    recorder = Recorder()
    recorder.install()
    user = "feed" * 8
    for _ in range(TRIES):
        recorder.calls.clear()
        try:
            order = _purchase(recorder, user, f"calls at {time.time()}", content)
            break
        except NoticeClaimed:
            # The outbox had been about to see the order when it was stopped, and told the user first.
            time.sleep(1)
    else:
        raise SystemExit("each time somebody else told the user: the outbox goes on")
    out.write_text(json.dumps({"order": order, "user": user, "calls": recorder.calls}))


def _purchase(recorder: Recorder, user: str, key: str, content: str) -> str:
    from services.api import ordering
    from services.api.identity import Caller
    from services.deliver import handler as deliverer
    from services.drive import orders, records
    from services.drive.environment import here
    from services.drive.messages import Notice, NoticeMessage
    from services.notifier import handler as notifier
    from services.outbox import handler as outbox

    order = orders.order_id(user, orders.Kind.PURCHASE, key)
    at = records.key(f"ORDER#{order}", "ORDER")

    def item() -> dict[str, Any]:
        recorder.is_on = False
        found = records.get(here.drive_table, at) or {}
        recorder.is_on = True
        return found

    recorder.is_on = True
    ordering.purchase(Caller(user=user, scopes=frozenset(), email=None), key, {"content": content})
    accepted = item()
    outbox.follow({}, accepted)
    read = orders.read(order)
    if read is None:
        raise LookupError(order)
    deliverer.deliver(read)
    outbox.follow(accepted, item())
    notifier.tell(NoticeMessage(Notice.DELIVERED, order))
    return order


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
