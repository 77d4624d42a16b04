"""From shares of single layers to those of a whole stack: rollout and flow."""

from collections.abc import Sequence

import networkx as nx
import torch
from torch import Tensor

from hybridattn.attention.recording.recorded import RecordedAttention
from hybridattn.errors import ArgumentError

__all__ = ["attention_flow", "attention_rollout"]


def attention_rollout(
    calls: Sequence[RecordedAttention], *, sample: int = 0, head: int | None = None, residual: float = 0.5
) -> Tensor:
    """Multiply the shares of self-attention layers, each mixed with the residual connection: (q, n).

    A_l' = residual I + (1 - residual) A_l, with rows that sum to 1, and the product A_L' ... A_1' (Abnar and Zuidema
    2020, arXiv 2005.00928, section 2.2, with residual 1/2). Entry (i, j) is how much of what stands at place i after
    the last layer came from place j of the input. Of layers that were recorded in part the kept shares count, made to
    sum to 1; a query that read nothing keeps itself.

    Raises:
        ArgumentError: no layer, a residual outside [0, 1], or layers that are not square and of one size.
    """
    if not 0 <= residual <= 1:
        raise ArgumentError(f"residual must be in [0, 1]; got {residual}")
    matrices = _square(calls, sample, head)
    whole = torch.eye(len(matrices[0]), dtype=matrices[0].dtype, device=matrices[0].device)
    for matrix in matrices:
        whole = _mixed(matrix, residual) @ whole
    return whole


def attention_flow(
    calls: Sequence[RecordedAttention], *, sample: int = 0, head: int | None = None, residual: float = 0.5
) -> Tensor:
    """Give the largest flow from each place after the last layer to each place of the input: (q, n).

    Layers are those of `attention_rollout`, their shares the capacities of edges (Abnar and Zuidema 2020, section 2.3).
    n^2 maximum flows through L n^2 edges: for short inputs.

    Raises: as `attention_rollout`.
    """
    if not 0 <= residual <= 1:
        raise ArgumentError(f"residual must be in [0, 1]; got {residual}")
    matrices = [_mixed(matrix, residual).tolist() for matrix in _square(calls, sample, head)]
    graph: nx.DiGraph[tuple[int, int]] = nx.DiGraph()
    for layer, rows in enumerate(matrices, 1):
        for place, row in enumerate(rows):
            graph.add_weighted_edges_from(
                (((layer, place), (layer - 1, below), share) for below, share in enumerate(row) if share > 0),
                weight="capacity",
            )
    places, top = range(len(matrices[0])), len(matrices)
    graph.add_nodes_from((layer, place) for layer in (0, top) for place in places)
    return torch.tensor([[nx.maximum_flow_value(graph, (top, i), (0, j)) for j in places] for i in places])


def _square(calls: Sequence[RecordedAttention], sample: int, head: int | None) -> list[Tensor]:
    matrices = [call.matrix(sample=sample, head=head) for call in calls]
    shapes = sorted({tuple(matrix.shape) for matrix in matrices})
    if len(shapes) != 1 or shapes[0][0] != shapes[0][1]:
        raise ArgumentError(f"layers must be self-attention over one number of places; got (q, n) of {shapes}")
    return matrices


def _mixed(matrix: Tensor, residual: float) -> Tensor:
    total = matrix.sum(-1, keepdim=True)
    own = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    rows = torch.where(total > 0, matrix / total.where(total > 0, 1.0), own)
    return residual * own + (1 - residual) * rows
