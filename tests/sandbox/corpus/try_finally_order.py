log = []

def step(order_id):
    log.append(f"open {order_id}")
    try:
        return get_order(order_id)["status"]
    except LookupError as e:
        log.append(f"error {e}")
        raise ValueError("no status") from e
    else:
        log.append("never")
    finally:
        log.append(f"close {order_id}")

try:
    step(101)
    step(1)
except ValueError as e:
    log.append(f"{e} because of {type(e.__cause__).__name__}")
log
