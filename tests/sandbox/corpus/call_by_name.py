names = ["get_rate", "get_stock"]
arguments = [{"currency": "SEK"}, {"sku": "CHAIR"}]
answers = []
for name, args in zip(names, arguments):
    answers.append(call_tool(name, **args))
try:
    call_tool("get_order", order_id=1)
except ToolError as error:
    answers.append([type(error).__name__, str(error)])
answers
