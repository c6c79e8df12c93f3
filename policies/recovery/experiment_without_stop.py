"""See experiment_without_stop.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown, field

AT = "StopConditions"
FIX = f"set Source to aws:cloudwatch:alarm and Value to the alarm's ARN in {AT}"


@policy(applies_to="AWS::FIS::ExperimentTemplate")
def experiment_without_stop(experiment: Resource, design: Design) -> Verdict:
    """Experiment goes on however much it breaks."""
    conditions = experiment.items(AT)
    if isinstance(conditions, Unknown):
        return undecided(conditions, at=AT, fix=FIX)
    sources = [field(condition, "Source") for condition in conditions]
    alarm = next((index for index, source in enumerate(sources) if source == "aws:cloudwatch:alarm"), None)
    if alarm is not None:
        return accepted(f"{field(conditions[alarm], 'Value')} stops it", at=AT)
    for source in sources:
        if isinstance(source, Unknown):
            return undecided(source, at=AT, fix=FIX)
    return flagged(
        "no alarm stops it: an experiment that takes down more than was planned runs until a person notices and "
        "finds the button",
        fix=FIX,
        at=AT,
    )
