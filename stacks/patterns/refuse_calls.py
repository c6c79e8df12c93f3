"""A function that refuses its calls for a while, on purpose."""

from aws_cdk.aws_ssm import CfnDocument
from constructs import Construct

from stacks.names import Names

REFUSE_CALLS = "refuse-calls"
"""Role of the document."""


class RefuseCalls(Construct):
    """An automation that takes a function's concurrency away, and gives it back after `lasting` (ISO 8601).

    Survives being stopped half-way: it gives the concurrency back first.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names, lasting: str) -> None:
        super().__init__(scope, name)
        # AWS Systems Manager documents have no high-level construct.
        CfnDocument(
            self,
            "Document",
            name=names.name(REFUSE_CALLS),
            document_type="Automation",
            document_format="JSON",
            update_method="NewVersion",
            content=_steps(lasting),
        )


def _steps(lasting: str) -> dict[str, object]:
    """Nothing for a while and then as before, also when it is stopped half-way."""
    function = "{{ FunctionName }}"
    undone = {"onFailure": "step:Allow", "onCancel": "step:Allow"}
    return {
        "schemaVersion": "0.3",
        "description": "Refuses the calls of a function for a while",
        "parameters": {"FunctionName": {"type": "String"}, "Reserved": {"type": "Integer"}},
        "mainSteps": [
            {
                "name": "Refuse",
                "action": "aws:executeAwsApi",
                "inputs": {
                    "Service": "lambda",
                    "Api": "PutFunctionConcurrency",
                    "FunctionName": function,
                    "ReservedConcurrentExecutions": 0,
                },
                **undone,
            },
            {"name": "Wait", "action": "aws:sleep", "inputs": {"Duration": lasting}, **undone},
            {
                "name": "Allow",
                "action": "aws:executeAwsApi",
                "inputs": {
                    "Service": "lambda",
                    "Api": "PutFunctionConcurrency",
                    "FunctionName": function,
                    "ReservedConcurrentExecutions": "{{ Reserved }}",
                },
                "isEnd": True,
            },
        ],
    }
