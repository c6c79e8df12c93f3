"""What the drill of the status page promises, and what was measured. Times are those of the real drive."""

from collections import Counter
from collections.abc import Callable, Iterator

from drills.drill import Findings
from drills.frame.ledger import Counts
from drills.frame.plots import Limit, Line, Mark, Panel
from drills.frame.result import Promise
from drills.status.looking import Seen
from drills.status.status_desk import DOMAIN
from drills.status.status_reader import Page
from drills.status.status_story import DECIDING, UPDATE, Story

HALF_BRIGHT = 128
"""A page for a dark screen has a background below this, of 255; any other page above it."""
TURNS = 2
"""A page that is rewritten each minute may be missed once: its runs follow each other, and none waits for the last."""
STATES = {"well": 0, "": 1, "unknown": 1, "down": 2}


def findings(story: Story) -> Findings:
    """Judge what happened."""
    counts = ledger(story)
    groups = (_noticed(story), _told(story, counts), _cut_off(story), _looked(story) if story.views else ())
    return Findings(
        promises=[promise for group in groups for promise in group],
        measurements=_measurements(story),
        settings={"subscribers": len(story.subscribers), "deciding (s)": DECIDING},
        objects=counts,
        panels=_panels(story),
        marks=_marks(story),
    )


def ledger(story: Story) -> Counts:
    """Return the first messages as the ledger's objects: in, a subscriber; out, one who got it."""
    got = Counter(mail.to for mail in story.mails)
    out = sum(email in got for email in story.subscribers)
    doubled = sum(got[email] - 1 for email in story.subscribers if email in got)
    return Counts(into=len(story.subscribers), out=out, lost=len(story.subscribers) - out, doubled=doubled)


def _noticed(story: Story) -> Iterator[Promise]:
    from services.drive.limits import DRAFT_AFTER, FAILED_PROBES
    from stacks.promises import STATUS_SECONDS

    said = [story.well.region(region) for region in (story.lost, story.healthy)] if story.well else "nothing"
    yield Promise.exactly("what the page says of both regions before", said, ["well", "well"])
    down = story.noticed.at if story.noticed else None
    most = (FAILED_PROBES + 1) * STATUS_SECONDS
    yield _within(story, "from the loss until the page says it", story.lost_at, down, most)
    most = DRAFT_AFTER + TURNS * STATUS_SECONDS
    yield _within(story, "from then until the first message is drafted", down, story.drafted_at, most)
    meanwhile = _between(story, story.lost_at, story.over.at if story.over else story.cut_at)
    wrong = sum(page.region(story.healthy) != "well" for page in meanwhile)
    yield Promise.exactly("pages that called the healthy region anything but well", wrong, 0)
    gap = story.reader.longest_gap(story.lost_at, story.cut_at)
    text = "longest time between two pages, though a region is gone"
    yield Promise.at_most(text, round(story.of_drive(gap)), TURNS * STATUS_SECONDS, "s")


def _told(story: Story, counts: Counts) -> Iterator[Promise]:
    from stacks.promises import FIRST_WORD_MINUTES, STATUS_SECONDS

    moments = sorted(mail.at for mail in story.mails)
    for text, number in {"first message has left": 0, "message to the last subscriber has left": -1}.items():
        at = moments[number] if counts.out == counts.into or (moments and number == 0) else None
        yield _within(story, f"from the loss until the {text}", story.lost_at, at, FIRST_WORD_MINUTES * 60)
    yield Promise.exactly("subscribers without a message", counts.lost, 0)
    yield Promise.exactly("messages that came twice", counts.doubled, 0)
    strangers = {mail.to for mail in story.mails} - set(story.subscribers)
    yield Promise.exactly("messages to somebody who never confirmed", len(strangers), 0)
    yield Promise.exactly("messages counted by the status region's SES", story.sent_here, len(story.mails))
    good = sum(_says_enough(mail.text) and mail.sender.endswith(f"@{DOMAIN}") for mail in story.mails)
    yield Promise.exactly("messages that name the page and the way to end them", good, len(story.mails))
    shown = story.shown.at if story.shown else None
    text = "from the command until the page shows the incident"
    yield _within(story, text, story.adopted_at, shown, TURNS * STATUS_SECONDS)


def _says_enough(text: str) -> bool:
    return "/unsubscribe?s=" in text and "https://" in text and "one of our regions" in text


def _cut_off(story: Story) -> Iterator[Promise]:
    from stacks.promises import STATUS_SECONDS

    at = story.unknown.at if story.unknown else None
    text = "from the observer's cut off until the page says that it does not know"
    yield _within(story, text, story.cut_at, at, TURNS * STATUS_SECONDS)
    until = story.healed.at if story.healed else story.stopped_at  # from there on nobody writes
    accused = sum("down" in map(page.region, _regions(story)) for page in _between(story, story.cut_at, until))
    yield Promise.exactly("pages that accused a region that was well", accused, 0)


def _looked(story: Story) -> Iterator[Promise]:
    """What a reader saw in the browser."""
    views = list(story.views.values())
    lost = [view for name, view in story.views.items() if name.startswith("lost")]
    yield _all("views that name the lost region, its state and since when", lost, lambda view: _names(story, view))
    yield _all("views that name the region that works", lost, lambda view: view.state_of(story.healthy) == "Working")
    yield _all("views that say what customers can still do", lost, lambda view: UPDATE in view.text)
    yield _all("views that say when the page was written", views, _says_when)
    cut = [view for name, view in story.views.items() if name.startswith("cut-off")]
    yield _all("views that say they do not know", cut, lambda view: _unknown(story, view))
    old = [view for name, view in story.views.items() if name.startswith("old")]
    yield _all("views of an old page that say it is old", old, lambda view: view.says_old)
    fresh = [view for view in views if view not in old]
    yield _all("views of a fresh page that do not", fresh, lambda view: not view.says_old)
    yield Promise.exactly(
        "complaints in the browser's console", [said for view in views for said in view.complaints], []
    )
    elsewhere = [url for view in views for url in view.requests if not url.startswith(f"{story.edge.url}/")]
    yield Promise.exactly("requests to anything but the status page", elsewhere, [])
    yield _all("views that fit their screen", views, lambda view: not view.overflows)
    yield _all("views as dark as the reader's screen", views, lambda view: is_dark(view) == ("dark" in view.name))


def _all(text: str, views: list[Seen], holds: Callable[[Seen], bool]) -> Promise:
    good = sum(holds(view) for view in views)
    return Promise(text, f"{len(views)} of {len(views)}", f"{good} of {len(views)}", kept=good == len(views) > 0)


def _names(story: Story, view: Seen) -> bool:
    since = story.noticed.since(story.lost) if story.noticed else ""
    shown = f"{since[:10]} {since[11:16]} UTC"
    return view.state_of(story.lost) == "Not available" and view.since(story.lost) == shown


def _says_when(view: Seen) -> bool:
    return view.updated is not None and f"Last updated {view.updated[:10]} {view.updated[11:16]} UTC" in view.text


def _unknown(story: Story, view: Seen) -> bool:
    return all(view.state_of(region) == "Unknown" for region in _regions(story)) and "cannot tell" in view.text


def is_dark(view: Seen) -> bool:
    """Return whether the page's background is dark."""
    channels = [float(part) for part in view.background.strip("rgba()").split(",")[:3]]
    return sum(channels) / 3 < HALF_BRIGHT


def _regions(story: Story) -> tuple[str, str]:
    return story.lost, story.healthy


def _within(story: Story, text: str, since: float | None, at: float | None, most: float) -> Promise:
    promised = f"≤ {most / 60:g} min"
    if since is None or at is None:
        return Promise(text, promised, "never", kept=False)
    measured = story.of_drive(at - since)
    return Promise(text, promised, f"{measured / 60:.1f} min", kept=measured <= most)


def _between(story: Story, since: float, until: float) -> list[Page]:
    return [page for page in story.reader.pages if since <= page.at <= until]


def _measurements(story: Story) -> dict[str, object]:
    moments = sorted(mail.at for mail in story.mails)
    return {
        "pages written": len(story.reader.pages),
        "readings of the page in vain": story.reader.failures,
        "messages per second of the run": _rate(moments),
        "screenshots": [story.picture(name).name for name in story.views],
        "the browser": story.blind or "Chromium, headless",
        "the ledger's objects": "first messages, one for each subscriber",
    }


def _rate(moments: list[float]) -> float | None:
    took = moments[-1] - moments[0] if moments else 0
    return round((len(moments) - 1) / took, 1) if took else None


def _panels(story: Story) -> list[Panel]:
    from stacks.promises import FIRST_WORD_MINUTES

    start = story.begun_at
    said = [
        Line(region, [(page.at - start, STATES[page.region(region)]) for page in story.reader.pages], steps=True)
        for region in _regions(story)
    ]
    sent = [(at - start, number + 1) for number, at in enumerate(sorted(mail.at for mail in story.mails))]
    ages = [(at - start, story.of_drive(age) / 60) for at, age in _ages(story)]
    due = story.lost_at + FIRST_WORD_MINUTES * 60 / story.run.options.time_scale - start
    mails = Line("messages that have left", sent, steps=True)
    promised = Line("promised to all by then", [(due, 0), (due, len(story.subscribers))])
    return [
        Panel("What the page says of each region", "0 well · 1 unknown · 2 lost", said),
        Panel("The first message to customers", "messages", [mails, promised]),
        Panel("Age of the page that readers see", "minutes, real drive", [Line("age", ages)], [Limit(5, "old")]),
    ]


def _ages(story: Story) -> Iterator[tuple[float, float]]:
    """Yield moments and how many seconds old the page was: it ages until the next one is there."""
    pages = story.reader.pages
    ends = [page.at for page in pages[1:]] + [story.ended_at or pages[-1].at] if pages else []
    for page, end in zip(pages, ends, strict=True):
        yield page.at, page.at - page.updated
        yield end, end - page.updated


def _marks(story: Story) -> list[Mark]:
    moments = {
        "region lost": story.lost_at,
        "draft": story.drafted_at,
        "announced": story.announced_at,
        "region back": story.back_at,
        "observer cut off": story.cut_at,
        "publisher stopped": story.stopped_at,
    }
    return [Mark(at - story.begun_at, name) for name, at in moments.items() if at]
