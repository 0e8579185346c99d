"""Parts of the module Virtual C-arm.

The logic owns a state (``state``), what stands in the scene (``scene``) and what makes images (``imaging``), which know
MRML and no Qt. The panel (``panel``) and the X-ray views (``views``) know Qt and compute nothing.
"""
