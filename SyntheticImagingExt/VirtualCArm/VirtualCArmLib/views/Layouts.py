"""The window's layout: X-ray images large, beside them the C-arm in 3D and the CT slices, one in front of the other.

The controller of a slice view cannot be made narrower than some 335 pixels, so that three slices side by side would not
leave the X-ray image half of any usual screen; behind tabs they do, on a laptop too.
"""

import slicer
from slicer.i18n import tr as _

VIEW_NAMES = {"A": "Xray", "B": "XrayB"}
"""Name of the slice view that shows the image of each plane."""
XRAY_VIEW_GROUP = 7310
"""A view group of its own, so that linked slice views and jumps leave the X-ray images alone."""

_ONE_PLANE, _TWO_PLANES = 7310, 7311

_SLICE = """<item name="{title}" splitSize="{share}"><view class="vtkMRMLSliceNode" singletontag="{name}">
<property name="orientation" action="default">{orientation}</property>
<property name="viewlabel" action="default">{label}</property>
<property name="viewcolor" action="default">{color}</property>
<property name="viewgroup" action="default">{group}</property></view></item>"""

_3D = """<item splitSize="{share}"><view class="vtkMRMLViewNode" singletontag="1">
<property name="viewlabel" action="default">1</property></view></item>"""

# the detector of most C-arms is square: one image takes the height of the window, two stand side by side
_LAYOUTS = {
    "A": """<layout type="horizontal" split="true">
<item splitSize="400"><layout type="vertical" split="true">{threeD}
<item splitSize="450"><layout type="tab">{slices}</layout></item></layout></item>{images}</layout>""",
    "AB": """<layout type="vertical" split="true">
<item splitSize="600"><layout type="horizontal" split="true">{images}</layout></item>
<item splitSize="400"><layout type="horizontal" split="true">{threeD}
<item splitSize="500"><layout type="tab">{slices}</layout></item></layout></item></layout>""",
}


class Layouts:
    """Shows the layout of the module, and brings back the one that was there before."""

    def __init__(self):
        self._before = None

    @property
    def isShown(self):
        return slicer.app.layoutManager().layout in (_ONE_PLANE, _TWO_PLANES)

    def show(self, biplane=False):
        """One X-ray view, or two for biplane; the layout that was shown is remembered."""
        manager = slicer.app.layoutManager()
        self._describe(manager.layoutLogic().GetLayoutNode())
        if not self.isShown:
            self._before = manager.layout
        wanted = _TWO_PLANES if biplane else _ONE_PLANE
        if manager.layout != wanted:
            manager.setLayout(wanted)

    def restore(self):
        """Bring back the former layout, unless the user has chosen another one meanwhile."""
        if self.isShown:
            known = self._before is not None
            default = slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
            slicer.app.layoutManager().setLayout(self._before if known else default)
        self._before = None

    def _describe(self, layoutNode):
        for identifier, planes in ((_ONE_PLANE, "A"), (_TWO_PLANES, "AB")):
            if not layoutNode.IsLayoutDescription(identifier):
                layoutNode.AddLayoutDescription(identifier, _description(planes))


def _description(planes):
    slices = (
        ("Red", "Axial", "R", "#F34A33", 0, _("Axial"), 500),
        ("Green", "Coronal", "G", "#6EB04B", 0, _("Coronal"), 500),
        ("Yellow", "Sagittal", "Y", "#EDD54C", 0, _("Sagittal"), 500),
    )
    labels, share = {"A": _("X-ray"), "B": _("X-ray B")}, 600 if planes == "A" else 500
    images = [
        (VIEW_NAMES[plane], "Coronal", labels[plane], "#8FB3C9", XRAY_VIEW_GROUP, labels[plane], share)
        for plane in planes
    ]
    names = ("name", "orientation", "label", "color", "group", "title", "share")

    def views(rows):
        return "".join(_SLICE.format(**dict(zip(names, row, strict=True))) for row in rows)

    threeD = _3D.format(share=550 if planes == "A" else 500)
    return _LAYOUTS[planes].format(slices=views(slices), images=views(images), threeD=threeD)
