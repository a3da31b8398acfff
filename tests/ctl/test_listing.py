"""What lists show and in which order: --filter, --sort, --group, names of accounts, marks."""

import json

import pytest

from xacct.ctl.main import main


def arn(account, name):
    return f"arn:aws:iam::{account}:role/{name}"


@pytest.fixture
def roles(daemon):
    """Four roles in two accounts, of which one has a name."""
    status = daemon._get_status(None, None)
    held, idle = status["roles"][0], {**status["roles"][1], "state": "idle", "error": None}
    pay = {"account": "444455556666", "account_name": "payments"}
    rows = [
        {**idle, **pay, "name": "zeta", "role_arn": arn("444455556666", "path/Admin"), "groups": ["all", "pay"]},
        {
            **held,
            "name": "Alpha",
            "account": "111122223333",
            "role_arn": arn("111122223333", "Read"),
            "groups": ["all"],
        },
        {**held, **pay, "name": "beta", "permission_set": "Ops", "production": True, "expires_at": status["now"] + 60},
        {**idle, "name": "keys", "account": None, "state": "needs-code"},
    ]
    daemon.answers["/v1/status"] = daemon.answers["/v1/status?groups=1"] = {**status, "roles": rows}
    info = {"source": "work", "mfa_serial": None, "region": "eu-west-1", "url": ""}
    wanted = ("name", "account", "account_name", "role_arn", "permission_set", "production")
    daemon.answers["/v1/roles"] = {
        "roles": [info | {key: row[key] for key in wanted if key in row} for row in rows],
        "problems": [],
    }
    return rows


def names(capsys, *words):
    """The names of the roles in the JSON of `status`."""
    assert main([*words, "--json"]) == 0
    return [role["name"] for role in json.loads(capsys.readouterr().out)["roles"]]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["pay"], ["zeta", "beta"]),
        (["PAYMENTS"], ["zeta", "beta"]),
        (["*eta"], ["zeta", "beta"]),
        (["admin"], ["zeta"]),
        (["name=alpha,keys"], ["Alpha", "keys"]),
        (["account=4444*"], ["zeta", "beta"]),
        (["account=payments"], ["zeta", "beta"]),
        (["account!=payments"], ["Alpha", "keys"]),
        (["role=ops"], ["beta"]),
        (["production=yes"], ["beta"]),
        (["state=held,needs-code", "name!=k*"], ["Alpha", "beta"]),
    ],
)
def test_a_filter_lets_pass(roles, capsys, filters, found):
    assert names(capsys, "status", *(word for each in filters for word in ("--filter", each))) == found


@pytest.mark.parametrize(
    ("key", "order"),
    [
        ("name", ["Alpha", "beta", "keys", "zeta"]),
        ("account", ["keys", "Alpha", "beta", "zeta"]),
        ("state", ["Alpha", "beta", "keys", "zeta"]),
        ("expires", ["beta", "Alpha", "zeta", "keys"]),
        ("used", ["Alpha", "beta", "zeta", "keys"]),
        ("role", ["keys", "zeta", "beta", "Alpha"]),
    ],
)
def test_lists_are_sorted(roles, capsys, key, order):
    assert names(capsys, "status", "--sort", key) == order


def test_roles_are_filtered_and_sorted_as_well(roles, capsys):
    assert names(capsys, "roles", "--filter", "region=eu-*", "--filter", "account=*", "--sort", "source") == [
        "Alpha",
        "beta",
        "keys",
        "zeta",
    ]


def test_a_field_that_there_is_not_is_refused(roles, capsys):
    assert main(["status", "--filter", "colour=red"]) == 2
    assert "There is no field 'colour' to filter by.\n  hint: One of: name, account" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["status", "roles"])
def test_that_no_role_passes_is_said(roles, capsys, verb):
    assert main([verb, "--filter", "nowhere"]) == 0
    assert capsys.readouterr().out.startswith("No role passes ")


def test_status_by_account(roles, capsys):
    assert main(["status", "--group", "account"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in shown[:8]] == [
        "ROLE",
        "account 111122223333: 1 role, 1 held",
        "Alpha",
        "payments (444455556666): 2 roles, 1 held",
        "zeta",
        "beta",
        "of no account: 1 role",
        "keys",
    ]
    assert shown[4].split()[:4] == ["zeta", "payments", "Admin", "idle"]
    assert shown[5].split()[:4] == ["beta", "payments", "Ops", "held"]


def test_status_by_group_has_a_role_under_each_of_its_groups(roles, capsys):
    assert main(["status", "--group", "group"]) == 0
    shown = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    assert shown[1:9] == [
        "all: 2 roles, 1 held",
        "zeta",
        "Alpha",
        "pay: 1 role",
        "zeta",
        "in no group: 2 roles, 1 held",
        "beta",
        "keys",
    ]


def test_roles_have_their_accounts_number_and_name(roles, capsys):
    assert main(["roles"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split() == ["ROLE", "ACCOUNT", "NAME", "IAM", "ROLE", "REGION", "SOURCE", "MFA"]
    assert shown[1].split() == ["zeta", "444455556666", "payments", "Admin", "eu-west-1", "work", "no"]


@pytest.mark.parametrize("verb", ["status", "roles"])
def test_what_is_marked_production_has_a_colour_of_its_own_at_a_terminal(roles, sit, monkeypatch, verb):
    monkeypatch.setenv("COLUMNS", "100")
    assert "\x1b[35mbeta\x1b[0m" in sit(verb).end()[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in sit(verb).end()[1]


def test_a_number_of_an_account_is_not_cut(roles, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    for role in roles:
        role["name"] += "-of-a-customer-with-a-long-name" * 2
    assert main(["status"]) == 0
    table = capsys.readouterr().out.splitlines()[:5]
    assert max(map(len, table)) <= 70
    assert "111122223333" in table[2]
    assert "RENEWS IN" not in table[0]


def test_sentences_are_within_the_terminals_width(roles, daemon, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    error = {"code": "denied", "category": "refused", "sentence": "A sentence of many words. " * 6, "hint": ""}
    roles[0]["error"] = error
    daemon.answers["/v1/status"]["sessions"] = []
    assert main(["status"]) == 0
    shown = capsys.readouterr().out.splitlines()[5:-1]
    assert len(shown) == 3
    assert max(map(len, shown)) <= 60


def test_what_a_role_is_called_in_its_account_is_cut_before_names_are(roles, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "95")
    roles[0]["name"] = "a-customer-of-ours"
    roles[0]["role_arn"] = arn("444455556666", "an-admin-of-all-that-there-is")
    assert main(["status"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("a-customer"))
    assert line.split()[0] == "a-customer-of-ours"
    assert ".." in line.split()[2]
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["status"]) == 0
    assert "a-customer-of-ours  payments      idle" in capsys.readouterr().out
