"""See pipe_without_dead_letter.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, field

STREAMS = {"kinesis": "KinesisStreamParameters", "dynamodb": "DynamoDBStreamParameters"}


@policy(applies_to="AWS::Pipes::Pipe")
def pipe_without_dead_letter(pipe: Resource, design: Design) -> Verdict:
    """Pipe gives up on a stream's records without keeping them anywhere."""
    parameters = pipe.get("SourceParameters")
    name = next((name for name in STREAMS.values() if field(parameters, name) is not None), "")
    source = design.resolve(pipe.get("Source"))
    arn = source.type.lower() if source is not None else str(pipe.get("Source")).lower()
    if not isinstance(parameters, Unknown) and not name:
        name = next((name for service, name in STREAMS.items() if f"{service}:" in arn), "")
        if not name:
            return _without_stream(pipe, arn)
    at = f"SourceParameters.{name}.DeadLetterConfig" if name else "SourceParameters"
    fix = f"set {at}.Arn to a queue or topic, and MaximumRetryAttempts beside it"
    config = pipe.get(at)
    if isinstance(config, Unknown):
        return undecided(config, at=at, fix=fix)
    if field(config, "Arn") not in (None, ""):
        return accepted("records that failed are noted in a queue or topic of their own", at=at)
    problem = (
        "it reads a stream and sets no DeadLetterConfig: a record that fails holds up its shard "
        "until it expires, and is lost then"
    )
    return flagged(problem, fix=fix, at=at, evidence=(f"{pipe.get('Source')} → {pipe.id}",))


def _without_stream(pipe: Resource, arn: str) -> Verdict:
    if pipe.get("SourceParameters.SqsQueueParameters") is not None or "sqs:" in arn:
        return not_applicable("its queue's redrive policy decides")
    # A pipe from a stream names its starting position, so one without parameters reads none.
    return not_applicable("only pipes from Kinesis and DynamoDB streams take a dead-letter queue")
