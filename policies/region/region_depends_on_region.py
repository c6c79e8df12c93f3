"""See region_depends_on_region.md: why it matters, how to fix it, what is and is not flagged."""

import re
from collections.abc import Iterator

from seawall.design import Design, Resource
from seawall.json_text import parsed
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.regions import is_elsewhere, region_of_arn
from seawall.values import Answer, Reference, Text, Unknown, Value, field, leaves, reasons

WRITER, CALL, TASK = "Custom::CrossRegionExportWriter", "Custom::AWS", "AWS::ECS::TaskDefinition"
ONLY_THERE = ("AWS::CertificateManager::Certificate", "AWS::WAFv2::WebACL", "AWS::Lambda::Version")
"""What CloudFront takes from us-east-1, wherever its distribution is declared."""
IN_ONE_REGION = frozenset(
    {
        "route53", "route53domains", "cloudfront", "iam", "organizations", "support", "shield", "acm", "wafv2", "waf",
        "globalaccelerator", "costexplorer", "pricing", "ecrpublic",
    }
)  # fmt: skip
"""Services that are called in one region from everywhere, or that CloudFront reads in us-east-1."""
REGISTRY = re.compile(r"\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com")
Dependency = tuple[Answer, str, str]
"""Whether a dependency leads to another region, what it is in words, and the property that makes it."""


@policy(applies_to=(WRITER, CALL, TASK))
def region_depends_on_region(resource: Resource, design: Design) -> Verdict:
    """One region cannot be deployed, or cannot start, without another one."""
    found = list(_SEARCHES[resource.type](resource, design))
    there = next((one for one in found if one[0] is True), None)
    fix = _FIXES[resource.type]
    if there is not None:
        return flagged(f"{there[1]}: when that region is down this one is held up too", fix=fix, at=there[2])
    unknown = next((one for one in found if isinstance(one[0], Unknown)), None)
    if unknown is not None:
        return undecided(unknown[0], at=unknown[2], fix=fix)
    return accepted("everything it needs is in its own region") if found else not_applicable("it needs no region")


def _exports(writer: Resource, design: Design) -> Iterator[Dependency]:
    at = "WriterProps"
    exports = writer.get(f"{at}.exports")
    carried = [design.all.get(leaf.key) for leaf in leaves(exports) if isinstance(leaf, Reference)]
    if writer.region == "us-east-1" and carried and all(one and one.type in ONLY_THERE for one in carried):
        return
    region = writer.get(f"{at}.region")
    yield is_elsewhere(region, writer.region), f"each deployment writes what others import into {region}", at


def _calls(call: Resource, design: Design) -> Iterator[Dependency]:
    for at in ("Create", "Update"):
        written = call.get(at)
        body = parsed(written) if isinstance(written, (str, Text)) else written
        region, service = field(body, "region"), str(field(body, "service"))
        if region is not None and service.lower() not in IN_ONE_REGION:
            what = f"its deployment calls {service} in {region}"
            yield is_elsewhere(region, call.region), what, at


def _containers(task: Resource, design: Design) -> Iterator[Dependency]:
    at = "ContainerDefinitions"
    for image in task.values_at(f"{at}.Image"):
        region = _region_of_image(image, design)
        if region is not None:
            yield _surely(region, task), f"its image comes from the registry of {region}", at
    for path in (f"{at}.Secrets.ValueFrom", f"{at}.RepositoryCredentials.CredentialsParameter"):
        for source in task.values_at(path):
            region = region_of_arn(source, design)
            if region is not None:
                yield _surely(region, task), f"each start reads a secret in {region}", at


def _region_of_image(image: Value, design: Design) -> Value:
    for part in image.parts if isinstance(image, Text) else (image,):
        named = design.resolve(part, "AWS::ECR::Repository") if isinstance(part, Reference) else None
        if named is not None:
            return named.region
    if isinstance(image, Text):
        marked = "".join(part if isinstance(part, str) else "\0" for part in image.parts)
        before, registry, after = marked.partition(".dkr.ecr.")
        if registry and after.startswith("\0"):
            return [part for part in image.parts if not isinstance(part, str)][before.count("\0")]
    found = REGISTRY.search(str(image)) if isinstance(image, (str, Text)) else None
    return found[1] if found is not None else None


def _surely(region: Value, task: Resource) -> Answer:
    # Where the deployment decides the task's own region, a region that is spelled out is most likely that one.
    if isinstance(task.region, Unknown) and isinstance(region, str):
        return Unknown(reasons(task.region))
    return is_elsewhere(region, task.region)


_SEARCHES = {WRITER: _exports, CALL: _calls, TASK: _containers}
_FIXES = {
    WRITER: "give the resource a fixed physical name and name it in the other region, in place of a reference across",
    CALL: "let it ask its own region, or hand the value over as a parameter",
    TASK: "name images and secrets of the task's own region in ContainerDefinitions, and replicate them there",
}
