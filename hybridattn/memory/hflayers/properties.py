"""The properties by which the three layers tell how they were made."""

from abc import abstractmethod

from torch import Tensor, nn

from hybridattn.memory.hflayers.arguments import Options

__all__ = ["Properties"]


class Properties(nn.Module):
    """Reads every property of hflayers from the options; sizes are None where no parameter fixes them."""

    options: Options

    @property
    @abstractmethod
    def scaling(self) -> float | Tensor:
        """Beta: a number, or the tensor that is trained, moved and saved with the layer."""

    @property
    @abstractmethod
    def update_steps_max(self) -> int | Tensor | None:
        """How many updates a state gets; None or negative: until it is at rest."""

    @property
    @abstractmethod
    def update_steps_eps(self) -> float | Tensor:
        """How far a state may move and still be at rest."""

    @property
    def batch_first(self) -> bool:
        """Whether the first axis counts samples."""
        return self.options.batch_first

    @property
    def stored_pattern_dim(self) -> int | None:
        """Width of stored patterns."""
        return self.options.stored_dim

    @property
    def state_pattern_dim(self) -> int | None:
        """Width of state patterns."""
        return self.options.state_dim

    @property
    def pattern_projection_dim(self) -> int | None:
        """Width of pattern projections."""
        return self.options.projection_dim

    @property
    def input_size(self) -> int | None:
        """Width of state patterns."""
        return self.options.state_dim

    @property
    def hidden_size(self) -> int | None:
        """Width of queries and keys of one head."""
        return self.options.head_dim

    @property
    def output_size(self) -> int | None:
        """Width of the output projection, also where it is disabled."""
        return self.options.out_dim

    @property
    def pattern_size(self) -> int | None:
        """Width of the values of one head."""
        return self.options.pattern_dim

    @property
    def stored_pattern_as_static(self) -> bool:
        """Whether stored patterns are taken as they are."""
        return self.options.stored_pattern_as_static

    @property
    def state_pattern_as_static(self) -> bool:
        """Whether state patterns are taken as they are."""
        return self.options.state_pattern_as_static

    @property
    def pattern_projection_as_static(self) -> bool:
        """Whether pattern projections are taken as they are."""
        return self.options.pattern_projection_as_static

    @property
    def normalize_stored_pattern(self) -> bool:
        """Whether stored patterns are normalised."""
        return self.options.normalize_stored_pattern

    @property
    def normalize_stored_pattern_affine(self) -> bool:
        """Whether that has weight and bias."""
        return self.options.normalize_stored_pattern_affine

    @property
    def normalize_state_pattern(self) -> bool:
        """Whether state patterns are normalised."""
        return self.options.normalize_state_pattern

    @property
    def normalize_state_pattern_affine(self) -> bool:
        """Whether that has weight and bias."""
        return self.options.normalize_state_pattern_affine

    @property
    def normalize_pattern_projection(self) -> bool:
        """Whether pattern projections are normalised."""
        return self.options.normalize_pattern_projection

    @property
    def normalize_pattern_projection_affine(self) -> bool:
        """Whether that has weight and bias."""
        return self.options.normalize_pattern_projection_affine

    @property
    def normalize_hopfield_space(self) -> bool:
        """Whether queries and keys are normalised, head by head."""
        return self.options.normalize_hopfield_space

    @property
    def normalize_hopfield_space_affine(self) -> bool:
        """Whether that has weight and bias."""
        return self.options.normalize_hopfield_space_affine
