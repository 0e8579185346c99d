"""``python -m Testing.benchmarks [--quick]``: every benchmark, one after the other."""

import sys

from . import tumor_speed

tumor_speed.main(sys.argv[1:])
