"""Learns from a constant load, predicts a storm: the recorded pair, and a pair whose truth is known."""

from dataclasses import replace
from pathlib import Path

import pytest

from drills.simulation.design import read_assembly
from drills.simulation.events import simulate
from drills.simulation.load import BUNDLE, PURCHASE, Arrival, Load, Mix, Phase
from drills.simulation.prediction import BUNDLES, calibrate, plan_of, predict
from drills.simulation.record import Build, Record, Served, Stage, UnusableRecord, load, parse, save
from tests.drills.simulation.assembly import design

RECORDED = Path(__file__).parents[3] / "drills" / "recorded"
SYNTHESIZED = Path(__file__).parents[3] / "cdk.out"
WITHIN = 0.2

LIGHT = Stage(0.006, 0.002, 4)


def constant() -> Record:
    """A run under a load that nobody waits for: builds of half a second, 0.1 s beside them."""
    seconds = range(0, 300, 3)
    return Record(
        kind="constant",
        time_scale=20,
        workers=3,
        slots=4,
        arrivals=tuple(Arrival(second, f"user-{second}", f"content-{second}", BUNDLE) for second in seconds),
        builds=tuple(
            Build(f"content-{second}", second + 0.05, second + 0.45 + 0.2 * (second % 2), "eu-west-1")
            for second in seconds
        ),
        orders=tuple(
            Served(second, second + 0.5 + 0.2 * (second % 2), BUNDLE, f"user-{second}", f"content-{second}")
            for second in seconds
        ),
        outbox=LIGHT,
        deliver=LIGHT,
        notify=LIGHT,
        restart=1.0,
    )


def storm() -> Record:
    """Who came, and what was killed; what was measured is empty."""
    load = Load((Phase(20, 2), Phase(60, 40)), Mix(purchases=0.3, users=300))
    return replace(
        constant(),
        kind="storm",
        arrivals=tuple(load.arrivals(4)),
        builds=(),
        orders=(),
        kills=((40.0, 1),),
    )


def as_measured(storm: Record, seed: int) -> Record:
    """What a drive that behaves as the model does would have written down."""
    outcome = simulate(plan_of(constant(), storm, design(), seed), storm.arrivals)
    waits = outcome.all_waits(*BUNDLES)
    quantiles = [waits.quantile((number + 0.5) / 1000) for number in range(1000)]
    orders = [Served(0.0, wait, BUNDLE, "user", "content") for wait in quantiles]
    orders.append(Served(storm.last_arrival, storm.last_arrival + (outcome.drain or 0), PURCHASE, "user", "content"))
    return replace(storm, orders=tuple(orders))


def test_service_times_are_those_that_were_measured() -> None:
    times = calibrate(constant())
    assert times.build.mean == pytest.approx(0.5)
    assert times.build.deviation == pytest.approx(0.1)
    assert times.outbox.mean == LIGHT.mean
    assert times.outbox.mean + times.page.mean + times.give.mean + times.pipeline == pytest.approx(0.1)
    assert "measured" in times.source


def test_a_storm_that_behaves_as_the_model_is_predicted() -> None:
    predictions, _ = predict(constant(), as_measured(storm(), seed=99), design())
    assert [found.what for found in predictions] == ["drain time", "p99 wait of bundles"]
    assert all(found.measured > 1 for found in predictions)
    assert max(found.off for found in predictions) <= WITHIN


def test_a_drive_twice_as_slow_as_calibrated_is_not_predicted() -> None:
    builds = tuple(build._replace(finished=build.started + 1.5) for build in constant().builds)
    predictions, _ = predict(replace(constant(), builds=builds), as_measured(storm(), seed=99), design())
    assert max(found.off for found in predictions) > WITHIN


def test_a_prediction_never_looks_at_what_the_storm_measured() -> None:
    nonsense = replace(
        storm(), orders=(Served(0, 999, BUNDLE, "u", "c"),), refused=5, first_refusal=1.0, outbox=Stage(9, 9, 1)
    )
    plain, changed = (predict(constant(), record, design())[0] for record in (storm(), nonsense))
    assert [found.predicted for found in plain] == [found.predicted for found in changed]


def test_a_storm_teaches_nothing() -> None:
    with pytest.raises(UnusableRecord, match="constant"):
        calibrate(storm())


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = as_measured(storm(), seed=1)
    save(written, tmp_path / "storm.json")
    assert load(tmp_path / "storm.json") == written


SMALL = {
    "kind": "constant",
    "time_scale": 20,
    "workers": 9,
    "slots": 4,
    "arrivals": {"seed": 7, "phases": [[10, 5]], "mix": {"purchases": 0.5}},
    "builds": [["content", 1, 2, "eu-west-1"]],
    "orders": [[1, 2.5, "bundle", "user", "content"], [2, None, "purchase", "user", "content"]],
    "outbox": {"mean": 0.02, "deviation": 0.01, "concurrency": 4},
    "deliver": {"mean": 0.02, "deviation": 0.01, "concurrency": 4},
    "notify": {"mean": 0.02, "deviation": 0.01, "concurrency": 4},
}


def test_arrivals_may_be_given_as_seed_and_phases() -> None:
    expected = tuple(Load((Phase(10, 5),), Mix(purchases=0.5)).arrivals(7))
    assert parse(SMALL).arrivals == expected


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "calm"}, "kind"),
        ({"workers": 0}, "workers"),
        ({"builds": [["content", 2, 1, "eu-west-1"]]}, r"builds\[0\]: ends before"),
        ({"orders": [[1, 2]]}, "unpack"),
        ({"orders": [[1, 2, "gift", "user", "content"]]}, "gift"),
        ({"arrivals": [[2, "u", "c", "bundle"], [1, "u", "c", "bundle"]]}, "order of time"),
        ({"notify": {"mean": 0, "deviation": 0, "concurrency": 1}}, "notify"),
        ({"surprise": 1}, "surprise: unknown"),
    ],
)
def test_a_record_that_cannot_be_right_is_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(UnusableRecord, match=says):
        parse({**SMALL, **change})


@pytest.mark.parametrize("missing", ["orders", "deliver"])
def test_a_record_that_lacks_something_is_refused(missing: str) -> None:
    with pytest.raises(UnusableRecord, match=f"{missing}: missing"):
        parse({name: value for name, value in SMALL.items() if name != missing})


@pytest.mark.skipif(
    not all((RECORDED / f"{kind}.json").is_file() for kind in ("constant", "storm")),
    reason="no recorded pair yet: the storm drill writes drills/recorded/constant.json and storm.json",
)
def test_the_recorded_storm_is_predicted_from_the_recorded_constant_load() -> None:
    is_synthesized = (SYNTHESIZED / "manifest.json").is_file()
    limits = next(iter(read_assembly(SYNTHESIZED).values())) if is_synthesized else design()
    predictions, _ = predict(load(RECORDED / "constant.json"), load(RECORDED / "storm.json"), limits)
    assert {found.what: round(found.off, 2) for found in predictions if found.off > WITHIN} == {}
