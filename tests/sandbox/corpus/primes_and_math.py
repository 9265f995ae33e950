import math

def sieve(limit):
    flags = bytearray([1]) * (limit + 1)
    flags[0:2] = b"\0\0"
    for n in range(2, math.isqrt(limit) + 1):
        if flags[n]:
            flags[n * n :: n] = bytes(len(range(n * n, limit + 1, n)))
    return [n for n, flag in enumerate(flags) if flag]

def factor(n):
    factors, p = {}, 2
    while p * p <= n:
        while n % p == 0:
            factors[p] = factors.get(p, 0) + 1
            n //= p
        p += 1
    return factors | ({n: 1} if n > 1 else {})

primes = sieve(1000)
print(len(primes), primes[-3:], factor(360), math.comb(10, 3), math.factorial(20), pow(3, -1, 11))
print(math.hypot(3, 4), math.fsum([0.1] * 10), sum([0.1] * 10), math.log2(1024), math.prod([1.5, 2, 4]))
[2**100, -7 // 2, -7 % 3, round(2.675, 2), round(0.5), round(1.5), divmod(17, 5), (0.1 + 0.2).hex(), int("ff", 16)]
