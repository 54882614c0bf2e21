"""How the site is built: ``make docs``. Every page of ``guide/`` runs while it is built."""

import os

# Read by TensorFlow when it is first imported, and its log has no place on the pages.
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
# Scripts, which are built to pages elsewhere; only their own index is a page as it stands.
exclude_patterns = ["_build", "guide", "pictures"]
templates_path = ["_templates"]
default_role = "literal"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False  # they stand below, each with its own text

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
    "write_computation_times": False,  # on a page that would fetch scripts from elsewhere
    "copyfile_regex": r"index\.rst",
}

html_theme = "pydata_sphinx_theme"
html_title = "skl_lstm"
html_logo = html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
# Pages without pages beneath them have nothing to list at the side.
html_sidebars = {
    page: [] for page in (
        "index",
        "which_transformer",
        "speed",
        "command",
        "how_it_is_built",
        "changelog",
    )
}
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"text": "skl_lstm"},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def leave_to_scikit_learn(app, what, name, obj, skip, options):
    """Leave out what every estimator of scikit-learn has: its own pages explain it."""
    return skip or not str(getattr(obj, "__module__", "")).startswith("skl_lstm")


def setup(app):
    app.connect("autodoc-skip-member", leave_to_scikit_learn)
