"""Requests to the core's worker for segmentation."""

from SyntheticImagingLib.work import Work


class SegmenterWork(Work):
    """request: see ``synthetic_imaging.segmentation.worker.perform``."""

    module = "synthetic_imaging.segmentation.worker"
    prefix = "pretrained-segmenter-"
