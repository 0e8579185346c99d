"""Parts of the module Synthetic Tumor.

Logic and what it is made of (Inputs, Results, Points, Segments, Growth, Fields, Views) know MRML and no Qt; Widget and
the sections know Qt and compute nothing.
"""
