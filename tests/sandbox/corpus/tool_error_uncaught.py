order = get_order(101)
print(order["status"])
missing = get_order(order["order_id"] + 1000)
missing["status"]
