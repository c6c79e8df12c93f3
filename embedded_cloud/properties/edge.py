"""CloudFront."""

from typing import Any

from embedded_cloud.reading import VALUE, Read, Write

_TAGS = Read(
    "cloudfront.list_tags_for_resource",
    {"Resource": "{arn}"},
    same="Tags",
    writes={"Tags": Write("cloudfront.tag_resource", {"Resource": "{arn}", "Tags": {"Items": VALUE}})},
)


def _distribution(said: dict[str, Any]) -> dict[str, Any]:
    worded = {"IsIPV6Enabled" if name == "IPV6Enabled" else name: value for name, value in said.items()}
    for name in ("DefaultCacheBehavior", "CacheBehaviors"):
        if name in worded:
            given = worded[name]
            worded[name] = [_behaviour(one) for one in given] if isinstance(given, list) else _behaviour(given)
    return worded


def _behaviour(said: dict[str, Any]) -> dict[str, Any]:
    worded = dict(said)
    if "TrustedKeyGroups" in said:
        worded["TrustedKeyGroups"] = {"Enabled": True, "Items": said["TrustedKeyGroups"]}
    if "AllowedMethods" in said:
        worded["AllowedMethods"] = {"Items": said["AllowedMethods"]}
    return worded


def _give_key_groups(client: Any, asked: dict[str, Any], worded: dict[str, Any]) -> None:
    """The one part of a distribution that templates lose, put into what the service holds."""
    held = client.get_distribution_config(**asked)
    config = held["DistributionConfig"]
    groups = {said["PathPattern"]: said.get("TrustedKeyGroups") for said in worded.get("CacheBehaviors", [])}
    behaviours = [(one, groups.get(one["PathPattern"])) for one in config.get("CacheBehaviors", {}).get("Items", [])]
    default = (config["DefaultCacheBehavior"], worded["DefaultCacheBehavior"].get("TrustedKeyGroups"))
    for behaviour, trusted in (*behaviours, default):
        if trusted:
            behaviour["TrustedKeyGroups"] = {**trusted, "Quantity": len(trusted["Items"])}
    client.update_distribution(**asked, DistributionConfig=config, IfMatch=held["ETag"])


READS: dict[str, tuple[Read, ...]] = {
    "AWS::CloudFront::CachePolicy": (
        Read("cloudfront.get_cache_policy", {"Id": "{id}"}, at="CachePolicy", same="CachePolicyConfig"),
    ),
    "AWS::CloudFront::Distribution": (
        Read(
            "cloudfront.get_distribution_config",
            {"Id": "{id}"},
            same="DistributionConfig",
            worded={"DistributionConfig": _distribution},
            writes={"DistributionConfig": Write("cloudfront.update_distribution", {"Id": "{id}"}, by=_give_key_groups)},
        ),
        _TAGS,
    ),
    "AWS::CloudFront::Function": (
        Read(
            "cloudfront.describe_function",
            {"Name": "{Name}", "Stage": "LIVE"},
            at="FunctionSummary",
            same="FunctionConfig",
        ),
        Read("cloudfront.get_function", {"Name": "{Name}", "Stage": "LIVE"}, same="FunctionCode"),
        _TAGS,
    ),
    "AWS::CloudFront::KeyGroup": (
        Read("cloudfront.get_key_group", {"Id": "{id}"}, at="KeyGroup", same="KeyGroupConfig"),
    ),
    "AWS::CloudFront::KeyValueStore": (
        Read("cloudfront.describe_key_value_store", {"Name": "{Name}"}, at="KeyValueStore", same="Comment"),
        _TAGS,
    ),
    "AWS::CloudFront::OriginAccessControl": (
        Read(
            "cloudfront.get_origin_access_control",
            {"Id": "{id}"},
            at="OriginAccessControl",
            same="OriginAccessControlConfig",
        ),
    ),
    "AWS::CloudFront::OriginRequestPolicy": (
        Read(
            "cloudfront.get_origin_request_policy",
            {"Id": "{id}"},
            at="OriginRequestPolicy",
            same="OriginRequestPolicyConfig",
        ),
    ),
    "AWS::CloudFront::PublicKey": (
        Read("cloudfront.get_public_key", {"Id": "{id}"}, at="PublicKey", same="PublicKeyConfig"),
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": (
        Read(
            "cloudfront.get_response_headers_policy",
            {"Id": "{id}"},
            at="ResponseHeadersPolicy",
            same="ResponseHeadersPolicyConfig",
        ),
    ),
}
