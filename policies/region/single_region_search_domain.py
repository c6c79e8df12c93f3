"""See single_region_search_domain.md: why it matters, how to fix it, what is and is not flagged."""

import re

from seawall.design import Design, Resource, mentioned
from seawall.policy import Verdict, policy
from seawall.regions import RegionalCopy, is_elsewhere, judged_by_copies, named_region
from seawall.twins import twin_copies
from seawall.values import Unknown

CONNECTION = "AWS::OpenSearchService::OutboundConnection"
"""What only Terraform can declare; CloudFormation has no such type."""
BODY = "PipelineConfigurationBody"
REGION = re.compile(r"""(?:\bregion["']?\s*:\s*["']?|\.)([a-z]{2}(?:-[a-z]+)+-\d)(?:["'\s]|\.es\.|\.aos\.|$)""")


@policy(applies_to=("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"))
def single_region_search_domain(domain: Resource, design: Design) -> Verdict:
    """Search domain has no counterpart in another region."""
    copies = [*twin_copies(domain, design), *_connections(domain, design), *_pipelines(domain, design)]
    if not copies:
        handlers = [other for other, _ in design.referrers(domain) if other.type.startswith("Custom::")]
        copies = [RegionalCopy(Unknown((f"what {other.id} sets up",)), f"{other.id} uses it") for other in handlers]
    return judged_by_copies(
        copies,
        otherwise="no domain of another region holds the same index: when its region fails nothing can be searched",
        fix="declare a domain in another region that is fed alike, or follows this one by cross-cluster replication",
        at="DomainName",
    )


def _connections(domain: Resource, design: Design) -> list[RegionalCopy]:
    found: list[RegionalCopy] = []
    for connection in design.of_type(CONNECTION):
        ends = [connection.get(f"{end}DomainInfo") for end in ("Local", "Remote")]
        named = [isinstance(end, dict) and design.resolve(end.get("DomainName"), domain.type) is domain for end in ends]
        for end, own in zip(ends, named, strict=True):
            if any(named) and not own and isinstance(end, dict):
                region = end.get("Region")
                where = named_region(region, domain.region)
                answer = is_elsewhere(region, domain.region)
                found.append(RegionalCopy(answer, f"{connection.id} connects it to a domain in {where}"))
    return found


def _pipelines(domain: Resource, design: Design) -> list[RegionalCopy]:
    """Ingestion pipelines that write to this domain and to one whose region they spell."""
    found: list[RegionalCopy] = []
    for pipeline in design.of_type("AWS::OSIS::Pipeline"):
        body = pipeline.get(BODY)
        if any(one.key == domain.key for one in mentioned(body)):
            for region in dict.fromkeys(REGION.findall(str(body))):
                answer = is_elsewhere(region, domain.region)
                found.append(RegionalCopy(answer, f"{pipeline.id} writes to a domain in {region} as well"))
    return found
