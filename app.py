"""Every stack of the cloud drive and the region it lives in.

`python app.py` writes cdk.out without the CDK command, credentials or network; `cdk synth` does the same.
"""

import json
import os
from pathlib import Path

from stacks.node import use_pinned_node

use_pinned_node()  # the next import starts Node.js

from aws_cdk import App, Validations  # noqa: E402
from seawall.cdk_host import SeawallPlugin  # noqa: E402

from stacks.catalogue import Catalogue  # noqa: E402
from stacks.settings import Settings  # noqa: E402

CDK_JSON = Path(__file__).with_name("cdk.json")


def cloud_drive(folder: str | None = None) -> App:
    """Return the whole application, which is written to `folder` when synthesized.

    cdk.json gives the context; what the CDK command passes (`-c key=value`) wins over it.
    """
    app = App(context=json.loads(CDK_JSON.read_text())["context"], outdir=folder)
    settings = Settings.from_context(app.node.try_get_context("drive"))
    Catalogue(app, "Catalogue", regions=settings.regions)
    Validations.of(app).add_plugins(SeawallPlugin())
    return app


if __name__ == "__main__":
    # The CDK command says where it wants the result.
    cloud_drive(os.environ.get("CDK_OUTDIR", "cdk.out")).synth()
