"""The examples of README.md, so that tests run what newcomers will type."""

import re
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def blocks(language: str, first_line: str = "") -> list[str]:
    """Fenced code of one language whose first line is the one given."""
    found = re.findall(rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [code for code in found if code.startswith(first_line)]
