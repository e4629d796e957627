from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from hotline.errors import Conflict, Invalid, NotFound, SignInRefused, Throttled
from hotline.people import accounts
from hotline.people.accounts import NewUser
from hotline.people.passwords import Passwords
from hotline.people.signing_in import Identity, SignInPolicy, identify, sign_in, sign_out, still_signed_in
from hotline.people.throttle import Throttle
from hotline.store.models import SignInRow
from tests.hotline.house import PASSWORD, Records, records
from tests.support.canary import CANARY

POLICY = SignInPolicy(idle_s=600, lasting_s=3600, throttle=Throttle(failures=6, pause_s=300))
T0 = 1_800_000_000.0


async def enter(
    made: Records, username: str = "operator", password: str = PASSWORD, at: float = T0
) -> tuple[Identity, str]:
    return await sign_in(
        made.database, username, password, passwords=Passwords(), policy=POLICY, address="10.0.0.9", now=at
    )


async def who(made: Records, token: str, at: float) -> Identity:
    return await identify(made.database, token, policy=POLICY, address=None, now=at)


async def test_in_and_out(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        identity, token = await enter(made, " Operator ")
        assert (identity.user.username, identity.role, identity.unit) == ("operator", "operator", None)
        assert (await who(made, token, T0 + 1)).sign_in == identity.sign_in
        await sign_out(made.database, identity, now=T0 + 2)
        await sign_out(made.database, identity, now=T0 + 2)
        with pytest.raises(SignInRefused):
            await who(made, token, T0 + 3)


async def test_a_dispatcher_comes_with_his_unit(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        identity, _ = await enter(made, "dispatcher")
        assert identity.unit is not None
        assert identity.unit.id == "room"
        assert identity.actor().receiver == "unit:room"


async def test_the_token_is_stored_as_its_hash_only(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        _, token = await enter(made)
        async with made.database.read() as session:
            rows = (await session.scalars(select(SignInRow))).all()
            assert len(rows) == 1
            assert token not in str(vars(rows[0]))


async def test_idle_and_absolute_limits(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        _, idle = await enter(made)
        with pytest.raises(SignInRefused):
            await who(made, idle, T0 + 600)
        _, used = await enter(made)
        for minute in range(1, 60):
            await who(made, used, T0 + minute * 60)
        with pytest.raises(SignInRefused):
            await who(made, used, T0 + 3600)


async def test_a_listening_unit_stays_and_an_idle_desk_does_not(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        wall, desk = (await enter(made, "dispatcher"))[0].sign_in, (await enter(made))[0].sign_in
        for at in (T0 + 300, T0 + 599):
            found = await still_signed_in(made.database, {wall, desk}, used={wall}, policy=POLICY, now=at)
            assert found == {wall, desk}
        found = await still_signed_in(made.database, {wall, desk}, used={wall}, policy=POLICY, now=T0 + 900)
        assert found == {wall}


async def test_no_token_of_ours(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        for token in ("", "x", "é" * 50, "a" * 10_000, "\ud800"):
            with pytest.raises(SignInRefused):
                await who(made, token, T0)


async def test_wrong_name_and_wrong_password_are_the_same_answer(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        answers = []
        for username, password in (("operator", "wrong password"), ("nobody", PASSWORD), ("", "")):
            with pytest.raises(SignInRefused) as refused:
                await enter(made, username, password)
            answers.append(str(refused.value))
        assert len(set(answers)) == 1


async def test_an_unknown_name_takes_as_long_as_a_known_one(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        await accounts.set_password(made.database, "operator", PASSWORD + "!", actor=made.me, now=T0)
        passwords = Passwords()
        times: dict[str, list[float]] = {"operator": [], "nobody": []}
        lenient = replace(POLICY, throttle=Throttle(failures=1000, pause_s=0.0))
        for _ in range(5):
            for name, taken in times.items():
                began = time.perf_counter()
                with pytest.raises(SignInRefused):
                    await sign_in(
                        made.database,
                        name,
                        "wrong password",
                        passwords=passwords,
                        policy=lenient,
                        address=None,
                        now=T0,
                    )
                taken.append(time.perf_counter() - began)
        known, unknown = (statistics.median(taken) for taken in times.values())
        assert unknown > 0.02  # Argon2id was really computed
        assert 0.4 < unknown / known < 2.5


@pytest.mark.parametrize("name", ["operator", "nobody"])
async def test_failures_slow_an_account_down_known_or_not(tmp_path: Path, name: str) -> None:
    async with records(tmp_path) as made:
        for _ in range(3):
            with pytest.raises(SignInRefused):
                await enter(made, name, "wrong password")
        with pytest.raises(Throttled) as wait:
            await enter(made, name)
        assert wait.value.retry_after == 2
        with pytest.raises(SignInRefused):
            await enter(made, name, "wrong password", T0 + 1)
        with pytest.raises(Throttled):
            await enter(made, name, PASSWORD, T0 + 2)
        if name == "operator":
            await enter(made, name, PASSWORD, T0 + 3)
            await enter(made, name, PASSWORD, T0 + 3)


async def test_a_burst_of_guesses_is_not_a_burst_of_free_guesses(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        outcomes = await asyncio.gather(
            *(enter(made, "operator", f"guess number {number}") for number in range(20)),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, SignInRefused) for outcome in outcomes) == 3
        assert sum(isinstance(outcome, Throttled) for outcome in outcomes) == 17


async def test_invented_names_do_not_fill_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.people.signing_in.MOST_FAILING_NAMES", 10)
    async with records(tmp_path) as made:
        for number in range(15):
            with pytest.raises(SignInRefused):
                await enter(made, f"invented-{number}", "x", T0 + number)
        async with made.database.read() as session:
            count = (await session.execute(text("SELECT count(*) FROM sign_in_failures"))).scalar_one()
            assert count <= 10
            record = (await session.execute(text("SELECT group_concat(content) FROM audit"))).scalar_one()
        assert "invented" not in record


async def test_hashing_leaves_the_loop_free() -> None:
    turns = 0
    done = asyncio.Event()

    async def watch() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0.001)

    async with asyncio.TaskGroup() as group:
        group.create_task(watch())
        for _ in range(3):
            await made_hash()
        done.set()
    assert turns > 10  # a hash on the loop would leave it one turn each


async def made_hash() -> None:
    encoded = await Passwords().hash(CANARY)
    assert encoded.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert CANARY not in encoded


async def test_a_removed_person_is_out_at_once(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        _, token = await enter(made)
        await accounts.remove_user(made.database, "operator", actor=made.me, now=T0 + 1)
        with pytest.raises(SignInRefused):
            await who(made, token, T0 + 2)
        with pytest.raises(SignInRefused):
            await enter(made, at=T0 + 2)
        assert "operator" not in [user.username for user in await accounts.list_users(made.database)]
        with pytest.raises(NotFound):
            await accounts.remove_user(made.database, "operator", actor=made.me, now=T0 + 3)
        with pytest.raises(Conflict):  # a name on record is never another person's
            await add(made, "operator")


async def test_a_new_password_ends_the_old_ones_sign_ins(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        _, token = await enter(made)
        await accounts.set_password(made.database, "operator", "another password", actor=made.me, now=T0 + 1)
        with pytest.raises(SignInRefused):
            await who(made, token, T0 + 2)
        await enter(made, "operator", "another password", T0 + 2)


async def add(
    made: Records,
    username: str = "new",
    name: str = "New",
    role: str = "crew",
    password: str = "a long password",
    unit: str | None = "truck",
) -> accounts.UserRecord:
    user = NewUser(username, name, role, password, unit)
    return await accounts.add_user(made.database, user, actor=made.me, now=T0)


CANNOT_BE: list[tuple[dict[str, str | None], str]] = [
    ({"username": ""}, "username"),
    ({"username": "Kim"}, "username"),
    ({"username": "kim lee"}, "username"),
    ({"name": ""}, "name"),
    ({"role": "god"}, "role"),
    ({"password": "short"}, "password"),
    ({"password": "x" * 201}, "password"),
    ({"username": "longusername", "password": "longusername"}, "password"),
    ({"unit": None}, "unit"),
    ({"role": "dispatcher", "unit": None}, "unit"),
    ({"role": "operator", "unit": "truck"}, "unit"),
    ({"unit": "no-such-unit"}, "unit"),
]


async def test_accounts_that_cannot_be(tmp_path: Path) -> None:
    async with records(tmp_path) as made:
        for change, field in CANNOT_BE:
            with pytest.raises(Invalid) as refused:
                await add(made, **change)  # type: ignore[arg-type] # the table's values are of each kind
            assert [error.field for error in refused.value.errors] == [field], change


def test_a_made_password_is_long_enough_and_never_the_same() -> None:
    made = {accounts.new_password() for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= 16


def test_a_password_is_not_in_the_repr() -> None:
    assert CANARY not in repr(NewUser("a", "A", "crew", CANARY, "truck"))
