import logging
import sys

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s:%(name)s:%(message)s", force=True)
log = logging.getLogger("report")
log.debug("not shown")
log.info("checking %d orders", len(list_orders()))
try:
    get_order(5)
except ToolError:
    log.error("no order %s", 5)
child = log.getChild("lines")
child.warning("%.1f %% cancelled", 12.5)
log.isEnabledFor(logging.DEBUG)
