"""What the storm would do in a real account: calls, experiments and load, as data (`--target aws --plan`)."""

from collections.abc import Iterator, Sequence

from drills.frame.plan import Design, Step, call, person

STEADY_SHARE = 0.05
"""The steady rate is a twentieth of what the deployment promises to carry; the storm is that promise."""
CONTENTS = 3000
WATCHED = ("deliver", "deliver-sideline", "bundle", "bundle-sideline", "notify")


def plan(design: Design) -> Sequence[Step]:
    """Return the steps, in their order."""
    return [*prepared(design), *_storm(design), *audited(design)]


def prepared(design: Design) -> Iterator[Step]:
    """Yield what every drill with a load does first."""
    region = design.primary
    yield person(region, "announce", "nobody works in this account, and everybody who watches its alarms knows")
    yield call(
        region,
        "service-quotas",
        "GetServiceQuota",
        "the storm must meet the drive's limits, not the account's",
        ServiceCode="lambda",
        QuotaCode="L-B99A9384",
    )
    for one in design.data_regions:
        yield from _identity(design, one)
    files = {"Bucket": f"{design.prefix}-files-<account>-{region}", "Key": f"{region}/drill/<seed>/0000"}
    yield call(region, "s3", "PutObject", "the bytes behind every content; as many as files in one", **files)
    yield call(
        region,
        "dynamodb",
        "BatchWriteItem",
        f"{CONTENTS} contents, their manifests, and who owns them; one content's checksum is wrong: the poison",
        RequestItems={design.name("drive"): "<25 items at a time>"},
    )


def _identity(design: Design, region: str) -> Iterator[Step]:
    why = "the drill's own key beside the identity provider's: it signs the tokens of its users"
    where = {"ApplicationId": f"<id of {design.name('drive')}>", "ConfigurationProfileId": "<id of identity>"}
    yield call(region, "appconfig", "CreateHostedConfigurationVersion", why, **where, Content="<both keys>")
    strategy = {"EnvironmentId": "<id>", "DeploymentStrategyId": f"<id of {design.name('at-once')}>"}
    yield call(region, "appconfig", "StartDeployment", "at once, to every reader", **where, **strategy)


def _storm(design: Design) -> Iterator[Step]:
    region = design.primary
    yield load(design, _phases())
    yield from design.experiment("workers-lost", region)
    copies = {"QueueUrl": f"<{design.name('bundle')}>", "MessageBody": "<a copy>", "DelaySeconds": 120}
    why = "every tenth message again, and late: SQS cannot be asked to deliver twice"
    yield call(region, "sqs", "ReceiveMessage", "see what waits, without taking it", VisibilityTimeout=0)
    yield call(region, "sqs", "SendMessage", why, **copies)
    yield from watched(design)


def load(design: Design, phases: Sequence[str]) -> Step:
    """Return the load itself, which this machine or several would make."""
    url = f"POST https://<api>.execute-api.{design.primary}.amazonaws.com/live/v1"
    why = "users order; they repeat with the same Idempotency-Key, and come back when Retry-After says so"
    return person(design.primary, "load", why, calls=[f"{url}/downloads", f"{url}/purchases"], phases=list(phases))


def watched(design: Design) -> Iterator[Step]:
    """Yield what is looked at meanwhile."""
    region = design.primary
    for queue in WATCHED:
        names = {"QueueUrl": f"<{design.name(queue)}>", "AttributeNames": ["ApproximateNumberOfMessages"]}
        yield call(region, "sqs", "GetQueueAttributes", "once a second: peak and drain time", **names)
    wanted = {"TableName": design.name("pace"), "KeyConditionExpression": "pk = PACE#bundle"}
    yield call(region, "dynamodb", "Query", "once a second: the wait that the API estimates", **wanted)
    why = "memory of the tasks and the functions; the SLO's alarm stops the experiment by itself"
    yield call(region, "cloudwatch", "GetMetricData", why, MetricDataQueries=["MemoryUtilized", "MaxMemoryUsed"])


def audited(design: Design) -> Iterator[Step]:
    """Yield what the loss ledger reads, and what puts things back."""
    for one in design.data_regions:
        for table in ("drive", "jobs"):
            why = "the ledger: what clients were told, against what is recorded"
            yield call(one, "dynamodb", "Scan", why, TableName=design.name(table), ConsistentRead=True)
        bucket = f"{design.prefix}-bundles-<account>-{one}"
        yield call(one, "s3", "ListObjectsV2", "each published bundle is there, once", Bucket=bucket)
        before = {"ConfigurationVersion": "<the one before>"}
        yield call(one, "appconfig", "StartDeployment", "without the drill's key again", **before)


def _phases() -> list[str]:
    share = f"{STEADY_SHARE:.0%} of capacity.peak_requests_per_second"
    return [f"5 min at {share}", "at 20 times that until 429s came for 10 min", f"5 min at {share}"]
