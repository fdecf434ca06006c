"""The C structures that the batched system calls take, with the sizes and offsets of this machine, of 32 or 64 bits."""

import ctypes


class Vector(ctypes.Structure):
    """struct iovec: where a datagram's octets lie, and how many."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Message(ctypes.Structure):
    """struct msghdr: where a datagram's address and vectors lie."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class Header(ctypes.Structure):
    """struct mmsghdr: a message, and the octets of it that were moved."""

    _fields_ = (("message", Message), ("moved", ctypes.c_uint))
