"""The switch as a function URL with IAM authorization, in each region for the other one.

    {"action": "evacuate" | "restore" | "show", "region": "us-west-2", "reason": "…", "automatic": false,
     "accept_loss": false}

200: done (or nothing to do), 400: not understood, 409: refused, with the reason.

Environment: AWS_REGION, PEER_REGION, SWITCH_TABLE, DRIVE_TABLE, REPLICA_BUCKET, OWN_HEALTH_URL (optional).
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from services.switch import switching
from services.switch.switching import Order, RefusedError

logger = Logger(service="switch")


def handle(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Turn the switch, or show it."""
    try:
        asked = _body(event)
        order = _order(asked, _caller(event))
    except (ValueError, TypeError) as error:
        return _answer(400, {"error": str(error)})
    try:
        return _answer(200, _do(str(asked.get("action")), order))
    except RefusedError as refused:
        logger.warning("refused", reason=str(refused), region=order.region, by=order.by)
        _count("SwitchRefused")
        return _answer(409, {"error": str(refused)})


def _do(action: str, order: Order) -> dict[str, Any]:
    if action == "show":
        switch, gauge = switching.show()
        return {"switch": asdict(switch), "gauge": asdict(gauge), "stale": gauge.is_stale}
    turn = switching.evacuate if action == "evacuate" else switching.restore
    turned = turn(order)
    _count("SwitchTurned")
    return {"switch": asdict(turned)}


def _body(event: Mapping[str, Any]) -> dict[str, Any]:
    body = event.get("body") or ""
    asked = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)
    if not isinstance(asked, dict) or asked.get("action") not in {"evacuate", "restore", "show"}:
        raise ValueError("action: evacuate, restore or show")
    return asked


def _order(asked: Mapping[str, Any], caller: str) -> Order:
    for name in ("automatic", "accept_loss"):
        # A text such as "false" would count as true.
        if not isinstance(asked.get(name, False), bool):
            message = f"{name}: true or false"
            raise TypeError(message)
    return Order(
        region=str(asked.get("region", "")),
        by=caller,
        reason=str(asked.get("reason", "")),
        automatic=asked.get("automatic", False),
        accept_loss=asked.get("accept_loss", False),
    )


def _caller(event: Mapping[str, Any]) -> str:
    """Return who signed the request: that cannot be claimed in the body."""
    authorizer = event.get("requestContext", {}).get("authorizer", {})
    return str(authorizer.get("iam", {}).get("userArn", ""))


def _answer(status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}


def _count(name: str) -> None:
    with single_metric(name=name, unit=MetricUnit.Count, value=1, namespace="Drive") as metric:
        metric.add_dimension(name="service", value="switch")
