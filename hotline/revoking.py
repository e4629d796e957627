"""Taking rights away inside somebody else's transaction: when a camera, a unit, a person or a share goes."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.actor import Actor
from hotline.audit import Action, Subject, append
from hotline.store.counters import Counter, advance
from hotline.store.models import GrantRow


async def revoke_grants(
    session: AsyncSession,
    actor: Actor,
    now: float,
    reason: str,
    *,
    share_id: str | None = None,
    camera_id: str | None = None,
    receiver: str | None = None,
) -> int:
    """Ends the grants in force that match everything given, and says how many; one entry in the record.

    Something must be given: nothing takes every right of everybody away by an empty filter.
    """
    if share_id is None and camera_id is None and receiver is None:
        raise ValueError("say whose grants: a share, a camera or a receiver")
    wanted = [GrantRow.revoked_at.is_(None), GrantRow.expires_at > now]
    if share_id is not None:
        wanted.append(GrantRow.share_id == share_id)
    if camera_id is not None:
        wanted.append(GrantRow.camera_id == camera_id)
    if receiver is not None:
        wanted.append(GrantRow.receiver == receiver)
    grants = (await session.scalars(select(GrantRow).where(*wanted))).all()
    if not grants:
        return 0
    await session.execute(
        update(GrantRow)
        .where(GrantRow.id.in_([grant.id for grant in grants]))
        .values(revoked_at=now)
        .execution_options(synchronize_session="evaluate")
    )
    await advance(session, Counter.GRANTS)
    subject = Subject(
        share=share_id,
        cameras=tuple(sorted({grant.camera_id for grant in grants})),
        receiver_org=tuple(sorted({grant.receiver for grant in grants})),
        reason=reason,
        detail={"grants": len(grants)},
    )
    await append(session, Action.REVOKE, actor, subject, now)
    return len(grants)
