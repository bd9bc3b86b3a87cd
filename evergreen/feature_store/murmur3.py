"""MurmurHash3 for x64 with 128 bits (Austin Appleby, public domain; https://github.com/aappleby/smhasher): the hash by
which Feast names an entity in its online table. In Python, since a compiled package would be larger than the rest of
the reader.
"""

import struct

_MASK = (1 << 64) - 1
_C1 = 0x87C37B91114253D5
_C2 = 0x4CF5AD432745937F


def murmur3(data: bytes) -> bytes:
    """The 16 bytes of the hash with seed 0, as `mmh3.hash_bytes` gives them."""
    first = second = 0
    whole = len(data) & ~15
    for one, two in struct.iter_unpack("<QQ", data[:whole]):
        first ^= _mixed(one, _C1, 31, _C2)
        first = (_rotated(first, 27) + second) * 5 + 0x52DCE729 & _MASK
        second ^= _mixed(two, _C2, 33, _C1)
        second = (_rotated(second, 31) + first) * 5 + 0x38495AB5 & _MASK
    # Zeros in the tail mix to zero, so that a padded tail needs no cases.
    one, two = struct.unpack("<QQ", data[whole:].ljust(16, b"\0"))
    first ^= _mixed(one, _C1, 31, _C2) ^ len(data)
    second ^= _mixed(two, _C2, 33, _C1) ^ len(data)
    first = first + second & _MASK
    second = second + first & _MASK
    first, second = _finished(first), _finished(second)
    first = first + second & _MASK
    return struct.pack("<QQ", first, second + first & _MASK)


def _mixed(word: int, before: int, bits: int, after: int) -> int:
    return _rotated(word * before & _MASK, bits) * after & _MASK


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> 64 - bits) & _MASK


def _finished(word: int) -> int:
    word = (word ^ word >> 33) * 0xFF51AFD7ED558CCD & _MASK
    word = (word ^ word >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return word ^ word >> 33
