"""What AWS asks for one of each thing, as far as a page could be read that says it; the README's cost table uses it.

A price that was not found is None: its row in the table stays empty and the sum says that it is missing. Nothing
is estimated. All were read from stored copies of the pages, since nothing here reaches the network.
"""

from dataclasses import dataclass
from datetime import date

READ = date(2026, 11, 22)

HOURS = 730
"""In a month, as AWS's own calculator counts."""

EVERYWHERE = "every region"
VIRGINIA = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Price:
    """US dollars for one `unit` a month in `region`, on the page `source`, which was read on `read`."""

    what: str
    dollars: float | None
    unit: str
    region: str = EVERYWHERE
    source: str
    said: str
    """How old the page's own statement is, or who makes it where it is not AWS."""
    read: date = READ


KEY = Price(
    what="KMS keys",
    dollars=1.0,
    unit="key",
    source="https://aws.amazon.com/kms/pricing/",
    said="AWS; the page bears no date",
)
ALARM = Price(
    what="Alarms, by metric",
    dollars=0.10,
    unit="metric of an alarm",
    region=VIRGINIA,
    source="https://raw.githubusercontent.com/api-evangelist/cloudwatch/refs/heads/main/plans/cloudwatch-plans-pricing.yml",
    said="API Evangelist, 5 May 2026; the same in https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm",
)
COMPOSITE = Price(
    what="Composite alarms",
    dollars=0.50,
    unit="alarm",
    region=VIRGINIA,
    source="https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm",
    said="C3X, undated",
)
CANARY = Price(
    what="Canary runs",
    dollars=0.0012,
    unit="run",
    region="most of the United States",
    source="https://thomasstep.com/blog/cloudformation-for-creating-canary",
    said="Thomas Step, undated; the same in https://blog.mattsbit.co.uk/2023/11/11/aws-synthetics-canaries-when-to-bite-the-bullet/",
)
DASHBOARD = Price(
    what="Dashboards",
    dollars=None,
    unit="dashboard",
    region="differs",
    source="https://aws.amazon.com/cloudwatch/pricing/",
    said="the stored page leaves the number out; three in an account are free",
)
OBJECTIVE = Price(
    what="Service level objectives",
    dollars=None,
    unit="objective",
    region="differs",
    source="https://aws.amazon.com/cloudwatch/pricing/",
    said="the stored page leaves the number out",
)
SECRET = Price(
    what="Secrets",
    dollars=0.40,
    unit="secret",
    region="not named",
    source="https://raw.githubusercontent.com/api-evangelist/amazon-secrets-manager/refs/heads/main/plans/amazon-secrets-manager-plans-pricing.yml",
    said="API Evangelist, from AWS's page, 20 September 2026",
)
ACL = Price(
    what="Web ACLs",
    dollars=5.0,
    unit="web ACL",
    source="https://awsnegotiations.com/waf-pricing-strategy.html",
    said="AWSNegotiations, 2026; AWS writes that the price is the same in all regions",
)
ACL_RULE = Price(
    what="Rules in web ACLs",
    dollars=1.0,
    unit="rule",
    source="https://awsnegotiations.com/waf-pricing-strategy.html",
    said="AWSNegotiations, 2026; AWS writes that the price is the same in all regions",
)
HEALTH_CHECK = Price(
    what="Health checks of AWS endpoints and alarms",
    dollars=0.50,
    unit="health check",
    source="https://raw.githubusercontent.com/api-evangelist/amazon-route53-resolver/refs/heads/main/plans/amazon-route53-resolver-plans-pricing.yml",
    said="API Evangelist, from AWS's page, 20 September 2026; up to 50 are free",
)
HEALTH_CHECK_FEATURE = Price(
    what="Health checks' options (HTTPS, string match, 10 s, latency)",
    dollars=1.0,
    unit="option",
    source=HEALTH_CHECK.source,
    said="API Evangelist, from AWS's page, 20 September 2026",
)
ZONE = Price(
    what="Hosted zones",
    dollars=0.50,
    unit="zone",
    source=HEALTH_CHECK.source,
    said="API Evangelist, from AWS's page, 20 September 2026",
)
ENDPOINT = Price(
    what="Interface endpoints, by zone",
    dollars=0.01 * HOURS,
    unit="endpoint in a zone",
    region="not named",
    source="https://awsnegotiations.com/privatelink-cost-analysis.html",
    said="AWSNegotiations, May 2026: $0.01 an hour",
)
TASK_CPU = Price(
    what="Fargate vCPU (Arm)",
    dollars=0.03238 * HOURS,
    unit="vCPU",
    region=VIRGINIA,
    source="https://www.vantage.sh/blog/fargate-pricing",
    said="Vantage, undated: $0.03238 an hour",
)
TASK_MEMORY = Price(
    what="Fargate memory (Arm)",
    dollars=0.00356 * HOURS,
    unit="GB",
    region=VIRGINIA,
    source="https://www.vantage.sh/blog/fargate-pricing",
    said="Vantage, undated: $0.00356 an hour",
)
PROVISIONED = Price(
    what="Provisioned concurrency (Arm)",
    dollars=None,
    unit="GB",
    region="differs",
    source="https://aws.amazon.com/lambda/pricing/",
    said="the stored page leaves the number out",
)
PUBLIC_ADDRESS = Price(
    what="Public IPv4 addresses of tasks",
    dollars=None,
    unit="address",
    region="differs",
    source="https://aws.amazon.com/vpc/pricing/",
    said="not looked up: only the offsite copy has one",
)

PRICES = (
    PROVISIONED,
    TASK_CPU,
    TASK_MEMORY,
    ENDPOINT,
    CANARY,
    ALARM,
    COMPOSITE,
    DASHBOARD,
    OBJECTIVE,
    ACL,
    ACL_RULE,
    KEY,
    SECRET,
    HEALTH_CHECK,
    HEALTH_CHECK_FEATURE,
    ZONE,
    PUBLIC_ADDRESS,
)
"""In the order of the table."""
