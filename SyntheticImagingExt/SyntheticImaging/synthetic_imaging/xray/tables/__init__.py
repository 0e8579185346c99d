"""Physics tables, made by ``Resources/make_xray_tables.py`` (spectra, elements) and by hand (materials)."""
