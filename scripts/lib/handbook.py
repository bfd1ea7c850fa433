"""What the site of the documentation takes from outside ``docs/`` (a hook of MkDocs).

Documents at the root of the repository become its pages, links to them and from them lead there,
and the list of the API's routes is made from its OpenAPI document.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
OPENAPI = ROOT / "ui/openapi.json"
ROUTES = "api-routes.md"
# README is not one: docs/index.md begins the site.
# Some file systems would take SECURITY.md for docs/security.md.
FROM_ROOT = {
    "SECURITY.md": "reporting.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name, page in FROM_ROOT.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    files.append(File.generated(config, ROUTES, content="\n".join(routes(document)) + "\n"))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    outside = "|".join(re.escape(name) for name in FROM_ROOT)
    if page.file.src_uri in FROM_ROOT.values():
        here = re.sub(rf"\]\(({outside})", lambda found: f"]({FROM_ROOT[found[1]]}", markdown)
        return re.sub(r"\]\(docs/", "](", here)
    up = "../" * page.file.src_uri.count("/")
    return re.sub(
        rf"\]\((?:\.\./)+({outside})", lambda found: f"]({up}{FROM_ROOT[found[1]]}", markdown
    )


def routes(document: Mapping[str, Any]) -> Iterator[str]:
    """Lines of a page: each route under its tag, with what it says of itself."""
    yield "# Routes of the API"
    yield ""
    yield "Made from the OpenAPI document, `ui/openapi.json`, in which parameters and the shapes of"
    yield "all answers stand. [How it works](api.md) tells what is common to them."
    tagged: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            tag = (route.get("tags") or ["other"])[0]
            tagged.setdefault(tag, []).append(_row(method, path, route))
    for tag in sorted(tagged):
        yield ""
        yield f"## {tag.capitalize()}"
        yield ""
        yield "| Route | What it does |"
        yield "|---|---|"
        yield from tagged[tag]


def _row(method: str, path: str, route: Mapping[str, Any]) -> str:
    text = " ".join(str(route.get("description") or route.get("summary") or "").split())
    told = text.replace("|", "\\|").replace("<", "&lt;")
    return f"| `{method.upper()} {path}` | {told} |"
