"""See workflow_without_timeout.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Text, Unknown, reasons
from seawall.workflows import MACHINE, State, definition_of, named, states_of

FIX = "write TimeoutSeconds at the top of the definition, and HeartbeatSeconds into each Task that waits for an answer"
LIMITS = ("TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath")
WAITING = (".waitForTaskToken", ".sync", ".sync:2")


@policy(applies_to=MACHINE)
def workflow_without_timeout(machine: Resource, design: Design) -> Verdict:
    """Workflow waits for ever for an answer that does not come."""
    kind = machine.get("StateMachineType")
    if kind == "EXPRESS":
        return not_applicable("an express workflow ends after five minutes")
    definition, at = definition_of(machine, design)
    if isinstance(definition, Unknown):
        return undecided(definition, at=at, fix=FIX)
    if definition.get("TimeoutSeconds") is not None:
        return accepted("an execution ends after its TimeoutSeconds", at=at)
    endless = [state for state in states_of(definition) if state.type == "Task" and not _is_limited(state)]
    waiting = [state for state in endless if _waits(state) is True]
    if waiting:
        steps = f"step {named(waiting)} has" if len(waiting) == 1 else f"steps {named(waiting)} have"
        problem = f"{steps} no timeout and the workflow has none: an answer that is lost keeps the execution for a year"
        if isinstance(kind, Unknown):
            return undecided(kind, at="StateMachineType", fix=FIX)
        return flagged(problem, fix=FIX, at=at)
    unknown = [answer for state in endless if isinstance(answer := _waits(state), Unknown)]
    if unknown:
        return undecided(Unknown(reasons(unknown)), at=at, fix=FIX)
    return accepted("each of its steps ends by itself or has a timeout", at=at)


def _is_limited(task: State) -> bool:
    return any(task.get(name) is not None for name in LIMITS)


def _waits(task: State) -> bool | Unknown:
    """Whether a step waits for somebody else: an activity, a token that comes back, a job."""
    resource = task.get("Resource")
    text = str(resource)
    if text.endswith(WAITING) or ":activity:" in text:
        return True
    if isinstance(resource, Unknown):
        return resource
    open_end = isinstance(resource, Text) and not isinstance(resource.parts[-1], str)
    return Unknown(reasons(resource)) if open_end and reasons(resource) else False
