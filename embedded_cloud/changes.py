"""One difference between a deployment to AWS and one to the embedded cloud."""

from dataclasses import dataclass

from embedded_cloud.holes import Fate


@dataclass(frozen=True)
class Change:
    """What became of a resource, or of a property of it."""

    stack: str
    resource: str
    type: str
    fate: Fate
    what: str
