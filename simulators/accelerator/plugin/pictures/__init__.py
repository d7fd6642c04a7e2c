"""Pictures of accelerators; they need matplotlib."""
