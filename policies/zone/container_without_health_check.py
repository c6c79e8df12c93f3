"""See container_without_health_check.md: why it matters, how to fix it, what is and is not flagged."""

import re

from seawall.design import Design, Resource, mentioned
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Key, Unknown, Value, boolean, field, items

TASK, SERVICE = "AWS::ECS::TaskDefinition", "AWS::ECS::Service"
RUNS = {
    "AWS::Events::Rule": "Targets.EcsParameters.TaskDefinitionArn",
    "AWS::Scheduler::Schedule": "Target.EcsParameters.TaskDefinitionArn",
    "AWS::Pipes::Pipe": "TargetParameters.EcsTaskParameters.TaskDefinitionArn",
    "AWS::StepFunctions::StateMachine": "DefinitionString",
}
"""What runs a task once, with the property that names it."""
AT = "ContainerDefinitions"
HELPERS = re.compile(
    r"x-?ray|envoy|fluent-?(bit|d)|firelens|datadog|cloudwatch-agent|otel|collector|newrelic|side-?car"
)
FIX = f"set HealthCheck of the essential container in {AT}"


@policy(applies_to=TASK)
def container_without_health_check(task: Resource, design: Design) -> Verdict:
    """Container that hangs is not replaced."""
    containers = items(task.get(AT))
    if isinstance(containers, Unknown):
        return undecided(containers, at=AT, fix=FIX)
    essential = [one for one in containers if boolean(field(one, "Essential")) is not False and not _helps(one)]
    unchecked = [one for one in essential if not _is_checked(one)]
    if essential and not unchecked:
        return accepted("a container that fails its own check is replaced", at=AT)
    services = design.once("services of tasks", lambda: _users(design, {SERVICE: "TaskDefinition"})).get(task.key, [])
    runs = design.once("runs of tasks", lambda: _users(design, RUNS)).get(task.key, [])
    if not services and (runs or not essential):
        return not_applicable("its tasks run to their end")
    balanced = [_is_balanced(service) for service in services]
    if services and all(answer is True for answer in balanced):
        return accepted("a container that does not answer its load balancer is replaced")
    unknown = next((answer for answer in balanced if isinstance(answer, Unknown)), None)
    if unknown is not None or not services:
        message = "" if services else f"{_names(unchecked)} is not checked; which service runs it cannot be seen here"
        return undecided(unknown or "which service runs it", at=AT, message=message, fix=FIX)
    problem = (
        f"nothing checks {_names(unchecked)}: a process that hangs, or is cut off from what it needs, keeps its task"
    )
    return flagged(problem, fix=FIX, at=AT, evidence=(f"{services[0].id} → {task.id}",))


def _users(design: Design, paths: dict[str, str]) -> dict[Key, list[Resource]]:
    """Who names which task definition, at the path that is given for the type."""
    found: dict[Key, list[Resource]] = {}
    for kind, path in paths.items():
        for user in design.of_type(kind):
            for value in user.values_at(path):
                named = [design.all.get(one.key) for one in mentioned(value)] or [design.resolve(value, TASK)]
                for task in named:
                    if task is not None and task.type == TASK:
                        found.setdefault(task.key, []).append(user)
    return found


def _names(containers: list[Value]) -> str:
    return ", ".join(str(field(one, "Name")) for one in containers)


def _helps(container: Value) -> bool:
    """Whether a container only carries logs, traces or traffic for the others."""
    if field(container, "FirelensConfiguration") is not None:
        return True
    return HELPERS.search(f"{field(container, 'Image')} {field(container, 'Name')}".lower()) is not None


def _is_checked(container: Value) -> bool:
    # A HEALTHCHECK in the image is not read by ECS; one that begins with NONE switches checking off.
    command = field(container, "HealthCheck.Command")
    return command is not None and command != ["NONE"]


def _is_balanced(service: Resource) -> bool | Unknown:
    balancers = items(service.get("LoadBalancers"))
    return balancers if isinstance(balancers, Unknown) else bool(balancers)
