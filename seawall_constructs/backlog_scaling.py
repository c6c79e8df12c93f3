"""How many workers there are, by how much work waits for each of them."""

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk.aws_applicationautoscaling import (
    AdjustmentType,
    CfnScalingPolicy,
    MetricAggregationType,
    ScalableTarget,
    ServiceNamespace,
    StepScalingAction,
)
from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator, Metric, Stats, TreatMissingData
from aws_cdk.aws_cloudwatch_actions import ApplicationScalingAction
from aws_cdk.aws_ecs import FargateService
from aws_cdk.aws_iam import Role
from constructs import Construct

from seawall_constructs.measure import MINUTE
from seawall_constructs.work_queue import WorkQueue
from seawall_constructs.zones import ZONES

LATE_SECONDS = 120
VERY_LATE_SECONDS = 300

REMOVE_AFTER = Duration.minutes(10)
"""A task is given up slowly: it costs a dollar a day, and a storm comes in waves."""


class BacklogScaling(Construct):
    """Scales a service by the messages that wait, per running task, in its queues.

    Survives a surge: work that waits starts workers, and what is late starts them by half, or double, at once.
    Survives having no worker at all: the first late message starts one in each zone.
    """

    target: ScalableTarget
    """For what is known beforehand: `target.scale_on_schedule`."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        service: FargateService,
        queues: Sequence[WorkQueue],
        backlog_per_task: float,
        fewest: int = ZONES,
        most: int,
    ) -> None:
        """Scale `service` by all of `queues`; the first one is where work should never be late.

        `backlog_per_task` are the messages that one task works off in the time that they may wait.
        """
        super().__init__(scope, name)
        cluster_name, service_name = service.cluster.cluster_name, service.service_name
        # Not the service's own method: it names policies after the stack, so that two regions would have two names.
        self.target = ScalableTarget(
            self,
            "Target",
            service_namespace=ServiceNamespace.ECS,
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{cluster_name}/{service_name}",
            min_capacity=fewest,
            max_capacity=most,
            role=Role.from_role_arn(self, "Scaler", _service_linked_role(self)),
        )
        self._hurry_when_late(queues[0])
        running = _metric(
            "ECS/ContainerInsights", "RunningTaskCount", ClusterName=cluster_name, ServiceName=service_name
        )
        waiting = [
            _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName=work.queue.queue_name) for work in queues
        ]
        self._follow(waiting, running, backlog_per_task)

    def _hurry_when_late(self, work: WorkQueue) -> None:
        step = StepScalingAction(
            self,
            "Late",
            policy_name="late",
            scaling_target=self.target,
            adjustment_type=AdjustmentType.PERCENT_CHANGE_IN_CAPACITY,
            min_adjustment_magnitude=ZONES,
            metric_aggregation_type=MetricAggregationType.MAXIMUM,
            cooldown=MINUTE,
        )
        step.add_adjustment(adjustment=50, lower_bound=0, upper_bound=VERY_LATE_SECONDS - LATE_SECONDS)
        step.add_adjustment(adjustment=100, lower_bound=VERY_LATE_SECONDS - LATE_SECONDS)
        Alarm(
            self,
            "LateAlarm",
            alarm_description="Starts workers, nobody needs to do anything: somebody is told when it does not help",
            metric=work.queue.metric_approximate_age_of_oldest_message(period=MINUTE, statistic=Stats.MAXIMUM),
            threshold=LATE_SECONDS,
            evaluation_periods=1,
            comparison_operator=ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        ).add_alarm_action(ApplicationScalingAction(step))

    def _follow(self, waiting: Sequence[Metric], running: Metric, backlog_per_task: float) -> None:
        """Keep the backlog of a task at its goal. Where none runs it counts as one, or there would be no number."""
        queues = {f"queue{number}": metric for number, metric in enumerate(waiting)}
        backlog = " + ".join(f"FILL({queue}, 0)" for queue in queues)
        expression = f"({backlog}) / IF(FILL(running, 0) > 0, FILL(running, 0), 1)"
        # CDK's own target tracking takes single metrics only, no expressions.
        CfnScalingPolicy(
            self,
            "Backlog",
            policy_name="backlog-per-task",
            policy_type="TargetTrackingScaling",
            scaling_target_id=self.target.scalable_target_id,
            target_tracking_scaling_policy_configuration=CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=backlog_per_task,
                scale_in_cooldown=REMOVE_AFTER.to_seconds(),
                scale_out_cooldown=MINUTE.to_seconds(),
                customized_metric_specification=CfnScalingPolicy.CustomizedMetricSpecificationProperty(
                    metrics=[
                        *(_query(name, metric) for name, metric in {**queues, "running": running}.items()),
                        CfnScalingPolicy.TargetTrackingMetricDataQueryProperty(
                            id="backlog", expression=expression, label="messages per task", return_data=True
                        ),
                    ]
                ),
            ),
        )


def _service_linked_role(scope: Construct) -> str:
    """The role that Application Auto Scaling makes for itself."""
    role = (
        "aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
    )
    return Stack.of(scope).format_arn(service="iam", region="", resource="role", resource_name=role)


def _metric(namespace: str, name: str, **dimensions: str) -> Metric:
    return Metric(namespace=namespace, metric_name=name, statistic=Stats.AVERAGE, dimensions_map=dimensions)


def _query(name: str, metric: Metric) -> CfnScalingPolicy.TargetTrackingMetricDataQueryProperty:
    return CfnScalingPolicy.TargetTrackingMetricDataQueryProperty(
        id=name,
        return_data=False,
        metric_stat=CfnScalingPolicy.TargetTrackingMetricStatProperty(
            stat=metric.statistic,
            metric=CfnScalingPolicy.TargetTrackingMetricProperty(
                namespace=metric.namespace,
                metric_name=metric.metric_name,
                dimensions=[
                    CfnScalingPolicy.TargetTrackingMetricDimensionProperty(name=dimension, value=value)
                    for dimension, value in (metric.dimensions or {}).items()
                ],
            ),
        ),
    )
