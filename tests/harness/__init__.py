"""Real servers for tests: a gateway in its own process, the sandbox provider in a thread, people and publishing."""
