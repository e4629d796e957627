"""When a camera may be turned: the rules alone."""

from __future__ import annotations

import math
from typing import get_args

import pytest

from config.settings import Ptz
from hotline.actor import Role
from hotline.domain.law import PURPOSES
from hotline.domain.ptz import MOVE_S, Lease, Motion, Policy, Velocity, find_preset

POLICY = Policy(True, frozenset({Role.OPERATOR}), ("dispatch", "rescue"), lease_s=60, longest_s=150)


def test_off_unless_it_is_allowed() -> None:
    assert not Policy().enabled
    assert not any(Policy(roles=frozenset(Role), purposes=("dispatch",)).may(role) for role in Role)
    assert not Ptz().enabled


def test_only_the_roles_that_are_named() -> None:
    assert [role for role in Role if POLICY.may(role)] == [Role.OPERATOR]


def test_a_purpose_is_one_of_the_policys() -> None:
    assert POLICY.purpose_faults("dispatch") == []
    (fault,) = POLICY.purpose_faults("report_receipt")
    assert (fault.field, fault.message) == ("purpose", "must be one of dispatch, rescue")
    assert [term.en for term in POLICY.terms] == ["Dispatch", "Saving life"]


def test_the_settings_know_every_purpose_and_role_of_ours() -> None:
    roles, purposes = (
        get_args(get_args(Ptz.model_fields[name].annotation)[0]) for name in ("roles", "purposes")
    )
    assert set(purposes) == set(PURPOSES)
    assert set(roles) == {role.value for role in Role}


def test_a_lease_is_renewed_up_to_the_longest() -> None:
    lease = Lease("l", "c", "kim", "dispatch", 1000.0, 1060.0)
    assert lease.renewed(POLICY, 1050.0).ends_at == 1110.0
    assert lease.renewed(POLICY, 1140.0).ends_at == 1150.0
    assert lease.renewed(POLICY, 999.0).ends_at == 1060.0  # never sooner than it was
    assert not lease.over(1059.9)
    assert lease.over(1060.0)


@pytest.mark.parametrize(
    ("velocity", "field"),
    [
        (Velocity(pan=1.1), "pan"),
        (Velocity(tilt=-2.0), "tilt"),
        (Velocity(zoom=math.nan), "zoom"),
        (Velocity(pan=math.inf), "pan"),
        (Velocity(), "pan"),
    ],
)
def test_a_speed_is_from_minus_one_to_one_and_not_nothing(velocity: Velocity, field: str) -> None:
    assert [fault.field for fault in velocity.faults()] == [field]
    assert Velocity(-1.0, 0.5, 1.0).faults() == []


def test_a_motion_is_due_a_second_after_the_last_command() -> None:
    motion = Motion()
    assert motion.due == math.inf
    motion.commanded(Velocity(pan=1.0), 10.0)
    motion.commanded(Velocity(pan=1.0), 10.5)
    assert (motion.began, motion.due) == (10.0, 10.5 + MOVE_S)
    motion.postpone(14.0)
    assert motion.due == 14.0
    motion.stopped()
    assert (motion.velocity, motion.began, motion.due) == (None, None, math.inf)


def test_the_preset_to_return_to_by_number_or_name() -> None:
    presets = [("1", "Gate"), ("2", "1"), ("3", "기본")]
    assert find_preset("1", presets) == "1"
    assert find_preset("gate", presets) == "1"
    assert find_preset("기본", presets) == "3"
    assert find_preset("home", presets) is None
