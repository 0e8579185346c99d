"""``python -m synthetic_imaging``, the same as the command ``synthetic-imaging``."""

import sys

from .cli import main

sys.exit(main())
