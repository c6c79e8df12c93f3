"""The switch for an operator, from any machine with the recovery role, in the region that is well.

    AWS_REGION=us-east-2 python -m services.switch show
    AWS_REGION=us-east-2 python -m services.switch evacuate us-west-2 --reason "S3 fails since 08:04"
    AWS_REGION=us-east-2 python -m services.switch restore us-west-2 --reason "caught up, see the incident"

Environment: AWS_REGION, PEER_REGION, SWITCH_TABLE, DRIVE_TABLE, REPLICA_BUCKET, OWN_HEALTH_URL (optional).
"""

import argparse
import getpass
import sys

from botocore.exceptions import BotoCoreError, ClientError

from services.drive.environment import MissingVariable
from services.switch import switching
from services.switch.switching import Order, RefusedError

UNSURE = "It may have been done all the same: repeat the command, that is safe."


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 done or nothing to do, 2 refused, 3 AWS did not answer, or not as it should."""
    asked = _parser().parse_args(arguments)
    try:
        print(_do(asked))
    except (RefusedError, MissingVariable) as refused:
        print(f"refused: {refused}", file=sys.stderr)
        return 2
    except (BotoCoreError, ClientError) as error:
        print(f"failed: {error}", UNSURE, sep="\n", file=sys.stderr)
        return 3
    return 0


def _do(asked: argparse.Namespace) -> str:
    if asked.action == "show":
        switch, gauge = switching.show()
        return f"{switch.region} is {switch.state}: {switch.reason or 'never switched'}\n{gauge}"
    accept_loss = getattr(asked, "accept_loss", False)
    order = Order(asked.region, by=asked.by, reason=asked.reason, accept_loss=accept_loss)
    turned = switching.evacuate(order) if asked.action == "evacuate" else switching.restore(order)
    return f"{turned.region} is {turned.state} (change {turned.version}, by {turned.by}: {turned.reason})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.switch")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("show", help="say what this region believes about the other one")
    for name, help_text in (("evacuate", "turn customers away from a region"), ("restore", "let them back")):
        action = actions.add_parser(name, help=help_text)
        action.add_argument("region")
        action.add_argument("--reason", required=True)
        action.add_argument("--by", default=getpass.getuser(), help="who decides this; by default the login name")
        if name == "evacuate":
            action.add_argument("--accept-loss", action="store_true", help="go on although copies are old or unknown")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
