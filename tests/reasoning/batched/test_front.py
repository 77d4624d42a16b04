"""The Pareto front against its definition, over all pairs of rows."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from hybridattn.reasoning.batched.front import pareto

LEVEL = st.integers(0, 4).map(lambda step: step / 4)
ROWS = st.lists(st.tuples(st.integers(0, 2), LEVEL, LEVEL, st.integers(0, 3)), max_size=16)


def dominates(one: tuple[int, float, float, int], other: tuple[int, float, float, int]) -> bool:
    return one[0] == other[0] and one[1] >= other[1] and one[2] >= other[2] and one[3] & ~other[3] == 0


@given(ROWS, st.integers(1, 5))
def test_what_nothing_dominates_is_kept_up_to_the_width(rows: list[tuple[int, float, float, int]], width: int) -> None:
    front: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        rivals = [(at, other) for at, other in enumerate(rows) if at != place and dominates(other, row)]
        if all(dominates(row, other) and at > place for at, other in rivals):  # its equals come after it
            front.setdefault(row[0], []).append(place)
    for places in front.values():
        places.sort(key=lambda place: (-rows[place][2], -rows[place][1], rows[place][3], place))
    key, bits = (torch.tensor([row[at] for row in rows], dtype=torch.int64) for at in (0, 3))
    frequency, confidence = (torch.tensor([row[at] for row in rows], dtype=torch.float64) for at in (1, 2))
    chosen = pareto(key, frequency, confidence, bits[:, None], width=width)
    assert chosen.kept.nonzero().squeeze(1).tolist() == sorted(at for places in front.values() for at in places[:width])
    assert chosen.cut.tolist() == sorted(of for of, places in front.items() if len(places) > width)
