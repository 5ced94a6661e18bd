"""The documented paths of the Observatory; each module here leads to its room in `observatory`.

It also says so where Python was started inside the package folder, and `import logging` found
this package instead of the standard library's.
"""

from __future__ import annotations

if __name__ == "logging":
    raise ImportError(
        "this is neurogebra.logging, found in place of Python's own logging because Python was "
        "started inside the folder of the neurogebra package; start it in another folder"
    )

__all__: list[str] = []
