"""Long work as generators of (stage, percent): run cooperatively by ``panels``, or at once from the console."""


def finish(generator, onProgress=None):
    """Run such a generator to its end; what it returns. onProgress(stage, percent)."""
    while True:
        try:
            step = next(generator)
        except StopIteration as stop:
            return stop.value
        if onProgress is not None:
            onProgress(*step)
