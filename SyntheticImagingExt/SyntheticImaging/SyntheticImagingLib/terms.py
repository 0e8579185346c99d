"""Standard terms for segments: what a segment shows, as codes, with the recommended color.

The terms are those of ``Resources/Terminology``; a term is named by its label in lower case, for
instance "liver", "left kidney", "mass".
"""

import json

import vtk

from .tree import PACKAGE_FOLDER

TERMINOLOGY_FILE = (
    PACKAGE_FOLDER / "Resources" / "Terminology" / "SegmentationCategoryTypeModifier-SyntheticImaging.term.json"
)
REGION_CONTEXT = "Anatomic codes - DICOM master list"
NO_CODE = ("", "", "")
OTHER_KINDS = {"content", "gas", "vessel", "tumor", "lesion", "mass", "cyst"}
WORD_FORMS = {
    "arteries": "artery",
    "bowel": "intestine",
    "bones": "bone",
    "cartilages": "cartilage",
    "discs": "disc",
    "femora": "femur",
    "glands": "gland",
    "kidneys": "kidney",
    "lungs": "lung",
    "muscles": "muscle",
    "ribs": "rib",
    "veins": "vein",
    "vertebrae": "vertebra",
    "vessels": "vessel",
}

_context = ""
_terms = {}


def terms():
    """All terms by label: dictionaries with category, type and modifier (scheme, code, meaning) and rgb (0 to 1)."""
    if not _terms:
        _read()
    return _terms


def findTerm(name):
    """The label of the term that a free name means ("Kidney_left", "vertebrae_L3"), or None.

    The words of the label must all be in the name, in any order; the label with most words wins. A name that says it
    is a part of another kind ("lung vessels") means that organ only where the label says the same.
    """
    words = _words(name)
    labels = [label for label in terms() if _words(label) <= words and not (words - _words(label)) & OTHER_KINDS]
    return max(labels, key=lambda label: len(_words(label)), default=None)


def setTerminology(segment, label, regionOf=None):
    """Set a segment's terminology entry and color.

    segment: vtkSegment. label: a term, for instance "mass". regionOf: the term of the organ that
    it lies in, for instance "liver". Unknown labels are a KeyError: they are ours, not the user's.
    """
    segment.SetTag(segment.GetTerminologyEntryTagName(), serialize(label, regionOf))
    segment.SetColor(*terms()[label]["rgb"])


def serialize(label, regionOf=None):
    """The terminology entry as Slicer stores it in a segment's tag."""
    term = terms()[label]
    region = terms()[regionOf] if regionOf else {"type": NO_CODE, "modifier": NO_CODE}
    parts = [
        _context,
        *("^".join(term[part]) for part in ("category", "type", "modifier")),
        REGION_CONTEXT if regionOf else "",
        *("^".join(region[part]) for part in ("type", "modifier")),
    ]
    return "~".join(parts)


def organOf(segment):
    """The label of the term that a segment has: by its terminology entry, else by its name; None when neither says."""
    entry = vtk.reference("")
    segment.GetTag(segment.GetTerminologyEntryTagName(), entry)
    entry = str(entry)
    codes = tuple(part.split("^")[1] for part in entry.split("~")[2:4]) if entry.count("~") >= 3 else ()
    for label, term in terms().items():
        if codes == (term["type"][1], term["modifier"][1]):
            return label
    return findTerm(segment.GetName() or "")


def loadTerminology():
    """Make the terms known to Slicer's terminology selector; once, when the application has started."""
    import slicer

    slicer.modules.terminologies.logic().LoadTerminologyFromFile(str(TERMINOLOGY_FILE))


def _read():
    global _context
    document = json.loads(TERMINOLOGY_FILE.read_text(encoding="utf-8"))
    _context = document["SegmentationCategoryTypeContextName"]
    for category in document["SegmentationCodes"]["Category"]:
        for entry in category["Type"]:
            _add(category, entry)
            for modifier in entry.get("Modifier", ()):
                _add(category, entry, modifier)


def _add(category, entry, modifier=None):
    shown = modifier or entry
    _terms[shown["3dSlicerLabel"]] = {
        "category": _code(category),
        "type": _code(entry),
        "modifier": _code(modifier) if modifier else NO_CODE,
        "rgb": tuple(value / 255 for value in shown["recommendedDisplayRGBValue"]),
    }


def _code(entry):
    return entry["CodingSchemeDesignator"], entry["CodeValue"], entry["CodeMeaning"]


def _words(name):
    """The words of a name in lower case and in the form that the terms use."""
    for separator in "_-,()":
        name = name.replace(separator, " ")
    return {WORD_FORMS.get(word, word) for word in name.lower().split()}
