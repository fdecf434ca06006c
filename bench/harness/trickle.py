"""Sends a packet of nothing to an address every 20 ms, for ten minutes at most: the background of a real network.

python trickle.py ADDRESS
"""

import socket
import sys
import time

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    for _ in range(30000):
        try:
            sock.sendto(b"", (sys.argv[1], 9))
        except ConnectionRefusedError:
            pass  # nobody listens: as it should be
        time.sleep(0.02)
