import argparse
import shlex

def parse(line):
    parser = argparse.ArgumentParser(prog="report", add_help=False)
    parser.add_argument("--status", default="placed", choices=["placed", "shipped", "delivered"])
    parser.add_argument("-n", "--limit", type=int, default=10)
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args(shlex.split(line))

def main():
    args = parse("--status delivered -n 2 --verbose")
    orders = list_orders(status=args.status, limit=args.limit)
    if args.verbose:
        print(vars(args))
    for order in orders:
        print(order["order_id"], order["delivered_on"])

if __name__ == "__main__":
    main()
