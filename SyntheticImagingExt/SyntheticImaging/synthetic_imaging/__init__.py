"""Synthetic Imaging core: tensors and geometry in, tensors and geometry out.

The package never imports Slicer or Qt, so the same code serves the modules, notebooks and the
``synthetic-imaging`` command.
"""

__version__ = "0.1.0"
