from collections import Counter
import string

text = """The quick brown fox jumps over the lazy dog. The dog sleeps;
the fox does not. "Quick!" says the fox."""
words = text.lower().translate(str.maketrans("", "", string.punctuation)).split()
counts = Counter(words)
letters = Counter(c for c in text.lower() if c.isalpha())
print(counts.most_common(3))
print((counts - Counter({"the": 4})).total(), letters["z"], letters["q"])
max(counts, key=counts.get)
