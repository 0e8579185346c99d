"""What a user can do about a worker that died, by what it said last."""

from slicer.i18n import tr as _


def remedyFor(lastLines):
    """A sentence for the panel; the lines themselves are in the log."""
    text = lastLines.lower()
    for words, sentence in (
        (
            ("no module named", "importerror"),
            _("A Python package of the worker is missing or damaged. The module Synthetic Imaging installs it."),
        ),
        (("no space left",), _("The disk is full. Free some space and run it again.")),
        (
            ("cuda", "cudnn", "hip error", "mps backend"),
            _("The graphics card failed. Choose the processor under Advanced, Runs on, and run it again."),
        ),
        (
            ("memoryerror", "out of memory", "can't allocate", "bad_alloc"),
            _("Memory ran out. Close other programs, look only around an organ, or choose the preset fast."),
        ),
    ):
        if any(word in text for word in words):
            return _("The worker stopped. {remedy} The log shows what it said last.").format(remedy=sentence)
    if "with a crash" in text:
        sentence = _("As a rule memory ran out: close other programs, look only around an organ, or choose fast.")
    else:
        sentence = _("Run it again; if it stops again, import the model anew.")
    return _("The worker stopped. {remedy} The log shows what it said last.").format(remedy=sentence)
