"""What the layers are told: every argument of their constructors, checked once, and the sizes that follow from them."""

from dataclasses import dataclass

from hybridattn.errors import ArgumentError

__all__ = ["Options"]

_SIZES = (
    "input_size",
    "hidden_size",
    "output_size",
    "pattern_size",
    "num_heads",
    "stored_pattern_size",
    "pattern_projection_size",
)
_NORMALISED = ("stored_pattern", "state_pattern", "pattern_projection", "hopfield_space")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The arguments of `Hopfield` under their own names, without scaling and steps; what cannot work is refused.

    Widths: d_h of a head (`head_dim`), p of a head's patterns (`pattern_dim`), None where no parameter fixes them.
    """

    input_size: int | None = None
    hidden_size: int | None = None
    output_size: int | None = None
    pattern_size: int | None = None
    num_heads: int = 1
    normalize_stored_pattern: bool = True
    normalize_stored_pattern_affine: bool = True
    normalize_stored_pattern_eps: float = 1e-5
    normalize_state_pattern: bool = True
    normalize_state_pattern_affine: bool = True
    normalize_state_pattern_eps: float = 1e-5
    normalize_pattern_projection: bool = True
    normalize_pattern_projection_affine: bool = True
    normalize_pattern_projection_eps: float = 1e-5
    normalize_hopfield_space: bool = False
    normalize_hopfield_space_affine: bool = False
    normalize_hopfield_space_eps: float = 1e-5
    stored_pattern_as_static: bool = False
    state_pattern_as_static: bool = False
    pattern_projection_as_static: bool = False
    pattern_projection_as_connected: bool = False
    stored_pattern_size: int | None = None
    pattern_projection_size: int | None = None
    batch_first: bool = True
    association_activation: str | None = None
    dropout: float = 0.0
    input_bias: bool = True
    concat_bias_pattern: bool = False
    add_zero_association: bool = False
    disable_out_projection: bool = False

    def __post_init__(self) -> None:
        """Raise ArgumentError for what cannot work, in the words of the constructor."""
        self._check_numbers()
        self._check_normalised()
        self._check_together()

    @property
    def static_only(self) -> bool:
        """Whether nothing is projected or normalised in Hopfield space: no parameter fixes a width."""
        static = self.stored_pattern_as_static and self.state_pattern_as_static and self.pattern_projection_as_static
        bare = self.disable_out_projection and not self.normalize_hopfield_space
        return static and bare and not self.pattern_projection_as_connected

    @property
    def state_dim(self) -> int | None:
        """Width of a state pattern before its projection."""
        return None if self.static_only else self.input_size

    @property
    def stored_dim(self) -> int | None:
        """Width of a stored pattern before its projection."""
        return None if self.static_only else self.stored_pattern_size or self.input_size

    @property
    def projection_dim(self) -> int | None:
        """Width of a pattern projection before its projection."""
        return None if self.static_only else self.pattern_projection_size or self.input_size

    @property
    def head_dim(self) -> int | None:
        """Width d_h of queries and keys of one head."""
        if self.static_only or self.input_size is None:
            return None
        return self.hidden_size or self.input_size // self.num_heads

    @property
    def pattern_dim(self) -> int | None:
        """Width p of the values of one head."""
        return self.pattern_size or self.head_dim

    @property
    def out_dim(self) -> int | None:
        """Width of the output projection."""
        return self.output_size or self.state_dim

    @property
    def packed(self) -> bool:
        """Whether one matrix holds the projections of all three, as in `nn.MultiheadAttention`."""
        same = self.stored_dim == self.projection_dim == self.state_dim
        return same and self.pattern_size is None and not self.pattern_projection_as_connected

    @property
    def extra(self) -> int:
        """How many rows are appended to what is stored."""
        return int(self.concat_bias_pattern) + int(self.add_zero_association)

    def _check_numbers(self) -> None:
        for name in _SIZES:
            size = getattr(self, name)
            if size is not None and size < 1:
                raise ArgumentError(f"{name} must be at least 1; got {size}")
        if not 0 <= self.dropout <= 1:
            raise ArgumentError(f"dropout must be a probability; got {self.dropout}")
        if self.input_size is None and not self.static_only:
            raise ArgumentError("input_size is needed wherever something is projected or normalised; got None")
        if self.head_dim is not None and self.hidden_size is None and (self.input_size or 0) % self.num_heads:
            raise ArgumentError(
                f"num_heads must divide input_size={self.input_size} or come with hidden_size; got {self.num_heads}"
            )

    def _check_normalised(self) -> None:
        for name in _NORMALISED:
            if getattr(self, f"normalize_{name}_affine") and not getattr(self, f"normalize_{name}"):
                raise ArgumentError(f"normalize_{name}_affine needs normalize_{name}, which is False")
        sizes = (self.stored_pattern_size or self.input_size, self.input_size)
        for name, size in zip(_NORMALISED, (*sizes, self.pattern_projection_size or self.input_size), strict=False):
            if getattr(self, f"normalize_{name}") and size is None:
                raise ArgumentError(f"normalize_{name} needs to know a size: give input_size, or switch it off")

    def _check_together(self) -> None:
        if self.concat_bias_pattern and (self.stored_pattern_as_static or self.pattern_projection_as_static):
            raise ArgumentError("concat_bias_pattern needs stored patterns and projections that are not static")
        if not self.pattern_projection_as_connected:
            return
        if self.stored_dim != self.projection_dim:
            sizes = f"{self.stored_dim} and {self.projection_dim}"
            raise ArgumentError(f"pattern_projection_as_connected needs stored and projected of one size; got {sizes}")
        if self.pattern_dim != self.head_dim:
            sizes = f"{self.pattern_dim} and {self.head_dim}"
            raise ArgumentError(f"pattern_projection_as_connected needs pattern_size = hidden_size; got {sizes}")
