"""``python -m benchmarks`` measures the speed of the validator."""

import sys

from benchmarks.speed import main

sys.exit(main())
