"""The X-ray views of the window: layout, picture, writing, mouse, and the image in 3D."""
