"""The API of one region: what clients call to list, upload, download and buy.

Survives the loss of a zone: functions run in all zones, and enough are warm that the rest serve the peak.
Survives the loss of the other region: no request waits for it; what it holds is read from the copies here.
Survives a surge: what is beyond the expected peak is answered 429 with Retry-After, so that the rest is served.
Survives a planned event: its capacity is warm an hour before it starts.
Survives one greedy client: its address is answered 429, and nobody else's.
Survives a busy neighbour: reads, writes and orders have functions of their own; none can use up another's.
Survives a bad deployment: a tenth of the requests try it for five minutes; errors bring the old version back.
"""

from aws_cdk import Aws, Duration
from aws_cdk.aws_apigateway import Integration, IntegrationOptions, IntegrationType, RestApi
from aws_cdk.aws_codedeploy import LambdaApplication
from aws_cdk.aws_iam import ServicePrincipal
from aws_cdk.aws_secretsmanager import Secret
from aws_cdk.aws_ssm import StringParameter
from constructs import Construct

from seawall_constructs.findings import accept_finding
from stacks.capacity import RegionCapacity
from stacks.names import Names
from stacks.patterns.front_door import FrontDoor
from stacks.patterns.regional_domain import RegionalDomain
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.request_function import RequestFunction, deployer_role
from stacks.patterns.request_needs import permissions, variables
from stacks.settings import Identity

INTEGRATION_TIMEOUT = Duration.seconds(11)
"""A second beyond the function's own, so that its answer wins over API Gateway's."""

ROUTES = {
    "read": (
        "GET /v1/files",
        "GET /v1/files/{id}/link",
        "GET /v1/files/{id}/versions",
        "GET /v1/jobs/{id}",
        "GET /v1/items",
        "GET /healthz/shallow",
        "GET /healthz/deep",
        "GET /switch/{region}",
    ),
    "write": (
        "POST /v1/uploads",
        "POST /v1/uploads/{id}/commit",
        "DELETE /v1/files/{id}",
        "POST /v1/files/{id}/undelete",
    ),
    "order": (
        "POST /v1/downloads",
        "POST /v1/purchases",
    ),
}
"""Which function serves which request."""


class Api(RegionalStack):
    """One regional API with three functions; `domain` gives it host names, `zone_id` its certificate without a person.

    `files_host` and `signing_key_id` (CloudFront's id of the public key) are known after the first deployment of Edge;
    without them download links lead to S3.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        region: str,
        disposable: bool,
        peer: str,
        capacity: RegionCapacity,
        identity: Identity,
        files_host: str | None = None,
        signing_key_id: str | None = None,
        domain: str | None = None,
        zone_id: str | None = None,
    ) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        secret = self._signing_key()
        links = {"SIGNING_SECRET": secret.secret_name}
        if files_host and signing_key_id:
            links |= {"FILES_HOST": files_host, "SIGNING_KEY_ID": signing_key_id}
        told = variables(names, region, peer, links)
        allowed = permissions(names, region, peer)
        whom = {"IDENTITY_ISSUER": identity.issuer, "IDENTITY_AUDIENCE": identity.audience}
        door = FrontDoor(
            self,
            "Door",
            names=names,
            role="api",
            requests_per_second=capacity.requests_per_second,
            stampede="/v1/downloads/POST",
        )
        application = LambdaApplication(self, "Deployments", application_name=names.name("api"))
        deployer = deployer_role(self, "Deployer", names=names, roles=tuple(ROUTES))
        for role in ROUTES:
            served_by = RequestFunction(
                self,
                role.title(),
                names=names,
                role=role,
                capacity=capacity,
                environment={**told[role], **whom},
                allow=allowed[role],
                application=application,
                deployer=deployer,
                description=f"The API's {role} requests",
            )
            if role != "write":
                secret.grant_read(served_by.function)
            _route(door.api, role, served_by)
        accept_finding(
            door.api,
            "AwsSolutions-APIG4",
            "AwsSolutions-COG4",
            reason="the functions verify tokens offline: an authorizer would be one more thing that can be down",
        )
        accept_finding(
            door.api,
            "AwsSolutions-APIG2",
            reason="the functions check every request more strictly than a model can, and answer with a sentence",
        )
        # Whoever in this region needs the address, such as a canary, resolves it by this name.
        StringParameter(self, "Address", parameter_name=f"/{names.name('api')}/url", string_value=door.api.url)
        if domain:
            RegionalDomain(self, "Domain", api=door.api, region=region, domain=domain, zone_id=zone_id)

    def _signing_key(self) -> Secret:
        """A place for the private key of download links: made with a placeholder, filled by an operator."""
        secret = Secret(
            self,
            "SigningKey",
            secret_name=self.names.name("signing-key"),
            description="Private key (PEM) of download links; its public half is one of Edge's signing keys",
            removal_policy=self.data_removal,
        )
        accept_finding(
            secret,
            "AwsSolutions-SMG4",
            reason="the public half lies in CloudFront's key group: both change together, by hand, with two keys valid",
        )
        return secret


def _route(api: RestApi, role: str, served_by: RequestFunction) -> None:
    """Lead the routes of `role` to its function.

    Not CDK's LambdaIntegration: it names its permission after the stack, so that two regions would have two names.
    """
    region, alias = api.stack.region, served_by.alias
    alias.add_permission(
        "Gateway", principal=ServicePrincipal("apigateway.amazonaws.com"), source_arn=api.arn_for_execute_api()
    )
    integration = Integration(
        type=IntegrationType.AWS_PROXY,
        integration_http_method="POST",
        uri=f"arn:{Aws.PARTITION}:apigateway:{region}:lambda:path/2015-03-31/functions/{alias.function_arn}/invocations",
        options=IntegrationOptions(timeout=INTEGRATION_TIMEOUT),
    )
    for route in ROUTES[role]:
        method, path = route.split()
        api.root.resource_for_path(path).add_method(method, integration)
