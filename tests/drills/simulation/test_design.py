"""The limits come from the templates, all of them."""

import json
from pathlib import Path

import pytest

from drills.simulation.design import Design, UnreadableAssembly, read_assembly, read_region
from drills.simulation.load import Load
from drills.simulation.provision import capacity, event_for, provisioned, settings
from services.drive.limits import LEASE
from stacks.queues import DELIVER, NOTIFY, QUEUES
from tests.drills.simulation.assembly import assembly, design, resources

SYNTHESIZED = Path(__file__).parents[3] / "cdk.out"


def test_every_limit_is_read_from_the_templates(tmp_path: Path) -> None:
    found = read_assembly(assembly(tmp_path, least=6, most=24))["eu-west-1"]
    assert set(found.queues) == {numbers.role for numbers in QUEUES}
    assert found.queues["bundle"].visibility == LEASE
    assert found.queues["bundle"].concurrency is None
    assert found.queues["deliver"].concurrency == DELIVER.concurrency
    assert found.queues["notify"].concurrency == NOTIFY.concurrency
    assert (found.scaling.least, found.scaling.most, found.scaling.late_after) == (6, 24, 120)
    assert [step.percent for step in found.scaling.steps] == [50, 100]
    assert (found.requests_per_second, found.downloads_per_second, found.throttled_retry_after) == (150, 75, 5)
    assert (found.order_concurrency, found.order_processes, found.outbox_concurrency) == (6, 3, 60)


def test_an_events_minimum_is_read_from_its_schedule() -> None:
    scaling = design(event=132).scaling
    assert [action.least for action in scaling.scheduled] == [132, 9]
    assert scaling.during_event == 132
    assert design().scaling.during_event == 9


def test_a_folder_that_is_no_assembly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableAssembly, match="make synth"):
        read_assembly(tmp_path)


def test_a_template_without_the_workers_scaling_is_refused_by_name() -> None:
    broken = {name: resource for name, resource in resources().items() if name != "Target"}
    with pytest.raises(UnreadableAssembly, match="eu-west-1: 0 of AWS::ApplicationAutoScaling::ScalableTarget"):
        read_region("eu-west-1", [broken])


@pytest.mark.skipif(not (SYNTHESIZED / "manifest.json").is_file(), reason="no cdk.out: write it with `make synth`")
def test_everyday_capacity_is_sized_as_the_synthesized_templates_are() -> None:
    planned = settings()
    read = read_assembly(SYNTHESIZED)[planned.regions.primary]
    sized = provisioned(read, capacity(planned, regions=1))
    assert _numbers(sized) == _numbers(read)


def test_an_event_raises_what_the_settings_say_it_raises() -> None:
    everyday = provisioned(design(), capacity(settings(), 1))
    load = Load.promotion(10**6, 3600)
    planned = provisioned(design(), capacity(settings(), 1, event_for(load)))
    assert planned.scaling.least > everyday.scaling.least
    assert planned.requests_per_second > everyday.requests_per_second
    assert planned.queues == everyday.queues


def _numbers(region: Design) -> str:
    bounds = (region.scaling.least, region.scaling.most)
    return json.dumps(
        [
            bounds,
            region.requests_per_second,
            region.downloads_per_second,
            region.order_concurrency,
            region.order_processes,
        ]
    )
