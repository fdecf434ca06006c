"""The shell: parses what was typed, composes the rooms, prints, and says by its exit code how it went.

The only room that calls ``trio.run``.

I/O: agent, agent_looking, app, ask, bench, bugs, campaign, collector, collector_agents, collector_devices,
collector_entities, collector_jobs, collector_place, collector_settings, collector_tokens, collector_upkeep,
credentials, delivery, demo, destination, devices, edge, folders, formats, grammar, interrupt, journal, knowledge, live,
logs, measuring, memory, opening, parts, planning, previous, read, record, salvage, scan, sim, sweep, trying, ways,
words, worker.
"""

from ptscan.cli.edge import command, main

__all__ = ["command", "main"]
