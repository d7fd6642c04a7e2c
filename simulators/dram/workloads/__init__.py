"""Memory traffic for the DRAM simulator: trace files, seeded generators, recordings of real programs."""
