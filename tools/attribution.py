"""Write ATTRIBUTION.md: whose data the package holds, under which licence, changed in what.

Run: python tools/attribution.py [--check]
Everything is taken from the records in src/neurogebra/datasets/data; --check ends with 1 where
the page is not up to date.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from neurogebra.datasets import catalog
from neurogebra.datasets.record import Dataset

PAGE = Path(__file__).parents[1] / "ATTRIBUTION.md"
LEVELS = {
    "licensed": "a licence is stated for the data",
    "uci-policy": "CC-BY-4.0 by the policy of the UCI repository for donated sets; "
    "the page of the set itself was not seen",
    "public-domain": "in the public domain",
    "facts": "published figures, no licence stated for the data",
}
DEEDS = "https://creativecommons.org"
TEXTS = {
    "CC-BY-4.0": f"{DEEDS}/licenses/by/4.0/",
    "CC-BY-SA-3.0": f"{DEEDS}/licenses/by-sa/3.0/",
    "CC0-1.0": f"{DEEDS}/publicdomain/zero/1.0/",
    "MIT": "https://spdx.org/licenses/MIT.html",
}
HEAD = """# Attribution

The code of Neurogebra is under the licence in LICENSE. The data files that travel with it are
not ours: this page says for each set who made it, where it was taken from, under which licence,
and what was changed. It is written from the records by `python tools/attribution.py`; do not edit
it.
"""


def bundled() -> list[Dataset]:
    """The records of the sets whose files are in the package."""
    return [d for d in catalog().values() if d.supply == "bundled"]


def text() -> str:
    """The whole page."""
    records = bundled()
    counts = Counter(d.rights_level for d in records)
    levels = [f"- `{name}` ({counts[name]} sets): {words}." for name, words in LEVELS.items()]
    notices = [d for d in records if d.notice]
    parts = [
        HEAD,
        f"{len(records)} sets, {sum(d.bytes for d in records) / 1e6:.1f} MB. How sure the rights"
        " are:\n",
        "\n".join(levels) + "\n",
        "The texts of the licences:\n",
        "\n".join(f"- {name}: <{address}>" for name, address in TEXTS.items()) + "\n",
        "## Notices that travel with the data\n",
        *(f"**{d.id}**\n\n> {d.notice}\n" for d in notices),
        "## The sets\n",
        *map(entry, records),
    ]
    return "\n".join(parts)


def entry(record: Dataset) -> str:
    """What the page says of one set."""
    source = record.provenance
    if source is None:
        raise ValueError(f"{record.id} does not say who made it")
    names = {"UCI": source.uci, "DOI": source.doi, "article DOI": source.article_doi}
    cited = [f"{label} {value}" for label, value in names.items() if value]
    taken = dict.fromkeys(f"{s.package} {s.version} ({s.index})" for s in record.sources)
    lines = [
        f"### {record.id}: {record.title}\n",
        f"- Made by: {source.who}; {source.where}, {source.year}",
        *([f"- Cited as: {', '.join(cited)}"] if cited else []),
        f"- Taken from: {', '.join(taken)}",
        f"- Licence: {record.licence}",
        f"- Rights: `{record.rights_level}`, {record.rights_note}",
        f"- Origin: {record.origin}",
        f"- Changed: {'; '.join(record.changes)}",
        f"- Files: {', '.join(f'`{f.name}`' for f in record.files)}",
        *([f"- Notice: {record.notice}"] if record.notice else []),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or compare it."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text(), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text():
        return 0
    print(f"{PAGE.name} is not up to date: python tools/attribution.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
