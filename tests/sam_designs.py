"""SAM templates as designs, for the tests of the transform."""

from seawall.design import Design, Resource
from seawall.documents import Unreadable, read_yaml
from seawall.source import Document
from seawall.sources.cloudformation import template_of
from seawall.values import Reference


def design_of(text: str, problems: list[Unreadable] | None = None) -> Design:
    text = "Transform: AWS::Serverless-2016-10-31\n" + text
    document = Document("template.yaml", text, read_yaml(text, []))
    return Design([template_of(document, problems=problems)])


def resources_of(text: str) -> dict[str, Resource]:
    return {resource.id: resource for resource in design_of(text).all.values()}


def line_with(text: str, part: str) -> int:
    """The line of the design's text that holds ``part``."""
    lines = ("Transform: AWS::Serverless-2016-10-31\n" + text).splitlines()
    return next(index + 1 for index, line in enumerate(lines) if part in line)


def arn(logical_id: str) -> Reference:
    return Reference(("", logical_id), "Arn")
