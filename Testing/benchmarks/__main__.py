"""``python -m Testing.benchmarks [--quick]``: every benchmark, one after the other."""

import sys

from . import drag_latency, tumor_speed, xray_speed

for benchmark in (tumor_speed, xray_speed, drag_latency):
    benchmark.main(sys.argv[1:])
