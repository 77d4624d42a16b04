"""Generators by purpose."""

import torch

from hybridattn.running import seeded


def test_seeds_depend_on_seed_and_purpose_alone():
    drawn = [torch.rand(4, generator=seeded(*words)).tolist() for words in [(0, "a", 1), (0, "a", 2), (1, "a", 1)]]
    torch.rand(1)
    assert drawn[0] == torch.rand(4, generator=seeded(0, "a", 1)).tolist()
    assert drawn[0] != drawn[1] != drawn[2] != drawn[0]
    # SHA-256 of '[0, "a", 1]', so the same on every machine
    assert seeded(0, "a", 1).initial_seed() % 2**64 == 0x94916ADEFF460563
