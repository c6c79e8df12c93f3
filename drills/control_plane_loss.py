"""Survives the loss of a region while every control plane is lost as well: a recovery makes no call of one.

From the moment of the loss each control-plane call of anybody, in every region, is refused. The evacuation is done all
the same, and every call that it made is printed. Then, with control planes well again, the operator role tries some of
their calls and is denied each: whoever adds a step that needs one is told on the day of the drill.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from drills.drill import Drill, Findings, Run, main
from drills.frame.plan import Design, Step, call, person
from drills.frame.result import Promise
from drills.region.region_operator import DENIED, Operator
from drills.region.region_scene import Scene
from drills.region.region_setting import Setting
from drills.region_loss import NOT_PROVEN, SIMULATED, measured, panels, recovery_promises
from embedded_cloud.outages import is_data_plane

if TYPE_CHECKING:
    from drills.frame.running import Drive

SETTING = Setting(
    name="control-planes",
    record_lag=0.0,
    before=5.0,
    storm=30.0,
    after=5.0,
    lost_after=15.0,
    refuse_control_planes=True,
)
SHORT = Setting(
    name="control-planes",
    record_lag=0.0,
    before=5.0,
    storm=40.0,
    after=5.0,
    lost_after=25.0,
    refuse_control_planes=True,
)
REFUSED = "503"


def run(drive: "Drive", run: Run) -> Findings:
    """Lose the region and all control planes; recover; then show what the operator may not do."""
    proof = control_call_fails(drive)
    scene = Scene(drive, run, SHORT if run.options.short else SETTING)
    scene.play()
    denied = denials(scene.operator, drive)
    by_url = at_url(scene.operator)
    for one in scene.operator.calls():
        run.say(f"the recovery called {one}")
    for action, outcome in denied.items():
        run.say(f"the operator tried {action}: {outcome}")
    return findings(scene, proof, denied, by_url)


def findings(scene: Scene, proof: str, denied: dict[str, str], by_url: dict[str, int]) -> Findings:
    """Turn what happened into promises, measurements and the plot."""
    calls = scene.operator.calls()
    found = Findings(orders=scene.ledger, objects=scene.objects, marks=scene.plot_marks, panels=panels([scene]))
    found.promises += [*_promises(scene, proof, denied, by_url), *recovery_promises(scene)]
    found.measurements |= {
        **measured(scene),
        "calls of the recovery": [str(one) for one in calls],
        "control-plane calls refused to anybody meanwhile": scene.refused_control_calls,
        "denied to the operator with control planes well": denied,
        "the switch's URL, by its status": by_url,
    }
    found.settings = vars(scene.setting)
    return found


def _promises(scene: Scene, proof: str, denied: dict[str, str], by_url: dict[str, int]) -> Iterator[Promise]:
    calls = scene.operator.calls()
    control = sorted({str(one) for one in calls if not is_data_plane(one.action)})
    elsewhere = sorted({str(one) for one in calls if one.region == scene.lost and one.outcome == "ok"})
    yield Promise.exactly("while they are refused, a control-plane call of root fails with", proof, REFUSED)
    yield Promise.exactly("the evacuation's exit code, all control planes refused", scene.evacuated.code, 0)
    yield Promise.exactly("the restoration's exit code, all control planes refused", scene.restored.code, 0)
    yield Promise.at_least("calls of the recovery that were written down", len(calls), 1)
    yield Promise.exactly("of them calls of a control plane", ", ".join(control) or "none", "none")
    yield Promise.exactly("of them answered by the lost region", ", ".join(elsewhere) or "none", "none")
    yield Promise.exactly("control-plane calls that the drive made meanwhile", scene.refused_control_calls, 0)
    allowed = sorted(action for action, outcome in denied.items() if outcome not in DENIED)
    yield Promise.exactly(
        f"of {len(denied)} control-plane calls the operator role may make, with control planes well",
        ", ".join(allowed) or "none",
        "none",
    )
    yield Promise.exactly("the switch's URL shows the switch to the operator, signed", by_url["signed"], 200)
    yield Promise.exactly("the switch's URL without a signature", by_url["unsigned"], 403)
    yield Promise.exactly("orders lost", scene.ledger.lost, 0)
    yield Promise.exactly("orders doubled", scene.ledger.doubled, 0)
    yield Promise.exactly("orders not delivered in the end", scene.ledger.waiting + scene.ledger.given_up, 0)


def control_call_fails(drive: "Drive") -> str:
    """Refuse control planes, make one of their calls as root, allow them again; return the status of its answer."""
    from botocore.exceptions import ClientError

    drive.cloud.refuse_control_planes()
    try:
        drive.client("lambda", drive.design.standby).list_functions()
    except ClientError as error:
        return str(error.response["ResponseMetadata"]["HTTPStatusCode"])
    finally:
        drive.cloud.allow_control_planes()
    return "200"


def denials(operator: Operator, drive: "Drive") -> dict[str, str]:
    """Try control-plane calls as the operator, each of which would change nothing; return how each ended."""
    design, account = drive.design, drive.account
    tried: list[tuple[str, str, dict[str, Any]]] = [
        ("dynamodb", "update_table", {"TableName": design.name("drive"), "DeletionProtectionEnabled": True}),
        ("lambda", "put_function_concurrency",
         {"FunctionName": design.name("reconciler"), "ReservedConcurrentExecutions": 2}),
        ("lambda", "list_functions", {}),
        ("ecs", "update_service", {"cluster": design.name("bundler"), "service": design.name("bundler")}),
        ("sqs", "set_queue_attributes",
         {"QueueUrl": drive.queue_url("deliver", operator.healthy), "Attributes": {"VisibilityTimeout": "30"}}),
        ("s3", "put_bucket_versioning", {"Bucket": drive.bucket("files", operator.healthy),
                                         "VersioningConfiguration": {"Status": "Enabled"}}),
        ("cloudformation", "describe_stacks", {}),
        ("route53", "list_hosted_zones", {}),
        ("scheduler", "list_schedules", {}),
        ("appconfig", "list_applications", {}),
        ("kms", "schedule_key_deletion", {"KeyId": f"arn:aws:kms:{operator.healthy}:{account}:key/none"}),
        ("iam", "list_roles", {}),
        ("ec2", "describe_instances", {}),
    ]  # fmt: skip
    return {
        f"{service}:{operation}": operator.refusal(service, operation, **more) for service, operation, more in tried
    }


def at_url(operator: Operator) -> dict[str, int]:
    """Ask the switch's function URL in the healthy region, signed as the operator and without a signature."""
    ask = {"action": "show"}
    return {"signed": operator.at_url(ask)[0], "unsigned": operator.at_url(ask, signed=False)[0]}


def plan(design: Design) -> Sequence[Step]:
    """Return what would be done in a real account: nobody can take AWS's control planes away, so a policy does."""
    lost, healthy = design.data_regions
    role = design.name("operator")
    return [
        person(healthy, "take the role on", "it is denied control planes every day", role=role),
        call(healthy, "iam", "SimulatePrincipalPolicy", "each control-plane action must be an explicit denial",
             PolicySourceArn=f"<arn of {role}>", ActionNames=["dynamodb:UpdateTable", "lambda:UpdateFunctionCode",
                                                              "ecs:UpdateService", "route53:ChangeResourceRecordSets"]),
        *design.experiment("tables-paused", lost),
        *design.experiment("outbox-refused", lost),
        person(healthy, "show", "python -m services.switch show"),
        call(healthy, "ssm", "GetParameter", "where the switch's URL is", Name=f"/{design.name('switch')}/url"),
        call(healthy, "lambda", "InvokeFunctionUrl", "evacuate, as the operator", FunctionName=design.name("switch"),
             FunctionUrlAuthType="AWS_IAM", body={"action": "evacuate", "region": lost, "reason": "drill"}),
        call(healthy, "cloudtrail", "LookupEvents", "every call of the role since then: data planes only",
             LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": role}]),
        person(healthy, "restore", f"python -m services.switch restore {lost}"),
    ]  # fmt: skip


DRILL = Drill(
    name="control_plane_loss",
    title="Control-plane loss",
    promise=__doc__ or "",
    run=run,
    plan=plan,
    simulated=(
        *SIMULATED,
        "Control planes: every call that is not in embedded_cloud/outages.py's list of data planes fails with 503.",
    ),
    not_proven=(
        *NOT_PROVEN,
        "Which of AWS's data planes depend on a control plane after all. AWS says none; it has been wrong before.",
        (
            "Evacuating through the switch's URL: the emulator does not tell the function who signed, and so it "
            "refuses. The command writes the switch itself."
        ),
    ),
)

if __name__ == "__main__":
    sys.exit(main(DRILL))
