"""The parts of the benchmark: what is measured, each beside a floor in the same run."""
