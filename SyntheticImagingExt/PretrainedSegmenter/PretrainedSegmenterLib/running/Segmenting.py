"""Volumes of the scene handed to the worker, and its labels taken back."""

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from synthetic_imaging.errors import InputError
from SyntheticImagingLib import nodes
from SyntheticImagingLib.hounsfield import withHeader

from ..results.Prediction import Prediction
from ..SegmenterWork import SegmenterWork

LABELS_FILE = "labels.npy"


def segmentWork(case, volumeNodes, onPrediction):
    """Work on one set of channels; its result is that of onPrediction(``Prediction``).

    InputError where a volume cannot be used or the disk is full; no file is left behind then.
    """
    volumes = [withHeader(node, nodes.volumeFromNode(node)) for node in volumeNodes]
    for node, volume in zip(volumeNodes, volumes, strict=True):
        if not volume.same_grid(volumes[0]):
            raise InputError(
                f'"{node.GetName()}" lies on another grid than "{volumeNodes[0].GetName()}". Resample it first with '
                'the module "Resample Scalar/Vector/DWI Volume".'
            )
    within = None
    if case.regionNode is not None and case.regionSegmentId:
        within = nodes.labelsFromSegment(case.regionNode, case.regionSegmentId, volumeNodes[0])
    with requestFolder() as folder:
        request = {
            "task": "segment",
            "model": case.model,
            "images": [_saved(folder / f"image{index}.npy", volume) for index, volume in enumerate(volumes)],
            "metadata": [volume.metadata for volume in volumes],
            "within": _saved(folder / "within.npy", within) if within is not None else None,
            "ijk_to_ras": volumes[0].ijk_to_ras.tolist(),
            "settings": case.settings.to_dict(),
            "steps": [step.to_dict() for step in case.steps],
            "own_steps": case.ownSteps,
            "out": str(folder / LABELS_FILE),
        }

    def onDone(answer):
        import numpy as np

        labels = np.load(folder / LABELS_FILE)
        return onPrediction(
            Prediction(
                labels,
                volumes[0].ijk_to_ras,
                answer["labels"],
                answer["card"],
                answer["sha256"],
                case.settings.preset,
                answer["notes"],
            )
        )

    return SegmenterWork(request, onDone, folder)


@contextmanager
def requestFolder():
    """A new folder for the files of a request, gone where they cannot all be written."""
    folder = Path(tempfile.mkdtemp(prefix=SegmenterWork.prefix))
    try:
        yield folder
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError(
            f"The image could not be written for the worker ({error.strerror or error}). Free some space in "
            f"'{folder.parent}' and run it again."
        ) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _saved(path, volume):
    import numpy as np

    np.save(path, volume.numpy())
    return str(path)
