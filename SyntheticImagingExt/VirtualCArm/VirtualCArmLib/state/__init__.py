"""What is set: the parameter node, read as objects of the core, checked before it is written, and followed."""
