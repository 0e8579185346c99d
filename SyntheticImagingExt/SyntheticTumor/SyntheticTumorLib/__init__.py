"""Parts of the module Synthetic Tumor.

The logic, which knows MRML and no Qt: Logic is what the console calls. It has a Session (Inputs, their Preparation,
the nodes in Results, Points and Segments), an Editing (with the Draft of a moving hand, PointEvents of the views,
Naming) and a Display (Views, Window); Growth makes sequences, Proposals choose what is not in doubt, Presets says in
which order kinds are offered.

The panel, which knows Qt and computes nothing: Panel with InputSection, PlaceSection, LesionSection (HandRanges),
TableSection and ResultSections; Parameters are its choices in the scene, Distance its words.
"""
