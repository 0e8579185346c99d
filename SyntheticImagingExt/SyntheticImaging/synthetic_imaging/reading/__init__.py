"""Reader studies: can readers tell synthetic from real images? Four wings, in the order in which a study goes.

making, for the study's owner: ``building.build_study``, ``leaks.check_study``.
conduct, for its readers, who must not know the truth: ``session.open_session``.
statistics, for the owner: ``analysis.analyze_study``, ``proportions.sample_size_rows``, ``observers.simulate``.
report: ``export.write_report``, ``export.write_exports``.

What they share lies here: ``design``, what is declared of a study; ``study``, the folder that readers get; ``key``, the
truth under a passphrase; ``worker``, the owner's long tasks for another process.

Modules are imported one by one, so that reading starts at once: conduct, design and study need neither torch nor SciPy.
"""
