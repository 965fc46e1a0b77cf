"""Builds components of Python apps, on your machine: `python -m innkeeper_build app -o a.wasm`."""
