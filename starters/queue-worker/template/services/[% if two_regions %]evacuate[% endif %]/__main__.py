"""`python -m evacuate REGION`, run in the other region: have it do REGION's open orders. `--return` takes it back.

One write to the healthy region's own table: no control plane and nothing of the lost region is needed.
"""

import argparse
import getpass

from orders import clock, records
from orders.aws import region


def main() -> None:
    """Write the switch that `reconcile` looks at each minute. AWS_REGION is the healthy region."""
    parser = argparse.ArgumentParser(prog="make evacuate")
    parser.add_argument("region", help="the region that is lost")
    parser.add_argument("--return", dest="is_back", action="store_true", help="it is back, and does its orders itself")
    given = parser.parse_args()
    if given.region == region():
        parser.error(f"AWS_REGION must be a healthy region, and is {given.region} itself")
    evacuated = "" if given.is_back else given.region
    records.put({"id": "switch", "evacuated": evacuated, "at": clock.milliseconds(), "by": getpass.getuser()})
    print(f"{region()} {'leaves its orders to' if given.is_back else 'adopts the open orders of'} {given.region}.")


if __name__ == "__main__":
    main()
