"""Training: agents made here, by RLlib, from the batched engine's experience. Runs in a process of its own."""
