"""Where facts are kept: as columns, and as the slots of an associative memory that is made from them."""

from collections.abc import Iterable

import torch
from torch import Tensor

from hybridattn.errors import AmbiguousTermError, NotFiniteError, ShapeError, UnknownTermError
from hybridattn.knowledge.encoder import Encoder, Incoherent, SymbolCodes
from hybridattn.knowledge.lexicon import Lexicon, nearest
from hybridattn.knowledge.sources.rows import Row, atom
from hybridattn.knowledge.table import FactTable
from hybridattn.memory import CodebookMemory
from hybridattn.reasoning import Atom, Term
from hybridattn.reasoning.fact import plain_name

__all__ = ["FactStore"]


class FactStore:
    """The table of facts, the memory that holds both directions of each, and what symbols and words mean.

    Args:
        rows: what was observed.
        encoder: turns symbols into vectors; by default hash codes, which know equal from different and nothing else.
        beta: inverse temperature of a read.
        lexicon: the symbols that each word may mean.
    """

    def __init__(
        self,
        rows: Iterable[Row] = (),
        *,
        encoder: Encoder | None = None,
        beta: float = 100.0,
        lexicon: Lexicon | None = None,
    ) -> None:
        self.encoder: Encoder = SymbolCodes() if encoder is None else encoder
        self.beta = beta
        self.table = FactTable()
        self.lexicon = Lexicon() if lexicon is None else lexicon
        self._cue_codes = SymbolCodes()
        self._entities = torch.empty(0, self.encoder.dim)
        self._memory: CodebookMemory | None = None
        self.table.add(rows)

    @property
    def memory(self) -> CodebookMemory:
        """The associative memory that holds the facts; built when first needed after a change."""
        if self._memory is None:
            if names := list(self.table.symbols)[len(self._entities) :]:
                fresh = _unit(self.encoder.encode(names), self.encoder.dim)
                self._entities = torch.cat([self._entities.to(fresh), fresh])
            relations = [name for cue in self.table.cues for name in (cue, f"{cue} inverse")]
            cues = self._cue_codes.encode(relations).to(self._entities)
            coherence = self.encoder.coherence if isinstance(self.encoder, Incoherent) else 1.0
            bound = max(coherence, self._cue_codes.coherence)
            self._memory = CodebookMemory(self._entities, cues, beta=self.beta, coherence=bound)
            self._memory.write_codes(self._slots().to(self._entities.device))
        return self._memory

    def _slots(self) -> Tensor:
        """Code both directions of every fact: (2 facts, 3) of entity, cue and target."""
        source, cue, target = self.table.coded().unbind(-1)
        symmetric = cue == self.table.cues["<->"]
        forward = torch.stack([source, 2 * cue, target], dim=-1)
        inverse = torch.stack([target, torch.where(symmetric, 2 * cue, 2 * cue + 1), source], dim=-1)
        return torch.stack([forward, inverse], dim=1).reshape(-1, 3)

    def cue(self, cue: str, *, inverse: bool) -> int:
        """Give the place of a relation among the cues; raises UnknownTermError if no fact has it."""
        if cue not in self.table.cues:
            raise UnknownTermError(cue, nearest(cue, self.table.cues), what="relation")
        return 2 * self.table.cues[cue] + (inverse and cue != "<->")

    def symbol(self, term: Term) -> int | None:
        """Give the number of the symbol that a term of a question means, or None if no fact mentions it.

        Raises:
            AmbiguousTermError: the word has several senses.
        """
        number = self.table.symbols.get(str(term))
        if number is not None or not isinstance(term, Atom):
            return number
        senses = self.lexicon.find(term.name)
        if len(senses) > 1:
            raise AmbiguousTermError(term.name, senses)
        return self.table.symbols.get(str(atom(senses[0]))) if senses else None

    def named(self, name: str) -> int:
        """Give the number of the symbol that a name means; raises UnknownTermError or AmbiguousTermError."""
        number = self.symbol(atom(name))
        if number is None:
            raise self.unknown(atom(name))
        return number

    def unknown(self, term: Term) -> UnknownTermError:
        """Make the error for a term that no fact mentions, with the names nearest to it."""
        name = plain_name(term)
        names = {plain_name(known): None for known in self.table.terms} | dict.fromkeys(self.lexicon.senses)
        return UnknownTermError(name, nearest(name, names))


def _unit(vectors: Tensor, dim: int) -> Tensor:
    """Check what an encoder gave, and bring it to norm 1."""
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        raise ShapeError(f"an encoder must give (symbols, dim={dim}) vectors; got shape {tuple(vectors.shape)}")
    norm = vectors.norm(dim=-1, keepdim=True)
    if bool(((norm == 0) | ~norm.isfinite()).any()):
        raise NotFiniteError(f"an encoder must give finite vectors that are not 0; {int((norm == 0).sum())} are 0")
    unit: Tensor = vectors / norm
    return unit
