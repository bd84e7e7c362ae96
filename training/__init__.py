"""Reinforcement learning of agents with RLlib, on experience from the batched engine. Runs in a process of its own."""
