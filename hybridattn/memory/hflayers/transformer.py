"""Transformer layers whose attention is a Hopfield association; normalised after each part."""

from collections.abc import Sequence
from copy import deepcopy

from torch import Tensor, nn

from hybridattn.errors import ArgumentError
from hybridattn.memory.hflayers.hopfield import Hopfield, function_of_torch

__all__ = ["HopfieldDecoderLayer", "HopfieldEncoderLayer"]


class HopfieldEncoderLayer(nn.Module):
    """An encoder layer of Vaswani et al. 2017 around a copy of a `Hopfield`, as in hflayers.

    x <- norm(x + dropout(association(x))), then x <- norm(x + dropout(linear(dropout(activation(linear(x)))))). The
    copy keeps its parameters, where hflayers draws them anew.

    Args:
        hopfield_association: gives patterns as wide as its states are.
        dim_feedforward: width between the two linear maps.
        dropout: probability.
        activation: name of a function of torch.

    Raises:
        ArgumentError: an association of another output width, an unknown activation.

    >>> import torch
    >>> HopfieldEncoderLayer(Hopfield(16, num_heads=4), dim_feedforward=32)(torch.zeros(2, 7, 16)).shape
    torch.Size([2, 7, 16])
    """

    def __init__(
        self,
        hopfield_association: Hopfield,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str = "relu",
    ) -> None:
        super().__init__()
        width = _width("hopfield_association", hopfield_association)
        self.hopfield_association = deepcopy(hopfield_association)
        self.linear_residual = nn.Linear(width, dim_feedforward)
        self.dropout_residual = nn.Dropout(dropout)
        self.linear_output = nn.Linear(dim_feedforward, width)
        self.norm_residual, self.norm_output = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout_hopfield_association, self.dropout_output = nn.Dropout(dropout), nn.Dropout(dropout)
        self.activation_residual = function_of_torch(activation, "activation")

    def reset_parameters(self) -> None:
        """Draw all parameters anew, those of the association too."""
        _reset(self)

    def forward(
        self, src: Tensor, src_mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None
    ) -> Tensor:
        """Give (B, S, E) of `src` (B, S, E); masks are those of the association (S, S) and of its patterns (B, S)."""
        found = self.hopfield_association(src, src_key_padding_mask, src_mask)
        src = self.norm_residual(src + self.dropout_hopfield_association(found))
        inner = self.dropout_residual(self.activation_residual(self.linear_residual(src)))
        out: Tensor = self.norm_output(src + self.dropout_output(self.linear_output(inner)))
        return out

    def get_association_matrix(
        self,
        input: Tensor | Sequence[Tensor],
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """Give the weights of the association; see `Hopfield.get_association_matrix`."""
        return self.hopfield_association.get_association_matrix(input, stored_pattern_padding_mask, association_mask)

    @property
    def batch_first(self) -> bool:
        """Whether the first axis counts samples."""
        return self.hopfield_association.batch_first

    @property
    def input_size(self) -> int | None:
        """Width of what goes in."""
        return self.hopfield_association.input_size

    @property
    def output_size(self) -> int:
        """Width of what comes out."""
        return self.linear_output.out_features


class HopfieldDecoderLayer(nn.Module):
    """A decoder layer of Vaswani et al. 2017 around copies of two `Hopfield`, as in hflayers.

    As `HopfieldEncoderLayer`, with a second association between, whose stored patterns and projections are a memory.

    Args:
        hopfield_association_self: associates the targets with each other.
        hopfield_association_cross: looks the targets up in the memory.
        dim_feedforward: width between the two linear maps.
        dropout: probability.
        activation: name of a function of torch.

    Raises:
        ArgumentError: associations of other output widths, an unknown activation.

    >>> import torch
    >>> layer = HopfieldDecoderLayer(Hopfield(16), Hopfield(16, stored_pattern_size=8, pattern_projection_size=8))
    >>> layer(torch.zeros(2, 5, 16), torch.zeros(2, 7, 8)).shape
    torch.Size([2, 5, 16])
    """

    def __init__(
        self,
        hopfield_association_self: Hopfield,
        hopfield_association_cross: Hopfield,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str = "relu",
    ) -> None:
        super().__init__()
        width = _width("hopfield_association_self", hopfield_association_self)
        if _width("hopfield_association_cross", hopfield_association_cross) != width:
            other = hopfield_association_cross.input_size
            raise ArgumentError(f"hopfield_association_cross must take states {width} wide; got {other}")
        self.hopfield_association_self = deepcopy(hopfield_association_self)
        self.hopfield_association_cross = deepcopy(hopfield_association_cross)
        self.linear_residual = nn.Linear(width, dim_feedforward)
        self.dropout_residual = nn.Dropout(dropout)
        self.linear_output = nn.Linear(dim_feedforward, width)
        self.norm_residual_self, self.norm_residual_cross = nn.LayerNorm(width), nn.LayerNorm(width)
        self.norm_output = nn.LayerNorm(width)
        self.dropout_hopfield_association_self = nn.Dropout(dropout)
        self.dropout_hopfield_association_cross = nn.Dropout(dropout)
        self.dropout_output = nn.Dropout(dropout)
        self.activation_residual = function_of_torch(activation, "activation")

    def reset_parameters(self) -> None:
        """Draw all parameters anew, those of the associations too."""
        _reset(self)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
    ) -> Tensor:
        """Give (B, L, E) of targets (B, L, E) and a memory (B, S, .); masks (L, L), (L, S), (B, L) and (B, S)."""
        found = self.hopfield_association_self(tgt, tgt_key_padding_mask, tgt_mask)
        tgt = self.norm_residual_self(tgt + self.dropout_hopfield_association_self(found))
        found = self.hopfield_association_cross((memory, tgt, memory), memory_key_padding_mask, memory_mask)
        tgt = self.norm_residual_cross(tgt + self.dropout_hopfield_association_cross(found))
        inner = self.dropout_residual(self.activation_residual(self.linear_residual(tgt)))
        out: Tensor = self.norm_output(tgt + self.dropout_output(self.linear_output(inner)))
        return out

    def get_association_matrix_self(
        self,
        input: Tensor | Sequence[Tensor],
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """Give the weights of the first association; see `Hopfield.get_association_matrix`."""
        association = self.hopfield_association_self
        return association.get_association_matrix(input, stored_pattern_padding_mask, association_mask)

    def get_association_matrix_cross(
        self,
        input: Tensor | Sequence[Tensor],
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """Give the weights of the second association; see `Hopfield.get_association_matrix`."""
        association = self.hopfield_association_cross
        return association.get_association_matrix(input, stored_pattern_padding_mask, association_mask)

    @property
    def batch_first(self) -> bool:
        """Whether the first axis counts samples."""
        return self.hopfield_association_self.batch_first

    @property
    def input_size(self) -> int | None:
        """Width of what goes in."""
        return self.hopfield_association_self.input_size

    @property
    def output_size(self) -> int:
        """Width of what comes out."""
        return self.linear_output.out_features


def _width(name: str, association: Hopfield) -> int:
    options = association.options
    projected = options.out_dim if association.association_core.out_proj is not None else None
    out = projected or options.num_heads * (options.pattern_dim or 0)
    if options.state_dim is None or out != options.state_dim:
        raise ArgumentError(f"{name} must give patterns as wide as its states, {options.state_dim}; got {out}")
    return out


def _reset(layer: nn.Module) -> None:
    for part in layer.children():
        if isinstance(part, (Hopfield, nn.Linear, nn.LayerNorm)):
            part.reset_parameters()
