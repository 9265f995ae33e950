class Countdown:
    def __init__(self, start):
        self.start = start

    def __iter__(self):
        n = self.start
        while n:
            yield n
            n -= 1

    def __len__(self):
        return self.start

    def __contains__(self, n):
        return 0 < n <= self.start

    def __reversed__(self):
        return iter(range(1, self.start + 1))

class Fib:
    def __init__(self):
        self.a, self.b = 0, 1

    def __iter__(self):
        return self

    def __next__(self):
        if self.a > 50:
            raise StopIteration
        value = self.a
        self.a, self.b = self.b, self.a + self.b
        return value

c = Countdown(4)
first, *middle, last = c
print(list(c), len(c), 3 in c, 9 in c, list(reversed(c)), first, middle, last)
list(Fib())
