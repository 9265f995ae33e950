result = {}
for employee in (1, 2):
    try:
        result[employee] = get_salary(employee)["amount"]
    except PermissionError as e:
        result[employee] = f"not allowed: {e}"
print(result)
result
