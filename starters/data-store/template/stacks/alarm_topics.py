"""Where the alarms of a region go: one topic that wakes somebody up, one that waits for the morning.

Survives the loss of the other region: each region tells by itself.
Survives a wrong route: the topics take messages from alarms and rules only, encrypted, over TLS.
"""

from constructs import Construct
from seawall_constructs.alarm_topics import AlarmTopics

from stacks.regional_stack import RegionalStack


class Alarms(RegionalStack):
    """Somebody has to subscribe: README.md, "Deploy"."""

    def __init__(self, scope: Construct, *, service: str, region: str, disposable: bool) -> None:
        super().__init__(scope, "alarms", service=service, region=region, disposable=disposable)
        AlarmTopics(self, "Topics", topic_name=service, disposable=disposable)
