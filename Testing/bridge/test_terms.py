"""Terms: the file that Slicer reads, what names mean, and segments tagged with them."""

import json

import pytest
import slicer

from SyntheticImagingLib import terms


def test_slicer_reads_every_term_with_code_and_color(core):
    terms.loadTerminology()
    logic = core.moduleLogics["terminologies"]
    context = json.loads(terms.TERMINOLOGY_FILE.read_text())["SegmentationCategoryTypeContextName"]
    assert logic.IsTerminologyContextLoaded(context)
    found = {}
    for number in range(logic.GetNumberOfCategoriesInTerminology(context)):
        category = slicer.vtkSlicerTerminologyCategory()
        assert logic.GetNthCategoryInTerminology(context, number, category)
        for index in range(logic.GetNumberOfTypesInTerminologyCategory(context, category)):
            kind = slicer.vtkSlicerTerminologyType()
            assert logic.GetNthTypeInTerminologyCategory(context, category, index, kind)
            found[category.GetCodeValue(), kind.GetCodeValue()] = kind
    expected = {(term["category"][1], term["type"][1]) for term in terms.terms().values()}
    assert set(found) == expected
    assert found["123037004", "10200004"].GetRecommendedDisplayRGBValue() == (221, 130, 101)


def test_serialized_entries_are_understood(core):
    terms.loadTerminology()
    logic = core.moduleLogics["terminologies"]
    for label, region in (("mass", "liver"), ("left kidney", None), ("nodule", "right lung")):
        entry = slicer.vtkSlicerTerminologyEntry()
        assert logic.DeserializeTerminologyEntry(terms.serialize(label, region), entry)
        term = terms.terms()[label]
        assert entry.GetTypeObject().GetCodeMeaning() == term["type"][2]
        assert (entry.GetTypeModifierObject().GetCodeValue() or "") == term["modifier"][1]
        if region:
            assert entry.GetRegionObject().GetCodeMeaning() == terms.terms()[region]["type"][2]
            assert (entry.GetRegionModifierObject().GetCodeValue() or "") == terms.terms()[region]["modifier"][1]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("liver", "liver"),
        ("Liver", "liver"),
        ("kidney_left", "left kidney"),
        ("Kidney, right", "right kidney"),
        ("vertebrae_L3", "l3 vertebra"),
        ("portal_vein_and_splenic_vein", "portal vein and splenic vein"),
        ("Portal vein", "portal vein"),
        ("lung_upper_lobe_left", "left lung"),
        ("vertebra T6", "t6 vertebra"),
        ("hip bones", "hip"),
        ("small_bowel", "small intestine"),
        ("lung vessels", None),
        ("liver tumor", None),
        ("Liver (synthetic)", "liver"),
        ("Segment_1", None),
        ("", None),
    ],
)
def test_names_and_what_they_mean(name, label):
    assert terms.findTerm(name) == label


def test_organ_of_a_segment_by_its_code_then_its_name():
    segment = slicer.vtkSegment()
    segment.SetName("Segment_1")
    assert terms.organOf(segment) is None
    segment.SetName("kidney left")
    assert terms.organOf(segment) == "left kidney"
    terms.setTerminology(segment, "liver")
    assert terms.organOf(segment) == "liver"
    # As the Segment Editor writes it, with the context of Slicer's own list.
    entry = "Segmentation category and type - 3D Slicer General Anatomy list~SCT^123037004^Anatomical Structure~"
    entry += "SCT^78961009^Spleen~^^~Anatomic codes - DICOM master list~^^~^^"
    segment.SetTag(segment.GetTerminologyEntryTagName(), entry)
    assert terms.organOf(segment) == "spleen"
