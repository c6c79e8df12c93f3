"""The drive's queues, simulated: predicts a drill, and says what a promotion of any size needs.

    python -m drills.simulate predict STORM --constant CONSTANT     drain time and p99 wait, beside what was measured
    python -m drills.simulate scale                                 10^5 to 10^8 orders, one and two regions
    python -m drills.simulate promotion --orders 1e7 --hours 24 --wait 300

Limits come from the synthesized templates and services/drive/limits.py. Results are written below build/drills.
Exit code 0, 1 when a prediction is too far off or a promise cannot be kept, 2 when nothing could be simulated.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drills.simulation import pictures, tables
from drills.simulation.design import Design, UnreadableAssembly, read_assembly
from drills.simulation.load import Mix
from drills.simulation.prediction import calibrate, predict
from drills.simulation.promotion import Unattainable, Wish, answer
from drills.simulation.provision import settings
from drills.simulation.record import UnusableRecord, load
from drills.simulation.scale import SIZES, rows
from drills.simulation.times import ServiceTimes, assumed_on_aws
from services.drive.limits import LONGEST_WAIT
from stacks.settings import SettingsError

WITHIN = 0.2
"""A prediction may be off by this much."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (UnreadableAssembly, UnusableRecord, SettingsError, OSError) as error:
        print(f"simulate: {error}", file=sys.stderr)
        return 2


def _predict(options: argparse.Namespace) -> int:
    tell, storm = _progress(), load(options.record)
    predictions, outcome = predict(load(options.constant), storm, _design(options), tell)
    path = _path(options, "predict")
    pictures.draw_prediction(storm, outcome, path.with_suffix(".png"))
    text = tables.prediction_text(predictions, WITHIN)
    _finish(options, path, text, tables.prediction_json(predictions, outcome, WITHIN))
    return int(any(found.off > WITHIN for found in predictions))


def _scale(options: argparse.Namespace) -> int:
    tell, path = _progress(), _path(options, "scale")
    sizes = tuple(options.orders or SIZES)
    found = list(
        rows(
            _design(options),
            _times(options),
            settings(),
            sizes=sizes,
            hours=options.hours,
            mix=_mix(options),
            events_up_to=options.events_up_to,
            progress=tell,
        )
    )
    pictures.draw_scale(found, LONGEST_WAIT, path.with_suffix(".png"))
    text = f"Promotions of {options.hours:g} h, each after a tenth of that at a twentieth of the rate:\n\n"
    text += tables.scale_table(found)
    _finish(options, path, text, {"rows": tables.scale_json(found)})
    return 0


def _promotion(options: argparse.Namespace) -> int:
    wish = Wish(
        orders=options.orders, hours=options.hours, wait=options.wait, regions=options.regions, mix=_mix(options)
    )
    try:
        found = answer(wish, _design(options), _times(options), settings(), _progress())
    except Unattainable as error:
        print(f"simulate: {error}", file=sys.stderr)
        return 1
    path = _path(options, "promotion")
    pictures.draw_promotion(found, path.with_suffix(".png"))
    _finish(options, path, tables.promotion_text(found), tables.promotion_json(found))
    return 0


def _design(options: argparse.Namespace) -> Design:
    designs = read_assembly(options.templates)
    region = options.region or settings().regions.primary
    if region not in designs:
        raise UnreadableAssembly(f"{options.templates} has no region {region}, only {', '.join(sorted(designs))}")
    return designs[region]


def _times(options: argparse.Namespace) -> ServiceTimes:
    times = calibrate(load(options.constant)) if options.constant else assumed_on_aws()
    if options.build_seconds:
        factor = options.build_seconds / times.build.mean
        build = replace(times.build, mean=options.build_seconds, deviation=factor * times.build.deviation)
        times = replace(times, build=build, source=f"{times.source}; builds of {options.build_seconds:g} s as asked")
    return times


def _mix(options: argparse.Namespace) -> Mix:
    return Mix(purchases=options.purchases, album=options.album)


def _path(options: argparse.Namespace, name: str) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return Path(options.results) / f"simulate-{name}-{stamp}.json"


def _finish(options: argparse.Namespace, path: Path, text: str, found: dict[str, Any]) -> None:
    memory = tables.peak_memory()
    simulated = {
        "templates": str(options.templates),
        "not_simulated": list(tables.NOT_SIMULATED),
        "peak_memory_mb": round(memory, 1),
        "seconds": round(time.monotonic() - options.started, 1),
    }
    if options.command != "predict":
        simulated["service_times"] = _times(options).source
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found | simulated, indent=2) + "\n")
    path.with_suffix(".md").write_text(text + "\n")
    if options.json:
        print(json.dumps(found | simulated, indent=2))
        return
    print(text)
    print(f"\nNot simulated: {'; '.join(tables.NOT_SIMULATED)}.")
    print(f"{simulated['seconds']} s, {memory:.0f} MB at most. Written: {path}, .md, .png")


def _progress() -> Callable[[str], None]:
    """Return what shows how far it is: on one line of a terminal, else a line every few seconds."""
    is_terminal, told_at = sys.stderr.isatty(), -float(QUIET)

    def tell(what: str) -> None:
        nonlocal told_at
        if is_terminal:
            print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - told_at >= QUIET:
            told_at = time.monotonic()
            print(what, file=sys.stderr, flush=True)

    return tell


QUIET = 5
"""Seconds between two lines of progress where nobody watches."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m drills.simulate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--templates", type=Path, default=Path("cdk.out"), help="what `make synth` wrote (%(default)s)")
    common.add_argument("--region", help="whose templates (the settings' primary)")
    common.add_argument("--json", action="store_true", help="print JSON instead of tables")
    common.add_argument("--results", default="build/drills", help="folder for JSON, Markdown and PNG (%(default)s)")
    common.set_defaults(started=time.monotonic())
    sized = argparse.ArgumentParser(add_help=False)
    sized.add_argument("--hours", type=_above_zero, default=24, help="how long the promotion lasts (%(default)s)")
    sized.add_argument(
        "--constant", type=Path, help="take service times from this record instead of AWS's assumed ones"
    )
    sized.add_argument("--build-seconds", type=_above_zero, help="how long a bundle occupies a slot")
    sized.add_argument("--purchases", type=_share, default=Mix().purchases, help="share of all orders (%(default)s)")
    sized.add_argument("--album", type=_share, default=Mix().album, help="share of all downloads (%(default)s)")
    told = commands.add_parser("predict", parents=[common], help="predict a recorded storm")
    told.add_argument("record", type=Path, help="the storm (drills/simulation/record.py)")
    told.add_argument("--constant", type=Path, required=True, help="the run under constant load to learn from")
    told.set_defaults(run=_predict)
    grown = commands.add_parser("scale", parents=[common, sized], help="10^5 to 10^8 orders")
    grown.add_argument("--orders", type=_above_zero, nargs="+", help="other sizes")
    grown.add_argument("--events-up-to", type=float, default=0, help="follow so many orders one by one (%(default)s)")
    grown.set_defaults(run=_scale)
    wanted = commands.add_parser("promotion", parents=[common, sized], help="what a promotion needs")
    wanted.add_argument("--orders", type=_above_zero, required=True)
    wanted.add_argument("--wait", type=_above_zero, required=True, help="seconds that nobody may exceed")
    wanted.add_argument("--regions", type=int, choices=(1, 2), default=1)
    wanted.set_defaults(run=_promotion)
    return parser


def _above_zero(given: str) -> float:
    number = float(given)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be a number above 0")
    return number


def _share(given: str) -> float:
    number = float(given)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError("must be a number from 0 to 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
