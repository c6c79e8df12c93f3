"""A function of services/: packaged once, under the drive's names, within its permission boundary."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Duration
from aws_cdk.aws_iam import PolicyStatement
from aws_cdk.aws_lambda import Code

from seawall_constructs import work_queue
from seawall_constructs.worker_function import WorkerFunction
from stacks.names import Names
from stacks.patterns.boundary import boundary
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.work_queue import WorkQueue

REPOSITORY = Path(__file__).parent.parent.parent

PACKAGE = REPOSITORY / "build" / "package"
"""What `make package` leaves: services/ and, beside it, the libraries of services/requirements.txt for arm64."""

WILDCARDS = (
    "Objects of one named bucket; keys that the condition names by their alias; "
    "reading levers or a stream, whose identifiers AWS makes up when they come to be"
)
"""Why the wildcards are accepted that access.py writes into policies."""


def service_code() -> Code:
    """Return the one package that all functions share; a change in one service publishes all of them alike.

    Before `make package` made it, the bare sources stand in, so that anybody can synthesize. They cannot run: the CDK
    command makes the package first ("build" in cdk.json), and app.py says so where it is missing.
    """
    if (PACKAGE / "made").is_file():  # written last: a package whose making broke off is none
        return Code.from_asset(str(PACKAGE))
    return Code.from_asset(str(REPOSITORY / "services"), exclude=["**/__pycache__"])


class ServiceFunction(WorkerFunction):
    """A Lambda function that runs `services/<service>`, named after its `role`."""

    def __init__(
        self,
        scope: RegionalStack,
        name: str,
        *,
        names: Names,
        role: str,
        handler: str,
        timeout: Duration,
        reserved: int,
        environment: Mapping[str, str],
        allow: list[PolicyStatement],
        memory: int = 512,
        description: str,
    ) -> None:
        super().__init__(
            scope,
            name,
            function_name=names.name(role),
            role_name=names.in_region(role, scope.region),
            permissions_boundary=boundary(scope, names, f"{name}Boundary"),
            code=service_code(),
            handler=handler,
            timeout=timeout,
            reserved=reserved,
            memory=memory,
            description=description,
            environment={**environment, "POWERTOOLS_SERVICE_NAME": role, "POWERTOOLS_METRICS_NAMESPACE": "Drive"},
            allow=allow,
            wildcards=WILDCARDS,
            disposable=scope.disposable,
        )

    def take_from(self, work: work_queue.WorkQueue, *, batch: int = 10, at_most: int | None = None) -> None:
        """Have messages of `work` start this function, as many at a time as the queue's numbers say.

        Raises ValueError also for a queue whose numbers say that workers poll it.
        """
        if isinstance(work, WorkQueue):
            at_most = work.numbers.concurrency
            if at_most is None:
                raise ValueError(f"{work.numbers.role}: concurrency None is not within {self._reserved} reserved")
        super().take_from(work, batch=batch, at_most=at_most)
