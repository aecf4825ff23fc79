"""Opens a TAP device in each of two network namespaces and starts a command with one as its standard input and the
other as its standard output: ends.py NAMESPACE DEVICE NAMESPACE DEVICE COMMAND..."""

import ctypes
import fcntl
import os
import struct
import sys

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000


def enter(namespace: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}") as file:
        if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {namespace}")


def end(namespace: str, device: str) -> int:
    enter(namespace)
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TAP | IFF_NO_PI))
    return tap


one, other = end(*sys.argv[1:3]), end(*sys.argv[3:5])
os.dup2(one, 0)
os.dup2(other, 1)
os.execv(sys.argv[5], sys.argv[5:])
