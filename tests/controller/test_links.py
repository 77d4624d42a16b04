"""Links: what was read becomes the next query, by hand-calculated values and an independent gate."""

import math

import pytest
import torch
from torch import Tensor

from hybridattn.controller import Carried, Gated, QueryLink, Replace, Residual
from hybridattn.errors import ShapeError

QUERY, VALUE = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), torch.tensor([[7.0, 8.0], [9.0, 10.0]])


def numbers(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64)


def gated(dim: int) -> Gated:
    return Gated(dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def carried(dim: int) -> Carried:
    return Carried(dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


ALL = [Replace(), Replace(numbers(2)), Residual(), gated(3), carried(3)]
names = pytest.mark.parametrize("link", ALL, ids=["replace", "replace-cue", "residual", "gated", "carried"])


def test_replace_keeps_the_cue() -> None:
    assert Replace()(QUERY, VALUE).tolist() == [[7, 8, 3], [9, 10, 6]]


def test_replace_by_a_whole_value() -> None:
    assert Replace()(QUERY, -QUERY).tolist() == (-QUERY).tolist()


def test_replace_with_a_cue_of_its_own_may_change_the_width() -> None:
    assert Replace(torch.tensor([-1.0, -2.0]))(QUERY, VALUE).tolist() == [[7, 8, -1, -2], [9, 10, -1, -2]]
    assert Replace(torch.empty(0))(QUERY, VALUE).tolist() == VALUE.tolist()


def test_the_cue_of_replace_is_state() -> None:
    cue = torch.tensor([5.0])
    assert Replace(cue).state_dict()["cue"].tolist() == [5]
    assert Replace(cue).double()(QUERY.double(), VALUE.double()).dtype == torch.float64


def test_residual_adds_to_the_leading_part() -> None:
    assert Residual()(QUERY, VALUE).tolist() == [[8, 10, 3], [13, 15, 6]]


def test_carried_by_hand() -> None:
    link = Carried(2)
    with torch.no_grad():
        link.weight.copy_(torch.tensor([[1.0, 2.0], [0.0, -1.0]]))  # H q, not H^T q
    assert link(QUERY[:1], VALUE[:1]).tolist() == [[1 + 4 + 7, -2 + 8, 3]]


def test_carried_begins_near_residual() -> None:
    link = Carried(400, generator=torch.Generator().manual_seed(1))
    noise = (link.weight - torch.eye(400)).detach()
    assert float(noise.std()) == pytest.approx(0.1 / 20, rel=0.02)
    with pytest.raises(ShapeError, match="value must end in dim=400; got shape"):
        link(QUERY, VALUE)


def test_gated_by_hand() -> None:
    link = Gated(2)
    with torch.no_grad():
        link.weight.copy_(torch.tensor([[0.0, 0.0], [1.0, 0.5]]))  # not symmetric: W q, not W^T q
        link.bias.copy_(torch.tensor([math.log(3.0), -2.0]))
    # t = (sigmoid(log 3), sigmoid(1 + 1 - 2)) = (3/4, 1/2)
    assert link(QUERY[:1], VALUE[:1])[0].tolist() == pytest.approx([0.75 * 7 + 0.25, 0.5 * 8 + 0.5 * 2, 3])


def test_gated_component_by_component() -> None:
    link, query, value = gated(3).requires_grad_(False), numbers(2, 4, 5), numbers(2, 4, 3)
    found = link(query, value)
    for i in range(2):
        for j in range(4):
            for a in range(3):
                drive = sum(float(link.weight[a, b]) * float(query[i, j, b]) for b in range(3)) + float(link.bias[a])
                gate = 1 / (1 + math.exp(-drive))
                expected = gate * float(value[i, j, a]) + (1 - gate) * float(query[i, j, a])
                assert float(found[i, j, a]) == pytest.approx(expected, abs=1e-12)
    assert torch.equal(found[..., 3:], query[..., 3:])


def test_an_open_gate_replaces_and_a_shut_gate_keeps() -> None:
    link = gated(2)
    for bias, expected in ((200.0, Replace()(QUERY, VALUE)), (-200.0, QUERY)):
        torch.nn.init.constant_(link.bias, bias)
        torch.testing.assert_close(link(QUERY.double(), VALUE.double()), expected.double())


def test_gated_starts_where_its_generator_says() -> None:
    one, other = gated(64), gated(64)
    assert torch.equal(one.weight, other.weight)
    assert one.bias.tolist() == [0] * 64
    assert float(one.weight.detach().var()) == pytest.approx(1 / 64, rel=0.15)


@names
@pytest.mark.parametrize("lead", [(), (4,), (2, 1, 3)])
def test_leading_axes_pass_through(link: QueryLink, lead: tuple[int, ...]) -> None:
    query, value = numbers(*lead, 5), numbers(*lead, 3)
    found = link(query, value)
    assert found.shape == (*lead, 5)
    rows = [link(one, two) for one, two in zip(query.reshape(-1, 5), value.reshape(-1, 3), strict=True)]
    torch.testing.assert_close(found.reshape(-1, 5), torch.stack(rows))


@names
def test_gradcheck(link: QueryLink) -> None:
    query, value = numbers(2, 5).requires_grad_(), numbers(2, 3).requires_grad_()
    assert torch.autograd.gradcheck(link, (query, value))


def test_gradcheck_of_the_gate() -> None:
    link, query, value = gated(3), numbers(2, 5), numbers(2, 3)

    def run(weight: Tensor, bias: Tensor) -> Tensor:
        out = torch.func.functional_call(link, {"weight": weight, "bias": bias}, (query, value))
        assert isinstance(out, Tensor)
        return out

    assert torch.autograd.gradcheck(run, (numbers(3, 3).requires_grad_(), numbers(3).requires_grad_()))


@pytest.mark.parametrize("link", [Replace(), Residual(), Gated(3)])
def test_a_value_wider_than_the_query(link: QueryLink) -> None:
    with pytest.raises(ShapeError, match=r"value must not be wider than the query; got 3 > 2"):
        link(torch.ones(2), torch.ones(3))


def test_a_gate_of_another_width() -> None:
    with pytest.raises(ShapeError, match=r"value must end in dim=4; got shape \(2, 2\)"):
        Gated(4)(QUERY, VALUE)
