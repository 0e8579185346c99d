"""A model on its way to this computer."""

import shutil

from ..SegmenterWork import SegmenterWork


class ModelWork(SegmenterWork):
    """An import or a download into a folder; ended in the middle it leaves nothing but the part that was downloaded,
    from which the next one goes on."""

    def __init__(self, request, onDone, models):
        """models: the folder of them."""
        SegmenterWork.__init__(self, request, onDone)
        self._models = models
        self._before = self._begun()

    def abandon(self):
        for path in self._begun() - self._before:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        SegmenterWork.abandon(self)

    def _begun(self):
        """What a worker removes when it ends by itself: locks, files in the making, unfinished folders."""
        unfinished = {
            path for path in self._models.glob("[!.]*") if path.is_dir() and not (path / "record.json").is_file()
        }
        return unfinished | {*self._models.glob("[!.]*/.*"), *self._models.glob(".downloads/*.lock")}
