"""Sample data: the torso phantom, made on the spot, and a public CT by its address and checksum."""

import shutil
import tempfile
import time

import slicer
from slicer.i18n import tr as _

from synthetic_imaging.errors import InputError

from . import nodes, terms, windows
from .jobs import WorkRunner
from .requirements import requireInstalled
from .stages import finish
from .tree import PACKAGE_FOLDER

CATEGORY = "Synthetic Imaging"
PHANTOM_NAME = "Torso phantom (synthetic)"
LIVER_NAME = "CT with liver metastases"
LIVER_SHA256 = "e16eae0ae6fefa858c5c11e58f0f1bb81834d81b7102e021571056324ef6f37e"
"""Medical Segmentation Decathlon, Task03_Liver, imagesTr/liver_100, CC BY-SA 4.0; kept with Slicer's testing data."""
LIVER_CLOSING_MM = 9.0
SHOWN_ORGANS = {"liver", "spleen", "pancreas", "kidney"}
ABDOMEN_WINDOW, ABDOMEN_LEVEL = 400, 40
WAIT_S = 0.01


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
        customDownloader=PhantomMaking.forSampleData,
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

    return finish(phantomSteps(phantom.torso(seed=seed), seed))


class PhantomWork:
    """The torso phantom made in a worker process, for ``jobs.WorkRunner``; its result goes into ``phantomSteps``."""

    module = "synthetic_imaging"

    def __init__(self, seed):
        requireInstalled()
        self._seed, self._folder = seed, tempfile.mkdtemp(prefix="torso-phantom-")

    def arguments(self):
        return ["phantom", "torso", "--seed", self._seed, "--progress", "--out", self._folder]

    def environment(self):
        return {}

    def take(self):
        from synthetic_imaging import phantom

        try:
            return phantom.load(self._folder)
        finally:
            self.abandon()

    def abandon(self):
        shutil.rmtree(self._folder, ignore_errors=True)


def phantomSteps(body, seed):
    """The nodes of a phantom, as a generator of (stage, percent) that returns CT and segmentation.

    When it is closed before its end, nothing is left behind.
    """
    name, stage = _("Torso phantom {seed} (synthetic)").format(seed=seed), _("Adding it to the scene")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    ct = nodes.volumeNodeFromVolume(body.ct, name)
    folder, made = nodes.placeInFolder(ct, name), [ct]
    try:
        yield stage, 5
        segmentation = nodes.createSegmentation(ct, f"{name} segmentation")
        made.append(segmentation)
        for _segment, percent in nodes.segmentSteps(segmentation, body.labels, body.label_names, ct):
            yield stage, 5 + 0.75 * percent
        _addLiverVessels(segmentation, body, ct)
        yield stage, 90
    except BaseException:
        for node in reversed(made):
            nodes.removeWithDisplays(node)
        hierarchy.RemoveItem(folder)
        raise
    for node in made:
        nodes.markSynthetic(node)
    # a batch, whose end tells modules that wait for data that these are complete
    slicer.mrmlScene.StartState(slicer.vtkMRMLScene.BatchProcessState)
    try:
        _showOrgans(segmentation)
    finally:
        slicer.mrmlScene.EndState(slicer.vtkMRMLScene.BatchProcessState)
    showAbdomen(ct)
    return ct, segmentation


class PhantomMaking:
    """The phantom for Sample Data, which waits for its nodes: the window lives meanwhile, and a dialog cancels it."""

    current = None

    def __init__(self, seed=0):
        self._seed, self._runner, self._steps = seed, WorkRunner(), None
        self._nodes, self._error = [], None
        self._dialog = slicer.util.createProgressDialog(
            windowTitle=_("Torso phantom"), labelText=_("Starting"), autoClose=False, autoReset=False
        )
        self._dialog.canceled.connect(self.cancel)

    @classmethod
    def forSampleData(cls, _source=None):
        """CT and segmentation; no node when it is canceled or being made, or packages are missing."""
        if cls.current is not None:
            slicer.util.showStatusMessage(_("The torso phantom is being made."), 5000)
            return []
        try:
            work = PhantomWork(0)
        except InputError as error:
            slicer.util.warningDisplay(str(error))
            return []
        cls.current = cls()
        try:
            return cls.current.wait(work)
        finally:
            cls.current = None

    def wait(self, work):
        """Run the work and add its nodes, between the events of the window."""
        scene = slicer.mrmlScene
        tag = scene.AddObserver(scene.StartCloseEvent, self.cancel)
        try:
            self._runner.start(work, self._show, self._begin, self._fail)
            while self._runner.isRunning or self._steps is not None:
                slicer.app.processEvents()
                self._step()
        finally:
            self.cancel()
            scene.RemoveObserver(tag)
            self._dialog.close()
            self._dialog.deleteLater()
        if self._error is not None:
            raise self._error
        return self._nodes

    def cancel(self, *_arguments):
        """End it now; nothing is left behind."""
        self._runner.cancel()
        steps, self._steps = self._steps, None
        if steps is not None:
            steps.close()

    def _show(self, stage, percent):
        self._dialog.labelText = stage
        self._dialog.value = int(percent)
        slicer.util.showStatusMessage(f"{stage} ({percent:.0f} %)", 2000)

    def _begin(self, body):
        self._steps = phantomSteps(body, self._seed)

    def _fail(self, error):
        self._error = error

    def _step(self):
        if self._steps is None:
            time.sleep(WAIT_S)
            return
        try:
            self._show(*next(self._steps))
        except StopIteration as stop:
            self._steps, self._nodes = None, list(stop.value)


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
    """Show a CT in all slice views with the window of the abdomen, until another one suits better."""
    windows.propose(volumeNode, ABDOMEN_WINDOW, ABDOMEN_LEVEL)
    slicer.util.setSliceViewerLayers(background=volumeNode, fit=True)
