"""Records the DRAM traffic of a real program: valgrind's memory trace behind a simulated cache hierarchy."""
