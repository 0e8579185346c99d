"""What stands in the scene: stand, handles, instruments, landmarks, outlines, the patient, images as nodes."""
