"""See application_without_checkpoints.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, same

CHECKPOINTS = "ApplicationConfiguration.FlinkApplicationConfiguration.CheckpointConfiguration"
AT = f"{CHECKPOINTS}.CheckpointingEnabled"
FIX = f"set {AT}: true"


@policy(applies_to="AWS::KinesisAnalyticsV2::Application")
def application_without_checkpoints(application: Resource, design: Design) -> Verdict:
    """Stream application forgets its state when it restarts."""
    runtime = application.get("RuntimeEnvironment")
    if isinstance(runtime, str) and not runtime.startswith("FLINK"):
        return not_applicable("it is a notebook or plain SQL, which keep no checkpoints of their own")
    custom = same(application.get(f"{CHECKPOINTS}.ConfigurationType"), "CUSTOM")
    enabled = application.boolean(AT)
    if custom is False or enabled is True:
        return accepted("its state is saved every minute, or as it says", at=CHECKPOINTS)
    if isinstance(custom, Unknown):
        return undecided(custom, at=f"{CHECKPOINTS}.ConfigurationType", fix=FIX)
    if isinstance(enabled, Unknown):
        return undecided(enabled, at=AT, fix=FIX)
    if enabled is None:
        return accepted("checkpoints are on where nothing is said", at=CHECKPOINTS)
    loss = "what it has counted, joined and is waiting for is gone, and events are lost or counted twice"
    return flagged(f"checkpoints are off: when a node of it fails, {loss}", fix=FIX, at=AT, sets={AT: True})
