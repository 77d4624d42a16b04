"""`HopfieldLayer`: states are looked up in patterns that the layer learns."""

import torch
from torch import Tensor, nn

from hybridattn.memory.hflayers.hopfield import Hopfield
from hybridattn.memory.hflayers.own import own_patterns
from hybridattn.memory.hflayers.properties import Properties

__all__ = ["HopfieldLayer"]


class HopfieldLayer(Properties):
    """Looks (B, L, .) up in stored patterns of its own: the layer `HopfieldLayer` of hflayers.

    The arguments are those of `Hopfield` without the eps of its normalisations, and

    Args:
        lookup_weights_as_separated: whether what is found are patterns of its own too, not the stored ones.
        lookup_targets_as_trainable: whether those are trained.
        quantity: how many patterns are stored.
        trainable: whether they are trained.

    The patterns are normalised and projected once, not once a sample; without masks, the states of all samples are read
    in one go.

    >>> HopfieldLayer(16, num_heads=4, quantity=100)(torch.zeros(2, 5, 16)).shape
    torch.Size([2, 5, 16])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int | None = None,
        output_size: int | None = None,
        pattern_size: int | None = None,
        num_heads: int = 1,
        scaling: float | Tensor | None = None,
        update_steps_max: int | Tensor | None = 0,
        update_steps_eps: float | Tensor = 1e-4,
        lookup_weights_as_separated: bool = False,
        lookup_targets_as_trainable: bool = True,
        normalize_stored_pattern: bool = True,
        normalize_stored_pattern_affine: bool = True,
        normalize_state_pattern: bool = True,
        normalize_state_pattern_affine: bool = True,
        normalize_pattern_projection: bool = True,
        normalize_pattern_projection_affine: bool = True,
        normalize_hopfield_space: bool = False,
        normalize_hopfield_space_affine: bool = False,
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
        quantity: int = 1,
        trainable: bool = True,
        legacy_scaling: bool = False,
    ) -> None:
        super().__init__()
        self.hopfield = Hopfield(
            input_size=input_size,
            hidden_size=hidden_size,
            output_size=output_size,
            pattern_size=pattern_size,
            num_heads=num_heads,
            scaling=scaling,
            update_steps_max=update_steps_max,
            update_steps_eps=update_steps_eps,
            normalize_stored_pattern=normalize_stored_pattern,
            normalize_stored_pattern_affine=normalize_stored_pattern_affine,
            normalize_state_pattern=normalize_state_pattern,
            normalize_state_pattern_affine=normalize_state_pattern_affine,
            normalize_pattern_projection=normalize_pattern_projection,
            normalize_pattern_projection_affine=normalize_pattern_projection_affine,
            normalize_hopfield_space=normalize_hopfield_space,
            normalize_hopfield_space_affine=normalize_hopfield_space_affine,
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
            legacy_scaling=legacy_scaling,
        )
        self.options, self._quantity = self.hopfield.options, quantity
        shape = (1, quantity) if batch_first else (quantity, 1)
        width = (self.hidden_size if stored_pattern_as_static else self.stored_pattern_dim) or input_size
        self.lookup_weights = own_patterns("quantity", shape, width, trainable)
        self.target_weights: nn.Parameter | None = None
        if lookup_weights_as_separated:
            width = pattern_projection_size or width
            self.target_weights = own_patterns("quantity", shape, width, lookup_targets_as_trainable)

    def reset_parameters(self, *, generator: torch.Generator | None = None) -> None:
        """Start again: patterns and weights from N(0, 0.02^2)."""
        self.hopfield.reset_parameters(generator=generator)
        for own in (self.lookup_weights, self.target_weights):
            if own is not None:
                nn.init.normal_(own, std=0.02, generator=generator)

    def forward(
        self,
        input: Tensor,
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """Give what the states `input` (B, L, .) find; masks as for `Hopfield.forward`, with S = quantity."""
        found: Tensor = self.hopfield(self._patterns(input), stored_pattern_padding_mask, association_mask)
        return found

    def get_association_matrix(
        self,
        input: Tensor,
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """Give the weights of the last read, (B, H, L, quantity); see `Hopfield.get_association_matrix`."""
        patterns = self._patterns(input)
        return self.hopfield.get_association_matrix(patterns, stored_pattern_padding_mask, association_mask)

    def get_projected_pattern_matrix(
        self,
        input: Tensor,
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """Give the values that are read, (B, H, quantity, p); see `Hopfield.get_projected_pattern_matrix`."""
        patterns = self._patterns(input)
        return self.hopfield.get_projected_pattern_matrix(patterns, stored_pattern_padding_mask, association_mask)

    def _patterns(self, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.lookup_weights, state, self.lookup_weights if self.target_weights is None else self.target_weights

    @property
    def quantity(self) -> int:
        """How many patterns the layer has of its own."""
        return self._quantity

    @property
    def scaling(self) -> float | Tensor:
        """Beta: a number, or the tensor that is trained, moved and saved with the layer."""
        return self.hopfield.scaling

    @property
    def update_steps_max(self) -> int | Tensor | None:
        """How many updates a state gets; None or negative: until it is at rest."""
        return self.hopfield.update_steps_max

    @property
    def update_steps_eps(self) -> float | Tensor:
        """How far a state may move and still be at rest."""
        return self.hopfield.update_steps_eps
