"""The measurements: our real processes, a floor in C, and peers, under the same load."""
