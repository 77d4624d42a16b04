"""Where the patterns of an experiment come from, and how its queries are spoiled."""

from hybridattn.experiments.patterns.corruption import Corruption, GaussianNoise, Mask, SignFlips
from hybridattn.experiments.patterns.digits import digits
from hybridattn.experiments.patterns.files import patterns_from
from hybridattn.experiments.patterns.images import grey_image
from hybridattn.experiments.patterns.source import Source, gaussian_patterns, sign_patterns, sphere_patterns, tabulated

__all__ = [
    "Corruption",
    "GaussianNoise",
    "Mask",
    "SignFlips",
    "Source",
    "digits",
    "gaussian_patterns",
    "grey_image",
    "patterns_from",
    "sign_patterns",
    "sphere_patterns",
    "tabulated",
]
