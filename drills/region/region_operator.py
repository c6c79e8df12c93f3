"""The operator of a recovery: the real command, as the role that is denied control planes, in the healthy region only.

    operator = Operator.on_duty(drive, run.folder, healthy="eu-central-1", lost="eu-west-1")
    operator.command("evacuate", "eu-west-1", "--reason", "no answer")
    operator.calls()                     # every AWS call that the command made

Whoever signs in shows a second factor (simulated by the embedded cloud); what the role may do is the emulator's IAM.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from drills.region import recorded
from drills.region.recorded import Call

if TYPE_CHECKING:
    from drills.frame.running import Drive

REPOSITORY = Path(__file__).resolve().parents[2]
WITHIN = 60.0
"""Seconds that one command may take: three attempts at a region that does not answer are among them."""

NO_ANSWER, TRIES, PAUSE = 3, 5, 3.0
"""The command's exit code when AWS did not answer, how often somebody repeats it, since it says that this is safe, and
the seconds in between."""

ROLE = "operator"
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    text: str
    seconds: float


@dataclass
class Operator:
    """Somebody with the operator role; all that they do happens in `healthy`."""

    drive: "Drive"
    healthy: str
    lost: str
    record: Path
    credentials: dict[str, str] = field(repr=False)

    @classmethod
    def on_duty(cls, drive: "Drive", folder: Path, *, healthy: str, lost: str) -> "Operator":
        """Take the role on; raises CloudNotRunning when its trust policy refuses."""
        credentials = drive.cloud.assume(f"arn:aws:iam::{drive.account}:role/{drive.design.name(ROLE)}")
        return cls(drive, healthy, lost, folder / "operator-calls.jsonl", credentials)

    def command(self, *arguments: str) -> Said:
        """Run `python -m services.switch …` as docs/runbooks.md has it, and again when AWS did not answer."""
        said = self._once(arguments)
        for _ in range(TRIES - 1):
            if said.code != NO_ANSWER:
                break
            time.sleep(PAUSE)
            again = self._once(arguments)
            said = replace(again, seconds=said.seconds + PAUSE + again.seconds)
        return said

    def _once(self, arguments: Sequence[str]) -> Said:
        begun = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-m", "drills.region.recorded", str(self.record), "services.switch", *arguments],
            cwd=REPOSITORY,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=WITHIN,
            check=False,
        )
        lines = [line for line in ended.stdout.splitlines() if not line.startswith("{")]  # without the service's log
        return Said(ended.returncode, " ".join(lines).strip() or ended.stdout[-500:], time.monotonic() - begun)

    def calls(self) -> list[Call]:
        """Return every AWS call that the commands made so far."""
        return recorded.read(self.record)

    def at_url(self, body: dict[str, Any], *, signed: bool = True) -> tuple[int, dict[str, Any]]:
        """Call the switch's function URL in the healthy region; return its status and what it said."""
        parameter = f"/{self.drive.design.name('switch')}/url"
        ssm = self.drive.cloud.client("ssm", self.healthy, self.credentials)
        address = str(ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
        # The emulator serves the URL below its own address: its host name leads nowhere.
        url_id = str(urlsplit(address).hostname).partition(".")[0]
        own = f"{self.drive.cloud.endpoint(self.healthy)}/_aws/lambda-url/{url_id}/"
        content = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(  # noqa: S310  loopback
            own, content, self._signature(own, content, headers) if signed else headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=WITHIN) as answer:  # noqa: S310  loopback
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"{}")

    def refusal(self, service: str, operation: str, /, **parameters: Any) -> str:
        """Try one call as this role, and return the error's code; "allowed" when there was none."""
        from botocore.exceptions import ClientError

        client: Any = self.drive.cloud.client(service, self.healthy, self.credentials)
        try:
            getattr(client, operation)(**parameters)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "allowed"

    def _environment(self) -> dict[str, str]:
        design = self.drive.design
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            **self.drive.cloud.environment(self.healthy),
            "AWS_ACCESS_KEY_ID": self.credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self.credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": self.credentials["SessionToken"],
            "PEER_REGION": self.lost,
            "SWITCH_TABLE": design.name("switch"),
            "DRIVE_TABLE": design.name("drive"),
            "REPLICA_BUCKET": self.drive.bucket("replica", self.healthy),
            "LOGNAME": "operator",  # who decides this, as the command's --by has it
        }

    def _signature(self, url: str, content: bytes, headers: dict[str, str]) -> dict[str, str]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        keys = Credentials(*(self.credentials[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")))
        request: Any = AWSRequest("POST", url, headers, content)
        SigV4Auth(keys, "lambda", self.healthy).add_auth(request)
        return dict(request.headers)
