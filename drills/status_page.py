"""The primary region is gone, and customers are told: by a page that does not live there, and by mail in time (2011).

An observer in a third region asks both regions each minute and rewrites the page; four minutes later the first message
to customers lies ready, and whoever is on duty sends it with two commands. The page is seen in a browser, light and
dark, wide and narrow. Then the observer itself is cut off, and in the end nobody rewrites the page any more.

Promised: the first message leaves the status region within 15 minutes and reaches every subscriber once. The page names
the region, since when, and what can still be done; it needs nothing from any other region. An observer that reaches
nobody says "unknown"; a page that is old says so itself.
"""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from drills.drill import CouldNotRun, Drill, Findings, Run, main
from drills.frame.plan import Design, Step, call, person
from drills.status import status_judging, status_story
from drills.status.status_desk import SETTINGS

if TYPE_CHECKING:
    from drills.frame.running import Drive

SUBSCRIBERS, SUBSCRIBERS_SHORT = 250, 120
"""More than one page of the list (services/status/sending.py)."""
UNCONFIRMED = 5
"""Who asked for mail and never confirmed gets none."""


def run(drive: "Drive", run: Run) -> Findings:
    """Lose the primary, tell everybody, then lose the observer's sight, then its pen."""
    confirmed = SUBSCRIBERS_SHORT if run.options.short else SUBSCRIBERS
    with status_story.begin(drive, run, confirmed=confirmed, asked=UNCONFIRMED) as story:
        try:
            status_story.all_is_well(story)
            status_story.region_is_lost(story)
            status_story.people_tell(story)
            status_story.people_go_on(story)
        finally:
            drive.cloud.bring_up(story.lost)
        status_story.observer_is_cut_off(story)
        status_story.page_grows_old(story)
    found = status_judging.findings(story)
    if story.blind:
        raise CouldNotRun(_without_a_browser(story.blind, found, run))
    return found


def _without_a_browser(why: str, found: Findings, run: Run) -> str:
    """Print what was measured all the same, and return why that is no result."""
    for promise in found.promises:
        run.say(f"{'kept' if promise.kept else 'BROKEN'}: {promise.text}: {promise.measured} ({promise.promised})")
    kept = sum(promise.kept for promise in found.promises)
    return f"{why}. {kept} of the {len(found.promises)} promises that need no browser were kept; the page was not seen"


def plan(design: Design) -> Sequence[Step]:
    """Return what would be done in a real account: the page, not the region, is the drill's."""
    observer, lost = design.observer, design.primary
    bucket = f"{design.prefix}-status-<account>-{observer}"
    wrong = {"<every other>": "<as it is>", "PROBES": json.dumps({lost: "https://unreachable.invalid"})}
    return [
        person(observer, "subscribe", "from mailboxes of three mail services, and confirm", count=3),
        call(observer, "lambda", "UpdateFunctionConfiguration", "the observer no longer finds the primary",
             FunctionName=design.name("status"), Environment={"Variables": wrong}),
        call(observer, "lambda", "PublishVersion", "as a deployment does", FunctionName=design.name("status")),
        call(observer, "lambda", "UpdateAlias", "as a deployment does", FunctionName=design.name("status"),
             Name="live", FunctionVersion="<new>"),
        call(observer, "s3", "GetObject", "until the page says so", Bucket=bucket, Key="status.json"),
        call(observer, "s3", "ListObjectsV2", "until the first message is drafted", Bucket=bucket, Prefix="drafts/"),
        person(observer, "adopt", "python -m services.status adopt <id>", alarm="status-message-due"),
        person(observer, "announce", "python -m services.status announce first"),
        person(observer, "read", "each mailbox: when did the mail come, and does its link to unsubscribe work"),
        person(observer, "look", "at the page in a browser: wide, narrow, light, dark, and read aloud"),
        person(observer, "resolve", "python -m services.status resolve 'This was a drill.'"),
        call(observer, "scheduler", "UpdateSchedule", "nobody rewrites the page: it grows old",
             Name=design.name("status"), State="DISABLED"),
        person(observer, "look", "after five minutes the page says that it is old; the alarm status-old has rung"),
        call(observer, "scheduler", "UpdateSchedule", "and back", Name=design.name("status"), State="ENABLED"),
        call(observer, "lambda", "UpdateAlias", "and back", FunctionName=design.name("status"), Name="live",
             FunctionVersion="<before>"),
    ]  # fmt: skip


SIMULATED = [
    f"What an operator sets after the first deployment. {SETTINGS}",
    "The edge: the emulator's CloudFront, through a relay that adds its host (drills/traffic/relays.py), without TLS.",
    "The internet between the observer and the regions: relays on loopback that the drill can cut.",
    "Mail: the emulator keeps what Amazon SES takes, and sends nothing. SEND_RATE is 14 a second of the real drive.",
    f"Whoever is on duty: needs {status_story.DECIDING / 60:g} minutes to decide, and has root's keys.",
    "The minute: a schedule that fires each minute / time scale.",
]
NOT_PROVEN = [
    "That mail arrives: the sender's reputation, DKIM, SES's sandbox.",
    "The edge's cache: the emulator has none, so nobody sees the last page shown for a day after its region was lost.",
    "Alarms: the draft is looked for in its bucket, where status-message-due would have woken somebody up.",
    "The domain's own registrar, and its certificate.",
]

DRILL = Drill(
    name="status_page",
    title="Status page",
    promise=__doc__ or "",
    run=run,
    plan=plan,
    simulated=SIMULATED,
    not_proven=NOT_PROVEN,
)

if __name__ == "__main__":
    sys.exit(main(DRILL))
