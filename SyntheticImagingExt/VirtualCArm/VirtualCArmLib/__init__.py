"""Parts of the module Virtual C-arm.

Logic and what it is made of (Setup, LiveImage, ImageNodes, Stand, Handles, Tools, Truth, Shots, Exchange) know MRML and
no Qt; the panel, its sections and the views know Qt and compute nothing. The parameter node is the only state.
"""
