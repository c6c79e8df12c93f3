"""What can be told of a database from outside: the functions are in no network that leads into it.

Of the database in use: how far its recovery is behind. Of a restored one: that it came up, is a copy of this database,
and is encrypted. Rows are not looked at: README.md#runbook-restore says how.
"""

import time
from collections.abc import Mapping
from typing import Any

from restore_check.deadline import Deadline
from runtime import aws
from runtime.metrics import measure

ALIKE = ("Engine", "DatabaseName", "MasterUsername")
"""What a copy has in common with its source."""

ENGINE = "aurora-postgresql"


def beat(store: str) -> None:
    """Measure how many minutes would be lost if the database were restored to the latest second possible."""
    cluster = _cluster(store)
    if cluster is None:
        raise LookupError(f"there is no database {store}")
    measure("MinutesBehind", (time.time() - cluster["LatestRestorableTime"].timestamp()) / 60)


def findings(restored: str, live: str, _moment: float, deadline: Deadline) -> list[str]:
    """Return one sentence for each thing that is wrong with the copy called `restored`.

    Without a `live` one (a region that has only the copies) it is not compared.
    """
    deadline.check()
    copy = _cluster(restored)
    if copy is None:
        return ["nothing was restored"]
    found = []
    if copy["Status"] != "available":
        found.append(f"it is {copy['Status']}")
    if not copy["StorageEncrypted"]:
        found.append("it is not encrypted")
    if copy["Engine"] != ENGINE:
        found.append(f"it is a database of {copy['Engine']}")
    deadline.check()
    source = _cluster(live) if live else None
    if source:
        found += [f"its {name} is not that of {live}" for name in ALIKE if copy.get(name) != source.get(name)]
    return found


def _cluster(name: str) -> Mapping[str, Any] | None:
    client = aws.client("rds")
    try:
        found: Mapping[str, Any] = client.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
    except client.exceptions.DBClusterNotFoundFault:
        return None
    return found
