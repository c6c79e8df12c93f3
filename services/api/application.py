"""What the three functions of the API have in common: routing, and one place where every failure becomes an answer."""

import math
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from services.api.errors import Problem, conflict, key_reused, not_found, unreachable
from services.drive import clock
from services.drive.deletions import KeyReused
from services.drive.environment import here
from services.drive.files import Contended
from services.drive.levers import NeverReached
from services.drive.limits import UNREACHABLE_RETRY_AFTER, scaled
from services.drive.orders import DifferentRequest

NAMESPACE = "Drive"

logger = Logger(service="api")


def application() -> APIGatewayRestResolver:
    """Return a resolver without routes that answers every failure with problem details."""
    app = APIGatewayRestResolver()
    app.exception_handler(Problem)(_refused)
    app.exception_handler(NotFoundError)(lambda _: not_found("There is nothing at this address.").response())
    app.exception_handler([DifferentRequest, KeyReused])(lambda _: _refused(key_reused()))
    app.exception_handler(Contended)(lambda _: _refused(_contended()))
    # NeverReached: a 401 would make callers throw good tokens away.
    app.exception_handler([BotoCoreError, ClientError, NeverReached])(_aws_failed)
    app.exception_handler(Exception)(_broken)
    return app


def serve(app: APIGatewayRestResolver, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the REST API's proxy integration."""
    return app.resolve(event, context)


def _refused(problem: Problem) -> Response[str]:
    # Neither who nor what: paths and tokens stay out of the logs.
    logger.info("refused", extra={"problem": problem.kind, "status": problem.status})
    with single_metric(name="Refused", unit=MetricUnit.Count, value=1, namespace=NAMESPACE) as metric:
        metric.add_dimension("problem", problem.kind)
    return problem.response()


def _contended() -> Problem:
    return conflict("This file is being changed by other requests: repeat the request with the same Idempotency-Key.")


def _aws_failed(error: Exception) -> Response[str]:
    """Answer for a table, queue, bucket or profile that stayed out of reach after the SDK's attempts."""
    logger.error("a service cannot be reached", extra={"error": type(error).__name__, "reason": _reason(error)})
    with single_metric(name="Unreachable", unit=MetricUnit.Count, value=1, namespace=NAMESPACE) as metric:
        metric.add_dimension("region", here.aws_region)
    retry_after = math.ceil(scaled(clock.jitter(*UNREACHABLE_RETRY_AFTER)))
    return unreachable(here.aws_region, here.peer_region, retry_after).response()


def _reason(error: Exception) -> str:
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {error.response['Error'].get('Code', 'unknown')}"
    return type(error).__name__


def _broken(error: Exception) -> Response[str]:
    logger.error("a request failed unexpectedly", exc_info=error)
    detail = "The drive made a mistake. Repeating the request with the same Idempotency-Key is safe."
    return Problem(500, "internal-error", detail).response()
