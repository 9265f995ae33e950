import textwrap

text = (
    "Dear customer, your order #102 was delivered fourteen days late. We are sorry, and will refund "
    "the shipping fee. Kind regards, the support desk"
)
print(textwrap.fill(text, width=40, initial_indent="> ", subsequent_indent="> "))
print(textwrap.shorten(text, width=50, placeholder="…"))
lines = textwrap.wrap(text, 30)
{"lines": len(lines), "longest": max(map(len, lines)), "title": text[:13].title(), "parts": text.partition(", ")[0]}
