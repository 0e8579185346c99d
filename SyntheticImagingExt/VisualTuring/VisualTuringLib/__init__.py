"""Parts of the module Visual Turing, in wings that are named as those of the core package ``reading``.

making: images and plan of the next study. conduct: a reader's session and the full screen; nothing there touches a
key, a passphrase or the truth. report: key, search for leaks, results. Here: the panel that holds their sections, the
logic for the console, the parameter node, and what the wings share.
"""
