"""What a service uses, said once: from it follow both what the process is told and what its role may do."""

from typing import Self

from aws_cdk.aws_iam import PolicyStatement

from stacks.names import Names
from stacks.patterns.access import to_bucket, to_keys, to_levers, to_objects, to_queues, to_table
from stacks.patterns.environment import environment
from stacks.queues import QueueNumbers


class Needs:
    """Built by chaining, such as `Needs(names, region, peer).table("drive", "GetItem").queues(NOTIFY, …)`."""

    def __init__(self, names: Names, region: str, peer: str) -> None:
        self._names = names
        self._region = region
        self._peer = peer
        self._variables: list[str] = []
        self.allow: list[PolicyStatement] = []

    @property
    def environment(self) -> dict[str, str]:
        """The variables of services/drive/environment.py that lead to what is needed, and no others."""
        return environment(self._names, self._region, self._peer, *self._variables)

    def knows(self, *variables: str) -> Self:
        """Be told the names of things that it does not touch itself."""
        self._variables += variables
        return self

    def table(self, role: str, *actions: str, indexes: tuple[str, ...] = ()) -> Self:
        """Use a table of this region, and query these `indexes` of it."""
        return self._and(to_table(self._names, self._region, role, *actions, indexes=indexes), f"{role}_table")

    def queues(self, *queues: QueueNumbers, actions: tuple[str, ...] = ("SendMessage",)) -> Self:
        """Use queues of this region; sending is what most services do."""
        roles = [queue.role for queue in queues]
        return self._and(
            to_queues(self._names, self._region, roles, *actions), *(f"{role}_queue_url" for role in roles)
        )

    def objects(self, bucket: str, *actions: str) -> Self:
        """Use the objects of a bucket of this region."""
        return self._and(to_objects(self._names, self._region, bucket, *actions), f"{bucket}_bucket")

    def bucket(self, role: str, *actions: str) -> Self:
        """Use a bucket of this region itself."""
        return self._and(to_bucket(self._names, self._region, role, *actions), f"{role}_bucket")

    def keys(self, *roles: str, actions: tuple[str, ...] = ("Decrypt",)) -> Self:
        """Use keys of this region; reading encrypted things is what most services do."""
        return self._and(to_keys(self._names, self._region, roles, *actions))

    def notices(self) -> Self:
        """Publish what customers are told."""
        arn = self._names.topic_arn("notices", self._region)
        publish = PolicyStatement(actions=["sns:Publish"], resources=[arn])
        return self._and(publish, "notices_topic_arn").keys("topics", actions=("Decrypt", "GenerateDataKey"))

    def levers(self) -> Self:
        """Read the operators' levers."""
        return self._and(to_levers(self._names, self._region), "levers_application", "levers_environment")

    def _and(self, statement: PolicyStatement, *variables: str) -> Self:
        self.allow.append(statement)
        self._variables += [variable.upper().replace("-", "_") for variable in variables]
        return self
