"""Learning from a replay buffer: what RLlib's new stack lacks, on the same sampler, states and milestones as PPO."""
