"""The parts of the benchmark: each module has one `measure(data, disputed)`."""
