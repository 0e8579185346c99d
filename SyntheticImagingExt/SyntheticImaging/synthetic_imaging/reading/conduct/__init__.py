"""Conduct of a study, for its readers: who reads, in which order, and the answers on the disk.

Nothing here imports torch, SciPy or what opens keys, or holds anything from which the truth could be had.
"""
