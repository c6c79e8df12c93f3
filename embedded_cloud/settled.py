"""Settles a template for one region: parameters have their values, conditions are decided, mappings are looked up.

What is left has only functions about resources (`Ref`, `Fn::GetAtt`, `Fn::Sub` …), which need them to exist.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from embedded_cloud.embedded import ACCOUNT

LATER = "AWS::SSM::Parameter::"
"""Begins the types of parameters whose value only the deployment looks up."""
NO_VALUE = {"Ref": "AWS::NoValue"}
_NAMES = re.compile(r"\$\{([^!}][^}]*)\}")


class TemplateError(ValueError):
    """A template that cannot be deployed as it is; the message says what about it."""


def settled(
    template: Mapping[str, Any], *, stack: str, region: str, parameters: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A copy of the template without parameters, mappings and conditions; what a condition excludes is left out.

    Parameters that are not given have their defaults. Raises TemplateError for one that has none, for one that the
    template does not have, and for what is not a value here: a transform, a condition on something deployed.
    """
    if "Transform" in template:
        raise TemplateError(f"{stack}: Transform {template['Transform']} is not done here; deploy what it makes")
    values = _values(template, stack, parameters or {})
    return _Settling(template, values | _pseudo(stack, region), set(values), stack).template()


def _values(template: Mapping[str, Any], stack: str, given: Mapping[str, Any]) -> dict[str, Any]:
    declared: Mapping[str, Any] = template.get("Parameters", {})
    if unknown := sorted(set(given) - set(declared)):
        raise TemplateError(f"{stack}: the template has no parameter {', '.join(unknown)}")
    later = {name for name, parameter in declared.items() if str(parameter["Type"]).startswith(LATER)}
    settled_here = {name: parameter for name, parameter in declared.items() if name not in later}
    if missing := sorted(name for name, one in settled_here.items() if name not in given and "Default" not in one):
        raise TemplateError(f"{stack}: no value for the parameter {', '.join(missing)}, which has no default")
    for name, value in given.items():
        _check(stack, name, declared[name], value)
    return {
        name: _typed(parameter["Type"], given[name] if name in given else parameter["Default"])
        for name, parameter in settled_here.items()
    }


def _check(stack: str, name: str, parameter: Mapping[str, Any], value: Any) -> None:
    allowed = [str(one) for one in parameter.get("AllowedValues", ())]
    if allowed and str(value) not in allowed:
        raise TemplateError(f"{stack}: {name} may be {' or '.join(allowed)}, not {value}")
    pattern = parameter.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, str(value)):
        raise TemplateError(f"{stack}: {name} has to match {pattern}, {value!r} does not")


def _typed(kind: str, value: Any) -> Any:
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else list(value)
    if kind == "Number" and isinstance(value, str):
        return float(value) if "." in value else int(value)
    if isinstance(value, bool):
        return str(value).lower()  # a parameter is text; YAML made a truth of it
    return value


def _pseudo(stack: str, region: str) -> dict[str, Any]:
    return {
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws",
        "AWS::Region": region,
        "AWS::StackName": stack,
        "AWS::URLSuffix": "amazonaws.com",
    }


class _Settling:
    """One template on its way: `inlined` are the names whose references are replaced, `values` those that are known."""

    def __init__(self, template: Mapping[str, Any], values: Mapping[str, Any], inlined: set[str], stack: str) -> None:
        self._template = template
        self._values = values
        self._inlined = inlined
        self._stack = stack
        self._deciding: list[str] = []

    def template(self) -> dict[str, Any]:
        made = {
            section: self._settle(content)
            for section, content in self._template.items()
            if section not in {"Conditions", "Mappings", "Parameters", "Resources", "Outputs"}
        }
        left = {name: one for name, one in self._template.get("Parameters", {}).items() if name not in self._inlined}
        if left:
            made["Parameters"] = left
        made["Resources"] = resources = self._kept("Resources")
        for resource in resources.values():
            _drop_dependencies(resource, resources)
            _as_text(resource.get("Properties", {}).get("Environment"))
            for container in resource.get("Properties", {}).get("ContainerDefinitions", ()):
                _as_text(container.get("Environment"))
        if outputs := self._kept("Outputs"):
            made["Outputs"] = outputs
        return made

    def _kept(self, section: str) -> dict[str, Any]:
        kept = {}
        for name, one in self._template.get(section, {}).items():
            if "Condition" not in one or self._decided(one["Condition"]):
                kept[name] = self._settle({key: value for key, value in one.items() if key != "Condition"})
        return kept

    def _settle(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self._settle, value) if item != NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            if done := self._functions.get(function):
                return done(argument)
        items = {key: self._settle(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item != NO_VALUE}

    @property
    def _functions(self) -> dict[str, Callable[[Any], Any]]:
        return {
            "Ref": lambda name: self._values[name] if name in self._inlined else {"Ref": name},
            "Fn::Sub": self._substituted,
            "Fn::If": lambda given: self._settle(given[1 if self._decided(given[0]) else 2]),
            "Fn::FindInMap": self._looked_up,
            "Fn::Join": self._joined,
        }

    def _substituted(self, argument: Any) -> Any:
        text, own = (argument, {}) if isinstance(argument, str) else (argument[0], self._settle(argument[1]))

        def value(match: re.Match[str]) -> str:
            name = match[1].strip()
            return str(self._values[name]) if name in self._inlined and name not in own else match[0]

        text = _NAMES.sub(value, text)
        if "${" not in text:
            return text
        return {"Fn::Sub": [text, own] if own else text}

    def _joined(self, argument: Any) -> Any:
        delimiter, parts = self._settle(argument)
        if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
            return delimiter.join(parts)
        return {"Fn::Join": [delimiter, parts]}

    def _looked_up(self, argument: list[Any]) -> Any:
        mapping, first, second = (self._known(part) for part in argument[:3])
        try:
            return self._template["Mappings"][mapping][str(first)][str(second)]
        except KeyError:
            if len(argument) > 3 and "DefaultValue" in argument[3]:
                return self._settle(argument[3]["DefaultValue"])
            raise TemplateError(f"{self._stack}: nothing at {mapping}.{first}.{second} of the mappings") from None

    def _decided(self, condition: Any) -> bool:
        """Whether a condition holds: its name, or a function."""
        if isinstance(condition, str):
            return self._decided_by_name(condition)
        [(function, argument)] = condition.items()
        match function:
            case "Condition":
                return self._decided_by_name(argument)
            case "Fn::And":
                return all(self._decided(one) for one in argument)
            case "Fn::Or":
                return any(self._decided(one) for one in argument)
            case "Fn::Not":
                return not self._decided(argument[0])
            case "Fn::Equals":
                return str(self._known(argument[0])) == str(self._known(argument[1]))
        raise TemplateError(f"{self._stack}: {function} is not a condition that is decided here")

    def _decided_by_name(self, name: str) -> bool:
        declared = self._template.get("Conditions", {})
        if name not in declared or name in self._deciding:
            why = "depends on itself" if name in self._deciding else "does not exist"
            raise TemplateError(f"{self._stack}: the condition {name} {why}")
        self._deciding.append(name)
        try:
            return self._decided(declared[name])
        finally:
            self._deciding.pop()

    def _known(self, value: Any) -> Any:
        """A value in a condition or a look-up: it may name parameters and the region, nothing that is deployed."""
        if not isinstance(value, dict):
            return value
        [(function, argument)] = value.items()
        functions: dict[str, Callable[[Any], Any]] = {
            "Ref": lambda name: self._values[name],
            "Fn::FindInMap": self._looked_up,
            "Fn::If": lambda given: self._known(given[1 if self._decided(given[0]) else 2]),
            "Fn::Join": lambda given: given[0].join(str(self._known(part)) for part in given[1]),
            "Fn::Select": lambda given: self._known(self._known(given[1])[int(given[0])]),
            "Fn::Split": lambda given: str(self._known(given[1])).split(given[0]),
            "Fn::Sub": lambda text: _NAMES.sub(lambda match: str(self._values[match[1].strip()]), text),
        }
        try:
            return functions[function](argument)
        except KeyError:
            message = f"{self._stack}: {function} of {argument} is not known before the deployment"
            raise TemplateError(message) from None


def _as_text(environment: Any) -> None:
    """Make text of numbers in the environment of a function or a container, as CloudFormation does."""
    variables = environment.get("Variables") if isinstance(environment, dict) else None
    if isinstance(variables, dict):
        variables.update({name: _text(value) for name, value in variables.items()})
    for entry in environment if isinstance(environment, list) else ():
        if "Value" in entry:
            entry["Value"] = _text(entry["Value"])


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value


def _drop_dependencies(resource: dict[str, Any], there: Mapping[str, Any]) -> None:
    named = resource.pop("DependsOn", [])
    left = [name for name in ([named] if isinstance(named, str) else named) if name in there]
    if left:
        resource["DependsOn"] = left[0] if isinstance(named, str) else left
