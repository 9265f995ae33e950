import re

TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<op>[-+*/()]))")

def tokens(text):
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"unexpected {text[position]!r} at {position}")
        position = match.end()
        yield match.lastgroup, match.group(match.lastgroup)
    yield "end", ""

class Parser:
    def __init__(self, text):
        self.tokens = tokens(text)
        self.advance()

    def advance(self):
        self.kind, self.value = next(self.tokens)

    def expression(self):
        result = self.term()
        while self.value in ("+", "-"):
            op = self.value
            self.advance()
            result = result + self.term() if op == "+" else result - self.term()
        return result

    def term(self):
        result = self.atom()
        while self.value in ("*", "/"):
            op = self.value
            self.advance()
            result = result * self.atom() if op == "*" else result / self.atom()
        return result

    def atom(self):
        if self.value == "(":
            self.advance()
            result = self.expression()
        elif self.value == "-":
            self.advance()
            return -self.atom()
        else:
            result = float(self.value)
        self.advance()
        return result

results = {}
for text in ["1 + 2 * 3", "-(4 - 6) / 8", "2 * (3 + 4) * 5", "1 + $"]:
    try:
        results[text] = Parser(text).expression()
    except ValueError as e:
        results[text] = str(e)
log = "2026-03-01 ERROR disk full\n2026-03-01 INFO ok\n2026-03-02 ERROR no net"
results["errors"] = [m["what"] for m in re.finditer(r"(?m)^(?P<day>\S+) ERROR (?P<what>.+)$", log)]
results["swap"] = re.sub(r"(\w+), (\w+)", lambda m: f"{m[2]} {m[1]}".title(), "winter, ada")
results["split"] = re.split(r"[;,]\s*", "a; b,c")
results
