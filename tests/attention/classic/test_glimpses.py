"""What a glimpse shows, against the pixels themselves and a loop over them."""

import pytest
import torch
from seeding import numbers
from torch import Tensor

from hybridattn import ArgumentError, ShapeError, glimpse


def test_a_glimpse_is_a_patch():
    picture = torch.arange(2 * 5 * 7, dtype=torch.float64).reshape(1, 2, 5, 7)
    middle = torch.tensor([[2 * 3 / 6 - 1, 2 * 1 / 4 - 1]]).double()  # column 3, row 1
    found = glimpse(picture, middle, size=3, scales=2)
    assert found.shape == (1, 2, 2, 3, 3)
    torch.testing.assert_close(found[0, 0], picture[0, :, 0:3, 2:5])
    coarse = torch.zeros(2, 3, 3).double()  # every second pixel; the row above the picture is 0
    coarse[:, 1:] = picture[0, :, [1, 3]][:, :, [1, 3, 5]]
    torch.testing.assert_close(found[0, 1], coarse)


def test_a_glimpse_between_pixels_is_their_mean_and_has_a_slope():
    picture = torch.tensor([[[[1.0, 3.0], [5.0, 9.0]]]]).double()
    place = torch.zeros(1, 2).double().requires_grad_()
    found = glimpse(picture, place, size=1)
    assert found.item() == 4.5
    found.sum().backward()
    # x in [-1, 1] is one pixel: half of the mean rise along a row, and along a column
    assert place.grad.tolist() == [[(2 + 4) / 2 / 2, (4 + 6) / 2 / 2]]


def tent(middle: float, pixel: int) -> float:
    """How much a pixel counts in a linear interpolation at a place; nothing counts from outside of the picture."""
    return max(0.0, 1 - abs(middle - pixel))


def glimpse_by_hand(picture: Tensor, place: list[float], size: int, scale: int) -> Tensor:
    """Sample one channel (height, width) pixel by pixel."""
    height, width = picture.shape
    found = torch.zeros(size, size).double()
    for row in range(size):
        for column in range(size):
            x = (place[0] + 1) / 2 * (width - 1) + (column - (size - 1) / 2) * 2**scale
            y = (place[1] + 1) / 2 * (height - 1) + (row - (size - 1) / 2) * 2**scale
            pixels = [(i, j) for i in range(height) for j in range(width)]
            found[row, column] = sum(tent(y, i) * tent(x, j) * picture[i, j] for i, j in pixels)
    return found


@pytest.mark.parametrize("sides", [(5, 7), (2, 3), (1, 4), (4, 1), (1, 1)])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_glimpse_at_any_place_pixel_by_pixel(sides, size):
    pictures, places = numbers(3, 2, *sides), torch.tensor([[0.3, -0.8], [-1.0, 1.0], [1.2, 0.1]]).double()
    found = glimpse(pictures, places, size=size, scales=4)
    assert found.shape == (3, 4, 2, size, size)
    for b in range(3):
        for scale in range(4):
            for channel in range(2):
                wanted = glimpse_by_hand(pictures[b, channel], places[b].tolist(), size, scale)
                torch.testing.assert_close(found[b, scale, channel], wanted, rtol=0, atol=1e-13)


def test_a_batch_without_pictures_has_no_glimpses():
    assert glimpse(numbers(0, 2, 4, 4), numbers(0, 2), size=3, scales=2).shape == (0, 2, 2, 3, 3)


@pytest.mark.parametrize(
    ("pictures", "places", "sizes", "kind", "said"),
    [
        (
            numbers(1, 1, 2, 2),
            numbers(2, 2),
            {"size": 1},
            ShapeError,
            r"places \(b, 2\); got \(1, 1, 2, 2\) and \(2, 2\)",
        ),
        (numbers(1, 2, 2), numbers(1, 2), {"size": 1}, ShapeError, r"\(b, c, height, width\) .* got \(1, 2, 2\)"),
        (numbers(1, 1, 0, 2), numbers(1, 2), {"size": 1}, ShapeError, r"at least 1; got \(1, 1, 0, 2\)"),
        (numbers(1, 1, 2, 2), numbers(1, 2), {"size": 0}, ArgumentError, "at least 1; got 0 and 1"),
        (numbers(1, 1, 2, 2), numbers(1, 2), {"size": 1, "scales": 0}, ArgumentError, "at least 1; got 1 and 0"),
        (numbers(1, 1, 2, 2), numbers(1, 2).float(), {"size": 1}, ArgumentError, "got torch.float64 and torch.float32"),
        (torch.ones(1, 1, 2, 2).byte(), torch.ones(1, 2).byte(), {"size": 1}, ArgumentError, "floating-point dtype"),
    ],
)
def test_mistakes_are_told(pictures, places, sizes, kind, said):
    with pytest.raises(kind, match=said):
        glimpse(pictures, places, **sizes)
