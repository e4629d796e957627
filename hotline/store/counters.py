"""Numbers that only grow, each changed inside the transaction of what it counts.

A transaction that takes several takes them in this order, or two could wait for each other on a database
with locks per row: incident number, inventory, grants, audit.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.store.models import CounterRow


class Counter(StrEnum):
    """The counters that the first migration makes."""

    AUDIT = "audit"
    GRANTS = "grants"
    INVENTORY = "inventory"
    INCIDENT_NUMBER = "incident_number"


async def value(session: AsyncSession, counter: Counter) -> int:
    """The counter as this transaction sees it."""
    return (await session.execute(select(CounterRow.value).where(CounterRow.name == counter))).scalar_one()


async def advance(session: AsyncSession, counter: Counter) -> int:
    """One more; the row stays locked until the transaction ends."""
    statement = (
        update(CounterRow)
        .where(CounterRow.name == counter)
        .values(value=CounterRow.value + 1)
        .returning(CounterRow.value)
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).scalar_one()


async def locked(session: AsyncSession, counter: Counter) -> CounterRow:
    """The counter's row, locked until the transaction ends, to be changed by the caller."""
    statement = (
        select(CounterRow)
        .where(CounterRow.name == counter)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalar_one()
