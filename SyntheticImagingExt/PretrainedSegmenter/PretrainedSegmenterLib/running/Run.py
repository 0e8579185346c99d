"""A case on its way: one volume, or a sequence frame by frame."""

import slicer

from synthetic_imaging.errors import InputError

from ..results.Prediction import addPrediction
from ..results.PredictionSequence import PredictionSequence
from .Segmenting import segmentWork


class Run:
    """works(): what is to be done, one after the other; then ``nodes`` are the results, and ``notes`` what was noted.

    InputError where the case cannot be used. discard(): it ends early; nothing of a sequence stays.
    """

    def __init__(self, case):
        case.check()
        self.case, self.nodes, self.notes, self._sequence, self._done = case, [], [], None, 0
        self._frames = [case.volumeNodes]
        if case.wholeSequence:
            browser, sequences = sequencesOf(case.volumeNodes)
            self._values = [sequences[0].GetNthIndexValue(i) for i in range(sequences[0].GetNumberOfDataNodes())]
            self._frames = [[sequence.GetDataNodeAtValue(v) for sequence in sequences] for v in self._values]
            self._sequence = PredictionSequence(browser, sequences[0], case.volumeNodes[0])

    @property
    def count(self):
        """How many pieces of work there are."""
        return len(self._frames)

    @property
    def number(self):
        """Of the piece that is being done, from 1."""
        return self._done + 1

    def nextWork(self):
        """The next piece, or None after the last one."""
        if self._done >= len(self._frames):
            if self._sequence is not None:
                self.nodes = [self._sequence.finish()]
            return None
        return segmentWork(self.case, self._frames[self._done], self._take)

    def _take(self, prediction):
        self.case.check()  # while the worker ran, volumes may have left the scene
        self.notes += [note for note in prediction.notes if note not in self.notes]
        if self._sequence is None:
            self.nodes = [addPrediction(prediction, self.case.volumeNodes[0])]
        else:
            self._sequence.add(prediction, self._values[self._done])
        self._done += 1

    def discard(self):
        """It ends early."""
        if self._sequence is not None:
            self._sequence.discard()


def sequencesOf(volumeNodes):
    """The browser of volumes that show items of sequences, and these; InputError where they do not."""
    logic = slicer.modules.sequences.logic()
    browser = logic.GetFirstBrowserNodeForProxyNode(volumeNodes[0])
    sequences = [browser.GetSequenceNode(node) if browser is not None else None for node in volumeNodes]
    if any(node.GetParentTransformNode() is not None for node in volumeNodes):
        raise InputError(
            f'"{volumeNodes[0].GetName()}" lies under a transform, which its sequence does not know. Take it out of '
            "the transform (module Transforms) and run it again."
        )
    if None in sequences:
        raise InputError(
            f'"{volumeNodes[0].GetName()}" shows no sequence. Switch off the whole sequence, or choose its volume.'
        )
    return browser, sequences
