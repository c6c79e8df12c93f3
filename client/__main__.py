"""`python -m client` is the command `drive`, from a checkout."""

import sys

from .command import main

sys.exit(main())
