"""A function of services/status, with what all of them know and the alarms that each of them has."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Aws, Duration
from aws_cdk.aws_iam import PolicyStatement
from constructs import Construct

from stacks.names import Names
from stacks.patterns.access import to_objects, to_table
from stacks.patterns.function_alarms import FunctionAlarms
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.service_function import ServiceFunction


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What the functions of the status stack share. `mail_domain` is None where no mail can be sent."""

    names: Names
    region: str
    status_url: str
    subscribe_url: str
    mail_domain: str | None

    @property
    def readers(self) -> dict[str, str]:
        """Return what leads to the subscribers."""
        return {"SUBSCRIBERS_TABLE": self.names.name("subscribers")}

    @property
    def sender(self) -> dict[str, str]:
        """Return whom mail comes from; without it sending fails, and says which variable is missing."""
        return {"SENDER": f"status@{self.mail_domain}"} if self.mail_domain else {}

    def objects(self, *actions: str) -> list[PolicyStatement]:
        """Allow S3 `actions` on the status bucket, and being told which objects are not there."""
        bucket = f"arn:{Aws.PARTITION}:s3:::{self.names.bucket('status', self.region)}"
        return [
            to_objects(self.names, self.region, "status", *actions),
            # Who may not list is told that access is denied to what does not exist.
            PolicyStatement(actions=["s3:ListBucket"], resources=[bucket]),
        ]

    def table(self, *actions: str) -> PolicyStatement:
        """Allow DynamoDB `actions` on the subscribers' table."""
        return to_table(self.names, self.region, "subscribers", *actions)

    def mail(self) -> list[PolicyStatement]:
        """Allow sending mail as the domain."""
        if not self.mail_domain:
            return []
        arn = self.names.arn("ses", self.region, f"identity/{self.mail_domain}")
        return [PolicyStatement(actions=["ses:SendEmail"], resources=[arn])]


class StatusService(Construct):
    """One function of `services/status/<handler>.py` with its alarms."""

    service: ServiceFunction

    def __init__(
        self,
        scope: RegionalStack,
        name: str,
        *,
        desk: Desk,
        role: str,
        handler: str,
        timeout: Duration,
        reserved: int,
        description: str,
        environment: Mapping[str, str],
        allow: list[PolicyStatement],
    ) -> None:
        super().__init__(scope, name)
        names = desk.names
        known = {"STATUS_BUCKET": names.bucket("status", desk.region), "STATUS_URL": desk.status_url}
        self.service = ServiceFunction(
            scope,
            f"{name}Service",
            names=names,
            role=role,
            handler=f"services.status.{handler}.handle",
            timeout=timeout,
            reserved=reserved,
            environment=known | dict(environment),
            allow=allow,
            description=description,
        )
        FunctionAlarms(self, "Alarms", names=names, role=role, timeout=timeout.to_seconds())
