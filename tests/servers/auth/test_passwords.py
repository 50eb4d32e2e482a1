"""How passwords are kept."""

from __future__ import annotations

from argon2 import PasswordHasher, Type
from pwdlib.hashers.bcrypt import BcryptHasher

from vivace.auth import User

from .shop import PASSWORD, Client, Shop


def test_a_password_is_kept_as_argon2id(shop: Shop, one: Client) -> None:
    kept = shop.database.user(shop.register(one)).password_hash
    assert kept is not None
    assert kept.startswith("$argon2id$v=19$m=8,t=1,p=1$")


def test_a_bcrypt_hash_is_good_and_upgraded_at_the_next_sign_in(
    shop: Shop, one: Client, two: Client
) -> None:
    user = User(name="bob-of-old", password_hash=BcryptHasher(rounds=4).hash(PASSWORD))
    shop.database.add(user)
    assert one.ask_for_token(user.name, "wrong password").status_code == 400
    assert shop.database.user(user.name).password_hash == user.password_hash
    assert one.ask_for_token(user.name).status_code == 200
    upgraded = shop.database.user(user.name).password_hash or ""
    assert upgraded.startswith("$argon2id$")
    assert two.ask_for_token(user.name).status_code == 200
    assert two.ask_for_token(user.name, "wrong password").status_code == 400
    assert shop.database.user(user.name).password_hash == upgraded


def test_a_weaker_argon2_hash_is_upgraded_as_well(shop: Shop, one: Client) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, type=Type.I).hash(PASSWORD)
    shop.database.add(User(name="bob-of-argon2i", password_hash=weak))
    assert one.ask_for_token("bob-of-argon2i").status_code == 200
    upgraded = shop.database.user("bob-of-argon2i").password_hash or ""
    assert upgraded.startswith("$argon2id$")
