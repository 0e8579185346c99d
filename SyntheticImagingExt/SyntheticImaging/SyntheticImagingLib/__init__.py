"""The bridge between MRML and the core: the only code that knows both worlds.

nodes: volumes, segments and other nodes as arrays, and back. terms: standard terms for segments.
jobs: long work with progress and cancel. requirements: what is installed, what is missing.
"""
