"""From a prepared CT to images: live ones piece by piece, kept ones, sweeps, files and their truth. No node by role."""
