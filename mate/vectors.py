"""A vector in the plane that knows its length, its angle in degrees, and where it starts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mate.geometry import arctan2_deg, normalize_angle, polar2cartesian

__all__ = ["Vector2D"]


class Vector2D:
    """A vector given by its components, or by its length and angle (degrees, counter-clockwise from east).

    Raises ValueError unless ``vector`` or both ``norm`` and ``angle`` are given. Comparison with ``==`` compares the
    angles alone (Q56).
    """

    __slots__ = ("_angle", "_norm", "_vector", "origin")
    __hash__ = None  # type: ignore[assignment]  # equal vectors may differ in length

    def __init__(
        self,
        vector: ArrayLike | Vector2D | None = None,
        norm: float | None = None,
        angle: float | None = None,
        origin: ArrayLike | None = None,
    ) -> None:
        self.origin: np.ndarray | None = None if origin is None else np.asarray(origin, np.float64)
        self._vector: np.ndarray | None = None
        self._norm: float | None = None
        self._angle: float | None = None
        if vector is not None:
            self.vector = vector
        elif norm is not None and angle is not None:
            self._angle = float(normalize_angle(angle))
            self.norm = norm
        else:
            raise ValueError("Vector2D needs its components (vector=...), or both norm=... and angle=...")

    @property
    def vector(self) -> np.ndarray:
        """The (2,) components."""
        if self._vector is None:
            assert self._norm is not None and self._angle is not None
            self._vector = polar2cartesian(self._norm, self._angle)
        return self._vector

    @vector.setter
    def vector(self, value: ArrayLike | Vector2D) -> None:
        self._vector = np.array(value, np.float64).reshape(2)
        self._norm = self._angle = None

    @property
    def x(self) -> float:
        return float(self.vector[0])

    @property
    def y(self) -> float:
        return float(self.vector[1])

    @property
    def norm(self) -> float:
        """The length. Setting it keeps the angle; a negative length turns the vector round."""
        if self._norm is None:
            self._norm = float(np.hypot(self.vector[0], self.vector[1]))
        return self._norm

    @norm.setter
    def norm(self, value: float) -> None:
        angle = self.angle
        self._angle = angle if value >= 0.0 else float(normalize_angle(angle + 180.0))
        self._norm = abs(float(value))
        self._vector = None

    @property
    def angle(self) -> float:
        """The direction in degrees. Setting it wraps the value to [-180, 180) and keeps the length."""
        if self._angle is None:
            self._angle = float(arctan2_deg(self.vector[1], self.vector[0]))
        return self._angle

    @angle.setter
    def angle(self, value: float) -> None:
        self._norm = self.norm
        self._angle = float(normalize_angle(value))
        self._vector = None

    @property
    def endpoint(self) -> np.ndarray:
        """The end of the vector: its origin, (0, 0) if it has none, plus its components."""
        return self.vector.copy() if self.origin is None else self.origin + self.vector

    @endpoint.setter
    def endpoint(self, value: ArrayLike) -> None:
        end = np.asarray(value, np.float64)
        self.vector = end if self.origin is None else end - self.origin

    def copy(self) -> Vector2D:
        return Vector2D(vector=self.vector, origin=None if self.origin is None else self.origin.copy())

    def __add__(self, other: ArrayLike | Vector2D) -> Vector2D:
        return Vector2D(vector=self.vector + np.asarray(other, np.float64), origin=self.origin)

    def __sub__(self, other: ArrayLike | Vector2D) -> Vector2D:
        return Vector2D(vector=self.vector - np.asarray(other, np.float64), origin=self.origin)

    def __mul__(self, factor: float) -> Vector2D:
        return Vector2D(vector=self.vector * float(factor), origin=self.origin)

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Vector2D:
        return Vector2D(vector=self.vector / float(divisor), origin=self.origin)

    def __imul__(self, factor: float) -> Vector2D:
        self.vector = self.vector * float(factor)
        return self

    def __pos__(self) -> Vector2D:
        return self.copy()

    def __neg__(self) -> Vector2D:
        return self * -1.0

    def __eq__(self, other: Any) -> bool:
        return self.angle == other.angle if isinstance(other, Vector2D) else NotImplemented

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.vector, dtype=dtype)

    # NumPy scalars and arrays on the left must not spread the operation over this object's components.
    __array_ufunc__ = None

    def __repr__(self) -> str:
        return f"Vector2D(norm={self.norm:g}, angle={self.angle:g}, origin={self.origin})"
