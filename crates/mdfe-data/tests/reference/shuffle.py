"""Reference of `src/random.rs`: ChaCha8 and the draws, written from their descriptions alone (D. J. Bernstein, "ChaCha, a
variant of Salsa20"; Fisher and Yates from the front; words past the last whole multiple of a bound are redrawn).

Run with Python 3.11, no packages: python shuffle.py
"""
import struct
import sys

assert sys.version_info >= (3, 11)
MASK = 2**32 - 1


def block(key: bytes, counter: int, rounds: int = 8) -> list[int]:
    """Sixteen 32-bit words: constants, key, a 64-bit counter, a 64-bit nonce of zero."""
    start = list(struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<8I", key))
    start += [counter & MASK, counter >> 32, 0, 0]
    state = start[:]

    def rotate(value: int, bits: int) -> int:
        return (value << bits & MASK) | value >> (32 - bits)

    def quarter(a: int, b: int, c: int, d: int) -> None:
        for x, y, z, bits in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)]:
            state[x] = (state[x] + state[y]) & MASK
            state[z] = rotate(state[z] ^ state[x], bits)

    for _ in range(rounds // 2):
        for column in range(4):
            quarter(column, 4 + column, 8 + column, 12 + column)
        for diagonal in range(4):
            quarter(diagonal, 4 + (diagonal + 1) % 4, 8 + (diagonal + 2) % 4, 12 + (diagonal + 3) % 4)
    return [(s + t) & MASK for s, t in zip(start, state)]


# The keystream of ChaCha8 for a key and nonce of zero begins with these bytes (draft-strombergson-chacha-test-vectors, TC1).
assert struct.pack("<16I", *block(bytes(32), 0)).hex().startswith("3e00ef2f895f40d67f5bb8e81f09a5a1")


def words(key: bytes):
    """64-bit words: two of 32 bits each, the low one first."""
    counter = 0
    while True:
        half = block(key, counter)
        yield from (low | high << 32 for low, high in zip(half[::2], half[1::2]))
        counter += 1


def below(bound: int, stream) -> int:
    largest = 2**64 - 1
    zone = largest - largest % bound
    return next(word for word in stream if word < zone) % bound


def shuffle(items: list[int], steps: int, stream) -> list[int]:
    for i in range(steps):
        j = i + below(len(items) - i, stream)
        items[i], items[j] = items[j], items[i]
    return items


stream = words(bytes(range(32)))
print("SHUFFLED", shuffle(list(range(20)), 19, stream))
print("DRAWN", sorted(shuffle(list(range(20)), 5, stream)[:5]))
stream = words(bytes(range(32)))
print("BELOW", [below(3 << 61, stream) for _ in range(6)])
# Some of these were redrawn: the next word is not the seventh.
seventh = list(zip(range(7), words(bytes(range(32)))))[6][1]
assert next(stream) != seventh
