"""Reinforcement learning of agents with RLlib, on experience from the batched engine, in a process of its own."""
