"""The module Pretrained Segmenter: ``models`` (list, card, import and download), ``running`` (inputs, worker, queue),
``results`` (segmentations of the scene), ``measuring`` (against a reference), and what holds them together: ``Logic``,
``Panel``, ``Parameters``.
"""
