"""What the alarms look at. CloudWatch Logs makes metrics of such lines ("embedded metric format"): no library."""

import json
import os
import time

UNKNOWN = "unknown"
"""The source of a restore that cannot be read: whose it is, nobody knows then."""


def measure(name: str, value: float, source: str | None = None) -> None:
    """Give a metric a value. Its namespace is the service's name, and so is its only dimension, unless one is given."""
    service = os.environ["SERVICE"]
    metric = {"Namespace": service, "Dimensions": [["Source"]], "Metrics": [{"Name": name}]}
    stamp = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metric]}
    print(json.dumps({"_aws": stamp, "Source": source or service, name: value}), flush=True)
