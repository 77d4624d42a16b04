"""What does a trained Transformer attend to? `record` keeps its attention while it runs, for a trace and a graph.

Run `python examples/record_transformer.py [FIGURE.png]`; it writes record_transformer.png, and a page beside it.
"""

import sys
from pathlib import Path

import networkx as nx
import torch
from torch import Tensor, nn

from hybridattn import graph, page, record, write_text
from hybridattn.view.plots import new_axes, write_figure

NAMES, TOKENS, WIDTH = "ABCDEFGH?", 6, 32


def questions(count: int, source: torch.Generator) -> tuple[Tensor, Tensor]:
    chain, mixed = (torch.rand(count, size, generator=source).argsort(-1) for size in (8, TOKENS - 1))
    start = torch.randint(0, TOKENS - 2, (count, 1), generator=source)
    facts = torch.stack([chain.gather(1, mixed), chain.gather(1, mixed + 1)], -1)
    asked = torch.stack([chain.gather(1, start), torch.full_like(start, 8)], -1)
    return torch.cat([facts, asked], 1), chain.gather(1, start + 2)[:, 0]


def main(path: str = "record_transformer.png") -> None:
    source, layer = torch.manual_seed(0), nn.TransformerEncoderLayer(WIDTH, 1, 64, dropout=0.0, batch_first=True)
    body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    net = nn.Sequential(nn.Embedding(len(NAMES), WIDTH // 2), nn.Flatten(2), body, nn.Linear(WIDTH, 8))
    optimiser = torch.optim.Adam(net.parameters(), lr=3e-3)
    for x, y in (questions(128, source) for _ in range(600)):
        nn.functional.cross_entropy(net(x)[:, -1], y).backward()
        optimiser.step(), optimiser.zero_grad()
    x, y = questions(1000, source)
    with record(net.eval(), top=3) as recording:
        out = net(x)
    inner, off = net[:2](x), []
    for layer, call in zip(body.layers, recording.calls, strict=True):  # the same forward pass by hand
        part = layer.self_attn
        query, keys, values = nn.functional.linear(inner, part.in_proj_weight, part.in_proj_bias).chunk(3, -1)
        shares = (query @ keys.mT / WIDTH**0.5).softmax(-1)
        off.append((shares.gather(-1, call.slots[:, 0]) - call.shares[:, 0]).abs().max())
        inner = layer.norm1(inner + part.out_proj(shares @ values))
        inner = layer.norm2(inner + layer.linear2(layer.linear1(inner).relu()))
    print(f"Same output, bit by bit: {torch.equal(out, net(x))}. Same shares as by hand: at most {max(off):.0e} off.")
    said, asked = out[:, -1].argmax(-1), f"What is two steps after {NAMES[x[0, -1, 0]]}?"
    names = [f"{NAMES[a]} > {NAMES[b]}\n{layer}" for layer in ("lower", "upper") for a, b in x[0]]
    drawn = graph.from_trace(recording.trace(TOKENS - 1), names.__getitem__, question=f"answer\n{NAMES[said[0]]}")
    places = {name: (hop, hop * (hop + 1) - row) for row, (name, hop) in enumerate(drawn.nodes(data="hop"))}
    wide, ax, web = [6 * share for *_, share in drawn.edges(data="share")], new_axes(), Path(path).with_suffix(".html")
    nx.draw(drawn, places, ax, with_labels=True, width=wide, node_color="#cfe8f3", node_size=1300, font_size=9)
    write_figure(path, ax)
    write_text(web, page(drawn, title=asked))
    print(f"{(said == y).float().mean():.3f} of 1000 new questions answered. See {path} and {web}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
