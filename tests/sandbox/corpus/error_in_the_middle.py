stock = {"lamp": 3}
print("before")
for name in ["lamp", "desk"]:
    print(name, stock[name])
print("never")
