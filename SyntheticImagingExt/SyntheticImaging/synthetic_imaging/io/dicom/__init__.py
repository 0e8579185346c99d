"""DICOM: series of images, and what is drawn on them."""
