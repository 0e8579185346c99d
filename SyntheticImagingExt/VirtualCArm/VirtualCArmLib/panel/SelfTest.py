"""What the module's test does in the application: it drives the panel as a person would, and looks at what is shown."""

import slicer

from SyntheticImagingLib import samples, selftest


def driven(test):
    """Open the panel with the phantom loaded, turn the C-arm, set the tube, keep an image, and work with two planes.

    test: the ``unittest`` case that asserts.
    """
    ct, _segmentation = samples.addTorsoPhantom()
    widget = selftest.openModule("VirtualCArm")
    ui, panel = widget.ui, widget.panel

    def settle():
        test.assertTrue(selftest.waitUntil(lambda: not _isBusy(widget)), ui.noticeLabel.text)

    def image(plane="A"):
        return slicer.util.arrayFromVolume(widget.logic.imageNode(plane))[0].copy()

    test.assertTrue(selftest.waitUntil(lambda: widget.logic.imageNode() is not None), ui.noticeLabel.text)
    settle()
    test.assertTrue(ui.ctSelector.currentNode() is ct, "the only CT is taken")
    test.assertEqual(image().shape, (512, 512))
    test.assertGreater(image().max(), 3.0)
    xray = slicer.app.layoutManager().sliceWidget("Xray")
    test.assertTrue(xray.visible)
    test.assertEqual(xray.mrmlSliceCompositeNode().GetBackgroundVolumeID(), widget.logic.imageNode().GetID())
    _turn(test, ui, panel, settle, image)
    _tube(test, ui, settle, image)
    _keep(test, ui, widget, settle)
    ui.biplaneCheckBox.checked = True
    settle()
    test.assertTrue(slicer.app.layoutManager().sliceWidget("XrayB").visible)
    test.assertNotAlmostEqual(image("B").mean(), image().mean(), places=2)
    ui.biplaneCheckBox.checked = False
    settle()


def _isBusy(widget):
    panel = widget.panel
    return panel.live.isWaiting or panel.isBusy or panel.backgroundIsRunning


def _turn(test, ui, panel, settle, image):
    """A view by its button, and an angle by its slider."""
    before = image()
    panel.pose.views.buttons["lateral-left"].click()
    settle()
    test.assertEqual(ui.laoSlider.value, 90)
    test.assertGreater(abs(image() - before).mean(), 0.1)
    texts = panel.views.planes["A"].annotations.texts
    test.assertEqual((texts["title"], texts["state"]), ("LAO 90 CRAN 0", ""))
    ui.laoSlider.value = 30
    settle()
    test.assertEqual(panel.views.planes["A"].annotations.texts["title"], "LAO 30 CRAN 0")


def _tube(test, ui, settle, image):
    """More kilovolts go through more easily; what the slider can be set to is what the tube can."""
    before = image()
    test.assertEqual((ui.kvpSlider.minimum, ui.kvpSlider.maximum), (40, 125))
    ui.kvpSlider.value = 120
    settle()
    test.assertLess(image().mean(), before.mean())


def _keep(test, ui, widget, settle):
    count = len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"))
    ui.shotButton.click()
    settle()
    kept = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    test.assertEqual(len(kept), count + 1)
    test.assertIn(kept[-1].GetName(), ui.messageLabel.text)
