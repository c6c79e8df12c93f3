"""The status page: one HTML document without anything to load, readable on a phone, aloud, and without JavaScript.

The only script makes an old page say that it is old; without it, the page tells its reader how to see that.
"""

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from urllib.parse import urlsplit

from services.drive.limits import STATUS_OLD_AFTER, scaled
from services.status.incident import Incident
from services.status.picture import Condition, Picture, Region

WORDS = {
    Condition.WELL: "Working",
    Condition.DEGRADED: "Problem",
    Condition.DOWN: "Not available",
    Condition.UNKNOWN: "Unknown",
}
SIGNS = {Condition.WELL: "✓", Condition.DEGRADED: "!", Condition.DOWN: "✕", Condition.UNKNOWN: "?"}

# Text and background of each condition; a test keeps every pair above the contrast of 4.5 that WCAG 2.2 AA asks for.
COLOURS = {
    Condition.WELL: ("#0b4f2a", "#e3f5ea"),
    Condition.DEGRADED: ("#5c3b00", "#fff1d6"),
    Condition.DOWN: ("#7d1010", "#fde5e5"),
    Condition.UNKNOWN: ("#33383f", "#e9ecf0"),
}
DARK_COLOURS = {
    Condition.WELL: ("#b6efcd", "#123524"),
    Condition.DEGRADED: ("#ffdf9e", "#412e06"),
    Condition.DOWN: ("#ffc9c9", "#4d1414"),
    Condition.UNKNOWN: ("#dde2e8", "#2b3138"),
}
"""For readers whose screen is dark: an incident at night is read at night."""


def _coloured(colours: Mapping[Condition, tuple[str, str]]) -> str:
    return "".join(f".{name}{{color:{text};background:{back}}}" for name, (text, back) in colours.items())


_STYLE = (
    ":root{color-scheme:light dark}"
    "body{margin:0 auto;max-width:42rem;padding:1rem;font:1.0625rem/1.5 system-ui,sans-serif;"
    "color:#1b1f24;background:#fff;overflow-wrap:anywhere}"
    "h1{font-size:1.25rem;margin:.5rem 0}h2{font-size:1.125rem;margin:2rem 0 .5rem}"
    "h3{font-size:1rem;margin:1rem 0 .25rem}"
    ".state{border-radius:.5rem;padding:1rem;margin:1rem 0}.state p{margin:.25rem 0}"
    ".word{font-size:1.5rem;font-weight:700}.old{border:2px solid #7d1010;border-radius:.5rem;padding:.75rem}"
    "table{border-collapse:collapse;width:100%}caption{text-align:left;padding:.25rem 0}"
    "th,td{text-align:left;padding:.5rem .5rem .5rem 0;border-top:1px solid #8a929c;vertical-align:top}"
    "tbody th{white-space:nowrap}.old p{margin:0}ol{padding-left:1.25rem}"
    "footer{margin-top:2rem;border-top:1px solid #8a929c;font-size:1rem}"
    "a{color:#0b4a8f}input,button{font:inherit;padding:.5rem;min-height:2.75rem;max-width:100%;box-sizing:border-box;"
    "border:1px solid #5b636d;border-radius:.25rem}button{background:#0b4a8f;color:#fff}"
    ":focus-visible{outline:3px solid #0b4a8f;outline-offset:2px}"
    + _coloured(COLOURS)
    + "@media(prefers-color-scheme:dark){body{color:#e6e9ed;background:#14171b}a{color:#8ec5ff}"
    ".old{border-color:#ff9d9d}:focus-visible{outline-color:#8ec5ff}"
    "th,td,footer{border-color:#5b636d}input{color:#e6e9ed;background:#1f242a}"
    f"{_coloured(DARK_COLOURS)}}}"
)

_SCRIPT = (
    "var t=document.getElementById('updated').dateTime;"
    f"if(Date.now()-Date.parse(t)>{round(scaled(STATUS_OLD_AFTER) * 1000)})"
    "{document.getElementById('old').hidden=false}"
)

_OLD = (
    '<div id="old" class="old" role="status" hidden="hidden"><p>This page is more than '
    f"{STATUS_OLD_AFTER // 60} minutes old: take everything on it as unknown since then.</p></div>"
)


def render(picture: Picture, subscribe_url: str) -> str:
    """Return the page. Whatever people wrote is shown as text, never as HTML."""
    word = WORDS[picture.condition]
    parts = [
        _head(f"{word}: drive status", subscribe_url),
        "<body>\n<main>\n<h1>Drive status</h1>",
        _OLD,
        _state(picture),
        _incident(picture.incident) if picture.incident else "",
        _regions(picture.regions),
        _past(picture.past),
        _subscribe(subscribe_url),
        "</main>",
        '<footer><p><a href="status.json">The same as data</a></p></footer>',
        f"<script>{_SCRIPT}</script>\n</body>\n</html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _head(title: str, subscribe_url: str) -> str:
    target = urlsplit(subscribe_url)
    policy = (
        f"default-src 'none'; style-src '{_hash(_STYLE)}'; script-src '{_hash(_SCRIPT)}'; "
        f"form-action {target.scheme}://{target.netloc}; base-uri 'none'"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}"/>\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>"
    )


def _state(picture: Picture) -> str:
    return (
        f'<div class="state {picture.condition}">'
        f'<p class="word"><span aria-hidden="true">{SIGNS[picture.condition]}</span> {WORDS[picture.condition]}</p>'
        f"<p>{escape(picture.headline)}</p>"
        f"<p>{WORDS[picture.condition]} since {_time(picture.since)}.</p></div>\n"
        f"<p>Last updated {_time(picture.updated, identity='updated')}. This page is rewritten every minute; "
        f"if that time is more than {STATUS_OLD_AFTER // 60} minutes ago, take the state as unknown. "
        '<a href="">Reload</a></p>'
    )


def _incident(incident: Incident) -> str:
    updates = "\n".join(
        f"<li><p>{_time(update.at)}: {escape(update.text)}</p></li>" for update in reversed(incident.updates)
    )
    return (
        f'<section aria-labelledby="incident">\n<h2 id="incident">{escape(incident.title)}</h2>\n'
        f"<p>{incident.state.capitalize()}. Started {_time(incident.started)}.</p>\n"
        f'<ol reversed="reversed">\n{updates}\n</ol>\n</section>'
    )


def _regions(regions: tuple[Region, ...]) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{escape(region.name)}</th>'
        # A space that does not break: on a phone the sign would stand on a line of its own.
        f'<td><span aria-hidden="true">{SIGNS[region.condition]}</span>&#160;{WORDS[region.condition]}</td>'
        f"<td>{_time(region.since)}</td></tr>"
        for region in regions
    )
    if not rows:
        return ""
    return (
        '<section aria-labelledby="regions">\n<h2 id="regions">Regions</h2>\n<table>\n'
        "<caption>As seen from outside, by an observer in a third region</caption>\n"
        '<thead><tr><th scope="col">Region</th><th scope="col">State</th><th scope="col">Since</th></tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table>\n</section>"
    )


def _past(past: tuple[Incident, ...]) -> str:
    entries = "\n".join(
        f"<h3>{escape(incident.title)}</h3>\n<p>{_time(incident.started)} to {_time(incident.updates[-1].at)}. "
        f"{escape(incident.updates[-1].text)}</p>"
        for incident in past
    )
    return (
        f'<section aria-labelledby="past">\n<h2 id="past">Past incidents</h2>\n{entries or "<p>None.</p>"}\n</section>'
    )


def _subscribe(subscribe_url: str) -> str:
    return (
        '<section aria-labelledby="subscribe">\n<h2 id="subscribe">Be told by mail</h2>\n'
        f'<form method="post" action="{escape(subscribe_url.rstrip("/"))}/subscribe">\n'
        '<p><label for="email">Mail address</label><br/>'
        '<input id="email" name="email" type="email" autocomplete="email" required="required"/></p>\n'
        "<p><button>Subscribe</button></p>\n</form>\n</section>"
    )


def _time(moment: str, identity: str = "") -> str:
    shown = f"{moment[:10]} {moment[11:16]} UTC"
    named = f' id="{identity}"' if identity else ""
    return f'<time datetime="{escape(moment)}"{named}>{escape(shown)}</time>'


def _hash(inline: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
