"""The window, width and level, in which a volume is shown as long as nobody has chosen another one."""

ATTRIBUTE = "SyntheticImaging.ProposedWindow"


def propose(volumeNode, width: float, level: float):
    """Show a volume in a window that may be replaced by one that suits better."""
    if volumeNode.GetDisplayNode() is None:
        volumeNode.CreateDefaultDisplayNodes()
    setWindow(volumeNode.GetDisplayNode(), width, level)
    volumeNode.SetAttribute(ATTRIBUTE, _told(volumeNode.GetDisplayNode()))


def isProposed(volumeNode) -> bool:
    """Whether the window is the one that was proposed, so that it is nobody's choice."""
    display = volumeNode.GetDisplayNode()
    return display is not None and volumeNode.GetAttribute(ATTRIBUTE) == _told(display)


def setWindow(displayNode, width: float, level: float):
    """Set a window for good; an automatic one would go through all voxels at each change."""
    displayNode.SetAutoWindowLevel(False)
    if (displayNode.GetWindow(), displayNode.GetLevel()) != (width, level):
        displayNode.SetWindowLevel(width, level)


def _told(display):
    return f"{display.GetWindow():g} {display.GetLevel():g}"
