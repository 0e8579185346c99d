"""``python -m Testing.benchmarks [--quick]``: every benchmark, one after the other."""

import sys

from . import drag_latency, tumor_speed

tumor_speed.main(sys.argv[1:])
drag_latency.main(sys.argv[1:])
