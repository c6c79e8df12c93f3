"""What a finding about a CDK app says to paste does what it promises."""

import json
from pathlib import Path

from aws_cdk import App, Stack, Stage, aws_dynamodb

from tests.command import check_everything


def app_in(folder: Path) -> App:
    app = App(outdir=str(folder), context={"aws:cdk:enable-path-metadata": True})  # as ``cdk synth`` has it
    stage = Stage(app, "Production")
    aws_dynamodb.Table(
        Stack(stage, "Shop"),
        "Orders",
        partition_key=aws_dynamodb.Attribute(name="id", type=aws_dynamodb.AttributeType.STRING),
    )
    return app


def test_the_lines_to_paste_mend_the_app(tmp_path: Path) -> None:
    app_in(tmp_path / "before").synth()
    findings = check_everything(tmp_path / "before", "--policy", "table_without_recovery")[1]["findings"]
    (flagged,) = [finding for finding in findings if finding["verdict"] == "flagged"]
    app = app_in(tmp_path / "after")
    exec(flagged["paste"], {"app": app})  # noqa: S102 - that it runs is what is promised
    app.synth()
    (template,) = (tmp_path / "after").rglob("*Shop*.template.json")
    (table,) = [
        one for one in json.loads(template.read_text())["Resources"].values() if one["Type"] == "AWS::DynamoDB::Table"
    ]
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
