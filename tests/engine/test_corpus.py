"""Real templates of other people are all read; what cannot be read in them is said in one line a file."""

from typing import Any

import pytest

from tests.command import check_everything
from tests.other_people import shared_folder

SOLUTIONS = "aws-cloudformation+aws-cloudformation-templates/Solutions"
PATTERNS = "aws-samples+serverless-patterns"
AWSLABS = "awslabs+aws-cloudformation-templates/aws"


def twice(key: str, first: int, more: int = 0) -> str:
    others = f" (and {more} more)" if more else ""
    return f"key {key!r} is there twice, first in line {first}; the last one is judged{others}"


RAIN_TAG = "tag !Rain::Module is not one of CloudFormation's"
UNREAD = {
    # Two are made for a preprocessor, Rain, which puts modules where something is missing.
    (f"{SOLUTIONS}/GitLabAndVSCode/GitLabAndVSCode.json", 70, "resource Network has no Type (and 2 more)"),
    (f"{SOLUTIONS}/GitLabAndVSCode/GitLabAndVSCode.yaml", 52, f"{RAIN_TAG} (and 7 more)"),
    (f"{SOLUTIONS}/Gitea/Gitea.json", 70, "resource Network has no Type (and 1 more)"),
    (f"{SOLUTIONS}/Gitea/Gitea.yaml", 52, f"{RAIN_TAG} (and 4 more)"),
    (f"{PATTERNS}/cloudfront-apigw-http-api-lambda-rust/template.yml", 74, twice("Name", 70)),
    (
        f"{PATTERNS}/msk-lambda-schema-avro-java-sam/template_original.yaml",
        60,
        twice("SchemaRegistryURI", 59),
    ),
    (f"{PATTERNS}/public-nlb-or-alb-private-api-cfn/template.yaml", 358, twice("HealthCheckEnabled", 349)),
    (f"{AWSLABS}/services/ServiceCatalog/Portfolio.yaml", 193, twice("Key", 191, more=5)),
    (
        f"{AWSLABS}/solutions/CloudFrontCustomOriginLambda@Edge/CloudFront.yaml",
        828,
        twice("EC2InstanceSGID", 804),
    ),
}


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """One run with every policy over the whole corpus."""
    return check_everything(shared_folder("corpus"))[1]


def test_all_349_templates_are_read(report: dict[str, Any]) -> None:
    assert report["summary"]["files"] == 349


def test_what_cannot_be_read_is_said_in_one_line_a_file(report: dict[str, Any]) -> None:
    corpus = shared_folder("corpus")
    said = {(entry["file"].removeprefix(f"{corpus}/"), entry["line"], entry["reason"]) for entry in report["unread"]}
    assert said == UNREAD
    assert len(report["unread"]) == len(UNREAD)


def test_every_finding_names_a_line_of_its_file(report: dict[str, Any]) -> None:
    lines: dict[str, int] = {}
    for finding in report["findings"]:
        file = finding["file"]
        if file not in lines:
            with open(file, encoding="utf-8-sig") as stream:
                lines[file] = sum(1 for _ in stream)
        assert 1 <= finding["line"] <= lines[file], finding
