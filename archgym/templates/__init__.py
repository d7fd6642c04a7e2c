"""Skeletons of plug-in packages, filled in by `archgym new`."""
