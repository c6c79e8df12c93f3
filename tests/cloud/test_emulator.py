import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from botocore.exceptions import ClientError

from embedded_cloud import pinned
from embedded_cloud.embedded import CloudNotRunning, EmbeddedCloud, resident_bytes
from embedded_cloud.emulator import ROOT_KEY
from tests.cloud.small_functions import deploy_function, invoke, make_role
from tests.cloud.waiting import until

WEST, CENTRAL = "eu-west-1", "eu-central-1"
SAYS_WHERE = """
import os, sys, boto3
NAMES = ("AWS_ENDPOINT_URL", "AWS_REGION", "TIME_SCALE", "AWS_SECRET_ACCESS_KEY")
def handler(event, context):
    boto3.client("sts").get_caller_identity()
    seen = {name: os.environ.get(name) for name in NAMES}
    return {**seen, "python": sys.prefix, "pid": os.getpid()}
"""


def port_of(cloud: EmbeddedCloud, region: str) -> int:
    return int(cloud.endpoint(region).rsplit(":", 1)[1])


def test_each_region_has_its_own_address_and_its_own_queues(cloud: EmbeddedCloud) -> None:
    for region in (WEST, CENTRAL):
        cloud.client("sqs", region).create_queue(QueueName="same-name")
    cloud.client("sqs", WEST).send_message(
        QueueUrl=cloud.client("sqs", WEST).get_queue_url(QueueName="same-name")["QueueUrl"], MessageBody="here"
    )
    central = cloud.client("sqs", CENTRAL)
    url = central.get_queue_url(QueueName="same-name")["QueueUrl"]

    assert url.startswith(cloud.endpoint(CENTRAL))
    assert "Messages" not in central.receive_message(QueueUrl=url)


def test_everything_listens_on_loopback_only(cloud: EmbeddedCloud) -> None:
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    ours = {f"{port_of(cloud, region):04X}" for region in cloud.regions}
    addresses = {line.split()[1].split(":")[0] for line in listening if line.split()[1].split(":")[1] in ours}

    assert addresses == {"0100007F"}


def test_a_bad_signature_and_a_missing_one_are_refused(cloud: EmbeddedCloud) -> None:
    cloud.client("s3", "us-east-1").create_bucket(Bucket="private-things")
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
    right = cloud.assume(make_role(cloud, "reader", ["s3:ListAllMyBuckets"], trust))
    wrong = {**right, "SecretAccessKey": "guessed"}

    assert cloud.client("s3", "us-east-1", right).list_buckets()["Buckets"]
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        cloud.client("s3", "us-east-1", wrong).list_buckets()
    assert httpx.get(f"{cloud.endpoint('us-east-1')}/private-things/x").status_code == 403


def test_a_bucket_that_demands_tls_takes_requests(cloud: EmbeddedCloud) -> None:
    s3 = cloud.client("s3", "us-east-1")
    s3.create_bucket(Bucket="tls-only")
    deny = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*",'
        '"Resource":["arn:aws:s3:::tls-only","arn:aws:s3:::tls-only/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}'
    )
    s3.put_bucket_policy(Bucket="tls-only", Policy=deny)

    s3.put_object(Bucket="tls-only", Key="a", Body=b"1")
    presigned = s3.generate_presigned_url("get_object", Params={"Bucket": "tls-only", "Key": "a"})
    assert httpx.get(presigned).content == b"1"


def test_a_function_gets_its_regions_address_and_the_scale_whatever_it_says(
    cloud: EmbeddedCloud, function: Callable[..., str]
) -> None:
    said = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1", "TIME_SCALE": "1"}
    for region in (WEST, CENTRAL):
        function("says-where", SAYS_WHERE, region, variables=said)
        seen = invoke(cloud, "says-where", region)

        assert seen["AWS_ENDPOINT_URL"] == cloud.endpoint(region)
        assert seen["AWS_REGION"] == region
        assert seen["TIME_SCALE"] == "20"
        assert seen["AWS_SECRET_ACCESS_KEY"] != ROOT_KEY
        assert seen["python"] == sys.prefix


def test_a_functions_role_is_enforced(cloud: EmbeddedCloud, function: Callable[..., str]) -> None:
    source = """
import boto3
def handler(event, context):
    try:
        boto3.client("sqs").list_queues()
    except Exception as error:
        return error.response["Error"]["Code"]
    return "allowed"
"""
    function("may-not", source)
    function("may", source, may=("sqs:ListQueues",))

    assert "AccessDenied" in invoke(cloud, "may-not", WEST)
    assert invoke(cloud, "may", WEST) == "allowed"


def test_a_function_has_as_many_processes_as_the_cap_allows_and_none_is_refused(
    cloud: EmbeddedCloud, function: Callable[..., str]
) -> None:
    function("slow", "import os, time\ndef handler(event, context):\n    time.sleep(0.3)\n    return os.getpid()\n")
    with ThreadPoolExecutor(8) as pool:
        pids = set(pool.map(lambda _: invoke(cloud, "slow", WEST), range(8)))

    assert len(pids) == 2
    assert {process.pid for process in cloud.processes() if process.name == f"{WEST}:slow"} == pids


def test_processes_tell_their_memory(cloud: EmbeddedCloud) -> None:
    emulator = next(process for process in cloud.processes() if process.name == "emulator")

    assert 20e6 < emulator.resident_bytes < 300e6


def test_an_api_answers_in_its_own_region_only(cloud: EmbeddedCloud) -> None:
    gateway = cloud.client("apigateway", WEST)
    api = gateway.create_rest_api(name="door")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    gateway.put_integration(
        restApiId=api,
        resourceId=root,
        httpMethod="GET",
        type="MOCK",
        requestTemplates={"application/json": '{"statusCode": 200}'},
    )
    gateway.put_method_response(restApiId=api, resourceId=root, httpMethod="GET", statusCode="200")
    gateway.put_integration_response(restApiId=api, resourceId=root, httpMethod="GET", statusCode="200")
    gateway.create_deployment(restApiId=api, stageName="prod")

    path = f"/restapis/{api}/prod/_user_request_/"
    assert [httpx.get(cloud.endpoint(region) + path).status_code for region in (WEST, CENTRAL)] == [200, 404]


def test_state_and_addresses_survive_a_restart(folder: Path) -> None:
    with EmbeddedCloud.started(folder, regions=(WEST,)) as cloud:
        address = cloud.endpoint(WEST)
        cloud.client("s3", WEST).create_bucket(
            Bucket="kept-things", CreateBucketConfiguration={"LocationConstraint": WEST}
        )
        cloud.client("s3", WEST).put_object(Bucket="kept-things", Key="a", Body=b"still here")
        queue = cloud.client("sqs", WEST).create_queue(QueueName="kept")["QueueUrl"]
        cloud.client("sqs", WEST).send_message(QueueUrl=queue, MessageBody="still here")

        cloud.restart()

        assert cloud.endpoint(WEST) == address
        assert cloud.client("s3", WEST).get_object(Bucket="kept-things", Key="a")["Body"].read() == b"still here"
        assert cloud.client("sqs", WEST).receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "still here"
    with EmbeddedCloud.started(folder, regions=(WEST,)) as again:
        assert again.endpoint(WEST) == address
        assert again.client("s3", WEST).get_object(Bucket="kept-things", Key="a")["Body"].read() == b"still here"


def test_nothing_is_left_behind(folder: Path, cloud: EmbeddedCloud) -> None:
    with EmbeddedCloud.started(folder, regions=(WEST, "us-east-1")) as other:
        deploy_function(other, "warm", SAYS_WHERE, WEST)
        pids = [invoke(other, "warm", WEST)["pid"], *(process.pid for process in other.processes())]
        port = port_of(other, WEST)
        assert list((folder / "tmp").iterdir())

    assert [resident_bytes(pid) for pid in pids] == [0] * len(pids)
    assert not (folder / "tmp").exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert cloud.control("health")["down"] == []  # the one beside it goes on


def test_the_cloud_ends_with_a_parent_that_is_killed(folder: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from embedded_cloud.embedded import EmbeddedCloud\n"
        f"with EmbeddedCloud.started(Path({str(folder)!r}), regions=('{WEST}',)) as cloud:\n"
        "    print(cloud.processes()[0].pid, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        emulator = int(parent.stdout.readline())
        assert resident_bytes(emulator) > 0
        os.kill(parent.pid, signal.SIGKILL)
        until(lambda: resident_bytes(emulator) == 0)
        until(lambda: not (folder / "tmp").exists())


def test_a_start_that_fails_shows_the_log(folder: Path) -> None:
    folder.mkdir()
    (folder / "state").write_text("a file where a folder belongs")

    with pytest.raises(CloudNotRunning, match="FileExistsError"), EmbeddedCloud.started(folder, regions=(WEST,)):
        pass


def test_another_ministack_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinned, "version", lambda _name: "1.6.0")
    with pytest.raises(
        pinned.EmulatorChanged, match=r"1\.6\.0 is installed, the simulations were written for 1\.5\.33"
    ):
        pinned.check_version()


def test_a_function_of_ministack_that_changed_is_refused_at_the_start() -> None:
    with pytest.raises(pinned.EmulatorChanged, match=r"core\.router\.extract_region takes \(headers query_params\)"):
        pinned.original("core.router", "extract_region", "headers")
    with pytest.raises(pinned.EmulatorChanged, match="there is no gone"):
        pinned.original("core.router", "gone", "headers")


def test_an_unknown_control_call_is_refused(cloud: EmbeddedCloud) -> None:
    with pytest.raises(CloudNotRunning, match="there is no control call"):
        cloud.control("destroy-everything")
    with pytest.raises(CloudNotRunning, match="mars-1 is not one of"):
        cloud.take_down("mars-1")
