"""Schedules and rules outside AWS Backup whose target makes a snapshot or starts a backup.

Sources: "Targets available in the EventBridge console" (built-in targets) in the EventBridge user guide, and
"Using universal targets" in the EventBridge Scheduler user guide.
"""

from __future__ import annotations

import re

from seawall.design import Resource
from seawall.values import Text

RULE = "AWS::Events::Rule"
SCHEDULE = "AWS::Scheduler::Schedule"

_BUILT_IN = re.compile(r":target/(create-snapshot|ec2-create-snapshot)")
_UNIVERSAL = re.compile(
    r":aws-sdk:(?:ec2:createSnapshots?|ec2:createImage|rds:createDB(?:Cluster)?Snapshot|backup:startBackupJob"
    r"|dynamodb:createBackup|elasticache:createSnapshot|redshift:createClusterSnapshot|fsx:createBackup"
    r"|docdb:createDBClusterSnapshot|neptune:createDBClusterSnapshot)\b",
    re.IGNORECASE,
)


def makes_snapshots(resource: Resource) -> str:
    """The target of a rule or a schedule that makes a snapshot; empty where none does."""
    path, pattern = ("Targets.Arn", _BUILT_IN) if resource.type == RULE else ("Target.Arn", _UNIVERSAL)
    for target in resource.values_at(path):
        found = pattern.search(str(target)) if isinstance(target, (str, Text)) else None
        if found:
            return found[0].rpartition("/")[2].rpartition(":aws-sdk:")[2]
    return ""
