"""See single_az_model_endpoint.md: why it matters, how to fix it, what is and is not flagged."""

from collections.abc import Iterator

from seawall.design import Design, Resource, mentioned
from seawall.placement import spread_of_subnets
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Key, Unknown, Value, field, items, number

AT = "ProductionVariants"
FIX = "set InitialInstanceCount: 2 in each of its ProductionVariants"


@policy(applies_to="AWS::SageMaker::EndpointConfig")
def single_az_model_endpoint(configuration: Resource, design: Design) -> Verdict:
    """Model endpoint answers from a single availability zone."""
    if configuration.get("AsyncInferenceConfig") is not None:
        return accepted("requests wait in a queue until an instance is back", at="AsyncInferenceConfig")
    variants = items(configuration.get(AT))
    if isinstance(variants, Unknown):
        return undecided(variants, at=AT, fix=FIX)
    verdicts = [_variant(variant, configuration, design) for variant in variants]
    # A variant serves its share of the requests alone: the weakest of them decides.
    for outcome in ("flagged", "undecided"):
        found = next((verdict for verdict in verdicts if verdict.outcome == outcome), None)
        if found is not None:
            return found
    return verdicts[0] if verdicts else undecided(AT, at=AT, message="it names no variants", fix=FIX)


def _variant(variant: Value, configuration: Resource, design: Design) -> Verdict:
    if isinstance(variant, Unknown):
        return undecided(variant, at=AT, fix=FIX)
    if field(variant, "ServerlessConfig") is not None:
        return accepted("serverless inference runs in several zones by itself", at=AT)
    name = field(variant, "VariantName")
    if number(field(variant, "InitialVariantWeight")) == 0:
        return accepted(f"variant {name} receives no requests", at=AT)
    model = design.resolve(field(variant, "ModelName"), "AWS::SageMaker::Model")
    subnets = model.get("VpcConfig.Subnets") if model is not None else None
    if model is not None and subnets is not None and spread_of_subnets(subnets, model, design).several is False:
        message = f"the subnets of {model.id} lie in one zone, and so do all instances of variant {name}"
        return flagged(message, fix="list subnets of two or more zones in VpcConfig.Subnets of the model", at=AT)
    return _by_number(variant, name, configuration, design)


def _by_number(variant: Value, name: Value, configuration: Resource, design: Design) -> Verdict:
    count = _instances(variant, name, configuration, design)
    if isinstance(count, Unknown):
        return undecided(count, at=AT, fix=FIX)
    if count is None:
        because, message = "InitialInstanceCount", f"variant {name} does not say how many instances it starts with"
        return undecided(because, at=AT, message=message, fix=FIX)
    if count >= 2:
        return accepted(f"variant {name} has {count:g} instances, which the service spreads over zones", at=AT)
    message = f"variant {name} runs on one instance: it answers nothing from the loss of its zone until a new one is up"
    return flagged(message, fix=FIX, at=AT)


def _instances(variant: Value, name: Value, configuration: Resource, design: Design) -> float | Unknown | None:
    """The least instances of a variant: what scales it decides, else the number that it starts with."""
    if field(variant, "ManagedInstanceScaling.Status") == "ENABLED":
        return number(field(variant, "ManagedInstanceScaling.MinInstanceCount"))
    floors = [target.number("MinCapacity") for target in _scaling(name, configuration, design)]
    return floors[0] if floors else number(field(variant, "InitialInstanceCount"))


def _scaling(name: Value, configuration: Resource, design: Design) -> Iterator[Resource]:
    """The scalable targets of a variant on the endpoints that this configuration makes."""
    targets = design.of_type("AWS::ApplicationAutoScaling::ScalableTarget")
    endpoints = design.once("endpoints", lambda: design.untraced(lambda: _endpoints(design))) if targets else {}
    serving = endpoints.get(configuration.key, [])
    for target in targets:
        scaled = target.get("ResourceId")  # endpoint/<name>/variant/<name>
        text, keys = str(scaled), {reference.key for reference in mentioned(scaled)}
        named = [str(endpoint.get("EndpointName")) in text.split("/") for endpoint in serving]
        if text.endswith(f"/{name}") and (any(named) or keys & {endpoint.key for endpoint in serving}):
            yield target


def _endpoints(design: Design) -> dict[Key, list[Resource]]:
    found: dict[Key, list[Resource]] = {}
    for endpoint in design.of_type("AWS::SageMaker::Endpoint"):
        configuration = design.resolve(endpoint.get("EndpointConfigName"), "AWS::SageMaker::EndpointConfig")
        if configuration is not None:
            found.setdefault(configuration.key, []).append(endpoint)
    return found
