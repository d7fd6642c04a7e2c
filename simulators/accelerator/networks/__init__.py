"""Networks as lists of layers: those of papers, a user's own, and those in ONNX files."""
