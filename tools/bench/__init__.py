"""The benchmarks: each beside its baseline in the same run, printed as a table, kept as JSON."""
