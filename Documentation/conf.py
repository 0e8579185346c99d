"""How the documentation is built: ``make docs``; see https://www.sphinx-doc.org/en/master/usage/configuration.html."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "SyntheticImagingExt" / "SyntheticImaging"
sys.path[:0] = [str(CORE), str(Path(__file__).parent / "_extensions")]

project = "Synthetic Imaging"
author = copyright = "Synthetic Imaging contributors"
release = version = re.search(r'__version__ = "(.+?)"', (CORE / "synthetic_imaging" / "__init__.py").read_text())[1]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton", "declarations", "plain_docstrings"]
exclude_patterns = ["_extensions"]
root_doc = "index"
smartquotes = False  # two dashes before an option stay two

# what takes long to load, and what no page needs
autodoc_mock_imports = ["torch", "warp"]
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
add_module_names = False
toc_object_entries = False
python_use_unqualified_type_names = True
nitpick_ignore_regex = [("py:.*", ".*")]  # types of other packages; the pages' own links are still checked

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"{project} {release}"
html_logo = "../Resources/SyntheticImaging.png"
html_favicon = html_logo
html_show_sphinx = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
copybutton_prompt_text = "$ "
