"""What does a trained Transformer attend to? `read` reads each layer's attention again, into a trace and a graph.

Run `python examples/record_transformer.py [FIGURE.png]`; it trains, and writes record_transformer.png by default.
"""

import sys

import networkx as nx
import torch
from torch import Tensor, nn

from hybridattn import Hop, Link, ScaledDot, Trace, graph, read
from hybridattn.view.plots import new_axes, write_figure

SYMBOLS, TOKENS, WIDTH = 8, 6, 32


def questions(count: int, source: torch.Generator) -> tuple[Tensor, Tensor]:
    chain, mixed = (torch.rand(count, size, generator=source).argsort(-1) for size in (SYMBOLS, TOKENS - 1))
    start = torch.randint(0, TOKENS - 2, (count, 1), generator=source)
    facts = torch.stack([chain.gather(1, mixed), chain.gather(1, mixed + 1)], -1)
    asked = torch.stack([chain.gather(1, start), torch.full_like(start, SYMBOLS)], -1)
    return torch.cat([facts, asked], 1), chain.gather(1, start + 2)[:, 0]


def record(part: nn.MultiheadAttention, given: tuple[Tensor, ...], out: tuple[Tensor, None]) -> None:
    query, keys, values = nn.functional.linear(given[0][0], part.in_proj_weight, part.in_proj_bias).chunk(3, -1)
    found = read(query, keys, values, similarity=ScaledDot(), top=3)  # one head; more would be one more axis
    print(f"A layer's output, read again: at most {(part.out_proj(found.value) - out[0][0]).abs().max():.0e} off.")
    rows = torch.stack([found.slots, found.shares, torch.cosine_similarity(query[:, None], keys[found.slots], -1)], -1)
    part.links = [[Link(0, -1, int(slot), *rest) for slot, *rest in row] for row in rows.tolist()]


def main(path: str = "record_transformer.png") -> None:
    source = torch.manual_seed(0)
    body = [nn.TransformerEncoderLayer(WIDTH, 1, 64, dropout=0.0, batch_first=True) for _ in range(2)]
    net = nn.Sequential(nn.Embedding(SYMBOLS + 1, WIDTH // 2), nn.Flatten(2), *body, nn.Linear(WIDTH, SYMBOLS))
    optimiser = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(600):
        x, y = questions(128, source)
        nn.functional.cross_entropy(net(x)[:, -1], y).backward()
        optimiser.step(), optimiser.zero_grad()
    x, y = questions(1000, source)
    lower, upper = (layer.self_attn for layer in body)
    lower.register_forward_hook(record), upper.register_forward_hook(record)
    said, top = net(x)[:, -1].argmax(-1), upper.links[-1]
    below = [a._replace(parent=i, slot=a.slot + TOKENS) for i, b in enumerate(top) for a in lower.links[b.slot]]
    names = [f"{a} > {b}{level}".replace("8", "?") for level in ("", "\nbelow") for a, b in x[0].tolist()]
    trace = Trace((Hop(1, tuple(top)), Hop(0, tuple(below))), ("",))
    drawn = graph.from_trace(trace, names.__getitem__, question=f"answer\n{said[0]}")
    places = {name: (hop, hop * (hop + 1) - row) for row, (name, hop) in enumerate(drawn.nodes(data="hop"))}
    wide, ax = [6 * share for *_, share in drawn.edges(data="share")], new_axes(height=4.6)
    nx.draw_networkx(drawn, places, ax=ax, width=wide, node_color="#cfe8f3", node_size=1400, font_size=9)
    write_figure(path, ax)
    print(f"{(said == y).float().mean():.3f} of 1000 new questions answered. See {path}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
