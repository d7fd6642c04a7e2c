"""Deep-network accelerators, priced early: with the answers of Timeloop and Accelergy, and with those of MAESTRO."""
