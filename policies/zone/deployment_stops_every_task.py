"""See deployment_stops_every_task.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.capacity import is_daemon
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, items, same

AT = "DeploymentConfiguration.MinimumHealthyPercent"
MOST = "DeploymentConfiguration.MaximumPercent"
FIX = f"set {AT}: 100 and {MOST}: 200"


@policy(applies_to="AWS::ECS::Service")
def deployment_stops_every_task(service: Resource, design: Design) -> Verdict:
    """Deployment stops every task before new ones answer."""
    if is_daemon(service) or same(service.get("DeploymentController.Type") or "ECS", "ECS") is False:
        return not_applicable("another rule says how it is deployed")
    balancers = items(service.get("LoadBalancers"))
    if balancers == [] and service.get("ServiceConnectConfiguration") is None:
        return not_applicable("nobody waits for its answers")
    least = service.number(AT)
    if least is None:
        return accepted("ECS keeps all tasks running until the new ones answer, unless told otherwise", at=AT)
    if isinstance(least, Unknown):
        return undecided(least, at=AT, fix=FIX)
    if least > 0:
        return accepted(f"{least:g} percent of the tasks go on answering during a deployment", at=AT)
    most = service.number(MOST)
    sets: dict[str, bool | int | str] = {AT: 100}
    if not isinstance(most, Unknown) and most is not None and most <= 100:
        sets[MOST] = 200
    problem = "all tasks may be stopped at once: if the new ones do not start, none is left"
    return flagged(problem, fix=FIX, at=AT, sets=sets)
