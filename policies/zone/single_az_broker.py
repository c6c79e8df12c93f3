"""See single_az_broker.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown, reasons

AT = "DeploymentMode"
MODES = {
    "ACTIVE_STANDBY_MULTI_AZ": "a standby in another zone takes over with the same storage",
    "CLUSTER_MULTI_AZ": "three nodes in several zones carry it",
}
BY_ENGINE = {"RABBITMQ": "CLUSTER_MULTI_AZ", "ACTIVEMQ": "ACTIVE_STANDBY_MULTI_AZ"}


@policy(applies_to="AWS::AmazonMQ::Broker")
def single_az_broker(broker: Resource, design: Design) -> Verdict:
    """Message broker runs in a single availability zone."""
    engine, mode = broker.get("EngineType"), broker.get(AT)
    better = BY_ENGINE.get(engine.upper(), "") if isinstance(engine, str) else ""
    fix = f"set DeploymentMode: {better}" if better else f"set DeploymentMode to {' or '.join(MODES)}"
    if mode is None:
        mode = "SINGLE_INSTANCE"  # Terraform's default; CloudFormation takes no broker without one
    if not isinstance(mode, str):
        return undecided(mode if isinstance(mode, Unknown) else Unknown(reasons(mode) or (str(mode),)), at=AT, fix=fix)
    if mode.upper() in MODES:
        return accepted(MODES[mode.upper()], at=AT)
    return flagged(
        "one broker in one zone: nobody sends or receives while that zone is lost",
        fix=f"{fix}; the broker is replaced, so let it run empty first",
        at=AT,
    )
