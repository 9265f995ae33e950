class Vector:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __mul__(self, k):
        return Vector(self.x * k, self.y * k)

    __rmul__ = __mul__

    def __matmul__(self, other):
        return self.x * other.x + self.y * other.y

    def __eq__(self, other):
        return isinstance(other, Vector) and (self.x, self.y) == (other.x, other.y)

    def __hash__(self):
        return hash((self.x, self.y))

    def __iter__(self):
        return iter((self.x, self.y))

    def __getitem__(self, index):
        return (self.x, self.y)[index]

    def __bool__(self):
        return any(self)

    def __repr__(self):
        return f"Vector({self.x}, {self.y})"

a, b = Vector(1, 2), Vector(3, -1)
print(a + b, 3 * a, a @ b, a == Vector(1, 2), bool(Vector(0, 0)), len({a, Vector(1, 2)}))
x, y = sum([a, b], start=Vector(0, 0))
[x, y, list(a), b[-1]]
