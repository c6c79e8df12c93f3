"""See event_rule_without_dead_letter.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.messaging import PROGRAMS, function_of, is_handler, protocols
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.schedules import comes_within_the_hour
from seawall.values import Unknown, Value, field, reasons

AT = "Targets"
FIX = "set DeadLetterConfig.Arn, the ARN of a standard queue, on each target"
TOPIC = "AWS::SNS::Topic"
STARTED_AGAIN = ("AWS::CodePipeline::Pipeline", "AWS::CodeBuild::Project", "AWS::Logs::LogGroup")
STARTED_AGAIN_ARNS = (":codepipeline:", ":codebuild:", ":logs:")
"""Targets that no customer's work waits in: the next change starts a deployment, a log line is a record."""


@policy(applies_to="AWS::Events::Rule")
def event_rule_without_dead_letter(rule: Resource, design: Design) -> Verdict:
    """Rule drops the events that it cannot deliver."""
    targets = rule.items(AT)
    if str(rule.get("State")).upper() == "DISABLED":
        return not_applicable("it is switched off")
    if isinstance(targets, Unknown):
        return undecided(targets, at=AT, fix=FIX)
    judged = [target for target in targets if not _is_no_work(field(target, "Arn"), design)]
    if not judged:
        return not_applicable("no work is lost with an event that its targets do not get")
    without = [target for target in judged if not _named(target)]
    if not without:
        return accepted("events that cannot be delivered go to a dead-letter queue", at=AT)
    repeated = comes_within_the_hour(rule.get("ScheduleExpression")) if rule.get("EventPattern") is None else False
    if repeated is True:
        return accepted("it comes again within the hour, which makes up for a run that is lost")
    open_questions = [_open_question(rule, target, design) for target in without]
    unknown = repeated if isinstance(repeated, Unknown) else None
    if unknown is None and None in open_questions:
        return _flagged(rule, [target for target, asked in zip(without, open_questions, strict=True) if asked is None])
    return undecided(unknown or next(asked for asked in open_questions if asked is not None), at=AT, fix=FIX)


def _open_question(rule: Resource, target: Value, design: Design) -> Unknown | None:
    """What decides whether this target, which surely has no dead-letter queue unless that is open too, needs one."""
    config, arn = _config(target), field(target, "Arn")
    if isinstance(config, Unknown):
        return config
    if isinstance(arn, Unknown):
        # Who permits the rule to invoke a function says what the target is.
        permitted = any(other.type == "AWS::Lambda::Permission" for other, _ in design.referrers(rule))
        return None if permitted else arn
    topic = design.resolve(arn, TOPIC)
    is_topic = topic is not None or ":sns:" in str(arn)
    return Unknown((f"who subscribes to {arn}",)) if is_topic and not _subscribed(topic, design) else None


def _subscribed(topic: Resource | None, design: Design) -> list[Value]:
    return protocols(topic, design) if topic is not None else []


def _config(target: Value) -> Value:
    return target if isinstance(target, Unknown) else field(target, "DeadLetterConfig")


def _named(target: Value) -> bool:
    config = _config(target)
    return isinstance(config, dict) and config.get("Arn") not in (None, "")


def _is_no_work(arn: Value, design: Design) -> bool:
    if any(part in str(arn) for part in STARTED_AGAIN_ARNS) or design.resolve(arn, *STARTED_AGAIN) is not None:
        return True
    subscribed = _subscribed(design.resolve(arn, TOPIC), design)
    if subscribed and not any(reasons(protocol) or str(protocol).lower() in PROGRAMS for protocol in subscribed):
        return True  # people are told, and no work waits
    function = function_of(arn, design)
    return function is not None and is_handler(function, design)


def _flagged(rule: Resource, without: list[Value]) -> Verdict:
    arns = [str(field(target, "Arn")) for target in without]
    problem = (
        f"no DeadLetterConfig is set for {arns[0]}: an event that it refuses, or does not take "
        "before the retries end, is dropped"
    )
    return flagged(problem, fix=FIX, at=AT, evidence=tuple(f"{rule.id} → {arn}" for arn in arns[:4]))
