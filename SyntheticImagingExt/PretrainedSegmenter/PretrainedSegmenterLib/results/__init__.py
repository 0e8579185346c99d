"""Labels as segmentations of the scene."""
