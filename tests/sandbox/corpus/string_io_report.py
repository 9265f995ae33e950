import io
import sys

buffer = io.StringIO()
print("Stock report", "-" * 12, sep="\n", file=buffer)
for sku in ["LAMP", "DESK"]:
    stock = get_stock(sku)
    print(f"{stock['sku']:<6}{'sold out' if not stock['on_hand'] else stock['on_hand']:>10}", file=buffer)
buffer.seek(0)
sys.stdout.write(buffer.read())
print("a", "b", sep=", ", end="!\n", flush=True)
buffer.getvalue().count("\n")
