"""How `make docs` builds the site; Sphinx reads it."""

from __future__ import annotations

project = "Flask-Ops-Refresh"
extensions = ["myst_parser"]
exclude_patterns = ["recipes"]
templates_path = ["_templates"]
nitpicky = True
# As GitHub makes them, so that links to headings work in both.
myst_heading_anchors = 3
highlight_language = "none"

html_theme = "pydata_sphinx_theme"
html_title = project
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False
# Few pages, all of them in sight: one menu at the side, none above.
html_sidebars = {"**": ["pages.html"]}
html_theme_options = {
    "navbar_center": [],
    "footer_start": [],
    "footer_end": [],
    "article_footer_items": [],
}
