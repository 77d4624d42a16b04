"""Recording the attention of somebody's model."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from torch import nn

from hybridattn.attention.recording.calls import Watch
from hybridattn.attention.recording.patches import named, patched
from hybridattn.attention.recording.recorded import Recording
from hybridattn.errors import ArgumentError

__all__ = ["record"]


@contextmanager
def record(model: nn.Module, *, top: int = 8, entropy: bool = False) -> Iterator[Recording]:
    """Record what a torch model attends to in the forward passes inside the `with`, without changing what it gives.

    Every call of `scaled_dot_product_attention` is recorded, and so is that of `nn.MultiheadAttention` and the
    `nn.Transformer` layers, whether they call it, compute the weights themselves (`need_weights`) or take torch's fast
    path: the model runs as it does without, bit by bit, in training and under `no_grad`, with its masks and dropout.
    Where torch computes all shares and gives none away, on the CPU's fast paths, it is asked for them; else they are
    computed again from the queries and keys that the call had, block by block. What is kept is the `top` best keys of
    each query and head. Only the thread that records is listened to, and no call under a transform of `torch.func`. A
    model that was compiled or scripted before keeps its secrets: record the one that it was made of.

    Args:
        model: whose modules name the calls.
        top: how many keys of each query are kept.
        entropy: whether to give the entropy of all shares of each query as well.

    Raises:
        ArgumentError: top is below 1, or the model is no module.

    >>> import torch
    >>> layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    >>> with torch.no_grad(), record(layer, top=3) as recording:
    ...     value = layer(torch.randn(1, 5, 8, generator=torch.Generator().manual_seed(0)))
    >>> recording.calls[0].name, recording.calls[0].shares.shape
    ('self_attn', torch.Size([1, 2, 5, 3]))
    """
    if not isinstance(model, nn.Module):
        raise ArgumentError(f"model must be a torch module; got {type(model).__name__}")
    if top < 1:
        raise ArgumentError(f"top must be at least 1; got {top}")
    watch = Watch(top, entropy)
    with ExitStack() as stack:
        for name, module in model.named_modules():
            stack.enter_context(named(watch, name, module))
        stack.enter_context(patched(watch))
        yield watch.recording
