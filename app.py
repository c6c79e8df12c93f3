"""Every stack of the cloud drive and the region it lives in.

`python app.py` writes cdk.out without the CDK command, credentials or network; `cdk synth` does the same.
"""

import json
import os
import sys
from pathlib import Path

from stacks.node import use_pinned_node

use_pinned_node()  # the next import starts Node.js

from aws_cdk import App, Validations  # noqa: E402
from seawall.cdk_host import SeawallPlugin  # noqa: E402

from stacks.catalogue import Catalogue  # noqa: E402
from stacks.settings import Settings, SettingsError  # noqa: E402

CDK_JSON = Path(__file__).with_name("cdk.json")

LIKE_THE_CDK_COMMAND = {"aws:cdk:enable-path-metadata": True}
"""The command adds this by itself; with it both write the same templates, whose resources name constructs."""


def cloud_drive(folder: str | None = None) -> App:
    """Return the whole application, which is written to `folder` when synthesized.

    cdk.json gives the context; what the CDK command passes (`-c key=value`) wins over it.
    """
    context = LIKE_THE_CDK_COMMAND | json.loads(CDK_JSON.read_text())["context"]
    app = App(context=context, outdir=folder)
    settings = Settings.from_context(app.node.try_get_context("drive"))
    Catalogue(app, "Catalogue", regions=settings.regions)
    Validations.of(app).add_plugins(SeawallPlugin(objective="multi-region"))
    return app


def main() -> None:
    """Synthesize to where the CDK command wants it, or to cdk.out."""
    try:
        cloud_drive(os.environ.get("CDK_OUTDIR", "cdk.out")).synth()
    except SettingsError as error:
        sys.exit(f"cdk.json: {error}")


if __name__ == "__main__":
    main()
