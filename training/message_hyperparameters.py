"""Hyperparameters of the algorithms whose members send messages."""

from __future__ import annotations

from training.algorithms import named
from training.hyperparameter import Hyperparameter

TARMAC, I2C = named(network="tarmac"), named(network="i2c")

MESSAGES = (
    Hyperparameter(
        "message_key_size", "network", "integer", "width of the key by which a message is found",
        32, 16, "numbers", 1, 256, algorithms=TARMAC,
    ),
    Hyperparameter(
        "message_value_size", "network", "integer", "width of what a message says",
        32, 16, "numbers", 1, 256, algorithms=TARMAC,
    ),
    Hyperparameter(
        "message_size", "network", "integer", "width of what a member makes of the answers that it got",
        64, 32, "numbers", 1, 1024, algorithms=I2C,
    ),
)  # fmt: skip

PRIOR = (
    Hyperparameter(
        "correlation_coefficient", "learning", "number",
        "weight of the divergence of decisions from those that the joint action values prefer",
        0.01, 0.01, "", 0.0, 1000.0, algorithms=I2C,
    ),
    Hyperparameter(
        "temperature", "learning", "number",
        "difference of joint action values that changes a preference by a factor of e",
        0.1, 0.1, "", 1e-4, 1e4, algorithms=I2C,
    ),
    Hyperparameter(
        "prior_percentile", "learning", "number",
        "percentage of the newest influences of teammates below which a member learns not to ask",
        50.0, 50.0, "%", 0.0, 100.0, algorithms=I2C,
    ),
)  # fmt: skip
