"""A receiver in a process of its own, for another network: prints when each packet came, and of which source.

`python rtp_listener.py GROUP PORT`; the time is the machine's monotonic one.
"""

from __future__ import annotations

import socket
import struct
import sys
import time


def main(group: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        end.bind((group, port))
        end.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton("127.0.0.1"))
        print("ready", flush=True)
        while True:
            packet = end.recv(2048)
            (source,) = struct.unpack_from(">I", packet, 8)
            print(time.monotonic(), source, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
