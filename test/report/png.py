"""png.py
   The pixels of a PNG, as far as screenshots go: 8 bits, RGB or RGBA, not interlaced.
"""
import struct
import zlib


def _chunks(data):
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("not a PNG")
    at = 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        yield kind, data[at + 8:at + 8 + length]
        at += 12 + length


def _paeth(left, above, corner):
    guess = left + above - corner
    return min((abs(guess - left), 0, left), (abs(guess - above), 1, above), (abs(guess - corner), 2, corner))[2]


def _unfilter(kind, line, previous, size):
    """A line as it was before it was filtered; size: bytes of a pixel."""
    if kind == 2:
        return bytearray((byte + above) & 255 for byte, above in zip(line, previous))
    for at in range(len(line)) if kind else ():
        left = line[at - size] if at >= size else 0
        if kind == 1:
            line[at] = (line[at] + left) & 255
        elif kind == 3:
            line[at] = (line[at] + (left + previous[at]) // 2) & 255
        else:
            line[at] = (line[at] + _paeth(left, previous[at], previous[at - size] if at >= size else 0)) & 255
    return line


def pixels(data):
    """Width, height, and how often each colour (red, green, blue) is in the picture."""
    parts = list(_chunks(data))
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", parts[0][1])
    if depth != 8 or kind not in (2, 6) or interlaced:
        raise ValueError("not a screenshot")
    size = 3 if kind == 2 else 4
    raw = zlib.decompress(b"".join(chunk for name, chunk in parts if name == b"IDAT"))
    stride = width * size
    previous = bytearray(stride)
    colours = {}
    for y in range(height):
        start = y * (stride + 1)
        previous = _unfilter(raw[start], bytearray(raw[start + 1:start + 1 + stride]), previous, size)
        for x in range(0, stride, size):
            colour = (previous[x], previous[x + 1], previous[x + 2])
            colours[colour] = colours.get(colour, 0) + 1
    return width, height, colours
