"""Asks each region, from outside, whether it is well."""

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

import urllib3
from aws_lambda_powertools import Logger

from services.drive.environment import here
from services.drive.limits import PROBE_TIMEOUT, PROBE_TRIES

logger = Logger(service="status")


class Answer(StrEnum):
    """What came back. Silence may be the region's fault or ours; a wrong answer is the region's."""

    WELL = "well"
    ILL = "ill"
    SILENT = "silent"
    NOT_ASKED = "not asked"


@dataclass(frozen=True)
class Look:
    """One look at all regions. `cut_off`: nobody answered at all, so it is probably us who are out of reach."""

    answers: Mapping[str, Answer]
    cut_off: bool


def look() -> Look:
    """Ask all regions, and the control address where there is one, at the same time. Never raises."""
    try:
        addresses = dict(json.loads(here.probes))
    except Exception:  # a wrong setting is our own failure, and says nothing about the regions
        logger.exception("PROBES cannot be read")
        return Look({}, cut_off=True)
    control = here.control_url
    asked = [*addresses.values(), *([control] if control else [])]
    with ThreadPoolExecutor(max(len(asked), 1)) as pool:
        found = list(pool.map(_ask, asked))
    answers = dict(zip(addresses, found, strict=False))
    nobody_answered = all(answer in {Answer.SILENT, Answer.NOT_ASKED} for answer in found)
    return Look(answers, cut_off=nobody_answered)


def _ask(address: str) -> Answer:
    answer = Answer.NOT_ASKED
    for _ in range(PROBE_TRIES):
        answer = _ask_once(address)
        if answer == Answer.WELL:
            break
    return answer


def _ask_once(address: str) -> Answer:
    started = time.monotonic()
    try:
        # A new connection each time: a kept one would hide that no new ones can be made.
        with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=PROBE_TIMEOUT)) as connections:
            status = connections.request("GET", address, headers={"Cache-Control": "no-cache"}).status
    except urllib3.exceptions.HTTPError as error:
        logger.warning("no answer", address=address, reason=type(error).__name__)
        return Answer.SILENT
    except Exception:  # a fault of ours must not make a region look ill
        logger.exception("could not ask", address=address)
        return Answer.NOT_ASKED
    logger.info("answered", address=address, status=status, seconds=round(time.monotonic() - started, 3))
    return Answer.WELL if status == HTTPStatus.OK else Answer.ILL
