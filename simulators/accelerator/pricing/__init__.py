"""What the parts of an accelerator cost: energy per access, leakage and area, by technology."""
