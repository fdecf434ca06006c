"""What bench_ship.py measures: agents, collectors and grpcio's ends, each in a process of its own."""
