"""What tests and benchmarks both stand on: a server, people over HTTP, the eight steps, and markets."""
