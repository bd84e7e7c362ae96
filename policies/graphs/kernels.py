"""Functions of graphs' operators that NumPy would compute differently on another processor or in another position.

NumPy's additions, multiplications, divisions and square roots of float32 are exactly rounded everywhere, hence used as
they are. Its exponentials depend on the processor and its sums on the layout in memory. Here both are sequences of
float64 operations in a fixed order, rounded once, without calls of a mathematics library.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mate.compilation import kernel, part
from policies.kernels import accumulate_product, sigmoid, tanh

_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10  # their sum is ln 2 to 90 bits
_HALF_PI_HIGH, _HALF_PI_LOW = 1.5707963267341256, 6.077100506506192e-11
_TWO_OVER_ROOT_PI = 1.1283791670955126

EXP, LOG, TANH, SIGMOID, ERF, SOFTPLUS, SIN, COS, ELU, GELU = range(10)
SUM, PRODUCT, SQUARES = range(3)


def as_real(value: Any) -> np.ndarray:
    """Return a value as the contiguous, writable float32 array that kernels are compiled for."""
    array = np.ascontiguousarray(value, np.float32)
    return array if array.flags.writeable else array.copy()


def add_product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """Add ``a @ b`` to ``out``, (R, K), (K, J), (R, J). Raises ValueError for other shapes: kernels check no bounds."""
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0] or out.shape != (a.shape[0], b.shape[1]):
        raise ValueError(f"a product of the shapes {a.shape} and {b.shape} cannot be added to {out.shape}")
    accumulate_product(a, b, out)


@part
def exp(x):
    """Exponential to within 1e-15: reduction by multiples of ln 2, then Taylor's series to its fourteenth term."""
    if x > 709.0:
        return math.inf
    if x < -745.0:
        return 0.0
    count = math.floor(x * _LOG2_E + 0.5)
    r = (x - count * _LN2_HIGH) - count * _LN2_LOW
    total = 1.0
    for n in range(14, 0, -1):
        total = 1.0 + total * r / n
    return math.ldexp(total, int(count))


@part
def log(x):
    """Natural logarithm to within 1e-15: that of the mantissa by the series of artanh."""
    if x <= 0.0:
        return -math.inf if x == 0.0 else math.nan
    if x == math.inf:
        return x
    mantissa, exponent = math.frexp(x)
    if mantissa < 0.7071067811865476:
        mantissa, exponent = mantissa * 2.0, exponent - 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square, total = s * s, 0.0
    for n in range(21, 0, -2):
        total = total * square + 1.0 / n
    return exponent * _LN2_HIGH + (exponent * _LN2_LOW + 2.0 * s * total)


@part
def erf(x):
    """Error function to within 1e-12: its series of positive terms below 2.5, a continued fraction above."""
    z = abs(x)
    if z > 6.0:
        return math.copysign(1.0, x)
    if z < 2.5:
        term, total = z, z
        for n in range(1, 60):
            term *= 2.0 * z * z / (2 * n + 1)
            total += term
        value = _TWO_OVER_ROOT_PI * exp(-z * z) * total
    else:
        fraction = z
        for n in range(40, 0, -1):
            fraction = z + 0.5 * n / fraction
        value = 1.0 - 0.5 * _TWO_OVER_ROOT_PI * exp(-z * z) / fraction
    return math.copysign(value, x)


@part
def sine(x, shift):
    """The sine of x + shift * pi / 2, to within 1e-12 for magnitudes below 1e5."""
    if not abs(x) < 1e8:
        return math.nan
    count = math.floor(x / (_HALF_PI_HIGH + _HALF_PI_LOW) + 0.5)
    r = (x - count * _HALF_PI_HIGH) - count * _HALF_PI_LOW
    quadrant = (int(count) + shift) % 4
    square, total = r * r, 1.0
    if quadrant % 2 == 0:
        for n in range(17, 1, -2):
            total = 1.0 - total * square / (n * (n - 1))
        total *= r
    else:
        for n in range(16, 0, -2):
            total = 1.0 - total * square / (n * (n - 1))
    return -total if quadrant >= 2 else total


@kernel
def map_values(function, values, parameter, out):
    """Apply one of the functions above, by its number, to values (n,), float32; ``parameter`` is ELU's alpha."""
    if function == TANH:  # loops of their own, since the compiler can make vector instructions of them
        for i in range(values.size):
            out[i] = np.float32(tanh(values[i]))
        return
    if function == SIGMOID:
        for i in range(values.size):
            out[i] = np.float32(sigmoid(values[i]))
        return
    for i in range(values.size):
        x = np.float64(values[i])
        y = x
        if math.isnan(x):
            y = x
        elif function == EXP:
            y = exp(x)
        elif function == LOG:
            y = log(x)
        elif function == ERF:
            y = erf(x)
        elif function == SOFTPLUS:
            y = max(x, 0.0) + log(1.0 + exp(-abs(x)))
        elif function == SIN:
            y = sine(x, 0)
        elif function == COS:
            y = sine(x, 1)
        elif function == ELU:
            y = x if x > 0.0 else parameter * (exp(x) - 1.0)
        elif function == GELU:
            y = 0.5 * x * (1.0 + erf(x * 0.7071067811865476))
        out[i] = np.float32(y)


@kernel
def raise_values(base, exponent, out):
    """Powers of base (n,) by exponent (n,), float32: products where the exponent is a small integer."""
    for i in range(base.size):
        x, y = np.float64(base[i]), np.float64(exponent[i])
        if y == math.floor(y) and abs(y) <= 64.0:
            total = 1.0
            for _ in range(int(abs(y))):
                total *= x
            out[i] = np.float32(total if y >= 0.0 else 1.0 / total)
        elif x == 0.0:
            out[i] = np.float32(0.0 if y > 0.0 else math.inf)
        else:
            out[i] = np.float32(exp(y * log(x)))


@kernel
def reduce_rows(function, values, out):
    """The sum, product or sum of squares of each row of values (n, m), in ascending order; out (n,) float32."""
    for row in range(values.shape[0]):
        total = 1.0 if function == PRODUCT else 0.0
        for j in range(values.shape[1]):
            x = np.float64(values[row, j])
            if function == SUM:
                total += x
            elif function == PRODUCT:
                total *= x
            else:
                total += x * x
        out[row] = np.float32(total)


@kernel
def softmax_rows(values, is_logarithm, out):
    """Softmax, or its logarithm, of each row of values (n, m), float32."""
    for row in range(values.shape[0]):
        highest = -math.inf
        for j in range(values.shape[1]):
            highest = max(highest, np.float64(values[row, j]))
        if highest == -math.inf:
            highest = 0.0
        total = 0.0
        for j in range(values.shape[1]):
            total += exp(np.float64(values[row, j]) - highest)
        shift = highest + log(total)
        for j in range(values.shape[1]):
            x = np.float64(values[row, j])
            out[row, j] = np.float32(x - shift if is_logarithm else exp(x - highest) / total)


@kernel
def normalise_rows(values, epsilon, out):
    """Each row of values (n, m) less its mean, over its standard deviation; float32."""
    for row in range(values.shape[0]):
        width = values.shape[1]
        mean = 0.0
        for j in range(width):
            mean += np.float64(values[row, j])
        mean /= width
        variance = 0.0
        for j in range(width):
            difference = np.float64(values[row, j]) - mean
            variance += difference * difference
        scale = 1.0 / math.sqrt(variance / width + epsilon)
        for j in range(width):
            out[row, j] = np.float32((np.float64(values[row, j]) - mean) * scale)


@kernel
def multiply_each(a, b, out):
    """Add the products of matrices a (n, I, K) and b (n, K, J) to out (n, I, J), float32."""
    for n in range(a.shape[0]):
        accumulate_product(a[n], b[n], out[n])
