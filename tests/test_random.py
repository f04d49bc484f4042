"""The core's random numbers, and its search for rows that are not finite."""

from __future__ import annotations

import numpy as np
import pytest

from fashioncnn._core import first_nonfinite_row, permutation, random_normal, random_uniform


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_first_row_that_is_not_finite_is_found_in_any_layout(dtype, bad):
    array = np.zeros((3000, 5, 6), dtype)
    assert first_nonfinite_row(array) == -1
    array[1234, 3, 5] = array[2900, 0, 0] = bad
    assert first_nonfinite_row(array) == 1234
    assert first_nonfinite_row(array[::-1]) == 99
    assert first_nonfinite_row(array[:, 3:, 1::2]) == 1234
    assert first_nonfinite_row(array[:, :2, 1:]) == -1
    assert first_nonfinite_row(np.asfortranarray(array)) == 1234
    assert first_nonfinite_row(array[:1234]) == -1


def test_integers_and_empty_arrays_have_no_row_that_is_not_finite():
    assert first_nonfinite_row(np.full((3, 4), 255, np.uint8)) == -1
    assert first_nonfinite_row(np.empty((0, 4))) == -1
    assert first_nonfinite_row(np.empty((4, 0))) == -1


def philox(seed: int, stream: int, count: int) -> list[int]:
    """The generator once more, in Python's own integers."""
    words: list[int] = []
    for block in range(-(-count // 4)):
        c = [block & 0xFFFFFFFF, block >> 32, stream & 0xFFFFFFFF, stream >> 32]
        k = [seed & 0xFFFFFFFF, seed >> 32]
        for _ in range(10):
            p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [q >> 32 ^ c[1] ^ k[0], q & 0xFFFFFFFF, p >> 32 ^ c[3] ^ k[1], p & 0xFFFFFFFF]
            k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
        words += c
    return words[:count]


@pytest.mark.parametrize(("seed", "stream"), [(0, 0), (1, 2**40 + 3), (2**64 - 1, 2**64 - 1)])
def test_uniform_and_normal_numbers_are_functions_of_the_generator(seed, stream):
    from statistics import NormalDist

    words = philox(seed, stream, 1001)
    out = np.empty(1001, np.float32)
    random_uniform(out, seed, stream, -2.0, 6.0)
    np.testing.assert_array_equal(out, np.float32([-2 + 8 * (word >> 8) / 2**24 for word in words]))

    normal = NormalDist()
    random_normal(out, seed, stream, 1.0, 3.0)
    ranks = [(word + 0.5) / 2**32 for word in words]
    np.testing.assert_allclose(out, [1 + 3 * normal.inv_cdf(rank) for rank in ranks], rtol=2e-7, atol=1e-9)

    random_normal(out, seed, stream, 1.0, 3.0, truncated=True)
    low, high = normal.cdf(-2), normal.cdf(2)
    expected = [1 + 3 * normal.inv_cdf(low + (high - low) * rank) for rank in ranks]
    np.testing.assert_allclose(out, expected, rtol=2e-7, atol=1e-9)


def test_a_permutation_is_fisher_and_yates_s():
    words = iter(philox(5, 6, 4000))
    expected = list(range(1000))
    for last in range(999, 0, -1):
        mask = 2 ** last.bit_length() - 1
        other = next(word & mask for word in words if word & mask <= last)
        expected[last], expected[other] = expected[other], expected[last]
    assert permutation(1000, 5, 6).tolist() == expected


def test_a_permutation_is_one_and_depends_on_seed_and_stream():
    order = permutation(60000, 1, 2)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), np.arange(60000))
    np.testing.assert_array_equal(order, permutation(60000, 1, 2))
    assert not np.array_equal(order, permutation(60000, 2, 2))
    assert not np.array_equal(order, permutation(60000, 1, 3))
    assert permutation(10, 1, 2).tolist() == [0, 7, 4, 8, 1, 2, 9, 5, 6, 3]
    assert permutation(0, 1, 2).shape == (0,)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda out: random_uniform(out, -1, 0, 0.0, 1.0), ValueError),
        (lambda out: random_uniform(out, 0, 2**64, 0.0, 1.0), ValueError),
        (lambda out: random_uniform(out, 0, 0, 1.0, 0.0), ValueError),
        (lambda out: random_uniform(out, 0, 0, float("nan"), 1.0), ValueError),
        (lambda out: random_uniform(out, 0, 0, 0.0, 1e39), ValueError),
        (lambda out: random_normal(out, 0, 0, 0.0, -1.0), ValueError),
        (lambda out: random_normal(out[::2], 0, 0, 0.0, 1.0), TypeError),
        (lambda out: random_normal(out.astype(np.float64), 0, 0, 0.0, 1.0), TypeError),
        (lambda out: random_normal(list(out), 0, 0, 0.0, 1.0), TypeError),
        (lambda out: random_normal(out, 0.5, 0, 0.0, 1.0), TypeError),
        (lambda out: permutation(-1, 0, 0), ValueError),
    ],
)
def test_wrong_arguments_for_random_numbers_are_refused(call, error):
    with pytest.raises(error):
        call(np.zeros(10, np.float32))
