"""Says over and over that it is alive."""

import os
import signal
import sys
import time

import boto3


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    while True:
        table.put_item(Item={"id": f"carrier {os.getpid()}", "by": os.environ.get("CARRIER", "")})
        time.sleep(0.2)


if __name__ == "__main__":
    main()
