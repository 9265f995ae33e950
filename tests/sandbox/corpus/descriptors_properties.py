class Positive:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner=None):
        return self if instance is None else getattr(instance, self.name)

    def __set__(self, instance, value):
        if value <= 0:
            raise ValueError(f"{self.name[1:]} must be positive, got {value}")
        setattr(instance, self.name, value)

class Line:
    quantity = Positive()
    price = Positive()
    registry = {}

    def __init_subclass__(cls, kind, **kwargs):
        super().__init_subclass__(**kwargs)
        Line.registry[kind] = cls.__name__

    def __init__(self, quantity, price):
        self.quantity = quantity
        self.price = price

    @classmethod
    def parse(cls, text):
        quantity, price = text.split("x")
        return cls(int(quantity), float(price))

    @staticmethod
    def vat(amount):
        return round(amount * 0.19, 2)

    @property
    def total(self):
        return self.quantity * self.price

    def __getattr__(self, name):
        return f"no {name}"

class Discounted(Line, kind="discount"):
    total = property(lambda self: super(Discounted, self).total * 0.9)

line = Discounted.parse("3x10.5")
try:
    line.quantity = -1
except ValueError as e:
    print(e)
[round(line.total, 2), Line.vat(100), line.colour, Line.registry]
