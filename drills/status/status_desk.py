"""The observer's region from inside: its settings, its subscribers, its mails, and the commands of whoever is on duty.

with Desk(drive).set_up(probes, control) as desk:
    desk.subscribe(200)
    desk.command("announce", "first")
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from drills.drill import CouldNotRun
from drills.frame.stock import BATCH, write_items

if TYPE_CHECKING:
    from drills.frame.running import Drive

REPOSITORY = Path(__file__).resolve().parents[2]
DOMAIN = "status.example.com"
"""What an adopter sets as `status_domain`: who mail comes from."""
SHELL = """
import contextlib, io, json, sys
from services.status.__main__ import main
for line in sys.stdin:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = main(json.loads(line))
        except Exception as error:
            code = repr(error)
    print(json.dumps([code, said.getvalue()]), flush=True)
"""
"""Reads commands, one a line, and answers each with its exit code and what it said."""
SETTINGS = (
    "api_addresses and status_domain: both are empty in cdk.json, and the emulator's addresses are known only now. "
    "They are set through Lambda's, IAM's and SES's API to what a second deployment would have set (docs/deploy.md, "
    "'After the first deployment')."
)
SENDING = "send-as-the-domain"


@dataclass(frozen=True)
class Mail:
    """One mail that left; `at` in seconds since 1970."""

    at: float
    to: str
    sender: str
    subject: str
    text: str


class Desk:
    """The status region of a running drive, for somebody with its status role (here root)."""

    def __init__(self, drive: "Drive") -> None:
        self.drive = drive
        self.region = drive.design.observer
        self.bucket = drive.bucket("status", self.region)
        self._s3 = drive.client("s3", self.region)
        self._shell: subprocess.Popen[str] | None = None

    @contextmanager
    def set_up(self, probes: Mapping[str, str], control: str) -> "Iterator[Desk]":
        """Begin with an empty page, subscribers' list and mailbox; tell the functions what a deployment would."""
        from services.drive.limits import MAILS_A_SECOND

        self.forget()
        rate = {"SEND_RATE": f"{MAILS_A_SECOND * self.drive.cloud.time_scale:g}"}
        told = {
            "status": {"PROBES": json.dumps(probes), "CONTROL_URL": control},
            "announce-sender": {"SENDER": f"status@{DOMAIN}", **rate},
        }
        self._let_send()
        before = {role: self._tell(role, values) for role, values in told.items()}
        try:
            with self._on_duty():
                yield self
        finally:
            for role, version in before.items():
                self._point(role, version)
            self.publish_each_minute(on=True)

    def forget(self) -> None:
        """Forget what the page said, and who wanted mail."""
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket)
        for page in pages:
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            versions = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in found]
            if versions:
                self._s3.delete_objects(Bucket=self.bucket, Delete={"Objects": versions, "Quiet": True})
        dynamodb, name = self.drive.client("dynamodb", self.region), self.drive.design.name("subscribers")
        scanned = dynamodb.get_paginator("scan").paginate(TableName=name)
        keys = [{"pk": item["pk"], "sk": item["sk"]} for page in scanned for item in page["Items"]]
        for first in range(0, len(keys), BATCH):
            requests = [{"DeleteRequest": {"Key": key}} for key in keys[first : first + BATCH]]
            dynamodb.batch_write_item(RequestItems={name: requests})

    def subscribe(self, confirmed: int, asked: int) -> list[str]:
        """Put so many subscribers on the list, and so many who never confirmed; return the former's addresses."""
        from services.status.subscribers import PARTITION, identity

        emails = [f"reader-{number:05}@customers.example.net" for number in range(confirmed + asked)]
        items = [
            {
                "pk": PARTITION,
                "sk": identity(email),
                "email": email,
                "state": "CONFIRMED" if number < confirmed else "PENDING",
                "token": f"token-{number}",
                "asked_at": 0,
            }
            for number, email in enumerate(emails)
        ]
        write_items(self.drive, self.region, "subscribers", items)
        return emails[:confirmed]

    def drafts(self) -> list[str]:
        """Return the incidents that are drafted."""
        found = self._s3.list_objects_v2(Bucket=self.bucket, Prefix="drafts/").get("Contents", [])
        return [each["Key"].removeprefix("drafts/").removesuffix(".json") for each in found]

    def command(self, *arguments: str) -> str:
        """Run `python -m services.status …` as docs/runbooks.md has it, and return what it said; raises CouldNotRun."""
        if self._shell is None or self._shell.stdin is None or self._shell.stdout is None:
            raise CouldNotRun("nobody is on duty: `set_up` opens the shell")
        self._shell.stdin.write(json.dumps(arguments) + "\n")
        self._shell.stdin.flush()
        answer = self._shell.stdout.readline()
        code, said = json.loads(answer) if answer else (None, "the shell has ended")
        if code:
            message = f"services.status {' '.join(arguments)} ended with {code}: {said}"
            raise CouldNotRun(message)
        return str(said).strip()

    @contextmanager
    def _on_duty(self) -> Iterator[None]:
        """Open the shell of whoever is on duty; Python's own start is no part of what is measured."""
        self._shell = subprocess.Popen(
            [sys.executable, "-c", SHELL],
            cwd=REPOSITORY,
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield
        finally:
            self._shell.communicate()  # the end of its input ends it
            self._shell = None

    def mails(self, since: float) -> list[Mail]:
        """Return what left since a moment. The emulator keeps every mail that SES took, and sends none."""
        answer = httpx.get(
            f"{self.drive.cloud.endpoint(self.region)}/_ministack/ses/messages",
            params={"account": self.drive.account},
            timeout=30,
        )
        kept = answer.raise_for_status().json()["messages"]
        return [
            Mail(found["Timestamp"], found["To"][0], found["Source"], found["Subject"], found["BodyText"])
            for found in (kept.get(self.drive.account, []) if isinstance(kept, dict) else kept)
            if found["Timestamp"] >= since
        ]

    def sent_from(self, region: str) -> int:
        """Return how many mails a region's SES counts, ever."""
        account = self.drive.client("sesv2", region).get_account()
        return int(account["SendQuota"]["SentLast24Hours"])

    def publish_each_minute(self, *, on: bool) -> None:
        """Switch the schedule that has the page rewritten."""
        scheduler = self.drive.client("scheduler", self.region)
        known = scheduler.get_schedule(Name=self.drive.design.name("status"))
        names = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
        scheduler.update_schedule(**{name: known[name] for name in names}, State="ENABLED" if on else "DISABLED")

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            **self.drive.cloud.environment(self.region),
            "STATUS_BUCKET": self.bucket,
            "STATUS_URL": f"https://{DOMAIN}",
            "SUBSCRIBERS_TABLE": self.drive.design.name("subscribers"),
            "ANNOUNCE_QUEUE_URL": self.drive.queue_url("announce", self.region),
        }

    def _let_send(self) -> None:
        """Do what the stack does for a mail domain: an identity, and the sender's right to use it."""
        # On AWS it is the identity's ARN (stacks/patterns/status_service.py); ministack asks about "*" in SES v2.
        statement = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}
        self.drive.client("iam", self.region).put_role_policy(
            RoleName=f"{self.drive.design.name('announce-sender')}-{self.region}",
            PolicyName=SENDING,
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        mail = self.drive.client("sesv2", self.region)
        if DOMAIN not in {found["IdentityName"] for found in mail.list_email_identities()["EmailIdentities"]}:
            mail.create_email_identity(EmailIdentity=DOMAIN)

    def _tell(self, role: str, values: Mapping[str, str]) -> str:
        """Publish a version of a function with these variables besides, and return the one before."""
        functions, name = self.drive.client("lambda", self.region), self.drive.design.name(role)
        known = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": {**known, **values}})
        before = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
        self._point(role, functions.publish_version(FunctionName=name)["Version"])
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": known})
        return str(before)

    def _point(self, role: str, version: str) -> None:
        name: Any = self.drive.design.name(role)
        self.drive.client("lambda", self.region).update_alias(FunctionName=name, Name="live", FunctionVersion=version)
