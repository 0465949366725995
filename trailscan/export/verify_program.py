"""The program `verify.py` of a package: the modules of the verifier as one file."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

_MODULES = (
    *("report", "merkle", "ed25519", "rsa", "notes", "files", "tables", "content", "rows"),
    *("cloudtrail", "period", "sealed", "program"),
)
_HEAD = '''\
#!/usr/bin/env python3
"""Checks this compliance package with nothing but Python 3.9 or newer.

    python3 -I -S verify.py [FOLDER|ZIP] [--checkpoint FILE] [--key FILE] [--public-keys FILE]

It is one program made of the modules of trailscan.export.verifier. It came with the package, so it
cannot vouch for itself: `trailscan export verify` runs the same code from your own installation,
and the formats are described in trailscan's docs/seal.md for whoever writes another one.
"""

from __future__ import annotations

'''
_TAIL = """

if __name__ == "__main__":
    sys.exit(main())
"""


@cache
def verify_program() -> bytes:
    """The bytes of `verify.py`, the same for the same version of trailscan."""
    folder = Path(__file__).parent / "verifier"
    imports: set[str] = set()
    bodies = []
    for name in _MODULES:
        found, body = _taken_apart((folder / f"{name}.py").read_text(encoding="utf-8"))
        imports |= found
        bodies.append(f"# {name}\n\n{body}")
    text = _HEAD + "".join(f"{one}\n" for one in sorted(imports)) + "\n" + "\n\n\n".join(bodies)
    return (text + _TAIL).encode()


def _taken_apart(source: str) -> tuple[set[str], str]:
    """The imports of the standard library in a module, and what follows its imports."""
    imports: set[str] = set()
    lines = source.splitlines()
    kept = dict(enumerate(lines, 1))
    tree = ast.parse(source)
    for node in tree.body:
        is_doc = node is tree.body[0] and isinstance(node, ast.Expr)
        is_typing = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = getattr(node, "module", None) or ""
            if not module.startswith("trailscan") and module != "__future__":
                imports.add(ast.unparse(node))
        elif not (is_doc or is_typing):
            continue
        for at in range(node.lineno, (node.end_lineno or node.lineno) + 1):
            kept.pop(at, None)
    return imports, "\n".join(kept[at] for at in sorted(kept)).strip()
