import random

rng = random.Random(42)
rolls = [rng.randint(1, 6) + rng.randint(1, 6) for _ in range(2000)]
histogram = {total: rolls.count(total) for total in range(2, 13)}
random.seed("fixed")
deck = [f"{rank}{suit}" for suit in "SH" for rank in "AKQ"]
random.shuffle(deck)
inside = sum(rng.random() ** 2 + rng.random() ** 2 <= 1 for _ in range(3000))
for total, count in histogram.items():
    print(f"{total:>2} {'#' * (count // 20)}")
[deck, random.sample(range(100), 3), rng.choices("ab", weights=[1, 3], k=5), round(rng.gauss(0, 1), 9), 4 * inside / 3000]
