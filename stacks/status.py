"""The status page and the mail to customers: in a third region, and told nothing by the others.

Survives the loss of both data regions: nothing here is theirs, and the page says what it sees from outside.
Survives the loss of its own region: the edge shows the last page for a day, and the page says how old it is.
Survives being the one that is cut off: a page that reaches nobody says "unknown", and not "down".
Survives forty minutes of silence: the first message is drafted after four, and somebody is woken up to send it.
Survives a flood of readers: they read at the edge; the origin is asked twice a minute.
Survives a mail that cannot be sent: it is tried again, and after that lies in a dead-letter queue.
Survives the loss of the subscribers' table: copies are in both data regions, whose daily backups take them along and
are restored as a test, and any second of 35 days can be restored.
"""

import json
from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk.aws_ses import EmailIdentity, Identity
from constructs import Construct

from stacks.hosts import regional_api_host
from stacks.names import Names
from stacks.patterns.announcements import Announcements
from stacks.patterns.canaries import Canaries, address
from stacks.patterns.data_kind import holds_primary_data
from stacks.patterns.each_minute import EachMinute
from stacks.patterns.global_table import GlobalTable
from stacks.patterns.public_door import PublicDoor
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.status_alarms import ObserverAlarms, PageAlarms
from stacks.patterns.status_page import StatusPage
from stacks.patterns.status_service import Desk, StatusService

PUBLISHING = Duration.seconds(50)
"""Two tries of 5 s for each region at the same time, and a run is over before the next one starts."""

ANSWERING = Duration.seconds(10)

SUBSCRIPTIONS_PER_SECOND = 20
"""In an incident many want to be told at once; each of them may cause a mail."""

OBSERVED_AS = ("observer-primary", "observer-standby")
"""Roles of the canaries and their alarms, in the order of the data regions."""


class Status(RegionalStack):
    """What the observer's region shows, sees and sends.

    `status_domain` should lie in another zone than `domain`, best with another registrar: a fault of the one must not
    take the other along. `certificate` is the ARN of its certificate in us-east-1; until there is one the page is shown
    under CloudFront's name. Without a domain the page needs to be told where the regions' APIs are (`addresses`: what
    each `Api` leaves in `/<prefix>-api/url`); until it is told, it says "unknown".
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        region: str,
        disposable: bool,
        data_regions: Sequence[str],
        domain: str | None,
        status_domain: str | None,
        certificate: str | None = None,
        addresses: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        page = StatusPage(self, "Page", names=names, domain=status_domain, certificate=certificate)
        door = PublicDoor(self, "Door", names=names, role="subscriptions", requests_per_second=SUBSCRIPTIONS_PER_SECOND)
        mail_domain = status_domain or domain
        if mail_domain:
            EmailIdentity(self, "Mail", identity=Identity.domain(mail_domain))
        desk = Desk(names=names, region=region, status_url=page.url, subscribe_url=door.url, mail_domain=mail_domain)
        self._subscribers(data_regions)
        self._subscriptions(desk, door)
        self._publisher(desk, _probes(data_regions, domain, addresses or {}))
        Announcements(self, "Announcements", desk=desk)
        self._observe(data_regions, domain)

    def _subscribers(self, copies: Sequence[str]) -> None:
        """Who wants to be told: written here only; backed up and restored as a test where the copies are."""
        table = GlobalTable(
            self,
            "Subscribers",
            names=self.names,
            role="subscribers",
            replicas=copies,
            indexes=[],
            expiry="expires_at",
        )
        holds_primary_data(table)

    def _subscriptions(self, desk: Desk, door: PublicDoor) -> None:
        subscriptions = StatusService(
            self,
            "Subscriptions",
            desk=desk,
            role="subscriptions",
            handler="subscriptions",
            timeout=ANSWERING,
            reserved=SUBSCRIPTIONS_PER_SECOND,
            description="Lets customers subscribe to messages, and end that",
            environment={"SUBSCRIBE_URL": desk.subscribe_url} | desk.readers | desk.sender,
            allow=[desk.table("GetItem", "PutItem", "UpdateItem", "DeleteItem"), *desk.mail()],
        )
        door.lead_to(subscriptions.service.alias)

    def _publisher(self, desk: Desk, probes: Mapping[str, str]) -> None:
        publisher = StatusService(
            self,
            "Publisher",
            desk=desk,
            role="status",
            handler="publisher",
            timeout=PUBLISHING,
            reserved=2,
            description="Rewrites the status page",
            # The edge is near, and no part of either data region: whoever does not reach it is cut off.
            environment={
                "SUBSCRIBE_URL": desk.subscribe_url,
                "PROBES": json.dumps(probes),
                "CONTROL_URL": desk.status_url,
            },
            allow=[*desk.objects("GetObject", "PutObject")],
        )
        EachMinute(self, "EachMinute", names=self.names, role="status", service=publisher.service)
        PageAlarms(self, "PageAlarms", names=self.names)

    def _observe(self, data_regions: Sequence[str], domain: str | None) -> None:
        canaries = Canaries(self, "Canaries", names=self.names, asked=list(data_regions))
        for role, region in zip(OBSERVED_AS, data_regions, strict=True):
            (peer,) = (other for other in data_regions if other != region)
            told = {"REPORT_REGION": peer, "REPORT_ABOUT": region}
            place = role.split("-")[-1].title()
            seen = canaries.add(place, role=role, environment=address(self.names, region, domain) | told)
            ObserverAlarms(self, f"{place}Alarms", names=self.names, role=role, region=region, seen=seen)


def _probes(data_regions: Sequence[str], domain: str | None, addresses: Mapping[str, str]) -> dict[str, str]:
    """Where to ask whether each region is well, as far as that is known."""
    known = {region: f"https://{regional_api_host(region, domain)}" for region in data_regions} if domain else addresses
    return {region: f"{url.rstrip('/')}/healthz/shallow" for region, url in known.items()}
