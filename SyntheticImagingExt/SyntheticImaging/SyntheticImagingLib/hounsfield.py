"""Volume nodes as CTs in HU: what their headers say, and the user's word where the numbers look otherwise."""

import slicer

from synthetic_imaging.errors import NotHounsfieldError

ACCEPTED_ATTRIBUTE = "SyntheticImaging.AcceptHu"
"""Set to "1" on a volume node whose numbers are HU, as the user says; saved with the scene."""


def accept(volumeNode, isAccepted=True):
    """The user says that the numbers of a volume are HU, whatever they look like; False leaves it as it is."""
    if isAccepted and isinstance(volumeNode, slicer.vtkMRMLVolumeNode):
        volumeNode.SetAttribute(ACCEPTED_ATTRIBUTE, "1")


def ctInHu(volumeNode, volume):
    """The core volume of a node as a CT with signed voxels.

    Raises NotHounsfieldError with what it holds, and what would mend it, where that is no HU and the user has not
    said that it is.
    """
    from dataclasses import replace

    from synthetic_imaging.io.hounsfield import in_hounsfield

    isAccepted = volumeNode.GetAttribute(ACCEPTED_ATTRIBUTE) == "1"
    how = "the button Accept as HU; on the console acceptHu=True"
    return in_hounsfield(replace(volume, metadata=_told(volumeNode)), volumeNode.GetName(), isAccepted, how)


def _told(volumeNode):
    """What the header of a volume said, as the application keeps it: of DICOM the modality, of others the units."""
    from synthetic_imaging.io.hounsfield import MODALITY_KEY, UNITS_KEY

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.GetItemByDataNode(volumeNode)
    units = volumeNode.GetVoxelValueUnits()
    modality = hierarchy.GetItemAttribute(item, MODALITY_KEY) if item else ""
    return {MODALITY_KEY: modality, UNITS_KEY: units.GetCodeValue() or "" if units is not None else ""}


class AcceptHu:
    """A button below the sentence that says why a CT was refused, there only where the user may say otherwise.

    node(): the volume that was chosen. onAccepted(): it is to be prepared now.
    """

    def __init__(self, button, node, onAccepted):
        self._button, self._node, self._onAccepted = button, node, onAccepted
        button.visible = False
        button.clicked.connect(self._onClicked)

    def offer(self, error):
        """Show the button after this error, where it is one that the user may overrule; None takes the button away."""
        self._button.visible = isinstance(error, NotHounsfieldError)

    def _onClicked(self, *_arguments):
        accept(self._node())
        self._onAccepted()
