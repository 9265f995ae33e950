"""The shop's SQLite database, made at its first use; reads cannot write, and a write is one transaction.

`SUPPORT_DESK_DB` says where it is; by default it lies in the data folder (`SECONDER_DATA`).
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from examples.support_desk.seed import REFUND_POLICY, make_rows
from seconder import ConfigurationError, ToolError

SEED = 2025
_VERSION = 1
_PATIENCE_SECONDS = 10.0

_SCHEMA = (
    """CREATE TABLE customers (
        customer_id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        tier TEXT NOT NULL REFERENCES refund_policy (tier),
        status TEXT NOT NULL CHECK (status IN ('active', 'closed')),
        email TEXT NOT NULL UNIQUE,
        phone TEXT NOT NULL,
        street TEXT NOT NULL,
        city TEXT NOT NULL
    )""",
    """CREATE TABLE refund_policy (
        tier TEXT PRIMARY KEY,
        free_days_late INTEGER NOT NULL,
        percent_per_day INTEGER NOT NULL,
        max_percent INTEGER NOT NULL
    )""",
    """CREATE TABLE orders (
        order_id INTEGER PRIMARY KEY,
        customer_id INTEGER NOT NULL REFERENCES customers,
        placed_on TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('placed', 'shipped', 'delivered', 'cancelled')),
        shipping_cents INTEGER NOT NULL
    )""",
    """CREATE TABLE order_lines (
        order_id INTEGER NOT NULL REFERENCES orders,
        product TEXT NOT NULL,
        quantity INTEGER NOT NULL CHECK (quantity > 0),
        unit_price_cents INTEGER NOT NULL,
        PRIMARY KEY (order_id, product)
    )""",
    """CREATE TABLE deliveries (
        order_id INTEGER PRIMARY KEY REFERENCES orders,
        carrier TEXT NOT NULL,
        promised_on TEXT NOT NULL,
        delivered_on TEXT
    )""",
    """CREATE TABLE refunds (
        refund_id INTEGER PRIMARY KEY,
        order_id INTEGER NOT NULL REFERENCES orders,
        amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
        reason TEXT NOT NULL,
        idempotency_key TEXT NOT NULL UNIQUE,
        refunded_at TEXT NOT NULL
    )""",
    """CREATE TABLE closures (
        customer_id INTEGER PRIMARY KEY REFERENCES customers,
        reason TEXT NOT NULL,
        closed_at TEXT NOT NULL
    )""",
    "CREATE INDEX orders_of_customer ON orders (customer_id)",
)


def database_path() -> Path:
    """Where the database lies, according to the environment."""
    named = os.environ.get("SUPPORT_DESK_DB")
    return Path(named) if named else Path(os.environ.get("SECONDER_DATA") or "data") / "support_desk.sqlite3"


@contextmanager
def reading() -> Iterator[sqlite3.Connection]:
    """A connection that can only read."""
    with closing(open_store(database_path())) as connection:
        connection.execute("PRAGMA query_only = ON")
        yield connection


@contextmanager
def writing() -> Iterator[sqlite3.Connection]:
    """One transaction, kept if the body ends well and undone if it raises.

    Raises:
        ToolError: the transaction could not begin, so nothing has happened. An error while it is being kept is
            passed on as it is: then nobody can know.
    """
    with closing(_begun()) as connection:
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _begun() -> sqlite3.Connection:
    try:
        connection = open_store(database_path())
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            connection.close()
            raise
    except (sqlite3.Error, OSError, ConfigurationError) as error:
        raise ToolError(f"The shop's database cannot be written now ({error}); nothing was changed.") from error
    return connection


def open_store(path: Path, seed: int = SEED) -> sqlite3.Connection:
    """Connect to the database, which is made if it is not there; several processes may do so at once.

    Raises:
        ConfigurationError: there is a database of another version.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        if _version_of(connection) != _VERSION:
            _create(connection, path, seed)
    except BaseException:
        connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection, path: Path, seed: int) -> None:
    # Whoever comes second waits here for the lock, and then finds the work done.
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = _version_of(connection)
        if found not in {0, _VERSION}:
            raise ConfigurationError(
                f"{path} holds version {found} of the support desk's store; this program needs {_VERSION}. "
                "Move the file away or set SUPPORT_DESK_DB to another."
            )
        if found == 0:
            _fill(connection, seed)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _fill(connection: sqlite3.Connection, seed: int) -> None:
    for statement in _SCHEMA:
        connection.execute(statement)
    rows = make_rows(seed)
    connection.executemany("INSERT INTO refund_policy VALUES (?, ?, ?, ?)", REFUND_POLICY)
    connection.executemany("INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows.customers)
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", rows.orders)
    connection.executemany("INSERT INTO order_lines VALUES (?, ?, ?, ?)", rows.order_lines)
    connection.executemany("INSERT INTO deliveries VALUES (?, ?, ?, ?)", rows.deliveries)
    connection.executemany(
        "INSERT INTO refunds (order_id, amount_cents, reason, idempotency_key, refunded_at) VALUES (?, ?, ?, ?, ?)",
        rows.refunds,
    )


def _version_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
