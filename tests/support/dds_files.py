"""DDS files of any header and any bytes, also such as nobody would write."""

import struct


def dds(body, width=10, height=6, fourcc=bytes(4), flags=0x40, bits=0, masks=(0, 0, 0, 0), caps2=0):
    header = struct.pack("<4s7I44x", b"DDS ", 124, 0x1007, height, width, 0, 0, 1)
    header += struct.pack("<2I4s5I5I", 32, flags, fourcc, bits, *masks, 0x1000, caps2, 0, 0, 0)
    return header + body


def dx10(dxgi, body, width=10, height=6):
    return dds(b"", width, height, b"DX10", 4) + struct.pack("<5I", dxgi, 3, 0, 1, 0) + body
