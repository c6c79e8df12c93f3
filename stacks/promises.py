"""What the drive promises: the numbers behind its alarms, its restore tests and docs/SLA.md.

A number that is promised to customers and watched by an alarm stands here once; `python -m stacks.sla` writes the page.
"""

from dataclasses import dataclass

from seawall_constructs.error_budget import BUDGET_DAYS
from services.drive.limits import FIRST_MESSAGE_WITHIN, LONGEST_WAIT, UNDELETE_DAYS
from stacks.settings import Tier


@dataclass(frozen=True, kw_only=True)
class Objective:
    """One service level: in `percent` of the cases, over BUDGET_DAYS, what `promise` says holds."""

    role: str
    promise: str
    percent: float
    limit: float | None = None
    """What one minute's measurement may be, in the unit that `promise` names; None where requests are counted."""

    @property
    def budget_minutes(self) -> float:
        """Minutes of a complete failure in BUDGET_DAYS that keep the promise."""
        return BUDGET_DAYS * 24 * 60 * (100 - self.percent) / 100


ANSWERED = Objective(
    role="slo-answered", promise="A request to the API is answered without a server error", percent=99.9
)
LINK_MILLISECONDS = 400
PROMPT = Objective(
    role="slo-prompt",
    promise=f"A minute in which 99 of 100 download links are handed out within {LINK_MILLISECONDS} ms",
    percent=99.0,
    limit=LINK_MILLISECONDS,
)
DELIVER_SECONDS = 60
DELIVERED = Objective(
    role="slo-delivered",
    promise=f"A minute in which no purchase has waited longer than {DELIVER_SECONDS} s to be given to its buyer",
    percent=99.0,
    limit=DELIVER_SECONDS,
)
BUNDLE_START_SECONDS = 300
BUNDLED = Objective(
    role="slo-bundled",
    promise=f"A minute in which no album has waited longer than {BUNDLE_START_SECONDS // 60} minutes to be started",
    percent=99.0,
    limit=BUNDLE_START_SECONDS,
)
COPY_SECONDS = 900
COPIED = Objective(
    role="slo-copied",
    promise=f"A minute in which every file older than {COPY_SECONDS // 60} minutes is in both regions",
    percent=99.9,
    limit=COPY_SECONDS,
)
OBJECTIVES = (ANSWERED, PROMPT, DELIVERED, BUNDLED, COPIED)


@dataclass(frozen=True, kw_only=True)
class Target:
    """How long a failure may last (RTO) and how much it may take along (RPO), in minutes.

    They are targets of the design until a drill has measured them.
    """

    failure: str
    recovery_minutes: int
    loss_minutes: int
    how: str


REGION_RECOVERY_MINUTES = {Tier.PILOT_LIGHT: 60, Tier.WARM_STANDBY: 15, Tier.ACTIVE_ACTIVE: 15}
"""After the loss of a region, the decision of a person included."""

AUTOMATIC_REGION_RECOVERY_MINUTES = 5
"""With failover_mode automatic, which only active_active keeps: nobody decides and nothing is scaled."""

TABLE_RESTORE_MINUTES = 240
ACCOUNT_RESTORE_MINUTES = 48 * 60
DAY_MINUTES = 24 * 60

ZONE_LOST = Target(
    failure="One zone is lost",
    recovery_minutes=2,
    loss_minutes=0,
    how="What runs in the other zones is enough for the peak; nothing has to be started",
)
FILE_DELETED = Target(
    failure="A file was deleted or overwritten",
    recovery_minutes=5,
    loss_minutes=0,
    how=f"Its owner takes it back, for {UNDELETE_DAYS} days",
)
TABLE_CORRUPTED = Target(
    failure="A fault of ours damaged the catalogue",
    recovery_minutes=TABLE_RESTORE_MINUTES,
    loss_minutes=5,
    how="Restored beside the damaged table to a moment before the fault, compared, and put right",
)
FILES_DELETED = Target(
    failure="Files were deleted in masses, in one region",
    recovery_minutes=DAY_MINUTES,
    loss_minutes=COPY_SECONDS // 60,
    how="The copies in the other region lie under a lock",
)
ACCOUNT_LOST = Target(
    failure="The AWS account is lost (with a backup account)",
    recovery_minutes=ACCOUNT_RESTORE_MINUTES,
    loss_minutes=DAY_MINUTES,
    how="Restored into a new account from the daily copies in the backup account",
)
PROVIDER_LOST = Target(
    failure="AWS is lost to us (with the offsite copy)",
    recovery_minutes=7 * DAY_MINUTES,
    loss_minutes=DAY_MINUTES,
    how="Rebuilt from the encrypted copy at another provider",
)
TARGETS = (ZONE_LOST, FILE_DELETED, TABLE_CORRUPTED, FILES_DELETED, ACCOUNT_LOST, PROVIDER_LOST)

FIRST_WORD_MINUTES = FIRST_MESSAGE_WITHIN // 60
"""From an incident to the first message to every subscriber. In April 2011 it took Amazon more than forty."""

STATUS_SECONDS = 60
"""The status page is written anew this often, whether anything changed or not."""

WAIT_MINUTES = LONGEST_WAIT // 60
"""Longer waits are refused with a time to come back, rather than accepted and broken."""
