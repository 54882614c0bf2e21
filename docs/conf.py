"""Configuration of the site. ``make docs`` builds it and runs every page of ``guide/``."""

import os

# TensorFlow reads this at its first import. Without it, its log would appear on the pages.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from skl_lstm import __version__

project = "skl_lstm"
author = "The skl_lstm developers"
project_copyright = author
version = release = __version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
# sphinx-gallery writes the pages of guide/ to auto_guide/. pictures/ contains no pages.
exclude_patterns = ["_build", "guide", "pictures"]
templates_path = ["_templates"]
default_role = "literal"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False  # autodoc lists them with their docstrings

sphinx_gallery_conf = {
    "examples_dirs": "guide",
    "gallery_dirs": "auto_guide",
    "filename_pattern": "/",
    "abort_on_example_error": True,
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skl_lstm",),
    "reference_url": {"skl_lstm": None},
    "capture_repr": ("_repr_html_", "__repr__"),
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,  # its page would load scripts from other sites
    "copyfile_regex": r"index\.rst",
}

html_theme = "pydata_sphinx_theme"
html_title = "skl_lstm"
html_logo = html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
# These pages have no subpages, so their sidebar would be empty.
html_sidebars = {
    page: []
    for page in (
        "index",
        "which_transformer",
        "speed",
        "accuracy",
        "command",
        "how_it_is_built",
        "changelog",
    )
}
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"text": "skl_lstm"},
    # The path starts at the root of the host, so the sites of older versions, which are in folders,
    # list the versions of the newest one. The theme can only check a path from the source folder.
    "switcher": {
        "json_url": "/_static/switcher.json",
        "version_match": "dev" if ".dev" in release else release,
    },
    "check_switcher": False,
    "navbar_end": ["version-switcher", "theme-switcher", "navbar-icon-links"],
    "navbar_align": "left",
    "header_links_before_dropdown": 5,
    "show_prev_next": True,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["copyright"],
    "footer_end": [],
}


def leave_to_scikit_learn(app, what, name, obj, skip, options):
    """Skip the members inherited from scikit-learn, which its own documentation explains."""
    return skip or not str(getattr(obj, "__module__", "")).startswith("skl_lstm")


def setup(app):
    app.connect("autodoc-skip-member", leave_to_scikit_learn)
