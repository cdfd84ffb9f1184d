"""The page as one HTML file, under a policy by which nothing in it loads from anywhere or runs but its code.

Everything a model wrote travels compressed and in base 64, and is shown as text only.
"""

import base64
import hashlib
import os
import shutil
from html import escape
from pathlib import Path

from sce.showing.page.contents import Contents, pack, to_json

BUILT = Path(__file__).parent
LIMIT = 30_000_000  # bytes; with more than that, the conversations go to files of their own
NOTE = "Pages of conversations, where report.html would be too large with them; else they are in it.\n"
TITLE = "Does a language model know its own decision boundary?"
POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<div id="page"><noscript>This page draws itself with JavaScript; its numbers are in the Parquet files beside \
it.</noscript></div>
{blobs}
<script>{script}</script>
</body>
</html>
"""


def write(contents: Contents, page, folder, limit: int = LIMIT) -> None:
    """Write the page. Where it would be larger than ``limit`` bytes, the conversations of every model and
    dataset become pages of their own in ``folder``, which holds nothing but a note otherwise. Where it is too
    large even then, it names the files of figures instead of showing them."""
    page, folder = Path(page), Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "README.txt").write_text(NOTE)  # an object store cannot keep an empty folder
    text = html(contents.study, contents.blobs)
    if len(text.encode()) > limit:
        study, kept = _with_links(contents, folder), _without("talk", contents.blobs)
        text = html(study, kept)
        if len(text.encode()) > limit:
            text = html(study, _without("figure", kept))
        for pair in contents.study["pairs"]:
            if "talk" in pair:
                _replace(folder / _file(pair), _conversations(contents, pair))
    _replace(page, text)


def html(study: dict, blobs: dict[str, bytes]) -> str:
    """The document around what it shows. ``blobs``: compressed bytes by name."""
    script, style = (_read(name) for name in ("page.js", "page.css"))
    policy = POLICY.format(script=_hash(script), style=_hash(style))
    stored = {"study": pack(to_json(study)), **blobs}
    elements = [
        f'<script type="application/octet-stream" id="{name}">{base64.b64encode(content).decode()}</script>'
        for name, content in stored.items()
    ]
    return SHELL.format(
        policy=policy, title=escape(TITLE), style=style, script=script, blobs="\n".join(elements)
    )


def _conversations(contents, pair):
    """The page of one pair's conversations."""
    study = {**contents.study, "tables": {}, "counts": [], "findings": [], "pairs": [pair], "only": "talk"}
    return html(study, {name: contents.blobs[name] for name in (pair["talk"], pair["map"])})


def _with_links(contents, folder):
    pairs = [
        {**pair, "talk": None, "file": f"{folder.name}/{_file(pair)}"} if "talk" in pair else pair
        for pair in contents.study["pairs"]
    ]
    return {**contents.study, "pairs": pairs}


def _without(kind, blobs):
    return {name: content for name, content in blobs.items() if not name.startswith(kind)}


def _file(pair):
    return f"{pair['model']}--{pair['dataset']}.html"


def _read(name):
    return (BUILT / name).read_text(encoding="utf-8").strip()


def _hash(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _replace(path, text):
    """Write a file whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
