"""Segmentations against references."""
