"""Time and memory of the Hopfield layers against hflayers and raw SDPA: `python benchmarks/hopfield_layers.py`.

Targets: retrieval (Q 1024, N 65,536, d 64, 5 updates) 12 times faster than hflayers with a 100th of its peak memory;
forward and backward of `Hopfield` (B 8, L = S = 256, d 256, h 8, 5 updates) 4 times; `HopfieldLayer` (B 32, L 16,
N 4096, d 128, h 4) 20 times with 0 and 5 updates; and at most 1.15 times `scaled_dot_product_attention` with as many
softmaxes and the same projections. All take turns in one process; peak memory is that of a fresh process a case, above
what it held before.

Where hflayers is not installed, its loop written out stands in: all patterns expanded, normalised and projected sample
by sample, the association held, and what is active copied out of it and back at every update.
"""

import argparse
import importlib.util
import statistics
from collections.abc import Callable

import torch
from measuring import by_turns, machine, of_fresh_process, print_added, quartiles, ratios
from torch import Tensor, nn
from torch.nn.functional import dropout, linear, scaled_dot_product_attention

from hybridattn.memory.hflayers import Hopfield, HopfieldLayer

STATIC = {f"{name}_as_static": True for name in ("stored_pattern", "state_pattern", "pattern_projection")}
OFF = {
    f"normalize_{name}{part}": False
    for name in ("stored_pattern", "state_pattern", "pattern_projection")
    for part in ("", "_affine")
}
NEVER = 1e-30
"""A tolerance under which hflayers does not stop early, so that all do the same updates."""
CASES = {
    "retrieval": ("Hopfield", {**STATIC, **OFF, "disable_out_projection": True, "update_steps_max": 5}, False),
    "training": ("Hopfield", {"input_size": 256, "num_heads": 8, "update_steps_max": 5}, True),
    "lookup, 0 updates": ("HopfieldLayer", {"input_size": 128, "num_heads": 4, "quantity": 4096}, False),
    "lookup, 5 updates": (
        "HopfieldLayer",
        {"input_size": 128, "num_heads": 4, "quantity": 4096, "update_steps_max": 5},
        False,
    ),
}
WAYS = ("hflayers", "sdpa", "here")


def written_out(query: Tensor, key: Tensor, value: Tensor, beta: float, most: int, heads: int) -> Tensor:
    """The loop of hflayers: (B * H, L, d), (B * H, S, d), (B * H, S, p) to (B * H, L, p)."""
    active = torch.ones(len(query), 1, 1, dtype=torch.bool, device=query.device)
    shares = before = None
    step = 0
    while active.any():
        if shares is not None:
            active_shares = shares.masked_select(active).view(-1, *shares.shape[1:])
            active_key = key.masked_select(active).view(-1, *key.shape[1:])
            query = torch.masked_scatter(query, active, torch.bmm(active_shares, active_key))
        query = query * beta
        scores = torch.bmm(query, key.transpose(1, 2))
        if shares is None:
            shares = scores.softmax(-1)
        else:
            active_scores = scores.masked_select(active).view(-1, *shares.shape[1:])
            shares = torch.masked_scatter(shares, active, active_scores.softmax(-1))
        with torch.no_grad():
            now = shares.view(-1, heads, *shares.shape[1:])
            going = torch.full((heads,), step < most, device=query.device)
            if before is not None:
                going &= (before - now).norm(p=2, dim=(2, 3)).amax(0) > NEVER
            active = going.repeat(now.shape[0]).view(-1, 1, 1)
            before = now
        step += 1
    return torch.bmm(dropout(shares, 0.0), value)


class WrittenOut(nn.Module):
    """What hflayers does with the parameters of a layer here: every sample has its own copy of everything."""

    def __init__(self, layer: Hopfield | HopfieldLayer) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, given: Tensor | tuple[Tensor, ...]) -> Tensor:
        layer, heads = self.layer, self.layer.options.num_heads
        if isinstance(layer, HopfieldLayer):
            store = layer.lookup_weights.expand(len(given), -1, -1)
            given, layer = (store, given, store), layer.hopfield
        parts = given if isinstance(given, tuple) else (given,) * 3
        norms = layer.norm_stored_pattern, layer.norm_state_pattern, layer.norm_pattern_projection
        parts = [part.transpose(0, 1) for part in parts]
        stored, state, projection = (
            part if norm is None else norm(part.reshape(-1, part.shape[-1])).reshape(part.shape)
            for norm, part in zip(norms, parts, strict=True)
        )
        weight, bias = layer.association_core.in_proj_weight, layer.association_core.in_proj_bias
        if weight is None:
            query, key, value = (part.repeat(1, heads, 1) for part in (state, stored, projection))
        elif torch.equal(state, stored) and torch.equal(stored, projection):
            query, key, value = linear(state, weight, bias).chunk(3, -1)
        elif torch.equal(stored, projection):
            width = len(weight) // 3
            query = linear(state, weight[:width], bias[:width])
            key, value = linear(stored, weight[width:], bias[width:]).chunk(2, -1)
        else:
            halves = zip((state, stored, projection), weight.chunk(3), bias.chunk(3), strict=True)
            query, key, value = (linear(*three) for three in halves)
        query, key, value = (
            part.contiguous().view(len(part), part.shape[1] * heads, -1).transpose(0, 1)
            if weight is not None
            else part.transpose(0, 1)
            for part in (query, key, value)
        )
        found = written_out(query, key, value, layer.scaling, layer.update_steps_max, heads)
        found = found.transpose(0, 1).contiguous().view(state.shape[0], state.shape[1], -1)
        out = layer.association_core.out_proj
        return (found if out is None else out(found)).transpose(0, 1)


class RawSdpa(nn.Module):
    """The same parameters and as many softmaxes, and nothing that need not be there."""

    def __init__(self, layer: Hopfield | HopfieldLayer) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, given: Tensor | tuple[Tensor, ...]) -> Tensor:
        layer, heads = self.layer, self.layer.options.num_heads
        batch, shared = 1, isinstance(layer, HopfieldLayer)
        if shared:
            batch = len(given)
            given, layer = (layer.lookup_weights, given, layer.lookup_weights), layer.hopfield
        stored, state, projection = given if isinstance(given, tuple) else (given,) * 3
        core = layer.association_core
        if core.in_proj_weight is not None:
            parts = layer.norm_state_pattern(state), layer.norm_stored_pattern(stored)
            three = zip(
                (*parts, layer.norm_pattern_projection(projection)),
                core.in_proj_weight.chunk(3),
                core.in_proj_bias.chunk(3),
                strict=True,
            )
            state, stored, projection = (linear(*each) for each in three)
        if shared:
            state = state.view(1, -1, state.shape[-1])
        query, key, value = (
            part.view(*part.shape[:2], heads, -1).transpose(1, 2) for part in (state, stored, projection)
        )
        for _ in range(layer.update_steps_max):
            query = scaled_dot_product_attention(query, key, key, scale=layer.scaling)
        found = scaled_dot_product_attention(query, key, value, scale=layer.scaling).transpose(1, 2).flatten(2)
        found = found.view(batch, -1, found.shape[-1]) if shared else found
        return found if core.out_proj is None else core.out_proj(found)


def way(case: str, name: str) -> Callable[[], Tensor]:
    """Give what one side does in a case: a call forward, and backward where the case is training."""
    kind, arguments, training = CASES[case]
    torch.manual_seed(0)
    layer = {"Hopfield": Hopfield, "HopfieldLayer": HopfieldLayer}[kind](**arguments, update_steps_eps=NEVER)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.3)
    if case == "retrieval":
        layer.association_core.scaling = 64**-0.5
        stored = torch.randn(1, 65_536, 64)
        given = (stored, torch.randn(1, 1024, 64), stored)
    else:
        given = torch.randn(8, 256, 256) if case == "training" else torch.randn(32, 16, 128)
    side: nn.Module = layer
    if name == "sdpa":
        side = RawSdpa(layer)
    elif name == "hflayers" and importlib.util.find_spec("hflayers"):
        import hflayers

        scaling = {"scaling": layer.scaling, "update_steps_eps": NEVER}
        side = getattr(hflayers, kind)(**arguments, **scaling)
        side.load_state_dict(layer.state_dict())
    elif name == "hflayers":
        side = WrittenOut(layer)
    if not training:
        return lambda: torch.no_grad()(side)(given)
    given.requires_grad_()
    parameters = [given, *layer.parameters()] if name != "hflayers" else [given, *side.parameters()]
    return lambda: torch.autograd.grad(side(given).square().sum(), parameters)[0]


def times(case: str, rounds: int) -> None:
    acts = {name: way(case, name) for name in WAYS}
    found = {name: act() for name, act in acts.items()}
    for name in WAYS[:2]:
        torch.testing.assert_close(found["here"], found[name], rtol=1e-2, atol=1e-3 * found["here"].abs().max().item())
    spent = by_turns(acts, rounds)
    print(f"{case}: {1e3 * statistics.median(spent['here']):.1f} ms here (median of {rounds} rounds)")
    faster, longer = ratios(spent["hflayers"], spent["here"]), ratios(spent["here"], spent["sdpa"])
    print(f"  {quartiles(faster)} times faster than hflayers, {quartiles(longer)} times the time of raw SDPA")


def peaks(case: str, threads: int) -> None:
    added = {name: of_fresh_process(__file__, "--threads", threads, "--peak", case, name) for name in WAYS}
    grown = ", ".join(f"{name} {mebi:.1f}" for name, mebi in added.items())
    print(f"  MiB above what was there: {grown}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--case", choices=CASES, action="append", help="this case only; may be given again")
    parser.add_argument("--peak", nargs=2, metavar=("CASE", "WAY"), help="measure the memory of one way only")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.peak:
        print_added(way(*chosen.peak))
        return
    peer = "installed" if importlib.util.find_spec("hflayers") else "written out"
    print(machine(chosen.threads, f"hflayers: {peer}"))
    for case in chosen.case or CASES:
        times(case, chosen.rounds)
        peaks(case, chosen.threads)


if __name__ == "__main__":
    main()
