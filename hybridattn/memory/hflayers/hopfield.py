"""`Hopfield`: states look up what is stored, and get what it stands for."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from hybridattn.errors import ArgumentError
from hybridattn.memory.hflayers.arguments import Extent, Options, Patterns, Steps, check, readable
from hybridattn.memory.hflayers.core import HopfieldCore
from hybridattn.memory.hflayers.loop import Heads, associate, weights
from hybridattn.memory.hflayers.properties import Properties

__all__ = ["Hopfield", "function_of_torch"]


class Hopfield(Properties):
    """Associates state patterns with stored patterns: the layer `Hopfield` of hflayers 1.0.2, with its errors mended.

    Per head, xi <- softmax(beta xi K^T) K for a number of updates, and then softmax(beta xi K^T) V (Ramsauer et al.
    2021, arXiv 2008.02217); with 0 updates, attention. Arguments, their order and state dicts are those of hflayers;
    that is why there are so many. Where it differs:

    - A finite `update_steps_max` runs that many updates. `update_steps_eps` counts only where it is None or negative:
      each state stops by itself once an update moves it by no more (Euclidean norm in Hopfield space, or what rounding
      leaves undecided), after 1000 updates at the latest. So no answer depends on the rest of its batch.
    - A tensor as `scaling` scales heads, is moved with the layer and saved; as a Parameter it is trained.
    - A state whose every stored pattern is masked finds nothing: it reads zeros, and gets the bias of the output.
    - `concat_bias_pattern` works. A state of hflayers then holds two bias patterns that it never read or trained: drop
      them, and construct without, to get the same answers.
    - A batch of 1 stands for the same patterns in every sample, and is projected once.

    Gradients of all tensors, once. Dropout draws from the global generator, as all of `torch.nn` does.

    Args:
        input_size: width E of state patterns; the default of all other widths.
        hidden_size: width d_h of queries and keys of one head; by default input_size / num_heads.
        output_size: width of the output; by default E.
        pattern_size: width p of the values of one head; by default d_h.
        num_heads: how many heads there are.
        scaling: beta; by default 1 / sqrt(d_h), or 1 if all is static.
        update_steps_max: updates; one for all heads, or (num_heads,).
        update_steps_eps: at least 0; one for all heads, or (num_heads,).
        normalize_stored_pattern: LayerNorm before the projection; the same for the other two patterns.
        normalize_stored_pattern_affine: with weight and bias.
        normalize_stored_pattern_eps: added to the variance.
        normalize_state_pattern: see above.
        normalize_state_pattern_affine: see above.
        normalize_state_pattern_eps: see above.
        normalize_pattern_projection: see above.
        normalize_pattern_projection_affine: see above.
        normalize_pattern_projection_eps: see above.
        normalize_hopfield_space: LayerNorm of queries and keys in each head, once, before the first update.
        normalize_hopfield_space_affine: with one weight and bias for both.
        normalize_hopfield_space_eps: added to the variance.
        stored_pattern_as_static: do not project; every head gets the patterns as they are.
        state_pattern_as_static: see above.
        pattern_projection_as_static: see above.
        pattern_projection_as_connected: project the values from the keys that their patterns would give.
        stored_pattern_size: width of stored patterns; by default E.
        pattern_projection_size: width of pattern projections; by default E.
        batch_first: patterns are (B, L, .), else (L, B, .).
        association_activation: name of a function of torch, applied to the output.
        dropout: probability of dropping a weight of the last read.
        input_bias: whether projections have biases.
        concat_bias_pattern: append a trained key and value to what is stored.
        add_zero_association: append a key and value of zeros.
        disable_out_projection: give the heads side by side, (B, L, num_heads * p).
        legacy_scaling: scale feature j by scaling[j mod num_heads], as hflayers does, not head by head.

    Raises:
        ArgumentError: arguments out of range, or that exclude each other.

    >>> layer = Hopfield(16, num_heads=4, update_steps_max=3, scaling=2.0)
    >>> stored, state = torch.zeros(2, 7, 16), torch.ones(2, 5, 16)
    >>> layer((stored, state, stored)).shape, layer.get_association_matrix((stored, state, stored)).shape
    (torch.Size([2, 5, 16]), torch.Size([2, 4, 5, 7]))
    """

    def __init__(
        self,
        input_size: int | None = None,
        hidden_size: int | None = None,
        output_size: int | None = None,
        pattern_size: int | None = None,
        num_heads: int = 1,
        scaling: float | Tensor | None = None,
        update_steps_max: int | Tensor | None = 0,
        update_steps_eps: float | Tensor = 1e-4,
        normalize_stored_pattern: bool = True,
        normalize_stored_pattern_affine: bool = True,
        normalize_stored_pattern_eps: float = 1e-5,
        normalize_state_pattern: bool = True,
        normalize_state_pattern_affine: bool = True,
        normalize_state_pattern_eps: float = 1e-5,
        normalize_pattern_projection: bool = True,
        normalize_pattern_projection_affine: bool = True,
        normalize_pattern_projection_eps: float = 1e-5,
        normalize_hopfield_space: bool = False,
        normalize_hopfield_space_affine: bool = False,
        normalize_hopfield_space_eps: float = 1e-5,
        stored_pattern_as_static: bool = False,
        state_pattern_as_static: bool = False,
        pattern_projection_as_static: bool = False,
        pattern_projection_as_connected: bool = False,
        stored_pattern_size: int | None = None,
        pattern_projection_size: int | None = None,
        batch_first: bool = True,
        association_activation: str | None = None,
        dropout: float = 0.0,
        input_bias: bool = True,
        concat_bias_pattern: bool = False,
        add_zero_association: bool = False,
        disable_out_projection: bool = False,
        legacy_scaling: bool = False,
    ) -> None:
        super().__init__()
        self.options = options = Options(
            input_size=input_size,
            hidden_size=hidden_size,
            output_size=output_size,
            pattern_size=pattern_size,
            num_heads=num_heads,
            normalize_stored_pattern=normalize_stored_pattern,
            normalize_stored_pattern_affine=normalize_stored_pattern_affine,
            normalize_stored_pattern_eps=normalize_stored_pattern_eps,
            normalize_state_pattern=normalize_state_pattern,
            normalize_state_pattern_affine=normalize_state_pattern_affine,
            normalize_state_pattern_eps=normalize_state_pattern_eps,
            normalize_pattern_projection=normalize_pattern_projection,
            normalize_pattern_projection_affine=normalize_pattern_projection_affine,
            normalize_pattern_projection_eps=normalize_pattern_projection_eps,
            normalize_hopfield_space=normalize_hopfield_space,
            normalize_hopfield_space_affine=normalize_hopfield_space_affine,
            normalize_hopfield_space_eps=normalize_hopfield_space_eps,
            stored_pattern_as_static=stored_pattern_as_static,
            state_pattern_as_static=state_pattern_as_static,
            pattern_projection_as_static=pattern_projection_as_static,
            pattern_projection_as_connected=pattern_projection_as_connected,
            stored_pattern_size=stored_pattern_size,
            pattern_projection_size=pattern_projection_size,
            batch_first=batch_first,
            association_activation=association_activation,
            dropout=dropout,
            input_bias=input_bias,
            concat_bias_pattern=concat_bias_pattern,
            add_zero_association=add_zero_association,
            disable_out_projection=disable_out_projection,
        )
        self._steps, self._update_steps = Steps.of(update_steps_max, update_steps_eps, num_heads), update_steps_max
        self._update_eps = update_steps_eps
        self.association_core = HopfieldCore(options, scaling, legacy_scaling=legacy_scaling)
        if options.head_dim is not None:
            self.association_core.beta(options.head_dim, self._updates)  # says now what would fail later
        self.norm_stored_pattern = _norm(options, "stored_pattern", stored_pattern_size)
        self.norm_state_pattern = _norm(options, "state_pattern", None)
        self.norm_pattern_projection = _norm(options, "pattern_projection", pattern_projection_size)
        name = "association_activation"
        self.association_activation = association_activation and function_of_torch(association_activation, name)

    def reset_parameters(self, *, generator: torch.Generator | None = None) -> None:
        """Start again: weights from N(0, 0.02^2), biases 0, normalisations that change nothing; scaling stays."""
        self.association_core.reset_parameters(generator=generator)
        for norm in (self.norm_stored_pattern, self.norm_state_pattern, self.norm_pattern_projection):
            if norm is not None:
                norm.reset_parameters()

    def forward(
        self,
        input: Tensor | Sequence[Tensor],
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """Give what the states find: (B, L, output_size), or (L, B, output_size) if not batch_first.

        Args:
            input: one tensor for all three, or (stored, state, projection): (B, S, .), (B, L, .), (B, S, .).
            stored_pattern_padding_mask: (B, S), True means ignore; integers as bool; floats are added to the scores.
            association_mask: the same, (L, S), or (B * num_heads, L, S), or what broadcasts to (B, num_heads, L, S).

        Raises:
            ShapeError: patterns or masks of another shape.
            ArgumentError: patterns or masks of another kind of dtype.
        """
        heads, mask = self._heads(input, stored_pattern_padding_mask, association_mask)
        dropout = self.options.dropout if self.training else 0.0
        read = associate(heads, mask, self._beta(heads), self._steps, dropout)
        found = self._laid(self.association_core.merged(read))
        return self.association_activation(found) if self.association_activation else found

    @torch.no_grad()
    def get_association_matrix(
        self,
        input: Tensor | Sequence[Tensor],
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """Give the weights of the last read before dropout, (B, H, L, S), S one longer for each row appended.

        Arguments as for `forward`; without gradient. This, and only this, holds the whole matrix.
        """
        heads, mask = self._heads(input, stored_pattern_padding_mask, association_mask)
        return weights(heads, mask, self._beta(heads), self._steps)

    @torch.no_grad()
    def get_projected_pattern_matrix(
        self,
        input: Tensor | Sequence[Tensor],
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """Give the values that are read, (B, H, S, p), S one longer for each row appended; without gradient."""
        heads, _ = self._heads(input, stored_pattern_padding_mask, association_mask)
        return heads.expanded().values

    @property
    def scaling(self) -> float | Tensor:
        """Beta: a number, or the tensor that is trained, moved and saved with the layer."""
        return self.association_core.scaling

    @property
    def update_steps_max(self) -> int | Tensor | None:
        """How many updates a state gets; None or negative: until it is at rest."""
        return self._update_steps

    @property
    def update_steps_eps(self) -> float | Tensor:
        """How far a state may move and still be at rest."""
        return self._update_eps

    @property
    def _updates(self) -> bool:
        return any(self._steps.counts)

    def _beta(self, heads: Heads) -> float | Tensor:
        return self.association_core.beta(heads.queries.shape[-1], self._updates)

    def _heads(
        self, given: Tensor | Sequence[Tensor], padding: Tensor | None, association: Tensor | None
    ) -> tuple[Heads, Tensor | None]:
        patterns = Patterns(*(self._laid(part) for part in _three(given)))
        check(self.options, patterns)
        norms = (self.norm_stored_pattern, self.norm_state_pattern, self.norm_pattern_projection)
        normed = (part if norm is None else norm(part) for norm, part in zip(norms, patterns, strict=True))
        rows, stored = patterns.state.shape[1], patterns.stored.shape[1]
        extent: Extent = (patterns.batch, self.options.num_heads, rows, stored)
        return self.association_core.heads(*normed), readable(padding, association, extent, self.options.extra)

    def _laid(self, patterns: Tensor) -> Tensor:
        return patterns if self.options.batch_first or patterns.ndim < 2 else patterns.transpose(0, 1)


def function_of_torch(name: str, argument: str) -> Callable[[Tensor], Tensor]:
    """Give the function of torch of that name; ArgumentError, about `argument`, where there is none."""
    function = getattr(torch, name, None) if isinstance(name, str) else None
    if not callable(function) or isinstance(function, type):
        raise ArgumentError(f"{argument} must be the name of a function of torch, such as 'relu'; got {name!r}")
    return function  # type: ignore[no-any-return]


def _three(given: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    if isinstance(given, Tensor):
        return given, given, given
    if not isinstance(given, (tuple, list)) or len(given) != 3:
        raise ArgumentError("input must be a tensor, or three: (stored pattern, state pattern, pattern projection)")
    return given


def _norm(options: Options, name: str, size: int | None) -> nn.LayerNorm | None:
    if not getattr(options, f"normalize_{name}"):
        return None
    eps, affine = getattr(options, f"normalize_{name}_eps"), getattr(options, f"normalize_{name}_affine")
    return nn.LayerNorm(size or options.input_size or 0, eps=eps, elementwise_affine=affine)
