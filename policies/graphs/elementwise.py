"""Operators that compute each entry by itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from typing import Any

import numpy as np

from policies.graphs import kernels

Values = list[Any]
Attributes = Any

_CAST = {1: np.float32, 6: np.int64, 7: np.int64, 9: np.bool_, 11: np.float32}
"""What ONNX's numbers of types become: all integers are int64, all real numbers float32."""


def _map(function: int, values: Values, attributes: Attributes, parameter: float = 0.0) -> np.ndarray:
    flat = kernels.as_real(values[0]).reshape(-1)
    out = np.empty_like(flat)
    kernels.map_values(function, flat, parameter, out)
    return out.reshape(values[0].shape)


def _binary(function: Callable[..., Any]) -> Callable[[Values, Attributes], Any]:
    return lambda values, attributes: function(values[0], values[1])


def _unary(function: Callable[..., Any]) -> Callable[[Values, Attributes], Any]:
    return lambda values, attributes: function(values[0])


def _all(function: Callable[..., Any]) -> Callable[[Values, Attributes], Any]:
    return lambda values, attributes: reduce(function, values)


def _float(value: float) -> np.float32:
    return np.float32(value)


def divide(values: Values, attributes: Attributes) -> np.ndarray:
    """Quotients; integers are cut off towards zero, as ONNX says."""
    a, b = values
    if a.dtype == np.float32:
        return np.divide(a, b)
    if not np.all(b):
        raise ZeroDivisionError("Div divides integers by zero")
    return np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))


def modulo(values: Values, attributes: Attributes) -> np.ndarray:
    """Remainders: of the divisor's sign, or with ``fmod`` of the dividend's."""
    a, b = values
    if a.dtype != np.float32 and not np.all(b):
        raise ZeroDivisionError("Mod divides integers by zero")
    return np.fmod(a, b) if attributes.get("fmod", 0) else np.mod(a, b)


def power(values: Values, attributes: Attributes) -> np.ndarray:
    """Powers; squares and square roots exactly as products and roots."""
    base, exponent = values[0], np.asarray(values[1], np.float32)
    if exponent.size == 1 and base.dtype == np.float32:
        value = float(exponent.reshape(-1)[0])
        if value == 2.0:
            return base * base
        if value == 0.5:
            return np.sqrt(base)
    shape = np.broadcast_shapes(base.shape, exponent.shape)
    bases = kernels.as_real(np.broadcast_to(base, shape)).reshape(-1)
    exponents = kernels.as_real(np.broadcast_to(exponent, shape)).reshape(-1)
    out = np.empty_like(bases)
    kernels.raise_values(bases, exponents, out)
    return out.reshape(shape).astype(base.dtype)


def clip(values: Values, attributes: Attributes) -> np.ndarray:
    """Values no lower than the first bound and no higher than the second, each of which may be missing."""
    result, *bounds = values
    low, high = [*bounds, None, None][:2]
    result = result if low is None else np.maximum(result, low)
    return result if high is None else np.minimum(result, high)


def cast(values: Values, attributes: Attributes) -> np.ndarray:
    """The values as another type. Raises ValueError for a type that graphs here do not have."""
    wanted = _CAST.get(attributes["to"])
    if wanted is None:
        raise ValueError(f"Cast to the type {attributes['to']} of ONNX; use float32, int64 or bool")
    with np.errstate(invalid="ignore"):
        return np.asarray(values[0]).astype(wanted)


def leaky_relu(values: Values, attributes: Attributes) -> np.ndarray:
    """Negative values times ``alpha``."""
    x = values[0]
    return np.where(x < 0, x * _float(attributes.get("alpha", 0.01)), x)


def hard_sigmoid(values: Values, attributes: Attributes) -> np.ndarray:
    """A line through 1/2 between 0 and 1."""
    alpha, beta = _float(attributes.get("alpha", 0.2)), _float(attributes.get("beta", 0.5))
    return np.clip(values[0] * alpha + beta, _float(0), _float(1))


def hard_swish(values: Values, attributes: Attributes) -> np.ndarray:
    """Values times their ``hard_sigmoid`` of slope 1/6 (Howard et al., ICCV 2019)."""
    return values[0] * np.clip(values[0] * _float(1 / 6) + _float(0.5), _float(0), _float(1))


def elu(values: Values, attributes: Attributes) -> np.ndarray:
    """Exponential linear units (Clevert et al., ICLR 2016)."""
    return _map(kernels.ELU, values, attributes, float(attributes.get("alpha", 1.0)))


def selu(values: Values, attributes: Attributes) -> np.ndarray:
    """Scaled exponential linear units (Klambauer et al., NeurIPS 2017)."""
    alpha, gamma = attributes.get("alpha", 1.6732632423543772), attributes.get("gamma", 1.0507009873554805)
    return _map(kernels.ELU, values, attributes, float(alpha)) * _float(gamma)


def gelu(values: Values, attributes: Attributes) -> np.ndarray:
    """Gaussian error linear units (Hendrycks and Gimpel, 2016), or their approximation by a hyperbolic tangent."""
    if attributes.get("approximate", "none") == "none":
        return _map(kernels.GELU, values, attributes)
    x = values[0]
    inner = _float(0.7978845608028654) * (x + _float(0.044715) * (x * x * x))
    return _float(0.5) * x * (_float(1) + _map(kernels.TANH, [inner], attributes))


def mish(values: Values, attributes: Attributes) -> np.ndarray:
    """Values times the hyperbolic tangent of their softplus (Misra, BMVC 2020)."""
    return values[0] * _map(kernels.TANH, [_map(kernels.SOFTPLUS, values, attributes)], attributes)


ELEMENTWISE: dict[str, Callable[[Values, Attributes], Any]] = {
    "Abs": _unary(np.abs),
    "Add": _binary(np.add),
    "And": _binary(np.logical_and),
    "Cast": cast,
    "Ceil": _unary(np.ceil),
    "Clip": clip,
    "Cos": partial(_map, kernels.COS),
    "Div": divide,
    "Dropout": _unary(np.asarray),
    "Elu": elu,
    "Equal": _binary(np.equal),
    "Erf": partial(_map, kernels.ERF),
    "Exp": partial(_map, kernels.EXP),
    "Floor": _unary(np.floor),
    "Gelu": gelu,
    "Greater": _binary(np.greater),
    "GreaterOrEqual": _binary(np.greater_equal),
    "HardSigmoid": hard_sigmoid,
    "HardSwish": hard_swish,
    "Identity": _unary(np.asarray),
    "IsInf": _unary(np.isinf),
    "IsNaN": _unary(np.isnan),
    "LeakyRelu": leaky_relu,
    "Less": _binary(np.less),
    "LessOrEqual": _binary(np.less_equal),
    "Log": partial(_map, kernels.LOG),
    "Max": _all(np.maximum),
    "Min": _all(np.minimum),
    "Mish": mish,
    "Mod": modulo,
    "Mul": _binary(np.multiply),
    "Neg": _unary(np.negative),
    "Not": _unary(np.logical_not),
    "Or": _binary(np.logical_or),
    "PRelu": lambda values, attributes: np.where(values[0] < 0, values[0] * values[1], values[0]),
    "Pow": power,
    "Reciprocal": lambda values, attributes: _float(1) / values[0],
    "Relu": lambda values, attributes: np.maximum(values[0], values[0].dtype.type(0)),
    "Round": _unary(np.rint),
    "Selu": selu,
    "Sigmoid": partial(_map, kernels.SIGMOID),
    "Sign": _unary(np.sign),
    "Sin": partial(_map, kernels.SIN),
    "Softplus": partial(_map, kernels.SOFTPLUS),
    "Softsign": lambda values, attributes: values[0] / (_float(1) + np.abs(values[0])),
    "Sqrt": _unary(np.sqrt),
    "Sub": _binary(np.subtract),
    "Sum": _all(np.add),
    "Tanh": partial(_map, kernels.TANH),
    "Where": lambda values, attributes: np.where(values[0], values[1], values[2]),
    "Xor": _binary(np.logical_xor),
}
"""By ONNX's name: a function of the inputs and the attributes."""
