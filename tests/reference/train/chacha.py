"""The random numbers of a training, from their definitions: ChaCha with 8 rounds (RFC 8439's block, with a 64-bit counter and a 64-bit
stream), the key from a u64 by PCG32 (rand_core's `seed_from_u64`), and what mdfe draws from the words.
"""
import math
import struct

M32, M64 = (1 << 32) - 1, (1 << 64) - 1

# Purposes of a stream, and where it begins: crates/mdfe-train/src/random.rs.
PROJECTION, CENTERS, ORDER, DROPOUT = 1, 2, 3, 4


def key_of(seed):
    words, state = [], seed
    for _ in range(8):
        state = (state * 6364136223846793005 + 11634580027462260723) & M64
        shifted, turn = (((state >> 18) ^ state) >> 27) & M32, state >> 59
        words.append(((shifted >> turn) | (shifted << (32 - turn))) & M32)
    return words


def quarter(s, a, b, c, d):
    for into, other, turned, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[into] = (s[into] + s[other]) & M32
        mixed = s[turned] ^ s[into]
        s[turned] = ((mixed << by) | (mixed >> (32 - by))) & M32


class Stream:
    def __init__(self, seed, purpose, position):
        self.key, self.stream, self.counter, self.words = key_of(seed), purpose << 48 | position, 0, []

    def u32(self):
        if not self.words:
            constants = list(struct.unpack("<4I", b"expand 32-byte k"))
            start = constants + self.key + [self.counter & M32, self.counter >> 32, self.stream & M32, self.stream >> 32]
            s = list(start)
            for _ in range(4):
                for i in range(4):
                    quarter(s, i, 4 + i, 8 + i, 12 + i)
                for i in range(4):
                    quarter(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
            self.words = [(a + b) & M32 for a, b in zip(s, start)]
            self.counter += 1
        return self.words.pop(0)

    def u64(self):
        low = self.u32()
        return low | self.u32() << 32

    def unit(self):
        """Uniform in [0, 1): 53 bits."""
        return (self.u64() >> 11) * 2.0**-53

    def uniform(self, bound, n):
        """n values in +-bound."""
        return [(self.unit() * 2.0 - 1.0) * bound for _ in range(n)]

    def below(self, bound):
        zone = M64 - M64 % bound
        while (word := self.u64()) >= zone:
            pass
        return word % bound

    def shuffled(self, n):
        """0..n in a random order: Fisher and Yates, from the front."""
        items = list(range(n))
        for i in range(n - 1):
            j = i + self.below(n - i)
            items[i], items[j] = items[j], items[i]
        return items

    def kept(self, probability, n):
        """Which of n values dropout keeps: two bytes decide about each."""
        limit, out = math.floor(probability * 65536 + 0.5), []
        while len(out) < n:
            word = self.u32()
            out += [word & 0xFFFF >= limit, word >> 16 >= limit]
        return out[:n]


# The order that crates/mdfe-train/src/random.rs holds itself to.
assert Stream(1, ORDER, 2).shuffled(10) == [7, 6, 2, 1, 5, 9, 8, 3, 0, 4]
