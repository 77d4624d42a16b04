"""A module whose beta is saved with its state, whatever form it has."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from hybridattn.memory.slots.beta import Beta, is_steep, made, refusal

__all__ = ["Tempered"]


class Tempered(nn.Module):
    """A module with a `beta`: a number, a buffer of any dtype that follows to other devices only, or a Parameter."""

    beta: float | Tensor
    """Inverse temperature: a number, or a tensor that broadcasts with the leading axes of queries."""
    _huge: bool

    def _place_beta(self, beta: float | Tensor | Beta, like: Tensor) -> None:
        """Take a beta to the device of another tensor; ArgumentError unless it is finite and above 0."""
        found = made(beta)
        if isinstance(found, nn.Parameter):
            self.beta = found if found.device == like.device else nn.Parameter(found.data.to(like.device))
        elif isinstance(found, Tensor):
            self.register_buffer("beta", found.detach().clone().to(like.device))
        else:
            self.beta = found
        self._huge = is_steep(found)

    def _steep(self, like: Tensor) -> bool:
        """Tell whether beta may take the scores of queries like this one out of their range."""
        return self._huge or (isinstance(self.beta, Tensor) and like.dtype == torch.float16)

    def _beta_shown(self) -> object:
        if isinstance(self.beta, Tensor) and self.beta.numel() <= 8:
            return self.beta.tolist()
        return Beta.like(self.beta)

    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        buffer = self._buffers.get("beta")
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        if buffer is not None and isinstance(self.beta, Tensor):
            self.beta = buffer.to(self.beta.device)
        return self

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if not isinstance(self.beta, Tensor):
            destination[prefix + "beta"] = torch.tensor(self.beta, dtype=torch.float64)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        _, _, missing, unexpected, errors = rest
        name = f"{prefix}beta"
        theirs = state_dict.get(name)
        wrong = None if theirs is None else refusal(theirs)
        if wrong is not None:
            errors.append(f"{name}: {wrong}")
            return
        super()._load_from_state_dict(state_dict, prefix, *rest)
        if name in unexpected:
            unexpected.remove(name)
        if not isinstance(self.beta, Tensor):
            self._load_number(theirs, name, missing, errors)
        self._huge = is_steep(self.beta)

    def _load_number(self, theirs: Tensor | None, name: str, missing: list[str], errors: list[str]) -> None:
        if theirs is None:
            missing.append(name)
        elif theirs.ndim:
            errors.append(f"size mismatch for {name}: a number cannot take shape {tuple(theirs.shape)}")
        else:
            self.beta = float(theirs)
