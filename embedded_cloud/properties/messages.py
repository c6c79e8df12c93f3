"""Queues, topics, rules and schedules."""

from embedded_cloud.reading import VALUE, Read, Write

_ALL = {"AttributeNames": ["All"]}

READS: dict[str, tuple[Read, ...]] = {
    "AWS::Events::Rule": (
        Read("events.describe_rule", {"Name": "{id}"}, same="Name Description EventPattern ScheduleExpression State"),
        Read("events.list_targets_by_rule", {"Rule": "{id}"}, same="Targets"),
        Read("events.list_tags_for_resource", {"ResourceARN": "{arn}"}, same="Tags"),
    ),
    "AWS::SNS::Topic": (
        Read(
            "sns.get_topic_attributes",
            {"TopicArn": "arn:aws:sns:{region}:{account}:{TopicName}"},
            at="Attributes",
            same="DisplayName KmsMasterKeyId",
            writes={
                "KmsMasterKeyId": Write(
                    "sns.set_topic_attributes",
                    {"TopicArn": "{id}", "AttributeName": "KmsMasterKeyId", "AttributeValue": VALUE},
                )
            },
        ),
        Read("sns.list_tags_for_resource", {"ResourceArn": "{id}"}, same="Tags"),
    ),
    "AWS::SNS::TopicPolicy": (
        Read(
            "sns.get_topic_attributes",
            {"TopicArn": "{first:Topics}"},
            at="Attributes",
            renamed={"PolicyDocument": "Policy"},
        ),
    ),
    "AWS::SQS::Queue": (
        Read("sqs.get_queue_url", {"QueueName": "{QueueName}"}),
        Read(
            "sqs.get_queue_attributes",
            {"QueueUrl": "{id}", **_ALL},
            at="Attributes",
            same="MessageRetentionPeriod SqsManagedSseEnabled RedriveAllowPolicy ReceiveMessageWaitTimeSeconds "
            "RedrivePolicy VisibilityTimeout DelaySeconds",
        ),
        Read("sqs.list_queue_tags", {"QueueUrl": "{id}"}, same="Tags"),
    ),
    "AWS::SQS::QueuePolicy": (
        Read(
            "sqs.get_queue_attributes",
            {"QueueUrl": "{first:Queues}", **_ALL},
            at="Attributes",
            renamed={"PolicyDocument": "Policy"},
        ),
    ),
    "AWS::Scheduler::Schedule": (
        Read(
            "scheduler.get_schedule",
            {"Name": "{Name}"},
            same="FlexibleTimeWindow ScheduleExpression ScheduleExpressionTimezone State Target",
            writes={
                "ScheduleExpressionTimezone": Write(
                    "scheduler.update_schedule",
                    {
                        "Name": "{Name}",
                        "FlexibleTimeWindow": "{FlexibleTimeWindow}",
                        "ScheduleExpression": "{ScheduleExpression}",
                        "ScheduleExpressionTimezone": VALUE,
                        "State": "{State}",
                        "Target": "{Target}",
                    },
                )
            },
        ),
    ),
}
