"""Builds components of Python apps: `python -m innkeeper_build app -o my-app.wasm`. Runs on your machine."""
