"""Synthetic memory traffic: each generator is one function, its options are declared in `parameters`."""
