"""Layers of environments: the metaclass that looks through them and the base class of every wrapper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

__all__ = ["EnvMeta", "Wrapper", "WrapperSpec"]


class EnvMeta(type):
    """Makes ``isinstance(env, X)`` true if ``env`` or any environment it wraps is an instance of ``X``."""

    def __instancecheck__(cls, instance: Any) -> bool:
        while not super().__instancecheck__(instance):
            layer = getattr(instance, "__dict__", {}).get("env")
            if layer is None:
                return False
            instance = layer
        return True


class Wrapper(metaclass=EnvMeta):
    """A layer around an environment; what it does not define itself is looked up in the layer below."""

    def __init__(self, env: Any) -> None:
        self.env = env

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "env":
            raise AttributeError(
                f"{type(self).__name__!r} has no attribute {name!r}; private names are not passed through"
            )
        return getattr(self.env, name)

    @property
    def unwrapped(self) -> Any:
        """The innermost environment."""
        return self.env.unwrapped

    def reset(self, **kwargs: Any) -> Any:
        """Begin an episode; ``seed`` reseeds the innermost environment first."""
        return self.env.reset(**kwargs)

    def step(self, action: Any) -> Any:
        """One step: observation, reward, done, infos."""
        return self.env.step(action)

    def close(self) -> None:
        """Close the window of the innermost environment, if there is one."""
        self.env.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    def load_config(self, config: Any = None) -> None:
        """Rebuild the innermost environment from ``config``, then every layer's own tables up to this one (Q41)."""
        self.env.load_config(config)
        self.refresh()

    def refresh(self) -> None:
        """Rebuild what this layer derived from the configuration."""

    def description(self) -> str:
        """Return the parameters between the brackets after the layer's name, or an empty text."""
        return ""

    def __str__(self) -> str:
        """Nested names, and the sizes once: ``<Outer<Inner<Base>>(4 cameras, 8 targets, 9 obstacles)>``."""
        base, _, sizes = str(self.unwrapped).rpartition("(")
        layers: list[Wrapper] = [self]
        while isinstance(below := layers[-1].env, Wrapper) and below is not self.unwrapped:
            layers.append(below)
        for layer in reversed(layers):
            base = f"{type(layer).__name__}{layer.description()}<{base}>"
        return f"<{base}({sizes}>"

    def __repr__(self) -> str:
        return str(self)


class WrapperSpec:
    """A wrapper and its arguments, to be applied later: ``WrapperSpec(DiscreteCamera, levels=5)(env)``.

    Raises AssertionError unless ``wrapper`` is callable.
    """

    def __init__(self, wrapper: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        assert callable(wrapper), f"a wrapper is called with an environment; {wrapper!r} cannot be called"
        self.wrapper = wrapper
        self.args: tuple[Any, ...] = args
        self.kwargs: Mapping[str, Any] = kwargs

    def __call__(self, env: Any) -> Any:
        return self.wrapper(env, *self.args, **self.kwargs)

    def __repr__(self) -> str:
        arguments = [*map(repr, self.args), *(f"{name}={value!r}" for name, value in self.kwargs.items())]
        return f"WrapperSpec({', '.join([getattr(self.wrapper, '__name__', repr(self.wrapper)), *arguments])})"
