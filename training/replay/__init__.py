"""Learning from a replay buffer, which RLlib's new stack lacks, with the sampler, states and milestones of PPO."""
