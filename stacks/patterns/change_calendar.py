"""When nobody deploys."""

from collections.abc import Sequence
from datetime import UTC, datetime

from aws_cdk.aws_ssm import CfnDocument
from constructs import Construct

from stacks.names import Names
from stacks.settings import FREEZE_BEFORE, Event

HEAD = (
    "BEGIN:VCALENDAR",
    "PRODID:-//AWS//Change Calendar 1.0//EN",
    "VERSION:2.0",
    "X-CALENDAR-TYPE:DEFAULT_OPEN",
    "X-WR-CALDESC:Closed from a day before each planned event until it is over",
)


class ChangeCalendar(CfnDocument):  # no construct of a higher level makes a calendar
    """An SSM Change Calendar that is open except around `events`: `aws ssm get-calendar-state` says which it is.

    Survives the eve of a sale: pipelines and runbooks that ask it stand still.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names, events: Sequence[Event]) -> None:
        lines = [*HEAD, *(line for event in events if event.freeze_deploys for line in _freeze(event)), "END:VCALENDAR"]
        super().__init__(
            scope,
            name,
            name=names.name("freeze"),
            document_type="ChangeCalendar",
            document_format="TEXT",
            content={},
            # Otherwise an event that is added later would replace the document, which has a name of its own.
            update_method="NewVersion",
        )
        # A calendar is text, where CDK takes an object only and cfn-lint expects the structure of other documents.
        self.add_property_override("Content", "\r\n".join(lines))
        self.add_metadata("cfn-lint", {"config": {"ignore_checks": ["E3051"]}})


def _freeze(event: Event) -> tuple[str, ...]:
    return (
        "BEGIN:VEVENT",
        f"UID:{event.name}",
        # When the entry was made: fixed, or each synthesis would change the calendar.
        f"DTSTAMP:{_moment(event.start)}",
        f"DTSTART:{_moment(event.start - FREEZE_BEFORE)}",
        f"DTEND:{_moment(event.end)}",
        f"SUMMARY:{event.name}",
        "END:VEVENT",
    )


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
