"""The pages that people read, README.md and Documentation/, and the examples on them, which tests run."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "Documentation").rglob("*.md"))]
PLAIN, CONSOLE = "# plain Python", "# Slicer console"


def blocks(language: str, first_line: str = "") -> list[str]:
    """Fenced code of one language on all pages whose first line begins with the one given; each text once."""
    found = [code for page in PAGES for code in blocks_of(page, language) if code.startswith(first_line)]
    return list(dict.fromkeys(found))


def blocks_of(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
