"""Asks one API what a client would, from outside; run by CloudWatch Synthetics, which counts an exception as a failure.

It stands alone: Synthetics runs this one file, without services.drive, beside its own botocore and urllib3. It needs no
account of a user: what it asks is whether the API answers, can read its table, and sends a stranger away.

Environment: ADDRESS (`https://…`), or, where there is no domain, ADDRESS_REGION and ADDRESS_PARAMETER: the Systems
Manager parameter in which the API's stack leaves its address. REPORT_REGION and REPORT_ABOUT, both or neither: the
region whose CloudWatch is told, in the metric `Drive/RegionReachable`, whether the region REPORT_ABOUT answered.
"""

import json
import os
import time
from typing import Any

import urllib3
from botocore.config import Config
from botocore.session import get_session

CONNECT_SECONDS = 2
READ_SECONDS = 5
TRIES = 2
"""A single lost packet is no outage; what fails twice within seconds is one."""

EXPECTED = (
    ("/healthz/shallow", 200, "the API does not answer"),
    ("/healthz/deep", 200, "the API answers, and cannot read its table"),
    ("/v1/files", 401, "a stranger without a token is not sent away"),
)
"""What is asked, what has to come back, and what it means if it does not."""

_AWS = Config(
    retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS
)
_known: dict[str, str] = {}


def handler(_event: Any, _context: Any) -> str:
    """Ask all there is to ask. Raises RuntimeError, which names each answer that was wrong."""
    problems = check()
    _report(not problems)
    if problems:
        raise RuntimeError("; ".join(problems))
    return "well"


def check() -> list[str]:
    """Return what is wrong; nothing where all is well. Never raises."""
    try:
        address = _address()
    except Exception as error:  # noqa: BLE001 - whatever it is, the region did not tell its address
        return [f"the region does not tell the API's address: {error}"]
    return [problem for path, status, meaning in EXPECTED if (problem := _ask(address + path, status, meaning))]


def _ask(url: str, expected: int, meaning: str) -> str | None:
    answer = "nothing"
    for _ in range(TRIES):
        started = time.monotonic()
        answer = _status(url)
        print(json.dumps({"url": url, "answer": answer, "seconds": round(time.monotonic() - started, 3)}))
        if answer == str(expected):
            return None
    return f"{meaning}: {url} gave {answer} instead of {expected}"


def _status(url: str) -> str:
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    try:
        # A new connection each time: a kept one would hide that no new ones can be made.
        with urllib3.PoolManager(retries=False, timeout=timeout) as connections:
            return str(connections.request("GET", url, headers={"Cache-Control": "no-cache"}).status)
    except urllib3.exceptions.HTTPError as error:
        return type(error).__name__


def _address() -> str:
    if address := os.environ.get("ADDRESS"):
        return address.rstrip("/")
    parameter = os.environ["ADDRESS_PARAMETER"]
    if parameter not in _known:
        # Kept while the process lives: a region that cannot tell its address any more may still answer there.
        systems_manager: Any = get_session().create_client("ssm", region_name=os.environ["ADDRESS_REGION"], config=_AWS)
        _known[parameter] = systems_manager.get_parameter(Name=parameter)["Parameter"]["Value"]
    return _known[parameter].rstrip("/")


def _report(reachable: bool) -> None:
    """Tell the other region. That it cannot be told must not make the region that was asked look ill."""
    region = os.environ.get("REPORT_REGION")
    if not region:
        return
    value = {
        "MetricName": "RegionReachable",
        "Dimensions": [{"Name": "Region", "Value": os.environ["REPORT_ABOUT"]}],
        "Value": float(reachable),
        "Unit": "None",
    }
    try:
        cloudwatch: Any = get_session().create_client("cloudwatch", region_name=region, config=_AWS)
        cloudwatch.put_metric_data(Namespace="Drive", MetricData=[value])
    except Exception as error:  # noqa: BLE001 - there, an alarm notices that nothing comes any more
        print(json.dumps({"not told": region, "reason": str(error)}))
