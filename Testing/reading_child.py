"""A reader in a process of her own, for tests that end it: reads a study in the host by keys, and says so line by line.

python reading_child.py <study folder> <reader>
"""

import sys
from pathlib import Path


def main(folder, reader):
    import slicer_host

    host = slicer_host.start()
    from reading_hands import awaitCase, press

    from VisualTuringLib.conduct.ReadingDesk import ReadingDesk
    from VisualTuringLib.conduct.ReadingLogic import ReadingLogic

    desk = ReadingDesk(ReadingLogic(folder, reader))
    desk.open()
    press(host, "Space")
    while not desk.reading.isFinished:
        awaitCase(host, desk.reading)
        value = 1 + desk.reading.answered % 6
        trial = desk.reading.trial.trial_id
        press(host, str(value))
        print(trial, value, flush=True)


if __name__ == "__main__":
    extension = Path(__file__).resolve().parents[1] / "SyntheticImagingExt"
    sys.path[:0] = [str(extension / name) for name in ("SyntheticImaging", "VisualTuring")]
    main(*sys.argv[1:])
