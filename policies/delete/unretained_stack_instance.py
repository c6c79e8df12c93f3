"""See unretained_stack_instance.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, boolean, field, reasons

AT = "AutoDeployment.RetainStacksOnAccountRemoval"
FIX = f"set {AT}: true"


@policy(applies_to="AWS::CloudFormation::StackSet")
def unretained_stack_instance(stack_set: Resource, design: Design) -> Verdict:
    """Stack set deletes an account's resources when the account moves."""
    deployment = stack_set.get("AutoDeployment")
    if deployment is None:
        return not_applicable("it follows no organisation: accounts are added and removed by hand")
    follows, retained = (boolean(field(deployment, name)) for name in ("Enabled", AT.rpartition(".")[2]))
    if follows is False:
        return accepted("it does not follow the organisation", at="AutoDeployment.Enabled")
    if retained is True:
        return accepted("an account that leaves keeps its resources", at=AT)
    for answer in (retained, follows):
        if isinstance(answer, Unknown) or reasons(answer):
            return undecided(answer, at=AT, fix=FIX)
    return flagged(
        "an account that is moved to another organisational unit, or leaves, loses every resource of the stack, "
        "with the data in it",
        fix=FIX,
        at=AT,
        sets={AT: True},
    )
