"""How Sphinx builds these documents (`make docs`). Nothing is fetched from a network, to build or to read them."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import hybridattn  # noqa: E402

project = "hybridattn"
author = "The hybridattn developers"
project_copyright = author
version = release = hybridattn.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "building.commands",
    "building.docstrings",
    "building.formulas",
    "building.gallery",
    "building.links",
    "building.reference",
]
exclude_patterns = ["building", "made"]
nitpicky = True  # every name of a type has to lead somewhere
nitpick_ignore_regex = [
    ("py:class", r"numpy\._typing\..*"),  # the parts of ArrayLike, which numpy describes as a whole
    ("py:class", r"rich\.console\..*"),
    ("py:class", r"collections\.abc\.Callable\[.*"),  # a callable of a callable is cut in two by autodoc
]

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
smartquotes = False  # shapes such as (..., d) stay as they are
suppress_warnings = ["config.cache"]  # the examples to show are found anew at each build

autodoc_class_signature = "mixed"
autodoc_member_order = "groupwise"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 110

# A name of another project leads to its pages. The lists are small and ours (docs/inventories), so that a build asks
# nobody: name, kind, page.
intersphinx_mapping = {
    name: (pages, str(HERE / "inventories" / f"{name}.txt"))
    for name, pages in {
        "python": "https://docs.python.org/3",
        "torch": "https://docs.pytorch.org/docs/stable",
        "networkx": "https://networkx.org/documentation/stable",
        "matplotlib": "https://matplotlib.org/stable",
        "numpy": "https://numpy.org/doc/stable",
        "sympy": "https://docs.sympy.org/latest",
    }.items()
}

html_theme = "furo"
html_title = f"hybridattn {release}"
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["pages.css"]
