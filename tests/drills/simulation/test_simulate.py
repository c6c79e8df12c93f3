"""The command: what it prints and writes, and what a promotion needs."""

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from drills.simulate import main
from drills.simulation import fluid, promotion
from drills.simulation.load import Load
from drills.simulation.plan import Plan
from drills.simulation.promotion import Unattainable, Wish, answer
from drills.simulation.provision import settings
from drills.simulation.rules import Rules
from drills.simulation.times import assumed_on_aws
from tests.drills.simulation.assembly import assembly, design

WISH = Wish(orders=5000, hours=0.2, wait=120)


@pytest.fixture(scope="module")
def found() -> promotion.Answer:
    return answer(WISH, design(), assumed_on_aws(), settings())


def test_a_promotions_answer_keeps_its_promise(found: promotion.Answer) -> None:
    search = promotion._Search(WISH, design(), assumed_on_aws(), lambda _: None)
    assert search.keeps({**found.concurrency, "tasks": found.tasks})
    assert found.found.refusals == 0
    assert found.found.all_waits().longest <= WISH.wait


def test_a_promotions_answer_is_no_more_than_needed(found: promotion.Answer) -> None:
    search = promotion._Search(WISH, design(), assumed_on_aws(), lambda _: None)
    ample = dict.fromkeys(("tasks", *promotion.LIGHT), promotion.AMPLE)
    assert not search.keeps({**ample, "tasks": int(0.9 * found.tasks)})


def test_more_orders_need_more_of_everything(found: promotion.Answer) -> None:
    more = answer(replace(WISH, orders=10 * WISH.orders), design(), assumed_on_aws(), settings())
    assert more.running > found.running
    assert more.cost.tasks > found.cost.tasks
    assert more.quotas["bundler_tasks"] > found.quotas["bundler_tasks"]


def test_the_event_of_the_answer_starts_the_tasks_of_the_answer(found: promotion.Answer) -> None:
    from drills.simulation.provision import capacity

    numbers = capacity(settings(), 1, found.event)
    assert max(event.running.bundlers for event in numbers.events) >= found.running


def test_a_wait_shorter_than_a_build_is_unattainable() -> None:
    with pytest.raises(Unattainable, match="too few"):
        answer(replace(WISH, wait=5), design(), assumed_on_aws(), settings())


def test_a_hundred_million_orders_take_no_more_memory_than_a_hundred_thousand() -> None:
    plan = Plan(design=design(), rules=Rules.at(1), times=assumed_on_aws(), until=2 * 3600)
    peaks = []
    for orders in (10**5, 10**8):
        tracemalloc.start()
        fluid.simulate(plan, Load.promotion(orders, 3600))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 5_000_000


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_scale_prints_a_table_and_draws_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, results = assembly(tmp_path / "cdk.out"), tmp_path / "results"
    code, out, err = run(
        capsys,
        "scale",
        "--templates",
        str(folder),
        "--results",
        str(results),
        "--orders",
        "1000",
        "2e4",
        "--hours",
        "0.5",
    )
    assert code == 0
    assert out.count("fluid") == 8
    assert "region(s)" in err
    assert {path.suffix for path in results.iterdir()} == {".json", ".md", ".png"}


def test_promotion_prints_json_that_holds_capacity_quotas_and_cost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ("--templates", str(assembly(tmp_path / "cdk.out")), "--results", str(tmp_path), "--json")
    code, out, _ = run(
        capsys, "promotion", *common, "--orders", "3000", "--hours", "0.2", "--wait", "300", "--regions", "2"
    )
    answered = json.loads(out)
    assert code == 0
    assert answered["running"] > 0
    assert set(answered["quotas"]) == {"requests_per_second", "function_concurrency", "bundler_tasks"}
    assert answered["dollars"]["tasks"] > 0
    assert answered["peak_memory_mb"] > 0


def test_what_cannot_be_simulated_is_said_and_not_raised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "scale", "--templates", str(tmp_path))
    assert code == 2
    assert "make synth" in err


def test_a_damaged_record_is_said_and_not_raised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "storm.json").write_text("{")
    damaged = str(tmp_path / "storm.json")
    code, _, err = run(capsys, "predict", damaged, "--constant", damaged)
    assert code == 2
    assert "storm.json" in err
