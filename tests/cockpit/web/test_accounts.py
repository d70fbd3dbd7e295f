"""Accounts and keys: what is kept, what is refused, and who may read the files."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cockpit.web.accounts import ACCOUNTS_FILE, AccountError, Accounts
from cockpit.web.keys import KEYS_FILE, KeyFileError, rotate_key, signing_keys
from cockpit.web.people import Role

AT = datetime(2025, 11, 3, 8, tzinfo=UTC)


def test_no_password_and_no_session_token_stands_in_the_file(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / ACCOUNTS_FILE)
    accounts.add("ann", Role.PLANNER, "correct horse battery", at=AT)
    account = accounts.verified("ann", "correct horse battery")
    assert account is not None
    token = accounts.open_session(account, at=AT, hours=1.0)
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"correct horse" not in content
    assert token.encode() not in content
    assert b"$argon2id$" in content
    assert stat.S_IMODE((tmp_path / ACCOUNTS_FILE).stat().st_mode) == 0o600


def test_before_the_first_account_nothing_is_written(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "runs" / ACCOUNTS_FILE)
    assert accounts.all() == ()
    assert accounts.find("ann") is None
    assert accounts.in_session("token", at=AT) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("", "correct horse battery"),
        ("../ann", "correct horse battery"),
        ("a b", "correct horse battery"),
        ("<script>", "correct horse battery"),
        ("ann", "short"),
        ("ann", "ann has a secret"),
        ("ann", "x" * 201),
    ],
)
def test_an_unfit_name_or_password_is_refused(name: str, password: str, tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / ACCOUNTS_FILE)
    with pytest.raises(AccountError):
        accounts.add(name, Role.VIEWER, password, at=AT)
    assert accounts.all() == ()


def test_a_name_is_taken_once_and_unknown_names_are_told(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / ACCOUNTS_FILE)
    accounts.add("王芳", Role.ADMIN, None, at=AT)
    with pytest.raises(AccountError, match="already"):
        accounts.add("王芳", Role.VIEWER, None, at=AT)
    for act in (lambda: accounts.remove("bob"), lambda: accounts.set_password("bob", "correct horse battery")):
        with pytest.raises(AccountError, match="no account 'bob'"):
            act()


def test_an_account_without_a_password_cannot_sign_in_with_any(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / ACCOUNTS_FILE)
    accounts.add("ann", Role.ADMIN, None, at=AT)
    assert accounts.verified("ann", "") is None
    assert accounts.verified("ann", "anything at all") is None


def test_the_key_is_made_once_for_its_owner_only_and_a_new_one_leaves_the_last(tmp_path: Path) -> None:
    first = signing_keys(tmp_path, at=AT)
    assert signing_keys(tmp_path, at=AT) == first
    assert stat.S_IMODE((tmp_path / KEYS_FILE).stat().st_mode) == 0o600
    second = rotate_key(tmp_path, at=AT)
    assert signing_keys(tmp_path, at=AT) == (second, *first)
    third = rotate_key(tmp_path, at=AT)
    assert signing_keys(tmp_path, at=AT) == (third, second)
    last = rotate_key(tmp_path, at=AT, is_ending_tokens=True)
    assert signing_keys(tmp_path, at=AT) == (last,)
    assert [path.name for path in tmp_path.iterdir()] == [KEYS_FILE]


def test_a_key_file_that_others_can_read_or_that_is_broken_is_refused(tmp_path: Path) -> None:
    signing_keys(tmp_path, at=AT)
    (tmp_path / KEYS_FILE).chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        signing_keys(tmp_path, at=AT)
    (tmp_path / KEYS_FILE).chmod(0o600)
    (tmp_path / KEYS_FILE).write_text('{"keys": []}')
    with pytest.raises(KeyFileError, match="no keys"):
        signing_keys(tmp_path, at=AT)
