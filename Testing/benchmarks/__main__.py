"""``python -m benchmarks [--quick]``: every benchmark, one after the other, each in a process of its own."""

import subprocess
import sys

NAMES = ("tumor_speed", "xray_speed", "drag_latency", "carm_latency", "dicom_reading", "dicom_fuzz",
         "segmentation_speed", "labels_import")  # fmt: skip

for name in NAMES:
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]], check=True)
