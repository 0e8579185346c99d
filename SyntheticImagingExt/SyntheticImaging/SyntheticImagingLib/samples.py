"""Sample data: the torso phantom, made on the spot, and a public CT by its address and checksum."""

import slicer
from slicer.i18n import tr as _

from synthetic_imaging.errors import InputError

from . import nodes, terms
from .requirements import requireInstalled
from .tree import PACKAGE_FOLDER

CATEGORY = "Synthetic Imaging"
PHANTOM_NAME = "SyntheticImagingTorso"
LIVER_NAME = "SyntheticImagingCTLiver"
LIVER_SHA256 = "e16eae0ae6fefa858c5c11e58f0f1bb81834d81b7102e021571056324ef6f37e"
"""Medical Segmentation Decathlon, Task03_Liver, imagesTr/liver_100, CC BY-SA 4.0; kept with Slicer's testing data."""
LIVER_CLOSING_MM = 9.0
SHOWN_ORGANS = {"liver", "spleen", "pancreas", "kidney"}
ABDOMEN_WINDOW, ABDOMEN_LEVEL = 400, 40


def register():
    """Offer the sample data in the module Sample Data."""
    from SampleData import SampleDataLogic

    SampleDataLogic.registerCustomSampleDataCategory(CATEGORY, title=_("Synthetic Imaging"))
    add = SampleDataLogic.registerCustomSampleDataSource
    add(
        category=CATEGORY,
        sampleName=PHANTOM_NAME,
        uris="",
        fileNames="TorsoPhantom.nrrd",
        nodeNames="TorsoPhantom",
        thumbnailFileName=str(PACKAGE_FOLDER / "Resources" / "Icons" / "TorsoPhantom.png"),
        customDownloader=lambda source: list(addTorsoPhantom()),
    )
    add(
        category=CATEGORY,
        sampleName=LIVER_NAME,
        uris=slicer.util.TESTING_DATA_URL + "SHA256/" + LIVER_SHA256,
        fileNames="CTLiver.nrrd",
        nodeNames="CTLiver",
        checksums="SHA256:" + LIVER_SHA256,
    )


def loadLiverCT():
    """Download (once) and load the public CT with liver metastases; InputError when it cannot be had."""
    from SampleData import SampleDataLogic

    loaded = SampleDataLogic().downloadSamples(LIVER_NAME)
    node = loaded[0] if loaded else None
    if not hasattr(node, "GetImageData"):
        raise InputError(
            _("The CT could not be downloaded. Check the network, or make the torso phantom, which needs none.")
        )
    return node


def addTorsoPhantom(seed=0):
    """Make the torso phantom; its CT volume node and its segmentation node, marked as synthetic, in a folder.

    The segment of the liver includes the vessels in it, as segmentations of patients do; "Liver vessels" has these.
    """
    requireInstalled()
    from synthetic_imaging import phantom

    body = phantom.torso(seed=seed)
    name = _("Torso phantom {seed} (synthetic)").format(seed=seed)
    ct = nodes.volumeNodeFromVolume(body.ct, name)
    nodes.placeInFolder(ct, name)
    segmentation = nodes.segmentationFromLabels(body.labels, body.label_names, ct, f"{name} segmentation")
    _addLiverVessels(segmentation, body, ct)
    for node in (ct, segmentation):
        nodes.markSynthetic(node)
    _showOrgans(segmentation)
    showAbdomen(ct)
    return ct, segmentation


def _addLiverVessels(segmentation, body, ct):
    from scipy.ndimage import binary_closing

    liver, vessels = body.mask("liver").numpy() > 0, body.mask("portal vein", "hepatic veins").numpy() > 0
    region = nodes.boundingRegion(liver)
    closing = max(1, round(LIVER_CLOSING_MM / float(body.ct.spacing_mm.max())))
    inside = vessels[region] & binary_closing(liver[region], iterations=closing)
    nodes.setSegmentRegion(segmentation, "liver", liver[region] | inside, region, ct)
    nodes.addSegment(segmentation, "liver_vessels", _("Liver vessels"), "blood vessel", "liver")
    nodes.setSegmentRegion(segmentation, "liver_vessels", inside, region, ct)


def _showOrgans(segmentation):
    """Show the organs that tumors are placed in as outlines, and hide the rest."""
    display = segmentation.GetDisplayNode()
    display.SetOpacity2DFill(0.15)
    for segmentId in segmentation.GetSegmentation().GetSegmentIDs():
        label = terms.organOf(segmentation.GetSegmentation().GetSegment(segmentId))
        display.SetSegmentVisibility(segmentId, label in SHOWN_ORGANS)


def showAbdomen(volumeNode):
    """Show a CT in all slice views with the window of the abdomen."""
    display = volumeNode.GetDisplayNode()
    if display is not None:
        display.SetAutoWindowLevel(False)
        display.SetWindowLevel(ABDOMEN_WINDOW, ABDOMEN_LEVEL)
    slicer.util.setSliceViewerLayers(background=volumeNode, fit=True)
