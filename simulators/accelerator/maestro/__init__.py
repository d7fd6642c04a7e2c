"""MAESTRO's cost model: a layer, a dataflow of directives and an array of PEs give cycles, accesses and energy."""
