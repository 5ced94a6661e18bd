"""What the site has beside its folder: the pages of the book, and KaTeX from the npm registry."""

from __future__ import annotations

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

HERE = Path(__file__).parent
KATEX = HERE / "node_modules" / "katex" / "dist"

sys.path.insert(0, str(HERE.parent))

from book_pages import pages  # noqa: E402


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the book, which are made here, and the library that writes mathematics."""
    for name, text in pages():
        files.append(File.generated(config, f"book/{name}", content=text))
    fonts = sorted((KATEX / "fonts").glob("*.woff2"))
    if not fonts:
        raise PluginError(f"{KATEX} is empty; complete it with: npm ci --prefix tools/site")
    for path in (KATEX / "katex.min.css", KATEX / "katex.min.js", *fonts):
        place = f"katex/{path.relative_to(KATEX).as_posix()}"
        files.append(File.generated(config, place, abs_src_path=str(path)))
    return files
