"""How long those who wait for a function's answer wait.

Source: "Amazon API Gateway quotas" (29 seconds for REST and WebSocket APIs, 30 for HTTP APIs, where an integration
sets no other) and ``TimeoutSeconds`` of the Amazon States Language.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from seawall.design import Design, Resource
from seawall.json_text import parsed
from seawall.links import FUNCTION, function_of
from seawall.messaging import Manner, invocations
from seawall.values import Key, Text, Unknown, Value, field, number

METHOD, INTEGRATION = "AWS::ApiGateway::Method", "AWS::ApiGatewayV2::Integration"
REST_API, OTHER_API = "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"
STATE_MACHINE = "AWS::StepFunctions::StateMachine"
REST_LIMIT, HTTP_LIMIT = 29.0, 30.0


class Wait(NamedTuple):
    """``caller`` waits so many seconds for a function's answer."""

    caller: Resource
    seconds: float | Unknown

    @property
    def name(self) -> str:
        """The caller as people know it."""
        return "its API" if self.caller.type == "AWS::Lambda::Permission" else self.caller.id


def waits_for(function: Resource, design: Design) -> list[Wait]:
    """Everybody who waits for this function, as far as their limit can be told."""
    links = [link for link in invocations(function, design) if link.manner is Manner.SYNCHRONOUS]
    callers = {link.by.key: link.by for link in links}.values()
    found = [Wait(caller, seconds) for caller in callers for seconds in _limits(caller, function, design)]
    if not found:
        # SAM writes a permission for each event and leaves the API's definition to itself.
        limit = HTTP_LIMIT if any(True for _ in design.declared(OTHER_API)) else REST_LIMIT
        found = [Wait(caller, limit) for caller in callers if _is_event_of(caller, function)]
    tasks = design.once("tasks that time out", lambda: design.untraced(lambda: _tasks(design)))
    return found + tasks.get(function.key, [])


def _limits(caller: Resource, function: Resource, design: Design) -> list[float | Unknown]:
    if caller.type == METHOD:
        return [_milliseconds(caller.number("Integration.TimeoutInMillis"), REST_LIMIT)]
    if caller.type == INTEGRATION:
        api = design.resolve(caller.get("ApiId"), OTHER_API)
        socket = api is not None and api.get("ProtocolType") == "WEBSOCKET"
        return [_milliseconds(caller.number("TimeoutInMillis"), REST_LIMIT if socket else HTTP_LIMIT)]
    if caller.type not in (REST_API, OTHER_API):
        return []
    default = REST_LIMIT if caller.type == REST_API else HTTP_LIMIT
    body = caller.get("Body")
    integrations = _integrations(parsed(body) if isinstance(body, (str, Text)) else body)
    found = [one for one in integrations if function_of(one.get("uri"), design) is function]
    target = [default] if function_of(caller.get("Target"), design) is function else []
    return target + [_milliseconds(number(one.get("timeoutInMillis")), default) for one in found]


def _integrations(body: Value) -> Iterator[dict[str, Any]]:
    """What an OpenAPI definition hands requests to."""
    waiting = [body]
    while waiting:  # JSON in a text may be nested as deep as Python's stack
        node = waiting.pop()
        if isinstance(node, dict):
            own = node.get("x-amazon-apigateway-integration")
            if isinstance(own, dict):
                yield own
            waiting += node.values()


def _is_event_of(caller: Resource, function: Resource) -> bool:
    made = caller.type == "AWS::Lambda::Permission" and caller.get("SourceArn") is None
    principal = str(caller.get("Principal"))
    return made and function.declared_type.startswith("AWS::Serverless::") and principal.startswith("apigateway.")


def _milliseconds(limit: float | Unknown | None, default: float) -> float | Unknown:
    if limit is None:
        return default
    return limit if isinstance(limit, Unknown) else limit / 1000


def _tasks(design: Design) -> dict[Key, list[Wait]]:
    """The tasks of state machines that set a time limit, by the function that they invoke."""
    found: dict[Key, list[Wait]] = {}
    for machine in design.declared(STATE_MACHINE):
        definition = machine.get("Definition") or machine.get("DefinitionString")
        if isinstance(definition, (str, Text)):
            definition = parsed(definition)
        for task in _states(definition):
            seconds = number(task.get("TimeoutSeconds"))
            function = _invoked(task, design) if seconds is not None else None
            if function is not None and seconds is not None and machine.exists is not False:
                found.setdefault(function.key, []).append(Wait(machine, seconds))
    return found


def _states(definition: Value) -> Iterator[dict[str, Any]]:
    """Every task of a definition, those inside of parallel branches and maps too."""
    waiting = [definition]
    while waiting:
        states = field(waiting.pop(), "States")
        for state in states.values() if isinstance(states, dict) else ():
            if isinstance(state, dict):
                if state.get("Type") == "Task":
                    yield state
                branches = state.get("Branches")
                waiting += [state.get("Iterator"), state.get("ItemProcessor")]
                waiting += branches if isinstance(branches, list) else []


def _invoked(task: dict[str, Any], design: Design) -> Resource | None:
    resource = task.get("Resource")
    if "waitForTaskToken" in str(resource):
        return None  # it waits for whoever gets the token, not for the function
    for holder in ("Parameters", "Arguments"):
        named = field(task, f"{holder}.FunctionName")
        if named is not None:
            return function_of(named, design)
    function = function_of(resource, design)
    return function if function is not None and function.type == FUNCTION else None
