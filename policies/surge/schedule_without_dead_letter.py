"""See schedule_without_dead_letter.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.schedules import comes_within_the_hour
from seawall.values import Unknown

AT = "Target.DeadLetterConfig"
FIX = f"set {AT}.Arn, the ARN of a standard queue"


@policy(applies_to="AWS::Scheduler::Schedule")
def schedule_without_dead_letter(schedule: Resource, design: Design) -> Verdict:
    """Schedule drops the runs that it cannot start."""
    if schedule.get("State") == "DISABLED":
        return not_applicable("it is switched off")
    config = schedule.get(AT)
    if isinstance(config, dict) and config.get("Arn") not in (None, ""):
        return accepted("runs that cannot be started are kept in a dead-letter queue", at=AT)
    repeated = comes_within_the_hour(schedule.get("ScheduleExpression"))
    if repeated is True:
        message = "it comes again within the hour, which makes up for a run that is lost"
        return accepted(message, at="ScheduleExpression")
    for unknown in (config, repeated):
        if isinstance(unknown, Unknown):
            return undecided(unknown, at=AT, fix=FIX)
    problem = (
        f"no DeadLetterConfig is set: a run of {schedule.get('ScheduleExpression')} that its target does not take "
        "before the retries end is dropped without a trace"
    )
    return flagged(problem, fix=FIX, at=AT, evidence=(f"{schedule.id} → {schedule.get('Target.Arn')}",))
