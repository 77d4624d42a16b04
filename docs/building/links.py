"""What leads where: types in signatures, and code on pages that is a public name, to their descriptions."""

import re

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata

from building.names import described, public

__all__ = ["setup"]

_ELSEWHERE = {
    "torch.nn.modules.module.Module": "torch.nn.Module",
    "torch.nn.modules.activation.MultiheadAttention": "torch.nn.MultiheadAttention",
    "torch.nn.parameter.Parameter": "torch.nn.Parameter",
    "torch._C.Generator": "torch.Generator",
    "nx.MultiDiGraph": "networkx.MultiDiGraph",
    "nx.DiGraph": "networkx.DiGraph",
    "nx.Graph": "networkx.Graph",
    "sympy.Expr": "sympy.core.expr.Expr",
    "sympy.Symbol": "sympy.core.symbol.Symbol",
    "Axes": "matplotlib.axes.Axes",
}
"""Where other projects describe what they define somewhere else, or what our annotations write for short."""


_NAME = re.compile(r"(?:hybridattn\.)?([A-Za-z_]\w*)(?:\(.*\))?")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Resolve before intersphinx does."""
    app.connect("missing-reference", _resolve, priority=400)
    app.connect("doctree-read", _link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.TextElement) -> nodes.Node | None:
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    if not target.startswith("hybridattn."):
        node["reftarget"] = _ELSEWHERE.get(target, target)
        return None
    try:
        name = described(target)
    except (AttributeError, ImportError):
        return None  # Sphinx warns: there is no such thing
    if name is None:
        return shown  # it is there and not public: its name has to do
    domain = env.domains.python_domain
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, shown)


def _link(app: Sphinx, page: nodes.document) -> None:
    """Let code on a page, such as `read` or `Softmax()`, lead to what is described under that name."""
    for code in list(page.findall(nodes.literal)):
        name = _NAME.fullmatch(code.astext())
        inside = isinstance(code.parent, (nodes.reference, pending_xref, nodes.title))
        if inside or not name or name[1] not in public():
            continue
        link = pending_xref("", refdomain="py", reftype="obj", reftarget=public()[name[1]], refexplicit=True)
        link["refdoc"] = app.env.current_document.docname
        code.replace_self(link)
        link += code
