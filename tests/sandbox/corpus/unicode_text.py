import unicodedata

words = ["Müller", "Ångström", "naïve", "straße", "ﬁne", "Ελλάδα", "日本"]
plain = ["".join(c for c in unicodedata.normalize("NFKD", w) if not unicodedata.combining(c)) for w in words]
for word, ascii_word in zip(words, plain):
    print(f"{word:<10}{ascii_word:<10}{len(word.encode()):>3}")
[unicodedata.name("é"), "İ".lower() == "i̇", "ab\u0301"[::-1] == "\u0301ba", "x".isidentifier(), "²".isdigit(), "a-b_c".replace("-", "")]
