"""The documentation site, built by `make docs`. Rule: pages stay plain Markdown that a code host shows as it is."""

import tomllib
from pathlib import Path

_PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]

project = "Wharfinger"
version = release = _PROJECT["version"]
project_copyright = "the Wharfinger authors, Apache-2.0"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4  # the anchors that a code host gives to headings
myst_enable_extensions = ["colon_fence"]
nitpicky = True
html_theme = "furo"
html_title = f"Wharfinger {version}"
html_show_sourcelink = False
html_copy_source = False
