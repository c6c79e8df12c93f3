"""Mail about an incident to everybody who asked for it."""

from aws_cdk import Duration
from aws_cdk.aws_lambda_destinations import SqsDestination
from constructs import Construct

from seawall_constructs.queue_arithmetic import LAMBDA_VISIBILITY_FACTOR
from services.drive.limits import MAILS_A_PAGE
from stacks.patterns.access import to_queues
from stacks.patterns.queue_alarms import QueueAlarms
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.status_alarms import MailAlarms
from stacks.patterns.status_service import Desk, StatusService
from stacks.patterns.work_queue import WorkQueue
from stacks.promises import FIRST_WORD_MINUTES
from stacks.queues import QueueNumbers

SENDING_SECONDS = 60
"""A page of mails takes seven at the rate that Amazon SES starts with; the rest is for slow answers."""

SENDERS = 2
"""The least that Lambda takes; each page of mails goes on where the one before ended."""

ANNOUNCE = QueueNumbers(
    role="announce",
    handler_seconds=SENDING_SECONDS,
    visibility_seconds=LAMBDA_VISIBILITY_FACTOR * SENDING_SECONDS,
    retention_days=1,
    tries=5,
    ticket_age=2 * 60,
    # A third of what is promised, so that two thirds are left to do something about it.
    page_age=FIRST_WORD_MINUTES * 60 // 3,
    concurrency=SENDERS,
)

STARTING = Duration.seconds(10)


class Announcements(Construct):
    """The queue of pages, the function that starts an announcement, and the one that sends it page by page.

    Survives a mail that cannot be sent: its page comes again, and after its tries lies in a dead-letter queue.
    """

    def __init__(self, scope: RegionalStack, name: str, *, desk: Desk) -> None:
        super().__init__(scope, name)
        names = desk.names
        work = WorkQueue(self, "Pages", names=names, numbers=ANNOUNCE)
        QueueAlarms(self, "QueueAlarms", names=names, numbers=ANNOUNCE, grouped=False)
        MailAlarms(self, "MailAlarms", names=names)
        queue = {"ANNOUNCE_QUEUE_URL": names.queue_url(ANNOUNCE.role, desk.region)}
        send = to_queues(names, desk.region, [ANNOUNCE.role], "SendMessage")
        announce = StatusService(
            scope,
            "Announce",
            desk=desk,
            role="announce",
            handler="announce",
            timeout=STARTING,
            reserved=2,
            description="Starts to tell every subscriber about an incident",
            environment=queue | desk.readers,
            allow=[*desk.objects("GetObject", "PutObject"), send],
        )
        announce.service.alias.configure_async_invoke(on_failure=SqsDestination(work.dead_letters))
        sender = StatusService(
            scope,
            "Sender",
            desk=desk,
            role="announce-sender",
            handler="sending",
            timeout=Duration.seconds(SENDING_SECONDS),
            reserved=SENDERS,
            description=f"Sends mails to {MAILS_A_PAGE} subscribers at a time",
            environment={"SUBSCRIBE_URL": desk.subscribe_url} | queue | desk.readers | desk.sender,
            allow=[
                *desk.objects("GetObject"),
                desk.table("GetItem", "Query", "PutItem", "UpdateItem"),
                send,
                *desk.mail(),
            ],
        )
        sender.service.take_from(work, batch=1)
