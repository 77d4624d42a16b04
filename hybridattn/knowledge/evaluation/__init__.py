"""Benchmarks of reasoning, one file each."""
