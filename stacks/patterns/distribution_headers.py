"""What browsers are told about what the edge sends them."""

from aws_cdk import Duration
from aws_cdk.aws_cloudfront import (
    HeadersFrameOption,
    ResponseCustomHeader,
    ResponseCustomHeadersBehavior,
    ResponseHeadersContentSecurityPolicy,
    ResponseHeadersContentTypeOptions,
    ResponseHeadersCorsBehavior,
    ResponseHeadersFrameOptions,
    ResponseHeadersPolicy,
    ResponseHeadersStrictTransportSecurity,
    ResponseSecurityHeadersBehavior,
)
from constructs import Construct

from stacks.names import Names

A_YEAR = Duration.days(365)

NO_PAGE = "sandbox; default-src 'none'"
"""What users upload is never run as a page under the drive's name."""

OWN_PAGE = "default-src 'none'; style-src 'unsafe-inline'; connect-src https:; base-uri 'none'; frame-ancestors 'none'"


class DownloadHeaders(ResponseHeadersPolicy):
    """For users' files: any page may fetch them with a signed link, and no browser shows one as a page.

    Survives a file that is an attack: a browser saves it and does not run it.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names) -> None:
        super().__init__(
            scope,
            name,
            response_headers_policy_name=names.name("downloads"),
            security_headers_behavior=_security(NO_PAGE),
            custom_headers_behavior=ResponseCustomHeadersBehavior(
                custom_headers=[ResponseCustomHeader(header="Content-Disposition", value="attachment", override=False)]
            ),
            cors_behavior=ResponseHeadersCorsBehavior(
                access_control_allow_origins=["*"],
                access_control_allow_methods=["GET", "HEAD", "OPTIONS"],
                access_control_allow_headers=["*"],
                access_control_allow_credentials=False,
                access_control_expose_headers=["ETag", "Content-Length", "Content-Range"],
                origin_override=True,
            ),
        )


class PageHeaders(ResponseHeadersPolicy):
    """For the front page, which needs nothing but itself."""

    def __init__(self, scope: Construct, name: str, *, names: Names) -> None:
        super().__init__(
            scope,
            name,
            response_headers_policy_name=names.name("page"),
            security_headers_behavior=_security(OWN_PAGE),
        )


def _security(content: str) -> ResponseSecurityHeadersBehavior:
    return ResponseSecurityHeadersBehavior(
        content_security_policy=ResponseHeadersContentSecurityPolicy(content_security_policy=content, override=True),
        content_type_options=ResponseHeadersContentTypeOptions(override=True),
        frame_options=ResponseHeadersFrameOptions(frame_option=HeadersFrameOption.DENY, override=True),
        strict_transport_security=ResponseHeadersStrictTransportSecurity(
            access_control_max_age=A_YEAR, include_subdomains=False, override=True
        ),
    )
