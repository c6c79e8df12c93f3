"""Resources that CloudFormation refuses at the emulator and the services' APIs make."""

from dataclasses import dataclass
from typing import Any

from embedded_cloud.attributes import Resource
from embedded_cloud.properties.network import permissions
from embedded_cloud.properties.watching import alarm
from embedded_cloud.reading import Read, Write, filled


@dataclass(frozen=True)
class Create:
    """How a resource is found and made."""

    find: Read
    found: str
    """Where its name is in what was found."""
    write: Write
    made: str = ""
    """Where its name is in the response; without it, the name is `named`."""
    named: str = ""
    puts: bool = False
    """Whether the same call changes one that is already there."""
    only_with: str = ""
    """Only resources with this property are refused in templates."""

    def name_of(self, resource: Resource) -> str:
        """The name of a resource whose template gives it."""
        return str(filled(self.named, resource))


_CALLED = {"AlarmName": "{AlarmName}"}


def _alarms(kind: str) -> Read:
    return Read("cloudwatch.describe_alarms", {"AlarmTypes": [kind]}, at=f"{kind}s", where={"AlarmName": "{AlarmName}"})


def _group_rule(direction: str, other: str) -> Create:
    """A rule of a security group that is a resource of its own."""

    def add(client: Any, group: dict[str, Any], said: dict[str, Any]) -> Any:
        return getattr(client, f"authorize_security_group_{direction}")(**group, IpPermissions=permissions([said]))

    return Create(
        Read(
            "ec2.describe_security_group_rules",
            {"Filters": [{"Name": "group-id", "Values": ["{GroupId}"]}]},
            at="SecurityGroupRules",
            where={
                "IsEgress": direction == "egress",
                **{name: f"{{{name}}}" for name in ("IpProtocol", "FromPort", "ToPort", "CidrIpv6")},
                "CidrIpv4": "{CidrIp}",
                "ReferencedGroupInfo.GroupId": f"{{{other}}}",
            },
        ),
        "SecurityGroupRuleId",
        Write(f"ec2.authorize_security_group_{direction}", {"GroupId": "{GroupId}"}, by=add),
        made="SecurityGroupRules.SecurityGroupRuleId",
    )


CREATES: dict[str, Create] = {
    "AWS::CloudFront::PublicKey": Create(
        Read("cloudfront.list_public_keys", at="PublicKeyList.Items", where={"Name": "{PublicKeyConfig.Name}"}),
        "Id",
        Write("cloudfront.create_public_key", {"PublicKeyConfig": "{PublicKeyConfig}"}),
        made="PublicKey.Id",
    ),
    "AWS::CloudFront::KeyGroup": Create(
        Read(
            "cloudfront.list_key_groups",
            at="KeyGroupList.Items",
            where={"KeyGroup.KeyGroupConfig.Name": "{KeyGroupConfig.Name}"},
        ),
        "KeyGroup.Id",
        Write("cloudfront.create_key_group", {"KeyGroupConfig": "{KeyGroupConfig}"}),
        made="KeyGroup.Id",
    ),
    "AWS::CloudWatch::Alarm": Create(
        _alarms("MetricAlarm"),
        "AlarmName",
        Write(
            "cloudwatch.put_metric_alarm",
            _CALLED,
            by=lambda client, called, said: client.put_metric_alarm(**{**alarm(said), **called}),
        ),
        named="{AlarmName}",
        puts=True,
        only_with="Metrics",
    ),
    "AWS::CloudWatch::CompositeAlarm": Create(
        _alarms("CompositeAlarm"),
        "AlarmName",
        Write(
            "cloudwatch.put_composite_alarm",
            _CALLED,
            by=lambda client, called, said: client.put_composite_alarm(**{**said, **called}),
        ),
        named="{AlarmName}",
        puts=True,
    ),
    "AWS::Backup::BackupSelection": Create(
        Read(
            "backup.list_backup_selections",
            {"BackupPlanId": "{BackupPlanId}"},
            at="BackupSelectionsList",
            where={"SelectionName": "{BackupSelection.SelectionName}"},
        ),
        "SelectionId",
        Write(
            "backup.create_backup_selection",
            {"BackupPlanId": "{BackupPlanId}", "BackupSelection": "{BackupSelection}"},
        ),
        made="SelectionId",
    ),
    "AWS::EC2::SecurityGroupEgress": _group_rule("egress", "DestinationSecurityGroupId"),
    "AWS::EC2::SecurityGroupIngress": _group_rule("ingress", "SourceSecurityGroupId"),
    "AWS::EC2::FlowLog": Create(
        Read("ec2.describe_flow_logs", at="FlowLogs", where={"ResourceId": "{ResourceId}"}),
        "FlowLogId",
        Write(
            "ec2.create_flow_logs",
            {
                "ResourceIds": ["{ResourceId}"],
                "ResourceType": "{ResourceType}",
                "TrafficType": "{TrafficType}",
                "LogDestinationType": "{LogDestinationType}",
                "LogGroupName": "{LogGroupName}",
                "DeliverLogsPermissionArn": "{DeliverLogsPermissionArn}",
            },
        ),
        made="FlowLogIds.0",
    ),
    "AWS::Route53::HealthCheck": Create(
        Read("route53.list_health_checks", at="HealthChecks", where={"CallerReference": "{stack}-{logical}"}),
        "Id",
        Write(
            "route53.create_health_check",
            {"CallerReference": "{stack}-{logical}", "HealthCheckConfig": "{HealthCheckConfig}"},
        ),
        made="HealthCheck.Id",
    ),
    "AWS::WAFv2::WebACLAssociation": Create(
        Read("wafv2.get_web_acl_for_resource", {"ResourceArn": "{ResourceArn}"}, at="WebACL"),
        "ARN",
        Write("wafv2.associate_web_acl", {"ResourceArn": "{ResourceArn}", "WebACLArn": "{WebACLArn}"}),
        named="{ResourceArn}",
    ),
}
"""In the order in which they are made: a key before its group, alarms before what is composed of them."""
