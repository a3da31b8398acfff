"""What every test stands on: no suite that needs more than .venv by accident, and nobody's home."""

import gc
import os
import signal
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from xacct.ctl.agents import GENERIC, NAMES

# A script that runs the tests behind an `&` has them, and all they start, ignore Ctrl-C and Ctrl-\: no terminal does.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # nohup: we go on, but what we start hears it
    signal.signal(signal.SIGHUP, lambda _number, _frame: None)

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD)

# The same examples every time, so that a red run is red again; `make explore` goes looking for others. `make test` has
# the first of them (see support/examples.py), `make test-live` all. No deadline: how long is the machine's affair.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("brief", max_examples=25, derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=3000, derandomize=False, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# What is logged is tested where it matters; elsewhere it would only fill reports.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))

# These two need more than .venv offers. Naming them (`pytest tests/contract`) runs them all the
# same; pytest ignores only what it would otherwise have come across.
collect_ignore = ["contract", "system"]

TESTS = Path(__file__).parent

LIVE = {
    "test_accounts_live.py": set(),
    "test_agent_install.py": {
        "test_boto3_reads_and_is_refused_a_write",
        "test_a_registered_server_answers_its_client_by_the_command_line_alone",
    },
    "test_approvals.py": set(),
    "test_audit_kept.py": set(),
    "test_below_narrowed.py": {"test_xacctctl_below_it_is_refused_with_a_sentence_and_tells_what_there_is"},
    "test_catalogues.py": {"test_the_same_name_is_each_shells_own_role"},
    "test_children.py": set(),
    "test_console.py": {"test_a_browser_lands_in_the_account_and_the_role"},
    "test_failures_by_hand.py": {"test_wrong_code", "test_used_code", "test_no_code_at_all"},
    "test_consumers.py": {"test_each_recipe_was_run_or_says_that_it_was_not", "test_cron"},
    "test_fifos.py": set(),
    "test_key_rotation.py": set(),
    "test_keychain_keys.py": {"test_a_key_moves_out_of_the_file_after_the_proof"},
    "test_lifecycle.py": {"test_a_reload_leaves_a_daemon_that_can_be_reached"},
    "test_machine_roles.py": set(),
    "test_mcp.py": {"test_an_agent_asks_is_granted_and_lets_go", "test_a_no_is_final_and_nobody_is_asked_again"},
    "test_mfa_devices.py": {"test_a_stored_seed_answers_and_no_code_is_sent_twice"},
    "test_other_profiles.py": set(),
    "test_other_sts.py": {"test_a_code_goes_to_the_sts_of_its_own_shell_alone"},
    "test_policy.py": set(),
    "test_reading.py": set(),
    "test_replaced_keys.py": set(),
    "test_restart.py": {"test_locked_before_is_locked_after"},
    "test_role_words.py": set(),
    "test_sandboxed_commands.py": {
        "test_an_agent_reads_is_refused_a_write_and_the_audit_tells_the_story",
        "test_keys_are_not_there",
    },
    "test_scoped_grants.py": set(),
    "test_signing_in.py": {"test_a_held_request_waits_for_the_sign_in_and_the_role_is_the_one_asked_for"},
    "test_signing_in_to_aws.py": set(),
    "test_taken_back.py": {"test_the_lock_outlives_a_kill_where_nobody_keeps_memory"},
    "test_unusable_profiles.py": set(),
    "test_verify.py": set(),
    "test_web_identity.py": {"test_it_is_served_without_a_key_or_a_code_and_is_the_role"},
    "ctl/doctor/test_stack.py": {"test_all_is_well"},
    "ctl/test_launcher.py": {
        "test_both_ways_are_the_same_whatever_the_files_say",
        "test_what_is_around_puts_no_code_into_it",
        "test_there_is_none_where_its_lines_could_not_say_where_things_are",
        "test_a_signal_ends_it_with_its_number",
    },
    "ctl/test_wrong_words.py": {
        "test_what_is_no_verb",
        "test_options_that_there_are_not",
        "test_words_too_many",
        "test_values_that_mean_nothing",
    },
    "daemon/test_handover.py": {"test_a_successor_is_hardened_before_it_is_handed_anything"},
    "support/test_load.py": set(),
}
"""Files that start a daemon, or several, for each test. `make test` takes of each what is named here, for it has to be
quick; `make test-live` and CI run the rest."""

LATER = {
    "credentials/test_keeper.py": {
        "test_hundreds_of_roles_ask_sts_for_forty_at_once_and_ten_a_second": "test_rate_limiter.py has the pace alone",
        "test_a_day_of_eighty_roles_is_quiet": "test_simulation.py has a day and a half, of fewer roles",
    },
    "credentials/test_lazy_login.py": {
        "test_a_thousand_roles_take_one_code_and_one_call": "those before it have a few roles",
    },
    "sandbox/test_cli.py": {
        "test_a_second_run_keeps_the_identity_and_sigint_ends_it": "test_run_source_call_end has a run and its end",
    },
    "test_fuzz.py": {
        "test_fuzzer_finds_nothing_in_a_few_inputs": "endpoint/test_fuzz.py has the same bytes, in process"
    },
    "test_team_catalogue.py": {
        "test_a_role_of_a_team_is_had_by_the_users_own_keys_in_a_directory_that_wants_it": (
            "test_teamroles.py and ctl/test_catalogue.py have its parts, without a daemon"
        ),
    },
    "test_units.py": {"test_a_wheel_holds_every_unit": "it builds a wheel; the others look at what would be in it"},
}
"""Tests that take a second or more, and the quicker ones of their kind, which `make test` has instead. They run in
`make test-live`, as LIVE's do."""

LONG = (
    "test_main_job.py",
    "test_configure.py",
    "test_child.py",
    "test_wrong_words.py",
    "test_failures_by_hand.py",
    "test_other_profiles.py",
    "test_restart.py",
    "test_simulation.py",
    "test_streams_that_fail.py",
    "test_differential.py",
    "test_targets.py",
    "test_ssh.py",
    "test_rules.py",
    "test_keeper.py",
)
"""Files that take long, the longest first: each is one worker's, and none is to be left alone with one at the end."""


def pytest_collection_modifyitems(items):
    """Mark what `make test` leaves to `make test-live`, and let begin what takes long."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONG)))
    for item in items:
        file = item.path.relative_to(TESTS).as_posix() if item.path.is_relative_to(TESTS) else None
        kept = LIVE.get(file)
        if (kept is not None and item.originalname not in kept) or item.originalname in LATER.get(file, ()):
            item.add_marker(pytest.mark.live)


def pytest_collection_finish():
    """Let the collector pass over the tests themselves: they are most of the heap, and stay to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def nobodys_home(tmp_path_factory):
    """Keep every test, and every process it starts, away from the developer's own credentials.

    A test that wants XDG_RUNTIME_DIR or an AWS variable sets it itself.
    """
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("AWS_", "XACCT_", "XDG_")) or name in {*NAMES, GENERIC}:
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        # Should a test forget to name an endpoint, it must not find a cloud machine's own role.
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield home


@pytest.fixture(autouse=True)
def signals_as_before():
    """Put back what a command or a daemon that is run in the test's own process does about signals."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, action in before.items():
        signal.signal(number, action)


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """Fail the test that changes the process's umask or folder, and not some other that comes after it."""
    umask, folder = os.umask(0o077), os.getcwd()  # noqa: PTH109 - it is compared, not used
    os.umask(umask)
    yield
    left = os.umask(umask), os.getcwd()  # noqa: PTH109 - as above
    os.chdir(folder)
    assert left == (umask, folder), "the umask or the folder was left behind"
