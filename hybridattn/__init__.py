"""Associative memory you can question: attention, Hopfield and Hebbian memory, and a logic that checks every hop.

Every public name of every room is a name of this package too, and is imported from its room when it is asked for: so
`import hybridattn` is quick, and whoever uses the logic alone never loads torch. The names of `hybridattn.experiments`
and `hybridattn.memory.hflayers` stay in their rooms.

>>> from hybridattn import ShapeError
>>> ShapeError.__module__
'hybridattn.errors'
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what a type checker sees; the tests hold `_NAMES` to the same
    from hybridattn.attention import *  # noqa: F403
    from hybridattn.controller import *  # noqa: F403
    from hybridattn.errors import *  # noqa: F403
    from hybridattn.knowledge import *  # noqa: F403
    from hybridattn.memory import *  # noqa: F403
    from hybridattn.reasoning import *  # noqa: F403
    from hybridattn.trace import *  # noqa: F403
    from hybridattn.view import *  # noqa: F403

__version__ = "0.1.0"

_NAMES = {
    "errors": (
        "AmbiguousTermError",
        "ArgumentError",
        "ConvergenceError",
        "DerivationError",
        "FactsError",
        "HybridAttnError",
        "MemoryFileError",
        "NarseseError",
        "NotFiniteError",
        "ShapeError",
        "SlotError",
        "UnknownTermError",
    ),
    "trace": (
        "Hop",
        "Link",
        "Trace",
    ),
    "attention": (
        "Bilinear",
        "Cosine",
        "Dot",
        "Entmax",
        "Epanechnikov",
        "Exponential",
        "Factored",
        "Hard",
        "Headed",
        "KSubsets",
        "LearnedEntmax",
        "Linear",
        "LogSumReLU",
        "Margined",
        "MeanShift",
        "NegativeManhattan",
        "NegativeSquaredEuclidean",
        "Normmax",
        "Power",
        "Proportional",
        "Read",
        "RectifiedPower",
        "ScaledDot",
        "Separation",
        "Similarity",
        "Softmax",
        "Sparsemax",
        "TopSoftmax",
        "read",
    ),
    "memory": (
        "Activation",
        "Addressable",
        "Agreement",
        "Asynchronous",
        "Beta",
        "BidirectionalMemory",
        "BinaryActivity",
        "Bipolar",
        "BipolarActivity",
        "Choice",
        "CodebookMemory",
        "Coding",
        "Comparison",
        "ComponentRule",
        "ConstantRate",
        "DPFP",
        "DecayingRate",
        "DecorrelatedOverlap",
        "DeltaMemory",
        "Drop",
        "EluPlusOne",
        "Energetic",
        "Erasable",
        "EvidenceRule",
        "Evidential",
        "Expectation",
        "FeatureMap",
        "Flips",
        "GatedDeltaMemory",
        "GradedActivity",
        "Gradient",
        "Hebb",
        "HebbianMemory",
        "HopfieldNetwork",
        "Identity",
        "Implicit",
        "Induction",
        "LearningRate",
        "LearningRule",
        "LinearAttentionMemory",
        "Memory",
        "OjaMemory",
        "OjaSubspace",
        "Overlap",
        "PlainFeatures",
        "PlainOverlap",
        "ProductKeyMemory",
        "PseudoInverse",
        "Readout",
        "Record",
        "Sanger",
        "Scan",
        "Selective",
        "SequenceMemory",
        "Settled",
        "SettledPair",
        "Settling",
        "Sign",
        "SlotMemory",
        "Sparse",
        "SparseDistributedMemory",
        "Sphere",
        "Storkey",
        "Synchronous",
        "UnitCoding",
        "UnitNorm",
        "UnitUpdate",
        "Unlearning",
        "Unrolled",
        "WinnersTakeAll",
        "delta_rule",
        "delta_rule_loop",
        "dense_associative_memory",
        "entmax_hopfield",
        "epanechnikov_memory",
        "exponential_memory",
        "exponential_sequence",
        "gated_delta_rule",
        "gated_delta_rule_loop",
        "hetero_associative",
        "linear_attention",
        "linear_attention_loop",
        "load",
        "mean_shift",
        "modern_hopfield",
        "nearest_neighbour",
        "polynomial_sequence",
        "pseudo_inverse_sequence",
        "save",
        "sparse_hopfield",
    ),
    "controller": (
        "Beam",
        "Converged",
        "Gated",
        "Halt",
        "Level",
        "Mixture",
        "Mode",
        "MultilevelAttention",
        "Plan",
        "QueryLink",
        "Reached",
        "Replace",
        "Residual",
        "Walk",
    ),
    "reasoning": (
        "Atom",
        "Compound",
        "Conclusion",
        "Conclusions",
        "Derivation",
        "Fact",
        "Inference",
        "Judgement",
        "Rule",
        "Sentence",
        "Statement",
        "Term",
        "Truth",
        "Variable",
        "apply_rule",
        "canonical",
        "closure",
        "derive",
        "explain",
        "graph",
        "inheritance",
        "overlaps",
        "parse_sentence",
        "parse_term",
        "product",
        "read_sentences",
        "replay",
        "substitute",
        "truth",
        "variables",
    ),
    "knowledge": (
        "Answer",
        "Answers",
        "Encoder",
        "FactMemory",
        "Incoherent",
        "Lexicon",
        "SymbolCodes",
        "statements",
    ),
    "experiments": (),
    "view": (
        "check_path",
        "described",
        "explained",
        "graphml",
        "node_link",
        "page",
        "terminal",
        "write_text",
    ),
}
"""The rooms, and what each has in its `__all__`; of `experiments` only the room itself is a name here."""

_ROOM_OF = {name: room for room, names in _NAMES.items() for name in names}

if not TYPE_CHECKING:  # a checker that saw `__getattr__` would believe in every name

    def __getattr__(name: str) -> object:
        if name in _NAMES:
            return import_module(f"hybridattn.{name}")
        if name in _ROOM_OF:
            return getattr(import_module(f"hybridattn.{_ROOM_OF[name]}"), name)
        raise AttributeError(f"module 'hybridattn' has no attribute {name!r}", name=name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *_NAMES, *_ROOM_OF})
