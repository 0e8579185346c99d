"""Parts of the module Visual Turing.

Logic and what it is made of (Cases, Choices, Work, ReportNodes, ReadingLogic) know MRML and no Qt; Panel and the
sections know Qt and compute nothing. The reading parts never touch a key, a passphrase or the truth.
"""
