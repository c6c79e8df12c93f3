from drills import zone_loss
from drills.frame.plan import Actor, Design, Step
from drills.zone_loss import bundler_numbers, longest_pause


def test_a_pause_counts_from_the_loss_to_what_comes_next_and_to_the_end() -> None:
    assert longest_pause([1.0, 9.0, 10.5, 12.0], 10.0, 13.0) == 1.5
    assert longest_pause([1.0, 9.0], 10.0, 13.0) == 3.0
    assert longest_pause([], 10.0, 13.0) == 3.0


def test_what_two_zones_are_left_with_carries_the_peak_by_the_templates_numbers(design: Design) -> None:
    least, zones = bundler_numbers(design)
    assert zones == 3
    assert least % zones == 0
    promise = zone_loss._left_at_peak(design)
    assert promise.kept
    assert f"{least - least // 3} of {least}" in promise.text


def test_the_plan_for_a_real_account_loses_a_zone_by_the_assembly_s_own_experiment(design: Design) -> None:
    def is_experiment(step: Step) -> bool:
        return step.actor == Actor.EXPERIMENT

    [experiment] = filter(is_experiment, zone_loss.DRILL.plan(design))
    assert experiment.parameters["tags"]["Name"] == design.name("zone-lost")
    assert experiment.region == design.primary


def test_a_service_that_waits_for_a_successor_breaks_the_promise() -> None:
    assert not zone_loss._goes_on("bundles", {"before": 0.5, "after": 4.0}, 3.0).kept
    assert zone_loss._goes_on("bundles", {"before": 0.5, "after": 2.0}, 3.0).kept
