"""The results as pages and files: tables and sentences, plots, HTML, PDF, and the formats of other programs."""
