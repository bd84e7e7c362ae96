"""The mathematics of PSRO (policy-space response oracles; Lanctot et al. 2017), without a database."""
