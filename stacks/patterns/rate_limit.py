"""A web ACL that answers 429 to whoever asks too often."""

from typing import Literal

from aws_cdk.aws_wafv2 import CfnWebACL
from constructs import Construct

REQUESTS_PER_ADDRESS = 2000
WINDOW_SECONDS = 60
"""One address, which may be an office of a hundred people, gets 33 requests a second over a minute."""


class RateLimit(Construct):
    """Refuses an address that sends more than 2 000 requests within 60 seconds.

    Survives one greedy client: it is answered 429 before it reaches a function, and everybody else is served.
    """

    acl: CfnWebACL

    def __init__(
        self, scope: Construct, name: str, *, acl_name: str, serves: Literal["REGIONAL", "CLOUDFRONT"]
    ) -> None:
        super().__init__(scope, name)
        # AWS WAF has no high-level construct.
        self.acl = CfnWebACL(
            self,
            "Acl",
            name=acl_name,
            scope=serves,
            default_action=CfnWebACL.DefaultActionProperty(allow=CfnWebACL.AllowActionProperty()),
            visibility_config=_visible(acl_name),
            rules=[
                CfnWebACL.RuleProperty(
                    name="requests-per-address",
                    priority=0,
                    action=CfnWebACL.RuleActionProperty(
                        block=CfnWebACL.BlockActionProperty(
                            custom_response=CfnWebACL.CustomResponseProperty(
                                response_code=429,
                                response_headers=[
                                    CfnWebACL.CustomHTTPHeaderProperty(name="Retry-After", value=str(WINDOW_SECONDS))
                                ],
                            )
                        )
                    ),
                    statement=CfnWebACL.StatementProperty(
                        rate_based_statement=CfnWebACL.RateBasedStatementProperty(
                            aggregate_key_type="IP",
                            evaluation_window_sec=WINDOW_SECONDS,
                            limit=REQUESTS_PER_ADDRESS,
                        )
                    ),
                    visibility_config=_visible("requests-per-address"),
                )
            ],
        )


def _visible(metric: str) -> CfnWebACL.VisibilityConfigProperty:
    return CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=True
    )
