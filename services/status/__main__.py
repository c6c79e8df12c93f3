"""What people do during an incident, from any machine with the status role of the observer's region.

    python -m services.status open 2026-11-27-uploads degraded "Uploads fail" "We look for the cause."
    python -m services.status adopt seen-20261127T080400Z
    python -m services.status update monitoring "Uploads work again; we keep watching."
    python -m services.status resolve "Uploads have worked for an hour."
    python -m services.status announce first
    python -m services.status show

Environment: AWS_REGION (the observer's), STATUS_BUCKET, STATUS_URL, SUBSCRIBERS_TABLE, ANNOUNCE_QUEUE_URL.
"""

import argparse
import json
import sys
from dataclasses import replace

from services.drive import clock
from services.status import drafts, incident, store
from services.status.announce import MESSAGES, NothingToAnnounceError, announce
from services.status.incident import Impact, Incident, InvalidIncidentError, Progress, Update, moment


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 done, 2 refused."""
    asked = _parser().parse_args(arguments)
    try:
        print(asked.do(asked))
    except (InvalidIncidentError, NothingToAnnounceError) as error:
        print(f"refused: {error}", file=sys.stderr)
        return 2
    return 0


def _open(asked: argparse.Namespace) -> str:
    now = moment(clock.now())
    first = (Update(now, asked.text),)
    return _save(Incident(asked.id, asked.title, Impact(asked.impact), Progress.INVESTIGATING, now, first))


def _adopt(asked: argparse.Namespace) -> str:
    draft = drafts.find(asked.id)
    if draft is None:
        message = f"there is no draft {asked.id}"
        raise InvalidIncidentError(message)
    return _save(draft)


def _update(asked: argparse.Namespace) -> str:
    return _save(_with(_present(), Progress(asked.state), asked.text))


def _resolve(asked: argparse.Namespace) -> str:
    return _save(_with(_present(), Progress.RESOLVED, asked.text))


def _announce(asked: argparse.Namespace) -> str:
    return f"sending {announce(_present().id, asked.message)}"


def _show(_asked: argparse.Namespace) -> str:
    return json.dumps(_present().to_json(), indent=2)


def _present() -> Incident:
    written = store.read(store.INCIDENT)
    if written is None:
        raise InvalidIncidentError("no incident is open")
    return incident.parse(written)


def _with(present: Incident, state: Progress, text: str) -> Incident:
    return replace(present, state=state, updates=(*present.updates, Update(moment(clock.now()), text)))


def _save(written: Incident) -> str:
    checked = incident.from_json(json.loads(json.dumps(written.to_json())))
    store.write(store.INCIDENT, json.dumps(checked.to_json()))
    return f"{checked.id}: {checked.state}; the page follows within a minute"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.status")
    actions = parser.add_subparsers(required=True)
    opening = actions.add_parser("open", help="write a new incident; it wins over what the probes say")
    opening.add_argument("id")
    opening.add_argument("impact", choices=list(Impact))
    opening.add_argument("title")
    opening.add_argument("text")
    opening.set_defaults(do=_open)
    adopting = actions.add_parser("adopt", help="make a draft the incident")
    adopting.add_argument("id")
    adopting.set_defaults(do=_adopt)
    updating = actions.add_parser("update", help="say what is known now")
    updating.add_argument("state", choices=[state for state in Progress if state != Progress.RESOLVED])
    updating.add_argument("text")
    updating.set_defaults(do=_update)
    resolving = actions.add_parser("resolve", help="say that it is over; the probes decide again")
    resolving.add_argument("text")
    resolving.set_defaults(do=_resolve)
    announcing = actions.add_parser("announce", help="tell every subscriber")
    announcing.add_argument("message", choices=MESSAGES)
    announcing.set_defaults(do=_announce)
    actions.add_parser("show", help="print the incident").set_defaults(do=_show)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
