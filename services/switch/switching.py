"""The recovery switch: one conditional write in the healthy region moves the customers out of the sick one.

Nothing is asked of the sick region that it must answer, and no control plane is touched: health checks at Route 53
read what this region's API says at /switch/<region>, and the reconciler here takes the sick region's orders over.
"""

from dataclasses import dataclass
from http import HTTPStatus

import urllib3
from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from services.drive import aws, records, switch_records
from services.drive.environment import here
from services.drive.limits import PROBE_TIMEOUT
from services.drive.records import key
from services.drive.switch_records import RegionState, Switch
from services.switch.gauge import Gauge, measure

logger = Logger(service="switch")


class RefusedError(Exception):
    """The switch was not turned; the message says why, and what would be needed."""


@dataclass(frozen=True)
class Order:
    """What somebody wants: `by` is a person or a machine, `automatic` says which of the two.

    `accept_loss`: a person has read how far the copies are behind and goes on.
    """

    region: str
    by: str
    reason: str
    automatic: bool = False
    accept_loss: bool = False


def evacuate(order: Order) -> Switch:
    """Turn customers away from a region, which is the peer of this one. Raises RefusedError, changing nothing.

    Doing it again changes nothing and is no error: who is unsure whether it worked should be able to repeat it.
    """
    _check_order(order)
    present = switch_records.read(order.region)
    if present.state == RegionState.EVACUATED:
        return present
    _check_this_region_can_take_it()
    _check_loss(order, measure(order.region))
    return _turn(present, RegionState.EVACUATED, order)


def restore(order: Order) -> Switch:
    """Let customers back into a region. Raises RefusedError for machines: coming back is decided by people."""
    _check_order(order)
    if order.automatic:
        raise RefusedError("a region comes back when a person says so: it may be up and still not have caught up")
    present = switch_records.read(order.region)
    if present.state == RegionState.ACTIVE:
        return present
    return _turn(present, RegionState.ACTIVE, order)


def show() -> tuple[Switch, Gauge]:
    """Return what this region believes about its peer, and how far the copies of it are behind."""
    return switch_records.read(here.peer_region), measure(here.peer_region)


def _check_order(order: Order) -> None:
    if order.region == here.aws_region:
        message = f"{order.region} is the region this runs in: use the switch of {here.peer_region}"
        raise RefusedError(message)
    if order.region != here.peer_region:
        message = f"{order.region} is no region of this drive; the other one is {here.peer_region}"
        raise RefusedError(message)
    if not order.reason.strip() or not order.by.strip():
        raise RefusedError("a reason and a name are needed: others will read them during the incident")


def _check_this_region_can_take_it() -> None:
    if _peer_has_evacuated_us():
        message = f"{here.aws_region} is itself evacuated: {here.peer_region} is the last region that serves"
        raise RefusedError(message)
    if trouble := _own_trouble():
        message = f"{here.aws_region} is not well enough to serve alone: {trouble}"
        raise RefusedError(message)


def _check_loss(order: Order, gauge: Gauge) -> None:
    if not gauge.is_stale:
        return
    if order.automatic:
        message = f"the copies may be too old for a machine to decide: {gauge}"
        raise RefusedError(message)
    if not order.accept_loss:
        message = f"{gauge}: what is newer may be lost; to go on, accept the loss (--accept-loss)"
        raise RefusedError(message)


def _turn(present: Switch, state: RegionState, order: Order) -> Switch:
    if not switch_records.turn(present, state, by=order.by, reason=order.reason):
        raise RefusedError("somebody else turned the switch at the same moment: look again")
    turned = switch_records.read(order.region)
    logger.warning("switch turned", region=order.region, state=state, by=order.by, reason=order.reason)
    return turned


def _peer_has_evacuated_us() -> bool:
    """Ask the peer's switch table. A peer that does not answer is sick, as the one who turns the switch believes."""
    try:
        found = aws.client("dynamodb", here.peer_region).get_item(
            TableName=here.switch_table, Key={"pk": {"S": f"REGION#{here.aws_region}"}}
        )
    except (ClientError, BotoCoreError):
        logger.warning("the peer's switch table does not answer", exc_info=True)
        return False
    return found.get("Item", {}).get("state", {}).get("S") == RegionState.EVACUATED


def _own_trouble() -> str | None:
    """Return what keeps this region from serving, None where nothing is known to."""
    try:
        records.get(here.drive_table, key("HEARTBEAT#probe", "HEARTBEAT"), strong=False)
    except (ClientError, BotoCoreError) as error:
        return f"its table does not answer ({type(error).__name__})"
    if here.own_health_url is None:
        return None
    try:
        with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=PROBE_TIMEOUT)) as connections:
            status = connections.request("GET", here.own_health_url).status
    except urllib3.exceptions.HTTPError as error:
        return f"its health check does not answer ({type(error).__name__})"
    return None if status == HTTPStatus.OK else f"its health check says {status}"
