"""What happens in the drill of the status page, and at which moments: told by people, seen by readers."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from drills.drill import Run
from drills.status.looking import CannotLook, Seen, View, browser, look
from drills.status.status_desk import Desk, Mail
from drills.status.status_reader import Page, Reader
from drills.traffic.relays import Relay

if TYPE_CHECKING:
    from drills.frame.running import Drive

DECIDING = 120
"""Seconds of the real drive from the page that wakes somebody up to their first command: an assumption."""
STARTING = 60.0
"""Seconds, not divided: a function's first process starts no faster for a faster clock."""
PATIENCE = 3
"""So many times what is promised is waited for what does not come."""
MINUTE = 60
SENT_WITHIN = 900
UPDATE = (
    "We have put the orders of the lost region into the other one's hands. You can browse, buy, download and upload."
)


@dataclass
class Story:
    """Moments in seconds since 1970; None for what never came."""

    drive: "Drive"
    run: Run
    desk: Desk
    reader: Reader
    ways: Mapping[str, Relay]
    """The observer's, by region; and "edge"."""
    edge: Relay
    """The readers'."""
    lost: str
    healthy: str
    begun_at: float = field(default_factory=time.time)
    well: Page | None = None
    lost_at: float = 0.0
    noticed: Page | None = None
    drafted_at: float | None = None
    adopted_at: float | None = None
    shown: Page | None = None
    announced_at: float | None = None
    subscribers: Sequence[str] = ()
    mails: Sequence[Mail] = ()
    sent_here: int = 0
    back_at: float | None = None
    over: Page | None = None
    cut_at: float = 0.0
    unknown: Page | None = None
    healed: Page | None = None
    stopped_at: float = 0.0
    ended_at: float = 0.0
    views: dict[str, Seen] = field(default_factory=dict)
    blind: str | None = None
    """Why nobody looked through a browser."""

    def scaled(self, seconds: float) -> float:
        """Return how long to wait for what is promised within so many seconds of the real drive."""
        return self.run.scaled(seconds) * PATIENCE + STARTING / 2

    def of_drive(self, seconds: float) -> float:
        """Return a time of the run as one of the real drive."""
        return seconds * self.run.options.time_scale

    def look(self, *names: str) -> None:
        """Open the page in a browser, for names with "mobile" or "dark" as those have it; keep what it showed."""
        if self.blind:
            return
        try:
            self.views |= look([self._view(name) for name in names])
        except CannotLook as error:
            self.blind = str(error)
            self.run.say(f"nobody looks: {self.blind}")

    def _view(self, name: str) -> View:
        mobile, dark = "mobile" in name, "dark" in name
        width, height = (390, 844) if mobile else (1000, 800)
        return View(name, f"{self.edge.url}/", self.picture(name), width, height, dark=dark, mobile=mobile)

    def picture(self, name: str) -> Path:
        """Return where a screenshot goes: beside the result, with the result's name."""
        return self.run.options.folder / f"status_page-{self.run.started_at:%Y%m%dT%H%M%SZ}-{name}.png"


@contextmanager
def begin(drive: "Drive", run: Run, *, confirmed: int, asked: int) -> "Iterator[Story]":
    """Put people on the list, let the observer see all regions, and begin to read the page."""
    lost, healthy = drive.design.data_regions
    domain = _domain(drive)
    edge_of = (drive.cloud.endpoint(drive.design.observer), {"Host": domain, "X-Forwarded-Proto": "https"})
    with (
        Relay.open(*edge_of) as edge,
        Relay.open(*edge_of) as control,
        Relay.open(drive.deployed.api(lost)) as to_lost,
        Relay.open(drive.deployed.api(healthy)) as to_healthy,
    ):
        ways = {lost: to_lost, healthy: to_healthy, "edge": control}
        probes = {region: f"{ways[region].url}/healthz/shallow" for region in (lost, healthy)}
        with Desk(drive).set_up(probes, f"{control.url}/") as desk, Reader.reading(edge) as reader:
            story = Story(drive, run, desk, reader, ways, edge, lost, healthy)
            story.subscribers = desk.subscribe(confirmed, asked)
            if browser() is None:
                story.look("well")  # says at once what is missing
            yield story


def _domain(drive: "Drive") -> str:
    """Return CloudFront's name for the page's distribution."""
    [distribution] = drive.deployed.stacks["Status"].resources("AWS::CloudFront::Distribution")
    known = drive.client("cloudfront", drive.design.observer).get_distribution(Id=distribution.physical)
    return str(known["Distribution"]["DomainName"])


def all_is_well(story: Story) -> None:
    """Wait until the page says that both regions work, and look."""
    regions = story.drive.design.data_regions
    story.well = story.reader.find(
        lambda page: all(page.region(region) == "well" for region in regions), since=0, within=STARTING
    )
    if story.well:
        story.run.say("the page says that both regions work")
        story.look("well")


def region_is_lost(story: Story) -> None:
    """Take the primary away, and wait for the page to say so and for the draft of the first message."""
    story.run.say(f"{story.lost} is gone")
    story.lost_at = time.time()
    story.drive.cloud.take_down(story.lost)
    story.noticed = story.reader.find(
        lambda page: page.region(story.lost) == "down", since=story.lost_at, within=story.scaled(3 * MINUTE)
    )
    ends_at = time.monotonic() + story.scaled(8 * MINUTE)
    while story.noticed and not story.drafted_at and time.monotonic() < ends_at:
        if story.desk.drafts():
            story.drafted_at = time.time()
            story.run.say("the first message is drafted, and somebody is woken up")
        time.sleep(0.2)


def people_tell(story: Story) -> None:
    """Do what runbook `status-message-due` says: adopt the draft, announce it; without a draft write one."""
    time.sleep(story.run.scaled(DECIDING))
    drafts = story.desk.drafts()
    if drafts:
        story.desk.command("adopt", drafts[0])
    else:
        story.desk.command("open", "by-hand", "degraded", "Problems in one of our regions", UPDATE)
    story.adopted_at = time.time()
    before = story.desk.sent_from(story.desk.region)
    story.run.say(story.desk.command("announce", "first"))
    story.announced_at = time.time()
    story.shown = story.reader.find(
        lambda page: page.incident is not None, since=story.adopted_at - 1, within=story.scaled(2 * MINUTE)
    )
    _wait_for_mails(story)
    story.sent_here = story.desk.sent_from(story.desk.region) - before
    story.run.say(f"{len(story.mails)} mails have left")


def _wait_for_mails(story: Story) -> None:
    ends_at = story.lost_at + story.run.scaled(SENT_WITHIN) + STARTING / 2
    still_since = time.monotonic()
    while time.time() < ends_at and time.monotonic() - still_since < story.scaled(MINUTE):
        mails = story.desk.mails(story.lost_at)
        if len(mails) != len(story.mails):
            still_since = time.monotonic()
        story.mails = mails
        if len({mail.to for mail in mails}) >= len(story.subscribers):
            time.sleep(1)  # for what should not come: a second mail to somebody
            story.mails = story.desk.mails(story.lost_at)
            return
        time.sleep(0.2)


def people_go_on(story: Story) -> None:
    """Write what customers can do, look at the page as they do, and say at the end that it is over."""
    story.desk.command("update", "identified", UPDATE)
    since = time.time()
    story.reader.find(lambda page: UPDATE in str(page.said), since=since - 1, within=story.scaled(2 * MINUTE))
    story.look("lost", "lost-dark", "lost-mobile", "lost-mobile-dark")
    story.run.say(f"{story.lost} is back")
    story.drive.cloud.bring_up(story.lost)
    story.back_at = since = time.time()
    story.desk.command("resolve", "The region is back, and everything that was ordered has been delivered.")
    story.over = story.reader.find(
        lambda page: page.condition == "well" and page.incident is None, since=since, within=story.scaled(3 * MINUTE)
    )


def observer_is_cut_off(story: Story) -> None:
    """Cut all of the observer's ways at once: the regions are well, and it cannot know."""
    story.run.say("the observer reaches nobody")
    story.cut_at = time.time()
    for relay in story.ways.values():
        relay.cut()
    story.unknown = story.reader.find(
        lambda page: page.condition == "unknown", since=story.cut_at, within=story.scaled(2 * MINUTE)
    )
    if story.unknown:
        story.look("cut-off", "cut-off-dark")
    since = time.time()
    for relay in story.ways.values():
        relay.mend()
    story.healed = story.reader.find(
        lambda page: page.condition == "well", since=since, within=story.scaled(3 * MINUTE)
    )


def page_grows_old(story: Story) -> None:
    """Stop the publisher and come back when the page must have noticed by itself."""
    from services.drive.limits import STATUS_OLD_AFTER

    story.run.say("nobody rewrites the page any more")
    story.desk.publish_each_minute(on=False)
    time.sleep(story.run.scaled(MINUTE))
    story.stopped_at = time.time()
    time.sleep(story.run.scaled(STATUS_OLD_AFTER) + 1)
    story.look("old", "old-mobile")
    story.ended_at = time.time()
    story.desk.publish_each_minute(on=True)
