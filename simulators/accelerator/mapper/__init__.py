"""The search for a good mapping of each layer: part of what one evaluation of an accelerator is."""
