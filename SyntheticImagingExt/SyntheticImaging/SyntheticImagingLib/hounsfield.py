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
    from synthetic_imaging.io.hounsfield import in_hounsfield

    how = "the button Accept as HU; on the console acceptHu=True"
    return in_hounsfield(withHeader(volumeNode, volume), volumeNode.GetName(), how=how)


def withHeader(volumeNode, volume):
    """The core volume of a node with what its header said, as the application keeps it, and the word of the user: of
    DICOM the modality, of others the units."""
    from dataclasses import replace

    from synthetic_imaging.io.hounsfield import MODALITY_KEY, UNITS_KEY, accepted

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.GetItemByDataNode(volumeNode)
    units = volumeNode.GetVoxelValueUnits()
    modality = hierarchy.GetItemAttribute(item, MODALITY_KEY) if item else ""
    told = {MODALITY_KEY: modality, UNITS_KEY: units.GetCodeValue() if units is not None else ""}
    volume = replace(volume, metadata={key: value for key, value in told.items() if value})
    return accepted(volume) if volumeNode.GetAttribute(ACCEPTED_ATTRIBUTE) == "1" else volume


class AcceptHu:
    """A button below the sentence that says why a CT was refused, there only where the user may say otherwise.

    volumeNodes(): what was chosen. onAccepted(): it is to be used now.
    """

    def __init__(self, button, volumeNodes, onAccepted):
        self._button, self._volumeNodes, self._onAccepted = button, volumeNodes, onAccepted
        button.visible = False
        button.clicked.connect(self._onClicked)

    def offer(self, error):
        """Show the button after this error, where it is one that the user may overrule; None takes the button away."""
        self._button.visible = isinstance(error, NotHounsfieldError)

    def _onClicked(self, *_arguments):
        for volumeNode in self._volumeNodes():
            accept(volumeNode)
        self.offer(None)
        self._onAccepted()
