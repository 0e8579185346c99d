"""A segmentation against a reference: overlap, distances of the surfaces, lesions found by size, with intervals.

    comparison = evaluation.compare(prediction, reference)
    tables = evaluation.tables({"case 1": comparison})

What is measured, and how, is told by ``measures`` and ``lesions``. Names are loaded when they are first used.
"""

from ..lazy import lazy

_PLACES = {
    "comparing": ("Comparison", "compare"),
    "files": ("Pair", "labels_of", "labels_of_pair", "pairs", "refuse_table", "write_tables"),
    "lesions": ("Lesion", "Lesions", "lesions_of"),
    "matching": ("Match", "match"),
    "measures": ("Scores", "scores_of"),
    "settings": ("Measures",),
    "summaries": ("tables",),
}

__getattr__, __dir__, __all__ = lazy(__name__, _PLACES)
