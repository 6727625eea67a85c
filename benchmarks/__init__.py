"""What sslzoo costs to run, measured; `python -m benchmarks.throughput`."""
