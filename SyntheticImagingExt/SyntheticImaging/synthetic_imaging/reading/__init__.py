"""Reader studies: can readers tell synthetic from real images? Design, blinding, reading, evaluation.

For the study owner, who knows the truth: ``building.build_study``, ``leaks.check_study``, ``analysis.analyze_study``,
``export.write_report`` and ``write_exports``, ``proportions.sample_size_rows``, ``observers.simulate``.

For the reader, who must not: ``study.Study`` and ``session.open_session``. These import neither torch nor SciPy nor
what opens keys, and hold nothing from which the truth could be had.

Modules are imported one by one, so that reading starts at once.
"""
