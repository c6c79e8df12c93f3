"""See recovery_through_control_plane.md: why it matters, how to fix it, what is and is not flagged."""

import re

from seawall.control_planes import Call, calls_of_document, calls_of_machine, calls_of_role, woken_by_alarm
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, same

DOCUMENT, MACHINE, FUNCTION = "AWS::SSM::Document", "AWS::StepFunctions::StateMachine", "AWS::Lambda::Function"
FIX = (
    "let a health check, or a routing control that its data plane in five regions changes, move the traffic, and "
    "prepare beforehand what the recovery would create"
)
SPEAKING = re.compile(r"fail.?(over|back)|recover|disaster|evacuat|switch.?over|stand.?by|take.?over|move.?to|outage")
AT = {DOCUMENT: "Content", MACHINE: "DefinitionString", FUNCTION: "Role"}


@policy(applies_to=(DOCUMENT, MACHINE, FUNCTION))
def recovery_through_control_plane(recovery: Resource, design: Design) -> Verdict:
    """Recovery goes through a control plane that stands in one region."""
    calls, evidence = _calls(recovery, design)
    at = AT[recovery.type]
    if isinstance(calls, Unknown):
        return undecided(calls, at=at, fix=FIX)
    through = next((call for call in calls if call.plane), None)
    if through is not None:
        if not evidence and not _speaks_of_recovery(recovery):
            message = f"it calls {through.written}, which {through.plane} answers; whether that is part of a recovery "
            return undecided("what it is run for", message=message + "cannot be seen here", at=at, fix=FIX)
        problem = (
            f"it calls {through.written}, which the control plane in {through.plane} answers: "
            "when that region is the one that fails, the recovery waits for it"
        )
        return flagged(problem, fix=FIX, at=at, evidence=evidence)
    if any(call.is_made_for_recovery for call in calls):
        return accepted("it switches over by calls that are answered while a region is down", at=at, evidence=evidence)
    return not_applicable("it moves no traffic")


def _calls(recovery: Resource, design: Design) -> tuple[list[Call] | Unknown, tuple[str, ...]]:
    if recovery.type == DOCUMENT:
        if same(recovery.get("DocumentType"), "Automation") is False:
            return [], ()
        content = recovery.get("Content")
        return (content if isinstance(content, Unknown) else calls_of_document(recovery)), ()
    alarm = woken_by_alarm(recovery, design)
    if recovery.type == MACHINE:
        return calls_of_machine(recovery), (f"{alarm.id} → {recovery.id}",) if alarm is not None else ()
    role = design.resolve(recovery.get("Role"), "AWS::IAM::Role") if alarm is not None else None
    if alarm is None or role is None:
        return [], ()
    return calls_of_role(role, design), (f"{alarm.id} → {recovery.id} → {role.id}",)


def _speaks_of_recovery(recovery: Resource) -> bool:
    """Whether its name, or what it says about itself, tells that it is run when something has failed."""
    names = [recovery.get(name) for name in ("Name", "StateMachineName", AT[recovery.type], "Definition")]
    return SPEAKING.search(f"{recovery.id} {names}".lower()) is not None
