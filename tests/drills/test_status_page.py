"""What the drill of the status page is made of, without a cloud; the page itself is looked at in a real browser."""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from rich.console import Console

from drills import status_page
from drills.drill import CouldNotRun, Options, Run
from drills.frame.plan import Actor, Design
from drills.status import looking, status_judging, status_story
from drills.status.looking import CannotLook, Seen, View, browser, look
from drills.status.status_desk import Mail
from drills.status.status_reader import Page, Reader
from drills.status.status_story import UPDATE, Story
from drills.traffic.relays import Relay
from services.status import page
from services.status.incident import Impact, Incident, Progress, Update, moment
from services.status.picture import HEADLINES, Condition, Picture, Region
from tests.drills.loopback import Loopback, Reply, loopback

LOST, HEALTHY = "eu-west-1", "eu-central-1"
SCALE = 20.0
needs_browser = pytest.mark.skipif(browser() is None, reason="no Chromium")


@contextmanager
def _files(folder: Path) -> Iterator[str]:
    """Serve a folder; the browser's own wish for an icon is answered with nothing."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *told: Any) -> None:
            super().__init__(*told, directory=str(folder))

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def _serving(answer: Reply) -> AbstractContextManager[Loopback]:
    return loopback(lambda _: answer)


def test_a_relay_answers_what_is_behind_it_and_adds_its_headers() -> None:
    with (
        _serving(Reply(404, {"no": "such"}, {"x-own": "yes"})) as server,
        Relay.open(server.url, {"Host": "d.example"}) as relay,
    ):
        answer = httpx.get(f"{relay.url}/some/path?with=query")
    assert (answer.status_code, answer.json(), answer.headers["x-own"]) == (404, {"no": "such"}, "yes")
    assert (server.asked[0].path, server.asked[0].headers["host"]) == ("/some/path?with=query", "d.example")


def test_a_relay_that_is_cut_refuses_and_mended_listens_where_it_did() -> None:
    with _serving(Reply(200)) as server, Relay.open(server.url) as relay:
        url = relay.url
        relay.cut()
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)
        relay.mend()
        assert httpx.get(url).status_code == 200
        assert relay.url == url


def test_a_relay_is_silent_when_nobody_is_behind_it() -> None:
    with _serving(Reply(200)) as server:
        gone = server.url
    with Relay.open(gone) as relay, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(relay.url)


def _html(updated: float, *, hurt: bool = False) -> str:
    at = moment(updated)
    regions = (Region(LOST, Condition.DOWN if hurt else Condition.WELL, at), Region(HEALTHY, Condition.WELL, at))
    condition = Condition.DEGRADED if hurt else Condition.WELL
    incident = Incident("x", "Problems", Impact.DEGRADED, Progress.IDENTIFIED, at, (Update(at, UPDATE),))
    picture = Picture(at, condition, at, HEADLINES[condition], regions, incident if hurt else None)
    return page.render(picture, "https://subscribe.example.net/")


@needs_browser
def test_a_reader_sees_the_page_as_it_is(tmp_path: Path) -> None:
    root = tmp_path / "www"
    root.mkdir()
    (root / "index.html").write_text(_html(time.time(), hurt=True))
    with _files(root) as url:
        views = look(
            [
                View("lost", url, tmp_path / "lost.png"),
                View("lost-mobile-dark", url, tmp_path / "dark.png", 390, 844, dark=True, mobile=True),
            ]
        )
    light, dark = views["lost"], views["lost-mobile-dark"]
    assert (light.state_of(LOST), light.state_of(HEALTHY)) == ("Not available", "Working")
    assert UPDATE in light.text
    assert not light.says_old
    assert (status_judging.is_dark(light), status_judging.is_dark(dark)) == (False, True)
    assert not light.overflows
    assert not dark.overflows
    assert light.requests == [url]
    assert light.complaints == []
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in ("lost.png", "dark.png"))


@needs_browser
def test_an_old_page_says_so_by_itself(tmp_path: Path) -> None:
    root = tmp_path / "www"
    root.mkdir()
    (root / "index.html").write_text(_html(time.time() - 301))
    with _files(root) as url:
        [old] = look([View("old", url, tmp_path / "old.png")]).values()
    assert old.says_old


@needs_browser
def test_a_page_that_asks_for_something_from_elsewhere_is_found_out(tmp_path: Path) -> None:
    root = tmp_path / "www"
    root.mkdir()
    (root / "index.html").write_text('<p>…</p><img src="http://127.0.0.1:9/logo.png"/><script>throw 1</script>')
    with _files(root) as url:
        [seen] = look([View("bad", url, tmp_path / "bad.png")]).values()
    assert "http://127.0.0.1:9/logo.png" in seen.requests
    assert len(seen.complaints) >= 2


def test_without_a_browser_somebody_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(looking, "BROWSERS", ("no-such-browser",))
    with pytest.raises(CannotLook, match="apt-get install chromium"):
        look([View("lost", "http://127.0.0.1/", tmp_path / "x.png")])


def _page(at: float, lost: str = "well", healthy: str = "well", incident: str | None = None) -> Page:
    regions = [
        {"name": LOST, "condition": lost, "since": moment(at)},
        {"name": HEALTHY, "condition": healthy, "since": ""},
    ]
    known = {"id": incident} if incident else None
    condition = "unknown" if lost == healthy == "unknown" else "degraded" if lost == "down" else "well"
    return Page(at, {"updated": moment(at), "condition": condition, "regions": regions, "incident": known})


def _story(tmp_path: Path, **different: Any) -> Story:
    """A drill in which everything went as promised: moments are seconds of the run, twenty times faster."""
    options = Options(folder=tmp_path, time_scale=SCALE)
    run = Run(options, SimpleNamespace(), tmp_path, Console(quiet=True), datetime(2026, 11, 22, tzinfo=UTC))  # type: ignore[arg-type]
    pages = [_page(100 + 3 * n) for n in range(4)] + [_page(112 + 3 * n, lost="down") for n in range(10)]
    pages += [_page(142 + 3 * n) for n in range(4)] + [_page(154 + 3 * n, "unknown", "unknown") for n in range(2)]
    reader = Reader(SimpleNamespace(), pages)  # type: ignore[arg-type]
    subscribers = [f"reader-{number}@example.net" for number in range(3)]
    known: dict[str, Any] = {
        "drive": SimpleNamespace(design=SimpleNamespace(data_regions=(LOST, HEALTHY))),
        "run": run,
        "desk": SimpleNamespace(region="eu-north-1"),
        "reader": reader,
        "ways": {},
        "edge": SimpleNamespace(url="http://127.0.0.1:1"),
        "lost": LOST,
        "healthy": HEALTHY,
        "begun_at": 100.0,
        "well": pages[0],
        "lost_at": 106.0,
        "noticed": pages[4],
        "drafted_at": 125.0,
        "adopted_at": 130.0,
        "shown": _page(133, lost="down", incident="x"),
        "announced_at": 131.0,
        "subscribers": subscribers,
        "mails": [_mail(132 + number, email) for number, email in enumerate(subscribers)],
        "sent_here": 3,
        "over": pages[14],
        "back_at": 140.0,
        "cut_at": 153.0,
        "unknown": pages[18],
        "healed": _page(160),
        "stopped_at": 165.0,
    }
    return Story(**known | different)


def _mail(at: float, to: str) -> Mail:
    text = (
        "Since 08:04 UTC one of our regions has had problems.\nhttps://d.example\nhttps://e.example/unsubscribe?s=1&t=2"
    )
    return Mail(at, to, "status@status.example.com", "Problems", text)


def _broken(story: Story) -> list[str]:
    return [promise.text for promise in status_judging.findings(story).promises if not promise.kept]


def test_a_drill_in_which_all_went_well_keeps_every_promise(tmp_path: Path) -> None:
    found = status_judging.findings(_story(tmp_path))
    assert [promise for promise in found.promises if not promise.kept] == []
    assert (found.objects.into, found.objects.out) == (3, 3) if found.objects else False


def test_a_page_that_never_says_that_a_region_is_lost_breaks_a_promise(tmp_path: Path) -> None:
    broken = _broken(_story(tmp_path, noticed=None, drafted_at=None))
    assert any("until the page says it" in text for text in broken)
    assert any("drafted" in text for text in broken)


def test_a_first_message_after_a_quarter_of_an_hour_breaks_a_promise(tmp_path: Path) -> None:
    late = [_mail(106 + 46, f"reader-{number}@example.net") for number in range(3)]
    assert "from the loss until the first message has left" in _broken(_story(tmp_path, mails=late))


def test_a_message_too_few_and_one_too_many_are_counted(tmp_path: Path) -> None:
    mails = [_mail(132, "reader-0@example.net"), _mail(133, "reader-0@example.net"), _mail(134, "stranger@example.net")]
    counts = status_judging.ledger(_story(tmp_path, mails=mails))
    assert (counts.into, counts.out, counts.lost, counts.doubled) == (3, 1, 2, 1)
    broken = _broken(_story(tmp_path, mails=mails))
    assert {"subscribers without a message", "messages that came twice"} <= set(broken)
    assert "messages to somebody who never confirmed" in broken


def test_an_observer_that_accuses_others_when_it_is_itself_cut_off_is_found_out(tmp_path: Path) -> None:
    story = _story(tmp_path)
    story.reader.pages.append(_page(157, lost="down", healthy="down"))
    story.reader.pages.sort(key=lambda page: page.at)
    assert "pages that accused a region that was well" in _broken(story)


def test_a_page_that_calls_the_healthy_region_lost_is_found_out(tmp_path: Path) -> None:
    story = _story(tmp_path)
    story.reader.pages[8] = _page(124, lost="down", healthy="down")
    assert any("anything but well" in text for text in _broken(story))


def _seen(name: str, **different: Any) -> Seen:
    since = moment(112)
    shown = f"{since[:10]} {since[11:16]} UTC"
    known: dict[str, Any] = {
        "name": name,
        "status": 200,
        "title": "Problem: drive status",
        "text": f"{UPDATE} Last updated {shown}. We cannot tell",
        "rows": [[LOST, "✕ Not available", shown], [HEALTHY, "✓ Working", shown]],
        "updated": since,
        "says_old": name.startswith("old"),
        "background": "rgb(20, 23, 27)" if "dark" in name else "rgb(255, 255, 255)",
        "overflows": False,
        "complaints": [],
        "requests": ["http://127.0.0.1:1/"],
    }
    if name.startswith("cut-off"):
        known["rows"] = [[LOST, "? Unknown", shown], [HEALTHY, "? Unknown", shown]]
    return Seen(**known | different)


def _views(**different: Seen) -> dict[str, Seen]:
    names = ("well", "lost", "lost-dark", "cut-off", "old")
    return {name: _seen(name) for name in names} | {seen.name: seen for seen in different.values()}


def test_what_a_reader_sees_is_part_of_the_verdict(tmp_path: Path) -> None:
    assert _broken(_story(tmp_path, views=_views())) == []


@pytest.mark.parametrize(
    ("seen", "promise"),
    [
        (_seen("lost", rows=[[LOST, "✓ Working", "x"]]), "views that name the lost region, its state and since when"),
        (_seen("lost", text="Last updated"), "views that say what customers can still do"),
        (_seen("lost", complaints=["Refused to load"]), "complaints in the browser's console"),
        (_seen("lost", requests=["https://cdn.example/logo.png"]), "requests to anything but the status page"),
        (_seen("lost", overflows=True), "views that fit their screen"),
        (_seen("lost", says_old=True), "views of a fresh page that do not"),
        (_seen("lost-dark", background="rgb(255, 255, 255)"), "views as dark as the reader's screen"),
        (_seen("old", says_old=False), "views of an old page that say it is old"),
        (_seen("cut-off", rows=[[LOST, "✕ Not available", "x"]]), "views that say they do not know"),
    ],
)
def test_what_is_wrong_with_a_view_breaks_its_promise(tmp_path: Path, seen: Seen, promise: str) -> None:
    assert promise in _broken(_story(tmp_path, views=_views(this=seen)))


def test_without_a_browser_the_rest_is_measured_and_the_drill_is_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = _story(tmp_path, blind="no Chromium on this machine: `apt-get install chromium`")

    @contextmanager
    def begin(*_: Any, **__: Any) -> Iterator[Story]:
        yield story

    monkeypatch.setattr(status_story, "begin", begin)
    for name in (
        "all_is_well",
        "region_is_lost",
        "people_tell",
        "people_go_on",
        "observer_is_cut_off",
        "page_grows_old",
    ):
        monkeypatch.setattr(status_story, name, lambda _: None)
    cloud = SimpleNamespace(bring_up=lambda _: None)
    with pytest.raises(CouldNotRun, match=r"apt-get install chromium.*(\d+) of the \1 promises") as raised:
        status_page.run(SimpleNamespace(cloud=cloud), story.run)  # type: ignore[arg-type]
    assert "the page was not seen" in str(raised.value)


def test_the_plan_names_only_what_the_templates_hold(design: Design) -> None:
    steps = list(status_page.plan(design))
    status = design.templates["Status"]["Resources"].values()
    named = {found["Properties"].get("FunctionName") for found in status if found["Type"] == "AWS::Lambda::Function"}
    assert {step.parameters["FunctionName"] for step in steps if step.service == "lambda"} <= named
    assert all(step.region == design.observer for step in steps)
    assert any(step.actor == Actor.PERSON and step.operation == "announce" for step in steps)
