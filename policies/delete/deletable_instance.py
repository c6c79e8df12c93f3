"""See deletable_instance.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.protection import backup_coverage
from seawall.values import Unknown, Value, boolean, field, items

PROTECTION, DEVICES = "DisableApiTermination", "BlockDeviceMappings"
FIX = f"set {PROTECTION}: true, or DeleteOnTermination: false of the data volume"
ROOTS = ("/dev/xvda", "/dev/sda1", "/dev/sda", "root")
"""Names of the device that an instance starts from: it holds the image and can be made again."""


@policy(applies_to="AWS::EC2::Instance")
def deletable_instance(instance: Resource, design: Design) -> Verdict:
    """Instance takes its data volumes along when it is terminated."""
    protected = instance.boolean(PROTECTION)
    if protected is True:
        return accepted("nobody terminates it by mistake", at=PROTECTION)
    devices = items(instance.get(DEVICES))
    if isinstance(devices, Unknown):
        return undecided(devices, at=DEVICES, fix=FIX)
    volumes = [device for device in devices if _is_data(device)]
    if not volumes:
        return not_applicable("it has no data volume that goes with it")
    taken = [boolean(field(device, "Ebs.DeleteOnTermination")) for device in volumes]
    if all(answer is False for answer in taken):
        return accepted("its data volumes stay when it goes", at=DEVICES)
    coverage = backup_coverage(instance, design)
    if coverage.answer is True:
        return accepted(f"{coverage.plans[0].name} backs its volumes up", evidence=coverage.evidence)
    unsure = [answer for answer in (protected, coverage.answer, *taken) if isinstance(answer, Unknown)]
    if unsure or True not in taken:
        because = unsure[0] if unsure else "what EC2 does with the volume where nothing is said"
        return undecided(because, at=DEVICES, fix=FIX)
    name = field(volumes[taken.index(True)], "DeviceName")
    problem = f"one call terminates it, and with it the volume {name} and all that is on it"
    return flagged(problem, fix=FIX, at=DEVICES, sets={PROTECTION: True})


def _is_data(device: Value) -> bool:
    if str(field(device, "DeviceName")).lower() in ROOTS:
        return False
    return field(device, "Ebs") is not None and field(device, "NoDevice") is None
