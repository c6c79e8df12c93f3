"""Messages to customers: texts from `messages/`, sent by Amazon SES from the observer's region."""

from pathlib import Path
from string import Template

from services.drive import aws
from services.drive.environment import here

TEXTS = Path(__file__).parent / "messages"


def render(name: str, **values: str) -> tuple[str, str]:
    """Return subject and text of a message. Raises KeyError where a value is missing."""
    subject, _, text = Template((TEXTS / f"{name}.txt").read_text("utf-8")).substitute(values).partition("\n\n")
    # A line break in a title would end the subject and start a header.
    return " ".join(subject.removeprefix("Subject: ").split()), text


def send(to: str, subject: str, text: str, unsubscribe_url: str | None = None) -> None:
    """Send one message to one address. Raises ClientError as SES reports it."""
    content = {"Subject": {"Data": subject}, "Body": {"Text": {"Data": text, "Charset": "UTF-8"}}}
    if unsubscribe_url:
        # RFC 8058: the mail program's own button; mail services ask it of everyone who writes to many.
        headers = [
            {"Name": "List-Unsubscribe", "Value": f"<{unsubscribe_url}>"},
            {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
        ]
        content |= {"Headers": headers}
    aws.client("sesv2").send_email(
        FromEmailAddress=here.sender,
        Destination={"ToAddresses": [to]},
        Content={"Simple": content},  # type: ignore[typeddict-item]
    )
