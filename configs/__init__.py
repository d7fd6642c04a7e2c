"""YAML data only: tasks, experiments and sweeps."""
