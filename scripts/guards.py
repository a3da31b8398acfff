"""The guards that src is marked with (`# guard: NAME`): what takes each away, and the test that must notice.

To add one: end the line that it is at with `  # guard: NAME` (where that is too long, put the comment on a line of its
own above it), and write here which text of that line (or text that begins in it) becomes which other, and the one test
that turns red for it, as narrow as can be. Then `.venv/bin/python scripts/mutate_guards.py NAME`.
"""

from typing import NamedTuple


class Guard(NamedTuple):
    """What is taken away, what stands there instead, and the test that notices."""

    text: str
    instead: str
    test: str


GUARDS = {
    "role-is-tried-where-it-is-now": Guard(
        "self._demand_same(line)",
        "pass",
        "tests/credentials/test_verification.py::"
        "test_what_was_found_of_a_role_that_is_configured_anew_meanwhile_is_not_said_of_it",
    ),
    "keys-go-where-the-role-is-now": Guard(
        "if self._root(name).role != root.role:",
        "if False:",
        "tests/daemon/test_mfa_devices.py::test_keys_that_took_a_while_do_not_go_where_a_former_profile_said",
    ),
    "who-can-not-go-on-ends": Guard(
        "self._stop.set()",
        "pass",
        "tests/daemon/test_handover.py::"
        "test_where_it_can_not_go_on_after_a_successor_that_failed_it_ends_instead_of_serving_nobody",
    ),
    "one-device-for-once-at-once": Guard(
        "if there != serial:",
        "if False:",
        "tests/credentials/test_keeper.py::test_a_role_is_logged_in_to_by_one_device_at_a_time",
    ),
    "grant-that-nobody-has-is-none": Guard(
        "self._grants.revoke(grant.id)",
        "pass",
        "tests/control/test_api.py::test_a_grant_whose_asker_has_gone_before_it_had_the_token_is_none",
    ),
    "question-is-about-the-key-that-goes": Guard(
        """len(there) == 1 or (key["config"], key["credentials"]) == tuple(files)[:2]""",
        "key is there[-1]",
        "tests/ctl/test_keys.py::test_the_question_is_about_the_key_of_this_shells_files",
    ),
    "key-that-is-rotated-stays": Guard(
        "self._demand_still((where, profile))",
        "pass",
        "tests/daemon/test_keychain_keys.py::test_a_key_that_is_being_rotated_is_not_removed",
    ),
    "what-is-found-is-of-role-as-it-is": Guard(
        "self._demand_same(line)",
        "pass",
        "tests/credentials/test_verification.py::"
        "test_what_was_found_of_a_role_that_is_configured_anew_meanwhile_is_not_said_of_it",
    ),
    "list-is-of-the-token-it-was-made-with": Guard(
        "token.issued_at)",
        "session.issued_at or 0.0)",
        "tests/credentials/test_listings.py::test_what_is_listed_while_somebody_logs_out_is_nobodys",
    ),
    "rotation-is-not-cut-by-a-lost-connection": Guard(
        "except ConnectionError:",
        "except KeyboardInterrupt:",
        "tests/daemon/test_keychain_keys.py::test_it_goes_on_where_whoever_asked_cannot_be_told_any_more",
    ),
    "login-given-up-lengthens-no-session": Guard(
        "self._take_back_until(name, before)",
        "pass",
        "tests/credentials/test_keeper.py::test_a_login_until_that_is_given_up_leaves_the_next_session_as_long_as_ever",
    ),
    "pinentry-is-asked-without-what-its-locale-has-not": Guard(
        "if refused.code == assuan.LOCALE_PROBLEM and words is _as_it_is:",
        "if False:",
        "tests/desktop/test_pinentry.py::test_on_a_terminal_that_has_no_such_characters_it_asks_without_them",
    ),
    "a-keys-last-line-is-no-name": Guard(
        r"""(?=\s*["\'\[{\dtfin+-])""",
        "",
        "tests/ctl/agent/test_verb.py::test_a_line_of_a_text_over_several_lines_is_not_shown",
    ),
    "digits-are-for-the-question-that-was-asked": Guard(
        "if asked != self._typed_for:",
        "if False:",
        "tests/ctl/watch/test_board.py::test_digits_are_of_the_question_for_which_they_were_typed",
    ),
    "audit-is-written-where-refusals-can-not-be": Guard(
        "((self._file, lines), (self._noise, refused)):",
        "((self._noise, refused),) if refused else ((self._file, lines),):",
        "tests/audit/test_trail.py::test_where_refusals_cannot_be_written_all_else_is",
    ),
    "keys-are-for-what-was-on-the-screen": Guard(
        "for key in keys:",
        "for key in [self._read(each) for each in self._streams if each.ready()] and keys:",
        "tests/ctl/watch/test_run.py::test_a_yes_is_to_the_question_that_was_on_the_screen",
    ),
    "what-stands-behind-ours-is-no-comment": Guard(
        "member.start if max(ends) >= 0 else before",
        "before",
        "tests/ctl/agent/test_jsonc.py::test_what_stood_behind_ours_does_not_come_to_stand_in_a_comment",
    ),
    "audit-one-writes-at-a-time": Guard(
        "await asyncio.shield(asyncio.ensure_future(self.flush()))",
        "await self.flush()",
        "tests/audit/test_trail.py::test_when_a_reader_leaves_meanwhile_still_one_writes_at_a_time",
    ),
    "projects-name-is-no-line-of-a-program": Guard(
        "if _CONTROLS.search(directory):",
        "if False:",
        "tests/ctl/agent/test_verb.py::test_a_directorys_name_is_no_line_of_what_is_written",
    ),
    "settings-are-not-of-the-working-directory": Guard(
        'if not named.startswith("/"):',
        "if False:",
        "tests/ctl/agent/test_verb.py::test_a_directory_that_is_another_in_each_directory_is_refused",
    ),
    "bedrock-of-a-project-is-seen": Guard(
        "if place.project else set()",
        "if False else set()",
        "tests/ctl/agent/test_verb.py::test_a_project_that_has_claude_code_ask_bedrock_keeps_its_own",
    ),
    "settings-name-no-path-that-is-no-utf-8": Guard(
        'if any("\\ud800" <= char <= "\\udfff" for char in directory):',
        "if False:",
        "tests/ctl/agent/test_verb.py::test_a_directory_that_no_settings_can_name_is_refused",
    ),
    "projects-link-leads-out-of-no-project": Guard(
        "if not target.startswith(",
        "if False and not target.startswith(",
        "tests/ctl/agent/test_verb.py::test_a_projects_link_leads_to_no_file_elsewhere",
    ),
    "comment-ends-where-vs-codes-does": Guard(
        r"//[^\r\n]*|",
        r"//[^\n]*|",
        "tests/ctl/agent/test_jsonc.py::test_a_comment_ends_at_each_end_of_a_line",
    ),
    "what-only-pythons-json-takes-is-none": Guard(
        "raise ValueError(word)",
        "return",
        "tests/ctl/agent/test_jsonc.py::test_what_is_no_json_is_an_error",
    ),
    "yes-is-to-what-the-role-was": Guard(
        "if name in self.nodes and policy.agreed_to(self.nodes[name].role) != policy.agreed_to(was):",
        "if False:",
        "tests/prompts/test_approvals.py::test_a_yes_is_to_what_the_role_was_when_it_was_said",
    ),
    "asked-about-role-as-it-is": Guard(
        "if policy.agreed_to(self.keeper.node(role.name).role) != policy.agreed_to(role):",
        "if False:",
        "tests/prompts/test_approvals.py::test_nobody_is_asked_about_what_a_role_was_while_it_was_looked_up_who_asks",
    ),
    "restart-changed-role-has-no-yes": Guard(
        "unsaid = decided | others",
        "unsaid = decided",
        "tests/credentials/test_snapshot.py::test_a_yes_to_what_the_role_was_is_asked_for_again",
    ),
    "questions-at-once-are-few": Guard(
        "async with self._turns:",
        "if True:",
        "tests/prompts/test_approvals.py::test_a_crowd_is_asked_about_in_turn",
    ),
    "question-that-waited-is-still-wanted": Guard(
        "if not ask.wanted():",
        "if False:",
        "tests/prompts/test_approvals.py::test_a_crowd_is_asked_about_in_turn",
    ),
    "mcp-everything-is-no-scope": Guard(
        "all_of_it = leaves_all(said_so)",
        "all_of_it = False",
        "tests/ctl/test_mcp_limits.py::test_without_a_scope_nothing_is_given_unless_a_human_said_so",
    ),
    "console-is-for-no-agent-without-scope": Guard(
        "self._agents.check(body)",
        "pass",
        "tests/control/test_agents.py::test_an_agent_without_a_scope_is_refused_where_config_says_so",
    ),
    "everything-is-no-scope-of-agents": Guard(
        "if leaves_all(said):",
        "if False:",
        "tests/control/test_agents.py::test_where_and_for_how_long_is_no_scope",
    ),
    "what-allows-most-is-said-first": Guard(
        "sorted(said, key=_narrowness_of)",
        "said",
        "tests/test_scope.py::test_what_allows_most_is_said_before_words_are_cut",
    ),
    "yes-to-one-request-is-no-others": Guard(
        'f"{kind} {secrets.token_hex(8)}"',
        'f"{kind} 1"',
        "tests/control/test_single_requests.py::test_a_yes_to_one_request_is_nobodys_after_a_restart",
    ),
    "mcp-released-question-is-withdrawn": Guard(
        "task.cancel()",
        "return",
        "tests/ctl/test_mcp_limits.py::test_who_is_released_while_a_human_is_asked_is_asked_about_no_more",
    ),
    "mcp-another-name-is-no-other-role": Guard(
        'role.partition("#")[0]',
        "role",
        "tests/ctl/test_mcp_limits.py::test_a_no_rests_for_five_minutes",
    ),
    "sandbox-of-root-covers-what-it-can": Guard(
        "if not _is_searchable(above):",
        "if False:",
        "tests/ctl/sandboxed/test_sandbox_view.py::test_a_socket_that_is_out_of_reach_is_not_covered",
    ),
    "sockets-behind-access-lists-are-covered": Guard(
        'if "system.posix_acl_access" in _attributes(directory):',
        "if False:",
        "tests/ctl/sandboxed/test_sandbox_view.py::test_a_directory_with_an_access_list_may_be_in_reach",
    ),
    "hidden-in-what-the-sandbox-needs-is-hidden": Guard(
        "_is_gone(path, hidden | places.empty, wanted)",
        "any(is_in(path, each) for each in places.empty)",
        "tests/ctl/sandboxed/test_sandbox_view.py::"
        "test_what_is_hidden_stays_hidden_in_a_directory_that_comes_back_for_python",
    ),
    "only-our-lines-of-a-toml-file-go": Guard(
        "if _toml_or_none(new) not in _without(record, before):",
        "if False:",
        "tests/ctl/agent/test_verb.py::test_what_cannot_be_told_apart_in_a_toml_file_is_left_alone",
    ),
    "mcp-other-roles-are-refused": Guard(
        "if limits.roles and role not in limits.roles:",
        "if False:",
        "tests/ctl/test_mcp_limits.py::test_no_call_is_for_another_role_or_for_longer",
    ),
    "mcp-no-longer-than-its-human-said": Guard(
        "if ttl > limits.ttl:",
        "if False:",
        "tests/ctl/test_mcp_limits.py::test_no_call_is_for_another_role_or_for_longer",
    ),
    "mcp-reason-is-a-short-line": Guard(
        'cut(" ".join(without_keys(clean(reason)).split()), MOST_REASON)',
        "reason",
        "tests/ctl/test_mcp_limits.py::test_a_reason_is_one_short_line",
    ),
    "mcp-scope-is-demanded": Guard(
        "if not limits.unscoped and (",
        "if False and (",
        "tests/ctl/test_mcp_limits.py::test_without_a_scope_nothing_is_given_unless_a_human_said_so",
    ),
    "mcp-other-scopes-are-refused": Guard(
        "if name not in limits.scopes or others:",
        "if False:",
        "tests/ctl/test_mcp_limits.py::test_scopes_that_the_human_named_are_the_only_ones",
    ),
    "mcp-unknown-argument-is-refused": Guard(
        "if unknown := sorted(set(said) - known):",
        "if unknown := []:",
        "tests/ctl/test_mcp_limits.py::test_an_argument_that_nobody_knows_may_be_a_limit",
    ),
    "mcp-no-is-not-asked-again": Guard(
        "if left > 0:",
        "if False:",
        "tests/ctl/test_mcp_limits.py::test_a_no_rests_for_five_minutes",
    ),
    "mcp-grants-end-with-the-server": Guard(
        '"pid": os.getpid(),',
        "",
        "tests/test_mcp.py::test_a_signal_ends_it_and_what_it_gave",
    ),
    "mcp-refused-grant-is-taken-back": Guard(
        "await asyncio.to_thread(revoke, self._client, access.id)",
        "pass",
        "tests/test_mcp.py::test_a_no_is_final_and_nobody_is_asked_again",
    ),
    "mcp-others-grants-are-not-its-own": Guard(
        "if access_id not in self.accesses:",
        "if False:",
        "tests/ctl/test_mcp_limits.py::test_a_grant_of_others_is_none_of_its",
    ),
    "mcp-endpoint-is-told-of-what-is-granted": Guard(
        'if access.state == "granted":',
        "if True:",
        "tests/test_mcp.py::test_a_guarded_role_waits_for_a_human_who_sees_the_reason",
    ),
    "mcp-agent-gets-the-path-of-the-token": Guard(
        "del change.set[token]",
        "pass",
        "tests/test_mcp.py::test_nothing_that_it_says_or_logs_holds_a_secret",
    ),
    "mcp-no-file-wins-over-what-is-granted": Guard(
        "change.set.update(dict.fromkeys(_FILES, _NO_FILE))",
        "pass",
        "tests/test_mcp.py::test_no_keys_of_a_shells_files_win_over_what_is_granted",
    ),
    "mcp-one-question-for-a-role": Guard(
        'if _plain(access.role) == _plain(role) and access.state == "waiting":',
        "if False:",
        "tests/ctl/test_mcp_limits.py::test_one_question_for_a_role_is_open_at_a_time",
    ),
    "mcp-grants-have-a-limit": Guard(
        'if sum(access.state != "ended" for access in in_force) >= MOST:',
        "if False:",
        "tests/ctl/test_mcp_limits.py::test_twenty_are_open_at_once_and_what_has_ended_is_not",
    ),
    "mcp-grant-of-a-call-that-is-gone": Guard(
        "asyncio.shield(self._begin(self._make(wanted, agent)))",
        "self._make(wanted, agent)",
        "tests/ctl/test_mcp_limits.py::test_what_is_granted_to_a_call_that_was_cancelled_is_known_and_taken_back",
    ),
    "mcp-end-takes-grants-back": Guard(
        "revoke(self._client, access.id)",
        "pass",
        "tests/ctl/test_mcp_limits.py::test_the_end_takes_back_what_is_in_force",
    ),
    "mcp-other-roles-are-not-listed": Guard(
        'if not self._limits.roles or role["name"] in self._limits.roles]',
        "]",
        "tests/test_mcp.py::test_the_servers_limits_hold_for_each_call",
    ),
    "name-of-an-agent-is-a-word": Guard(
        'char.isascii() and (char.isalnum() or char in "._-@")',
        "True",
        "tests/ctl/test_agents.py::test_a_name_of_its_own_choice_is_a_short_word",
    ),
    "agent-without-scope-is-refused": Guard(
        'if "agent" not in body or not self._need_scope() or _says_what(scope):',
        "if True:",
        "tests/control/test_agents.py::test_an_agent_without_a_scope_is_refused_where_config_says_so",
    ),
    "region-or-time-alone-is-no-scope-of-agents": Guard(
        "return bool(scope.name or scope.read_only or scope.policy or scope.allow or scope.policy_arns)",
        "return True",
        "tests/control/test_agents.py::test_where_and_for_how_long_is_no_scope",
    ),
    "no-other-machines-calls-in-sandbox": Guard(
        "_answer(_KILL),",
        "_answer(_ALLOW),",
        "tests/ctl/sandboxed/test_sandbox_parts.py::test_the_filter_refuses_what_it_is_for_and_nothing_else",
    ),
    "no-typing-into-terminal": Guard(
        "(_TIOCSTI, _TIOCLINUX)",
        "()",
        "tests/test_sandboxed_commands.py::test_a_shell_has_job_control_and_types_nothing_into_the_terminal",
    ),
    "secrets-of-environment-stay-outside": Guard(
        "return not _SECRET.isdisjoint",
        "return False and not _SECRET.isdisjoint",
        "tests/test_sandboxed_commands.py::test_the_environment_has_no_other_credentials",
    ),
    "ways-to-agents-stay-outside": Guard(
        "*_LEADING, ",
        "",
        "tests/test_sandboxed_commands.py::test_the_environment_has_no_other_credentials",
    ),
    "no-other-identity-by-keep-env": Guard(
        'if name.startswith(("AWS_", "AMAZON_", "XACCT_")) or name == "BOTO_CONFIG":',
        "if False:",
        "tests/test_sandboxed_commands.py::test_the_environment_has_no_other_credentials",
    ),
    "sandbox-sees-no-process-of-others": Guard(
        '"--unshare-pid",',
        "*(),",
        "tests/test_sandboxed_commands.py::test_no_process_outside_is_seen_or_touched",
    ),
    "network-that-is-cut-is-cut": Guard(
        '["--unshare-net"]',
        "[]",
        "tests/test_sandboxed_commands.py::test_without_a_network_the_relay_leads_to_the_endpoint_and_nothing_else_does",
    ),
    "root-has-no-powers-in-sandbox": Guard(
        '*("--cap-drop", "ALL"),',
        "",
        "tests/ctl/sandboxed/test_sandbox_parts.py::test_the_command_line_has_every_namespace",
    ),
    "sandbox-ends-with-xacctctl": Guard(
        '"--die-with-parent", ',
        "",
        "tests/test_sandboxed_commands.py::test_all_of_it_ends_when_xacctctl_is_killed",
    ),
    "planted-bubblewrap-is-not-run": Guard(
        "not planted and ",
        "",
        "tests/ctl/sandboxed/test_sandbox_parts.py::test_one_that_a_command_could_have_put_there_is_not_taken",
    ),
    "no-sandbox-no-command": Guard(
        "if tried.returncode:",
        "if False:",
        "tests/ctl/sandboxed/test_sandbox_parts.py::test_where_it_is_not_allowed_a_sentence_says_why",
    ),
    "sandbox-reaches-no-imds-port": Guard(
        "if ports:",
        "if False:",
        "tests/test_sandboxed_commands.py::test_imds_ports_and_a_shared_network_are_refused",
    ),
    "without-landlock-no-unix-sockets": Guard(
        "families.append(seccomp.AF_UNIX)",
        "pass",
        "tests/test_sandboxed_commands.py::test_where_the_kernel_scopes_no_sockets_none_are_made",
    ),
    "hidden-by-every-mount": Guard(
        "return places.Places(found.homes, found.never | own, found.others | rest, found.empty)",
        "return found",
        "tests/ctl/sandboxed/test_sandbox_view.py::test_what_is_shown_by_another_mount_counts_as_hidden",
    ),
    "directories-of-everybodys-sockets-are-empty": Guard(
        '("/tmp", "/var/tmp", "/run")',
        '("/var/tmp",)',
        "tests/test_sandboxed_commands.py::test_what_lies_in_everybodys_directories_is_not_there",
    ),
    "xaccts-own-is-never-in-view": Guard(
        "*map(real, (paths.state_dir(), os.path.dirname(paths.config_file()))),",
        "",
        "tests/test_sandboxed_commands.py::test_what_is_xaccts_own_is_not_there",
    ),
    "both-homes-are-hidden": Guard(
        "return [home, other] if apart else [home]",
        "return [home]",
        "tests/ctl/sandboxed/test_sandbox_view.py::test_the_home_directory_of_the_user_database_is_treated_alike",
    ),
    "planted-link-widens-no-sandbox": Guard(
        "if view.is_in(said, here) and not view.is_in(found, here):",
        "if False:",
        "tests/ctl/sandboxed/test_sandbox_view.py::test_a_link_that_leads_out_of_the_working_directory_is_not_followed",
    ),
    "root-as-home-has-no-sandbox": Guard(
        'if home == "/":',
        'if home == "/" and environ is None:',
        "tests/ctl/sandboxed/test_sandbox_view.py::test_where_the_home_directory_is_the_root_there_is_no_sandbox",
    ),
    "misspelled-path-of-sandbox-is-said": Guard(
        "if not os.path.lexists(found):",
        "if False:",
        "tests/ctl/sandboxed/test_sandbox_view.py::test_a_misspelled_path_is_said",
    ),
    "no-descriptor-comes-into-sandbox": Guard(
        "os.closerange(3, _MOST_DESCRIPTORS)",
        "pass",
        "tests/test_sandboxed_commands.py::test_no_descriptor_comes_along",
    ),
    "first-process-of-sandbox-is-not-stopped": Guard(
        "kernel_calls.close_to_tracers()",
        "pass",
        "tests/test_sandboxed_commands.py::test_no_process_outside_is_seen_or_touched",
    ),
    "abstract-sockets-are-out-of-reach": Guard(
        "kernel_calls.enter()",
        "pass",
        "tests/test_sandboxed_commands.py::test_an_abstract_socket_is_out_of_reach",
    ),
    "deeper-mount-of-sandbox-has-the-word": Guard(
        "mounts.sort(key=lambda mount: mount.key)",
        "mounts.sort(key=lambda mount: mount.key, reverse=True)",
        "tests/ctl/sandboxed/test_sandbox_view.py::test_the_file_system_is_read_only_and_the_directory_can_be_written",
    ),
    "sandbox-file-system-is-read-only": Guard(
        '["--ro-bind", "/", "/", ',
        '["--bind", "/", "/", ',
        "tests/test_sandboxed_commands.py::test_what_is_not_hidden_is_there_and_read_only",
    ),
    "root-sets-nothing-of-the-kernels": Guard(
        '(*rebuilt, "/proc")',
        "(*rebuilt,)",
        "tests/ctl/sandboxed/test_sandbox_view.py::test_the_file_system_is_read_only_and_the_directory_can_be_written",
    ),
    "sandbox-writes-around-nothing-hidden": Guard(
        "if found:",
        "if False:",
        "tests/test_sandboxed_commands.py::test_where_it_would_write_around_what_is_hidden_it_is_refused",
    ),
    "sandbox-keeps-nothing-around-hidden": Guard(
        "if found:",
        "if False:",
        "tests/test_sandboxed_commands.py::test_what_stays_hidden_is_not_kept",
    ),
    "hidden-file-has-no-other-name": Guard(
        "for path in sorted(places.never):",
        "for path in ():",
        "tests/ctl/sandboxed/test_sandbox_view.py::test_a_file_with_a_second_name_is_refused",
    ),
    "hidden-entry-of-sandbox-is-left-out": Guard(
        "if path in without or path in rebuilt:",
        "if path in rebuilt:",
        "tests/test_sandboxed_commands.py::test_keys_are_not_there",
    ),
    "repository-runs-nothing-of-sandbox": Guard(
        "if real and git not in write:",
        "if False:",
        "tests/test_sandboxed_commands.py::test_a_repositorys_own_files_can_be_read_and_no_more",
    ),
    "sockets-of-others-are-covered": Guard(
        "found = sorted((seen | inside) - set(wanted.keep))",
        "found = []",
        "tests/test_sandboxed_commands.py::test_a_socket_anywhere_in_view_is_covered",
    ),
    "sandbox-option-alone-is-refused": Guard(
        "if given:",
        "if False:",
        "tests/ctl/sandboxed/test_sandbox_parts.py::test_an_option_of_a_sandbox_alone_is_refused",
    ),
    "sandbox-goes-by-grant": Guard(
        "if other:",
        "if False:",
        "tests/ctl/sandboxed/test_sandbox_parts.py::test_what_goes_by_no_grant_of_the_command_is_refused",
    ),
    "no-daemon-is-started-in-sandbox": Guard(
        "if variables.SANDBOXED in os.environ:",
        "if False:",
        "tests/test_sandboxed_commands.py::test_xacctctl_inside_says_one_sentence",
    ),
    "no-password-of-an-address-in-the-script": Guard(
        "if awsfiles.HIDDEN in files.endpoint:",
        "if False:",
        "tests/ctl/agent/test_verb.py::test_a_password_is_not_written",
    ),
    "narrowed-exec-binds-its-grant": Guard(
        "subreaper.bind(client, grant)",
        "pass",
        "tests/ctl/test_subreaper.py::test_its_grant_is_bound_to_it_before_the_command_runs",
    ),
    "narrowed-exec-is-a-subreaper": Guard(
        "        become()\n",
        "",
        "tests/ctl/test_subreaper.py::test_it_stays_as_long_as_anything_is_left_and_its_grant_with_it",
    ),
    "no-subreaper-no-narrowed-exec": Guard(
        "prctl.set_option(prctl.CHILD_SUBREAPER, 1)",
        "pass",
        "tests/ctl/test_subreaper.py::test_where_there_is_no_subreaper_the_grant_is_taken_back",
    ),
    "older-xacctd-binds-nothing": Guard(
        '_demand_root(told.get("root"))',
        "pass",
        "tests/ctl/test_subreaper.py::test_an_older_xacctd_binds_nothing_and_the_command_does_not_run",
    ),
    "narrowed-exec-outlasts-what-it-started": Guard(
        "    _outlast()\n",
        "",
        "tests/ctl/test_subreaper.py::test_it_stays_as_long_as_anything_is_left_and_its_grant_with_it",
    ),
    "narrowed-exec-does-not-detach": Guard(
        "if args.detach and narrows(args):",
        "if False:",
        "tests/ctl/test_subreaper.py::test_it_does_not_detach",
    ),
    "daemon-is-not-below-a-narrowed-exec": Guard(
        "if status := subreaper.have_daemon(client):",
        "if status := 0:",
        "tests/ctl/test_subreaper.py::test_a_daemon_that_it_has_started_is_not_below_it",
    ),
    "narrowed-exec-takes-back-what-is-not-bound": Guard(
        'revoke(client, grant["id"])',
        "pass",
        "tests/ctl/test_subreaper.py::test_where_it_cannot_be_bound_the_command_does_not_run",
    ),
    "audit-nobodys-decision-is-none": Guard(
        "if prompt.permission is None or event is None:",
        "event = event or 'declined'\n    if prompt.permission is None:",
        "tests/daemon/test_decisions.py::test_what_nobody_has_answered_is_nobodys_decision",
    ),
    "decisions-reach-audit": Guard(
        "events.call(PromptClosed, partial(decisions.write, audit, grants))",
        "pass",
        "tests/daemon/test_decisions.py::test_a_yes_says_how_long_it_holds_who_said_it_and_who_had_asked",
    ),
    "asker-reaches-prompt": Guard(
        "self.askers.of,",
        "",
        "tests/daemon/test_app.py::test_processes_are_looked_for_where_a_prompt_or_many_connections_want_them",
    ),
    "dialog-nothing-chosen-is-no": Guard(
        "if chosen is None:",
        "if said is None:",
        "tests/desktop/test_prompter.py::test_a_dialog_in_which_nothing_was_chosen_says_no",
    ),
    "dialog-yes-holds-as-long-as-was-chosen": Guard(
        "asked.allow(chosen)",
        "asked.allow()",
        "tests/desktop/test_prompter.py::test_a_dialog_asks_for_how_long_and_what_is_chosen_holds",
    ),
    "dialog-details-are-words": Guard(
        "plain(words)",
        "words",
        "tests/test_foreign_text.py::test_a_dialog_shows_who_asks_as_words",
    ),
    "yes-is-of-the-one-that-was-asked-about": Guard(
        "if lasting.for_all else",
        "if True else",
        "tests/prompts/test_approved.py::test_whoever_waits_beside_one_that_is_allowed_alone_is_asked_about_next",
    ),
    "name-that-is-there-twice-is-not-changed": Guard(
        "if len(set(names)) < len(names):",
        "if False:",
        "tests/ctl/agent/test_jsonc.py::test_what_is_no_json_is_an_error",
    ),
    "what-somebody-else-has-set-stays": Guard(
        "elif member.value.value != value:",
        "elif False:",
        "tests/ctl/agent/test_jsonc.py::test_what_somebody_else_has_set_is_no_ones_to_change",
    ),
    "json-is-read-again-before-it-is-written": Guard(
        "if not jsonc.said(new, wanted):",
        "if False:",
        "tests/ctl/agent/test_verb.py::test_what_came_out_wrong_is_not_written",
    ),
    "toml-is-read-again-before-written": Guard(
        "if not _is_added(",
        "if False and not _is_added(",
        "tests/ctl/agent/test_verb.py::test_what_somebody_else_has_set_stays",
    ),
    "a-file-of-anothers-is-not-replaced": Guard(
        "if there and content != self._content:",
        "if False:",
        "tests/ctl/agent/test_verb.py::test_what_somebody_else_has_set_stays",
    ),
    "bedrock-keeps-its-own-credentials": Guard(
        'if named or place.environ.get("CLAUDE_CODE_USE_BEDROCK"):',
        "if False:",
        "tests/ctl/agent/test_verb.py::test_claude_code_that_asks_bedrock_keeps_its_own",
    ),
    "codex-keeps-what-was-set": Guard(
        'if isinstance(policy, dict) and policy.get("include_only"):',
        "if False:",
        "tests/ctl/agent/test_verb.py::test_codex_that_takes_it_out_again_is_refused",
    ),
    "agents-files-lead-not-to-themselves": Guard(
        'if variables.is_copy(files.config) or files.config.startswith(f"{agents}/"):',
        "if False:",
        "tests/ctl/agent/test_verb.py::test_an_agents_shell_can_install_nothing",
    ),
    "agents-settings-are-shown-without-values": Guard(
        "else '...'",
        "else named[2]",
        "tests/ctl/agent/test_verb.py::test_a_diff_is_shown_and_only_a_yes_is_one",
    ),
    "read-only-file-is-left-alone": Guard(
        "if not os.stat(change.path).st_mode & stat.S_IWUSR:",
        "if False:",
        "tests/ctl/agent/test_verb.py::test_a_read_only_file_is_left_alone",
    ),
    "mcp-alone-does-not-widen-shells": Guard(
        "if former is not None and former.role is not None:",
        "if False:",
        "tests/ctl/agent/test_verb.py::test_the_server_alone_takes_no_narrowing_away",
    ),
    "mcp-again-keeps-its-bounds": Guard(
        "if lost := sorted(set(had[::2]) - set(found[::2])):",
        "if lost := []:",
        "tests/ctl/agent/test_verb.py::test_bounds_that_were_said_are_not_lost_by_saying_less",
    ),
    "mcp-alone-takes-no-bound-that-it-has-not": Guard(
        "if server.is_wider(args):",
        "if False:",
        "tests/ctl/agent/test_verb.py::test_what_cannot_be_meant_is_refused",
    ),
    "agents-shells-are-narrowed": Guard(
        "if not (args.read_only",
        "if False and not (args.read_only",
        "tests/ctl/agent/test_verb.py::test_what_cannot_be_meant_is_refused",
    ),
    "no-other-lifetime-beside-what-narrows": Guard(
        "if args.lifetime is not None:",
        "if False:",
        "tests/ctl/test_process.py::test_a_lifetime_is_not_narrowed",
    ),
    "no-digit-and-no-key-of-view-allows": Guard(
        '"once": "j"',
        '"once": "o"',
        "tests/ctl/test_approve.py::test_no_key_is_one_of_the_live_views_or_could_be_part_of_a_code",
    ),
    "enter-alone-is-no": Guard(
        '("", "n", "no")',
        '("n", "no")',
        "tests/ctl/test_approve.py::test_a_word_is_what_was_shown_for_it_or_nothing",
    ),
    "plain-yes-is-what-was-shown": Guard(
        '_said(choices[0]) if choices else {"confirm": True}',
        '{"confirm": True}',
        "tests/ctl/test_approve.py::test_a_word_is_what_was_shown_for_it_or_nothing",
    ),
    "got-ready-is-no-use": Guard(
        "Ask(human=False, ahead=True)",
        "Ask(human=False)",
        "tests/prompts/test_approved.py::test_what_is_got_ready_is_no_use",
    ),
    "single-request-is-offered-what-it-can-use": Guard(
        "single=True,",
        "",
        "tests/control/test_api.py::test_a_single_request_is_offered_what_is_of_use_to_it",
    ),
    "asker-reaches-control": Guard(
        "asker=app.askers.of,",
        "",
        "tests/test_approvals.py::test_each_use_is_asked_for_with_who_asks_and_the_answer_is_written_down",
    ),
    "yes-within-what-confirm-permits": Guard(
        "if length not in self.permitted:",
        "if False:",
        "tests/prompts/test_approved.py::test_what_a_yes_may_mean_is_what_confirm_permits",
    ),
    "minutes-have-bounds": Guard(
        "if not MINUTE <= seconds <= self.at_most:",
        "if False:",
        "tests/prompts/test_approved.py::test_minutes_have_bounds",
    ),
    "narrowed-yes-ends-with-its-grant": Guard(
        'permitted = tuple(each for each in permitted if each != "logout")',
        "pass",
        "tests/prompts/test_approved.py::test_what_a_yes_may_mean_is_what_confirm_permits",
    ),
    "plain-yes-at-each-use-is-for-once": Guard(
        'if confirm == "each-use":',
        "if False:",
        "tests/prompts/test_approved.py::test_what_a_plain_yes_means",
    ),
    "once-is-once": Guard(
        "self._said[key] = replace(self._said[key], until=until, used=True)",
        "self._said[key] = replace(self._said[key], used=True)",
        "tests/prompts/test_approved.py::test_at_each_use_a_plain_yes_is_for_once_and_a_burst_is_one_use",
    ),
    "yes-has-its-end": Guard(
        "(said.until is None or self._boot() < said.until)",
        "True",
        "tests/prompts/test_approved.py::test_each_length_holds_as_long_as_it_says_and_no_longer",
    ),
    "logout-ends-yeses": Guard(
        'if key.role != role or said.length == "grant"',
        "if True",
        "tests/prompts/test_approved.py::test_a_logout_ends_all_but_what_is_for_a_grants_life",
    ),
    "times-of-another-boot-mean-nothing": Guard(
        "if yes.until is None or same_boot:",
        "if True:",
        "tests/prompts/test_approved.py::test_a_restart_keeps_each_yes_with_its_end_and_another_boot_only_what_has_none",
    ),
    "yes-for-all-is-of-first-use": Guard(
        'if role.confirm == "first-use" else own',
        "if True else own",
        "tests/prompts/test_approved.py::test_a_yes_for_less_serves_no_more",
    ),
    "serve-uses-up-a-yes-for-once": Guard(
        "            self.use(name, consumer)",
        "            pass",
        "tests/prompts/test_approved.py::test_at_each_use_a_plain_yes_is_for_once_and_a_burst_is_one_use",
    ),
    "imds-use-is-a-use": Guard(
        "self._service.use(self.role, self.consumer)",
        "pass",
        "tests/endpoint/test_imds.py::test_at_each_use_the_try_that_finds_it_answered_is_the_use",
    ),
    "remember-is-within-its-bound": Guard(
        "if not MINUTE <= wanted <= most:",
        "if False:",
        "tests/test_settings.py::test_a_mistake_is_one_sentence_and_a_hint",
    ),
    "api-process-is-words": Guard(
        '"name": clean(name)}',
        '"name": name}',
        "tests/control/test_api.py::test_a_confirmation_says_what_would_be_allowed_and_who_asks_in_words",
    ),
    "api-directory-is-words": Guard(
        "clean(asker.directory)",
        "asker.directory",
        "tests/control/test_api.py::test_a_confirmation_says_what_would_be_allowed_and_who_asks_in_words",
    ),
    "api-command-is-words": Guard(
        "clean(asker.command)",
        "asker.command",
        "tests/control/test_api.py::test_a_confirmation_says_what_would_be_allowed_and_who_asks_in_words",
    ),
    "value-behind-secret-option-is-blanked": Guard(
        "if _ASKS.fullmatch(before):",
        "if False:",
        "tests/host/test_command_line.py::test_whatever_the_value_is_behind_a_secrets_name_it_is_not_shown",
    ),
    "users-password-is-blanked": Guard(
        'elif _USER.fullmatch(before) and ":" in argument:',
        "elif False:",
        "tests/host/test_command_line.py::test_what_is_named_as_a_secret_is_blanked",
    ),
    "command-line-is-words": Guard(
        'cut(clean(" ".join(words)), most)',
        'cut(" ".join(words), most)',
        "tests/host/test_command_line.py::test_a_users_name_is_words_too",
    ),
    "value-of-secret-name-is-blanked": Guard(
        r'_NAMED.sub(rf"\1{BLANK}", said)',
        "said",
        "tests/host/test_command_line.py::test_what_is_named_as_a_secret_is_blanked",
    ),
    "long-arguments-are-looked-at-in-part": Guard(
        "if len(argument) <= LOOKED_AT:",
        "if True:",
        "tests/host/test_command_line.py::test_of_a_long_argument_whole_words_of_its_beginning_are_looked_at",
    ),
    "no-more-is-looked-at-than-is-shown": Guard(
        "if length > most:",
        "if False:",
        "tests/host/test_command_line.py::test_no_more_arguments_are_looked_at_than_are_shown",
    ),
    "command-line-in-command-line": Guard(
        r'_OPTION.sub(rf"\1{BLANK}", said)',
        "said",
        "tests/host/test_command_line.py::test_what_is_named_as_a_secret_is_blanked",
    ),
    "variables-are-blanked": Guard(
        r'_VARIABLE.sub(rf"\1{BLANK}", said)',
        "said",
        "tests/host/test_command_line.py::test_variables_keep_their_names_and_options_their_values",
    ),
    "userinfo-is-blanked": Guard(
        '_PASSWORD_AT.sub(f"{BLANK}@", said)',
        "said",
        "tests/host/test_command_line.py::test_what_is_named_as_a_secret_is_blanked",
    ),
    "secret-keys-are-blanked": Guard(
        "without_keys(said, BLANK)",
        "said",
        "tests/host/test_command_line.py::test_a_secret_key_that_looks_like_a_path_is_blanked",
    ),
    "random-words-are-blanked": Guard(
        "lambda found: BLANK if _is_random(found[0]) else found[0], said",
        "lambda found: found[0], said",
        "tests/host/test_command_line.py::test_no_long_random_word_is_shown_wherever_it_stands",
    ),
    "mfa-codes-are-blanked": Guard(
        "_MFA_CODE.sub(BLANK, said)",
        "said",
        "tests/host/test_command_line.py::test_ids_of_keys_and_codes_are_blanked",
    ),
    "looks-that-hang-are-few": Guard(
        "if self._looking >= AT_ONCE:",
        "if False:",
        "tests/host/test_asker.py::test_a_look_that_hangs_is_not_waited_for_and_there_are_few",
    ),
    "no-prompt-waits-for-look-that-hangs": Guard(
        "{looking}, timeout=PATIENCE)",
        "{looking})",
        "tests/host/test_asker.py::test_a_look_that_hangs_is_not_waited_for_and_there_are_few",
    ),
    "asker-is-process-that-asked": Guard(
        "now.started == before.started and executable(caller.pid, proc) == caller.exe",
        "True",
        "tests/host/test_asker.py::test_a_pid_that_stands_for_another_process_by_now_says_nothing",
    ),
    "tree-has-end": Guard(
        "DEPTH - 1",
        "99",
        "tests/host/test_asker.py::test_without_a_terminal_it_goes_up_to_the_first_of_ours_and_has_an_end",
    ),
    "no-ancestor-is-younger": Guard(
        "if found is None or found.started > below.started:",
        "if found is None:",
        "tests/host/test_asker.py::test_who_is_younger_than_its_child_is_no_ancestor",
    ),
    "half-argument-is-not-shown": Guard(
        "if len(raw) == LARGEST:",
        "if False:",
        "tests/host/test_asker.py::test_of_a_long_command_line_no_half_argument_is_shown",
    ),
    "bytes-of-narrower-credentials-are-forgotten": Guard(
        "if not held:",
        "if not held and not narrow:",
        "tests/endpoint/test_container_credentials.py::test_each_grant_gets_the_bytes_of_its_own_scope",
    ),
    "each-scope-has-its-own-bytes": Guard(
        'key = role, "" if grant.scope is None else held.access_key_id',
        'key = role, ""',
        "tests/endpoint/test_container_credentials.py::test_each_grant_gets_the_bytes_of_its_own_scope",
    ),
    "engines-read-only-is-not-ours": Guard(
        "if ours and not set_off:",
        "if False:",
        "tests/ctl/test_docker.py::test_what_may_be_meant_for_us_or_the_engine_is_neither",
    ),
    "certificates-are-left-out-for-one-thread": Guard(
        "if threading.get_ident() != here:",
        "if False:",
        "tests/daemon/test_loading.py::test_other_threads_get_their_certificates_meanwhile",
    ),
    "compose-file-narrows-nothing": Guard(
        "if narrows(args):",
        "if False:",
        "tests/ctl/test_docker.py::test_a_compose_file_narrows_nothing_and_a_command_of_compose_does",
    ),
    "serve-scope-on-every-way": Guard(
        "        node = self._narrowed(node, consumer)",
        "        pass",
        "tests/credentials/test_scoped.py::test_any_number_of_fetchers_have_one_derivation",
    ),
    "serve-no-one-off-beside-scope": Guard(
        "if consumer.scope is not None and ask.lifetime is not None:",
        "if False:",
        "tests/credentials/test_scoped.py::test_no_other_lifetime_goes_beside_a_scope",
    ),
    "serve-scope-never-the-roles-own": Guard(
        "if consumer.scope is not None and self.keeper.nodes[name].entry.held is held:",
        "if False:",
        "tests/credentials/test_scoped.py::test_the_roles_own_never_leave_whatever_breaks",
    ),
    "scoped-entry-is-of-role-as-it-is": Guard(
        "if known is None or known.stands_on is not node.entry or not _same(known.node.role, node.role):",
        "if known is None:",
        "tests/credentials/test_scoped.py::test_an_entry_is_of_the_role_as_it_is",
    ),
    "scoped-credentials-go-with-their-role": Guard(
        "                gone.node.entry.lose(why)",
        "                pass",
        "tests/credentials/test_scoped.py::test_whoever_waits_for_a_role_that_was_logged_out_of_is_told",
    ),
    "no-storm-at-the-end-of-a-scope": Guard(
        "if held is not None and self.as_long_as_can_be(need.entry):",
        "if False:",
        "tests/credentials/test_scoped.py::test_they_end_with_the_grant_and_its_end_makes_no_storm",
    ),
    "scope-outlives-no-grant": Guard(
        "if over <= 0:",
        "if True:",
        "tests/credentials/test_scoped.py::test_a_call_that_takes_long_outlives_no_grant",
    ),
    "scope-ends-with-its-grant": Guard(
        "if seconds < 1:",
        "if False:",
        "tests/credentials/test_scoped.py::test_they_end_with_the_grant_and_its_end_makes_no_storm",
    ),
    "scope-costs-no-code": Guard(
        "if hop not in ANEW:",
        "if False:",
        "tests/credentials/test_scoped.py::test_what_can_only_be_narrowed_by_the_call_is_refused_without_it",
    ),
    "scope-is-not-added-to-a-roles-own-policy": Guard(
        "if role.policy or role.session_policies:",
        "if False:",
        "tests/credentials/test_scoped.py::test_what_can_only_be_narrowed_by_the_call_is_refused_without_it",
    ),
    "scope-is-no-longer-than-it-says": Guard(
        "if seconds < policy.ROLE_DURATION_MIN:",
        "if False:",
        "tests/credentials/test_scoped.py::test_a_role_is_not_had_for_longer_than_the_grant_lasts",
    ),
    "scope-that-says-more-grants-nothing": Guard(
        "class _Scope(msgspec.Struct, forbid_unknown_fields=True,",
        "class _Scope(msgspec.Struct, forbid_unknown_fields=False,",
        "tests/grants/test_grant_file.py::test_an_odd_row_loses_its_grant_alone",
    ),
    "scope-is-kept": Guard(
        '{} if grant.scope is None else {"scope": asdict(grant.scope)}',
        "{}",
        "tests/grants/test_grant_file.py::test_a_scope_outlives_a_restart_by_the_file_and_by_hand",
    ),
    "bound-outlives-its-grant-and-a-restart": Guard(
        "rows + [{BOUND: _row_of(root)} for root in roots]",
        "rows",
        "tests/grants/test_roots.py::test_when_its_grant_has_ended_a_process_is_bound_still_and_after_each_restart",
    ),
    "bound-grants-are-not-misread": Guard(
        '{} if grant.root is None else {"root": _row_of(grant.root)}',
        "{}",
        "tests/grants/test_roots.py::test_an_xacctd_that_knows_no_such_processes_serves_no_grant_with_one",
    ),
    "bound-whatever-became-of-its-grant": Guard(
        "self.roots.take_over(roots)",
        "self.roots.take_over(())",
        "tests/grants/test_roots.py::test_a_file_that_is_older_than_the_end_of_its_grant_binds_the_process_all_the_same",
    ),
    "bound-by-the-file-or-by-hand": Guard(
        "roots | handed",
        "handed",
        "tests/grants/test_roots.py::test_of_the_file_and_what_is_handed_on_the_older_unbinds_nothing",
    ),
    "bound-as-long-as-it-lives": Guard(
        "if self._lives(root)}",
        "if False}",
        "tests/grants/test_roots.py::test_when_its_grant_has_ended_a_process_is_bound_still_and_after_each_restart",
    ),
    "bound-processes-have-limit": Guard(
        "if len(self._known) >= MOST and len(self.living()) >= MOST:",
        "if False:",
        "tests/grants/test_roots.py::test_there_is_a_limit",
    ),
    "process-is-bound-to-what-is-narrowed": Guard(
        "if grant.scope is None:",
        "if False:",
        "tests/control/test_boundary.py::test_a_process_is_bound_to_what_is_narrowed",
    ),
    "process-binds-itself-alone": Guard(
        "if peer is None or peer.pid != pid:",
        "if peer is None:",
        "tests/control/test_boundary.py::test_a_process_binds_itself_alone",
    ),
    "boundary-stands-before-every-route": Guard(
        "            self._boundary.check(request)\n",
        "",
        "tests/control/test_boundary.py::test_what_widens_is_refused",
    ),
    "boundary-refuses-below-a-narrowed-grant": Guard(
        "elif not self._roots.known.isdisjoint(chain):",
        "elif False:",
        "tests/control/test_boundary.py::test_what_widens_is_refused",
    ),
    "boundary-refuses-what-it-cannot-tell": Guard(
        "if self._roots.living():",
        "if False:",
        "tests/control/test_boundary.py::test_who_cannot_be_told_is_refused_while_a_bound_process_lives",
    ),
    "boundary-refuses-routes-without-a-line": Guard(
        "found = WIDENS.get(_route(request), True)",
        "found = WIDENS.get(_route(request), False)",
        "tests/control/test_boundary.py::test_what_there_is_no_line_for_is_refused",
    ),
    "status-tells-of-no-yes-that-means-nothing": Guard(
        'return confirm == "first-use" if key.consumer is None else',
        "return True if key.consumer is None else",
        "tests/control/test_api.py::test_status_has_the_yeses_by_which_somebody_may_use_a_role",
    ),
    "boundary-writes-down-what-it-refuses": Guard(
        'self._audit.denied(request, grant, (f"{method} {path}" if path else "a route that there is not") + more)',
        "pass",
        "tests/control/test_audit.py::test_what_the_boundary_refuses_is_written_with_its_grant_and_process",
    ),
    "ancestry-starts-at-the-very-process": Guard(
        "if not chain and entry.started != of_whom.started:",
        "if False:",
        "tests/host/test_ancestry.py::test_a_later_process_of_the_same_number_is_not_taken_for_it",
    ),
    "ancestry-no-parent-is-younger": Guard(
        "if age is not None and entry.age > age:",
        "if False:",
        "tests/host/test_ancestry.py::test_a_parent_that_is_younger_than_its_child_is_not_its_parent",
    ),
    "ancestry-unfinished-is-unknown": Guard(
        "frozenset(chain) if pid == 0 else None",
        "frozenset(chain)",
        "tests/host/test_ancestry.py::test_a_chain_without_an_end_is_not_known",
    ),
    "ancestry-what-cannot-be-read-lives": Guard(
        "return True",
        "return False",
        "tests/host/test_ancestry.py::test_what_nobody_can_tell_to_have_ended_lives",
    ),
    "peer-is-the-one-that-connected": Guard(
        "found if _pid_of(descriptor) == pid else None",
        "found",
        "tests/host/test_ancestry.py::test_who_has_its_number_afterwards_is_not_taken_for_it",
    ),
    "scope-without-a-limit-is-none": Guard(
        "if not (scope.policy or scope.policy_arns or scope.ttl):",
        "if False:",
        "tests/grants/test_grant_file.py::test_an_odd_row_loses_its_grant_alone",
    ),
    "what-goes-by-no-grant-cannot-be-narrowed": Guard(
        "if narrows(args) and (args.static or args.imds):",
        "if False:",
        "tests/ctl/test_scope_options.py::test_what_goes_by_no_grant_is_not_narrowed",
    ),
    "older-xacctd-narrows-nothing": Guard(
        'if "scope" in body and not grant.get("scope"):',
        "if False:",
        "tests/ctl/test_scope_options.py::test_an_older_xacctd_narrows_nothing_and_its_grant_is_taken_back",
    ),
    "unknown-scope-is-refused": Guard(
        "class WantedScope(msgspec.Struct, forbid_unknown_fields=True,",
        "class WantedScope(msgspec.Struct, forbid_unknown_fields=False,",
        "tests/control/test_scopes.py::test_what_cannot_be_meant_makes_no_grant",
    ),
    "named-scope-goes-alone": Guard(
        "if replace(said, ttl=None) != Wanted():",
        "if False:",
        "tests/control/test_scopes.py::test_a_scope_of_config_toml_goes_alone_and_no_longer_than_both_say",
    ),
    "scope-that-sts-does-not-count-is-none": Guard(
        'if (policy and not answer.get("ScopedPoliciesCount"))',
        "if False and (policy)",
        "tests/aws/test_scoped_credentials.py::test_what_was_not_narrowed_is_no_answer",
    ),
    "scope-says-one-thing": Guard(
        "if sum(kinds) > 1:",
        "if False:",
        "tests/test_scope.py::test_what_cannot_be_meant_is_refused",
    ),
    "regions-deny-all-others": Guard(
        "statements = [*(statements or ([] if wanted.policy_arns else [_EVERYTHING])), _elsewhere(wanted.regions)]",
        "statements = statements or [_EVERYTHING]",
        "tests/test_scope.py::test_regions_narrow_whatever_else_is_said",
    ),
    "resources-go-with-actions": Guard(
        "if wanted.on and not wanted.allow:",
        "if False:",
        "tests/test_scope.py::test_what_cannot_be_meant_is_refused",
    ),
    "prompt-of-zsh-expands-no-roles-name": Guard(
        'words = words.replace("%", "%%")',
        "pass",
        "tests/ctl/test_init.py::test_a_prompts_colour_tells_production",
    ),
    "template-makes-each-role-once": Guard(
        "if name in roles:",
        "if False:",
        "tests/test_templates.py::test_a_row_that_is_wrong_is_named_with_its_file_and_line",
    ),
    "template-makes-whole-arns": Guard(
        "if not isinstance(arn, str) or not _ARN.fullmatch(arn):",
        "if False:",
        "tests/test_templates.py::test_a_row_that_is_wrong_is_named_with_its_file_and_line",
    ),
    "screen-is-left-as-it-was": Guard(
        "self._restore()",
        "pass",
        "tests/ctl/picker/test_pick.py::test_a_signal_gives_the_terminal_back",
    ),
    "screen-shows-words": Guard(
        "text = clean(text)",
        "pass",
        "tests/ctl/picker/test_choice.py::test_a_name_drives_no_terminal",
    ),
    "source-is-of-its-own-files": Guard(
        "replace(parent, files=tuple(self.files))",
        "parent",
        "tests/test_several_files.py::test_roles_of_the_same_name_stand_side_by_side_each_with_its_own_source",
    ),
    "seed-shows-nothing": Guard(
        'return "Seed(…)"',
        'return f"Seed({self.secret})"',
        "tests/state/test_totp.py::test_a_seed_shows_nothing",
    ),
    "seed-is-as-awss": Guard(
        'if found.digits != DIGITS or found.interval != TOTP_STEP or found.digest().name != "sha1":',
        "if False:",
        "tests/state/test_totp.py::test_a_seed_of_other_codes_than_aws_takes_is_refused",
    ),
    "seed-is-not-overwritten": Guard(
        "if self.added(serial) is not None:",
        "if False:",
        "tests/state/test_mfa_seeds.py::test_a_seed_does_not_replace_another",
    ),
    "seed-that-is-not-kept-whole-is-taken-back": Guard(
        "await self._asking.undo(serial, PATIENCE)",
        "pass",
        "tests/state/test_mfa_seeds.py::test_where_the_list_can_not_be_written_the_keychain_has_nothing",
    ),
    "keychain-gives-back-the-seed": Guard(
        "if kept != seed:",
        "if False:",
        "tests/state/test_mfa_seeds.py::test_what_the_keychain_changes_is_not_kept",
    ),
    "locked-agent-gives-no-codes": Guard(
        "if self._locked():",
        "if False:",
        "tests/desktop/test_stored_seed.py::test_a_locked_agent_gives_no_codes",
    ),
    "refused-seed-is-not-tried-again": Guard(
        "self._sent.pop(serial, 0) == prompt.attempt - 1 > 0",
        "False",
        "tests/desktop/test_stored_seed.py::test_a_seed_whose_code_was_refused_is_not_tried_again_until_it_is_another",
    ),
    "seed-is-typed-unseen": Guard(
        "getpass.getpass(",
        "input(",
        "tests/ctl/test_mfa.py::test_a_secret_is_asked_for_at_the_terminal_after_a_yes_and_not_shown",
    ),
    "iam-is-asked-where-sts-is": Guard(
        "None if regions.is_awss(host) else sts.endpoint_url",
        "None",
        "tests/aws/test_iam.py::test_iam_is_where_the_profile_says_or_where_sts_is_if_that_is_not_awss",
    ),
    "code-is-of-device-that-will-do": Guard(
        "if serial not in prompt.serials:",
        "if False:",
        "tests/prompts/test_several_devices.py::test_a_code_of_a_device_that_is_not_asked_for_is_sent_to_nobody",
    ),
    "code-is-of-the-chosen-device": Guard(
        'self._send(prompt, {"code": code, "serial": self._chosen(prompt)} if several else {"code": code})',
        'self._send(prompt, {"code": code})',
        "tests/ctl/test_login.py::test_one_of_several_devices_is_chosen_by_its_number",
    ),
    "no-question-while-all-devices-rest": Guard(
        "if self._rests(fit[0]):",
        "if False:",
        "tests/prompts/test_several_devices.py::test_when_all_are_at_rest_nobody_is_asked",
    ),
    "list-is-for-devices-that-it-has": Guard(
        "if role.mfa_serial in devices and not said:",
        "if devices and not said:",
        "tests/test_settings.py::test_a_list_of_a_source_is_for_the_roles_that_take_codes_of_one_of_its_devices",
    ),
    "dialog-other-devices-are-words": Guard(
        '", ".join(map(plain, prompt.others))',
        '", ".join(prompt.others)',
        "tests/desktop/test_several_devices.py::test_a_dialog_names_the_one_it_asks_for_and_the_others",
    ),
    "device-for-once-is-of-the-users-account": Guard(
        "if account is not None and known and account not in known:",
        "if False:",
        "tests/test_mfa_devices.py::test_a_device_that_can_not_be_the_users_is_refused",
    ),
    "code-is-no-argument": Guard(
        'args.code != "-"',
        "False",
        "tests/ctl/test_login.py::test_a_code_is_no_argument",
    ),
    "one-code-is-for-one-device": Guard(
        "len(serials) > 1",
        "False",
        "tests/control/test_streams.py::test_one_code_is_for_one_device",
    ),
    "limits-hold-in-all-files": Guard(
        "return role_settings.limited(limits, there, own)",
        "return there.roles",
        "tests/test_several_files.py::test_a_limit_holds_for_its_name_and_its_arn_in_all_files",
    ),
    "broken-config-loses-no-limit": Guard(
        "own, limits = self.own.roles, self.settings if self.own.read else found.said",
        "own, limits = self.own.roles, found.said",
        "tests/test_several_files.py::test_a_config_toml_that_is_broken_leaves_every_guard",
    ),
    "read-in-thread-by-limits-in-force": Guard(
        "found.basis != self._basis()",
        "False",
        "tests/test_several_files.py::test_what_a_thread_has_read_by_older_limits_is_read_again",
    ),
    "opened-while-thread-reads-has-its-limits": Guard(
        "for catalogue in came:",
        "for catalogue in came[:0]:",
        "tests/test_several_files.py::test_what_was_opened_while_a_thread_read_newer_limits_has_them",
    ),
    "nothing-given-by-what-can-t-be-read-in-time": Guard(
        "if not in_time and (files is not None or _gives(request)):",
        "if False:",
        "tests/control/test_api.py::test_where_it_can_not_be_read_in_time_nothing_is_given_by_what_was_so_before",
    ),
    "lock-waits-for-no-disk": Guard(
        "request.path in _AT_ONCE or ",
        "",
        "tests/control/test_api.py::test_where_it_can_not_be_read_in_time_nothing_is_given_by_what_was_so_before",
    ),
    "complaints-move-only-what-is-signed-with": Guard(
        "if signed_for or not self._certain or",
        "if True or",
        "tests/test_clock.py::test_complaints_that_agree_move_nothing_but_what_is_signed_with",
    ),
    "no-profile-called-like-another-files-role": Guard(
        "            _refuse_keys(found)\n",
        "",
        "tests/test_several_files.py::test_a_profile_that_is_called_like_a_role_of_other_files_is_refused",
    ),
    "environment-keys-for-own-files": Guard(
        "                _refuse_environment(found)\n",
        "                pass\n",
        "tests/test_several_files.py::test_keys_in_the_environment_are_not_those_of_other_files_shells",
    ),
    "another-home-is-another-set-of-files": Guard(
        '"\\0".join(files)', '"\\0".join(files[:2])', "tests/test_awsfiles.py::test_an_id_has_a_word_for_people"
    ),
    "another-sts-makes-other-roles": Guard(
        "sts = (endpoint, ca_bundle) if endpoint or ca_bundle else ()",
        "sts = ()",
        "tests/test_several_files.py::test_another_sts_makes_other_roles_of_the_same_files_and_the_daemons_own_has_no_say",
    ),
    "daemons-sts-is-for-its-own-roles": Guard(
        "if name not in (ENDPOINT, *CA_BUNDLES)}",
        "}",
        "tests/test_several_files.py::test_another_sts_makes_other_roles_of_the_same_files_and_the_daemons_own_has_no_say",
    ),
    "no-password-of-address-leaves-shell": Guard(
        'without_password(environ.get(ENDPOINT, ""), HIDDEN)',
        'environ.get(ENDPOINT, "")',
        "tests/test_awsfiles.py::test_which_sts_a_shell_means",
    ),
    "no-password-of-proxy-leaves-shell": Guard(
        'without_password(_either(environ, f"{name}_proxy"), HIDDEN)',
        '_either(environ, f"{name}_proxy")',
        "tests/test_awsfiles.py::test_the_proxy_of_a_shell_is_that_which_botocore_takes",
    ),
    "no-code-goes-by-proxy-that-shell-has-not": Guard(
        "    if said[0] == said[1]:\n",
        "    if True:\n",
        "tests/test_other_sts.py::test_no_code_goes_by_a_proxy_that_the_shell_has_not",
    ),
    "keys-in-environment-are-shells": Guard(
        " and self._around.keys != ours.keys:",
        " and False:",
        "tests/test_other_sts.py::test_keys_in_the_environment_are_the_shells_or_nobodys",
    ),
    "what-replaced-key-has-had-is-let-go": Guard(
        "now.get(each, each.key) != each.key}",
        "False}",
        "tests/test_replaced_keys.py::test_another_key_in_the_profile_is_used_as_soon_as_it_is_read",
    ),
    "replaced-key-is-noticed-by-fetches": Guard(
        "self._refresh()",
        "pass",
        "tests/endpoint/test_container_credentials.py::test_each_fetch_has_what_has_changed_read",
    ),
    "code-follows-no-redirect": Guard(
        "allow_redirects=False", "allow_redirects=True", "tests/aws/test_targets.py::test_a_code_follows_no_redirect"
    ),
    "no-variable-steers-sdk": Guard(
        "ignore_configured_endpoint_urls=True",
        "ignore_configured_endpoint_urls=False",
        "tests/aws/test_targets.py::test_no_other_variable_steers_the_client",
    ),
    "sessions-of-many-are-of-one-sts": Guard(
        "if session is None or target != role.target:",
        "if session is None:",
        "tests/credentials/test_lost_roles.py::test_roles_of_one_source_and_two_sts_hang_from_two_sessions",
    ),
    "code-is-for-one-sts": Guard(
        "return (role.source, role.mfa_serial, role.target)",
        "return (role.source, role.mfa_serial, StsTarget())",
        "tests/credentials/test_sessions.py::test_a_code_for_one_sts_opens_no_session_at_another",
    ),
    "profiles-address-beats-environments": Guard(
        "if url is None and not (fips or dualstack",
        "if not (fips or dualstack",
        "tests/aws/test_targets.py::test_the_daemons_environment_has_a_say_only_where_the_profile_has_none",
    ),
    "grants-id-is-no-path": Guard(
        'pattern=r"\\A[0-9a-f]{8}\\Z"',
        "max_length=LONGEST",
        "tests/grants/test_grant_file.py::test_an_odd_row_loses_its_grant_alone",
    ),
    "row-that-says-more-grants-nothing": Guard(
        "forbid_unknown_fields=True",
        "forbid_unknown_fields=False",
        "tests/grants/test_grant_file.py::test_an_odd_row_loses_its_grant_alone",
    ),
    "row-that-says-less-grants-nothing": Guard(
        "le=2**31 - 1)] | None",
        "le=2**31 - 1)] | None = None",
        "tests/grants/test_grant_file.py::test_a_row_that_says_less_grants_nothing",
    ),
    "broken-grants-json-is-kept": Guard(
        "kept = fileio.set_aside(path)",
        'kept = ""',
        "tests/grants/test_grant_file.py::test_a_broken_file_is_kept_aside",
    ),
    "grants-have-limit": Guard(
        "        self._refuse_too_many()\n", "", "tests/grants/test_grant_file.py::test_there_is_a_limit_and_it_is_said"
    ),
    "disk-that-hangs-hangs-nobody": Guard(
        "async with asyncio.timeout(PATIENCE):",
        "if True:",
        "tests/grants/test_grant_file.py::test_a_disk_that_hangs_hangs_nobody",
    ),
    "chain-of-profiles-has-end": Guard(
        " and len(chain) <= LONGEST_CHAIN:",
        ":",
        "tests/aws/test_bounds.py::test_a_chain_is_walked_no_further_than_it_may_be_long",
    ),
    "awss-files-are-read-by-one-reader": Guard(
        "content = fileio.read(path, MOST_BYTES)",
        "content = path.read_bytes()",
        "tests/aws/test_bounds.py::test_a_file_of_megabytes_is_refused_in_a_sentence",
    ),
    "config-toml-is-not-deep": Guard(
        "        _demand_shallow(text)\n",
        "",
        "tests/test_settings.py::test_a_file_that_no_human_wrote_is_refused_in_a_sentence",
    ),
    "childs-output-is-bounded": Guard(
        "if len(self.out) > self._limit:", "if False:", "tests/host/test_child.py::test_output_up_to_the_limit_is_taken"
    ),
    "who-holds-childs-output-is-not-waited-for": Guard(
        "status or self._silent or self._waited_long or enough(bytes(self.out))",
        "self._silent",
        "tests/host/test_child.py::test_a_background_child_that_holds_the_output_is_not_waited_for",
    ),
    "childs-group-is-killed-with-it": Guard(
        "os.killpg(group, number)",
        "os.kill(group, number)",
        "tests/host/test_child.py::test_the_end_of_all_ends_those_that_run_and_those_left_behind",
    ),
    "what-stems-from-child-is-killed": Guard(
        "os.kill(pid, number)",
        "pass",
        "tests/host/test_child.py::test_a_time_out_ends_the_group_and_those_of_another_session",
    ),
    "told-to-end-it-ends-whatever-hangs": Guard(
        "timer.start()",
        "pass",
        "tests/daemon/test_handover.py::test_told_to_end_it_ends_whatever_hangs",
    ),
    "no-child-outlives-daemon": Guard(
        "process_groups.end_all(left_behind=self._successor is None)",
        "pass",
        "tests/test_children.py::test_a_login_does_not_wait_for_what_a_helper_leaves_in_the_background",
    ),
    "last-words-without-secrets": Guard(
        '_LOOKS_SECRET.sub("…", ', "str(", "tests/host/test_child.py::test_last_words_are_clean_and_without_secrets"
    ),
    "credential-processs-version-counts": Guard(
        "if version != 1:",
        "if False:",
        "tests/aws/test_credential_process.py::test_an_answer_is_taken_where_botocore_takes_it",
    ),
    "date-without-time-zone-is-refused": Guard(
        "if date.tzinfo is None:",
        "if False:",
        "tests/aws/test_credential_process.py::test_an_answer_is_taken_where_botocore_takes_it",
    ),
    "what-is-no-regular-file-is-not-opened": Guard(
        "    raise _irregular(path)\n\n",
        "    return\n\n",
        "tests/test_fileio.py::test_what_is_no_regular_file_is_refused_at_once",
    ),
    "file-is-opened-without-waiting": Guard(
        "flags | os.O_NONBLOCK |",
        "flags |",
        "tests/test_fileio.py::test_a_fifo_that_comes_between_look_and_open_is_refused",
    ),
    "file-is-read-up-to-limit": Guard(
        "if len(content) > limit:", "if False:", "tests/test_fileio.py::test_a_file_is_read_up_to_the_limit"
    ),
    "failed-env-fails-its-line": Guard(
        'sh_quote, "false", _sh_gone)',
        'sh_quote, "true", _sh_gone)',
        "tests/ctl/test_env_failure.py::test_set_e_stops_and_without_it_nobody_goes_on_in_the_former_role",
    ),
    "what-stays-in-the-shell-fails-the-line": Guard(
        "lines.append(self.gone(change))",
        "pass",
        "tests/ctl/test_env_failure.py::test_where_what_wins_cannot_be_taken_away_the_line_fails",
    ),
    "xuse-in-fish-takes-away-a-functions-own": Guard(
        "function xuse --no-scope-shadowing --description",
        "function xuse --description",
        "tests/ctl/test_init.py::test_in_fish_a_functions_own_profile_goes_or_xuse_fails",
    ),
    "launcher-hands-on-no-key-of-bedrocks": Guard(
        "' '.join(UNSET)",
        "' '.join(UNSET[:-1])",
        "tests/ctl/agent/test_verb.py::test_a_key_of_bedrocks_is_taken_away_where_a_variable_can_be",
    ),
    "indented-heading-hides-no-key": Guard(
        "yield _without_deeper(content)",
        "pass",
        "tests/ctl/test_shadow.py::test_a_heading_that_python_takes_for_a_values_next_line_ends_no_section",
    ),
    "failed-env-leaves-no-former-role": Guard(
        "tuple(name for name in gone if name not in stays)",
        "()",
        "tests/ctl/test_env_failure.py::test_powershell_throws_last",
    ),
    "what-env-file-cannot-carry-is-refused": Guard(
        "value.isprintable() and ", "", "tests/ctl/test_shells.py::test_any_dotenv_value_is_an_error_or_read_alike"
    ),
    "comment-in-compose-file-is-one-line": Guard(
        "(clean(shlex.quote(word))", "((word)", "tests/ctl/test_docker.py::test_no_name_adds_a_key_to_a_compose_file"
    ),
    "what-others-write-meanwhile-is-seen": Guard(
        "if content(fresh) != old:\n        _restore(fresh, target, old, new)\n        return\n"
        "    is_closed = _settle(fresh)\n    if content(fresh) != old or not is_closed:",
        "is_closed = _settle(fresh)\n    if not is_closed:",
        "tests/ctl/test_configure.py::test_what_somebody_else_writes_meanwhile_is_not_lost",
    ),
    "what-others-write-between-two-exchanges-is-merged": Guard(
        "    if came == new:\n        return True\n",
        "    return True\n",
        "tests/ctl/test_configure.py::test_what_is_written_between_two_exchanges_is_not_lost",
    ),
    "what-cannot-be-merged-is-kept": Guard(
        "kept = fileio.keep_copy(target, content(fresh))",
        'kept = ""',
        "tests/ctl/test_configure.py::test_what_can_not_be_merged_is_kept_beside_and_said",
    ),
    "who-still-writes-is-waited-for": Guard(
        "        if not has_writer(path):\n",
        "        if True:\n",
        "tests/ctl/test_configure.py::test_what_a_program_writes_late_into_the_file_is_not_lost",
    ),
    "files-are-exchanged-in-one-step": Guard(
        "if exchange(fresh, target):",
        "if False:",
        "tests/ctl/test_configure.py::test_what_somebody_else_writes_meanwhile_is_not_lost",
    ),
    "access-control-list-is-kept": Guard(
        "os.setxattr(descriptor, _ACL, acl)", "pass", "tests/ctl/test_configure.py::test_an_access_control_list_is_kept"
    ),
    "hard-link-is-left-alone": Guard(
        "if like.st_nlink > 1:", "if False:", "tests/ctl/test_configure.py::test_a_file_of_two_names_is_left_alone"
    ),
    "files-mode-is-kept": Guard(
        "    os.fchmod(descriptor, mode)\n", "", "tests/ctl/test_configure.py::test_the_mode_and_the_symlink_are_kept"
    ),
    "symlink-stays-one": Guard(
        "os.path.realpath(path)", "path", "tests/ctl/test_configure.py::test_the_mode_and_the_symlink_are_kept"
    ),
    "file-in-editor-is-left-alone": Guard(
        "if os.path.lexists(sign):",
        "if False:",
        "tests/ctl/test_configure.py::test_a_file_that_is_open_in_an_editor_is_left_alone",
    ),
    "copy-users-file-is-changed-in-one-way": Guard(
        "stays = edit.replace(target, old, new)",
        "stays = not fileio.write_private(target, new)",
        "tests/copies/test_store.py::test_what_an_editor_saves_in_the_same_instant_is_not_lost",
    ),
    "no-profile-of-anothers-is-doubled": Guard(
        "if entry.profile in taken:",
        "if False:",
        "tests/ctl/test_configure.py::test_a_profile_that_is_not_ours_is_not_doubled",
    ),
    "diff-without-secrets": Guard(
        "yield mark + showable(line)",
        'yield mark + line.rstrip("\\n")',
        "tests/ctl/test_configure.py::test_a_dry_run_shows_of_others_lines_only_what_is_no_secret",
    ),
    "outside-of-the-block-stays": Guard(
        "+ block + found.after",
        "+ block",
        "tests/ctl/test_accounts.py::test_what_is_outside_of_the_block_is_not_touched_wherever_it_stands",
    ),
    "what-every-profile-has-is-refused": Guard(
        "if aws.gives_all(lines(config)):",
        "if False:",
        "tests/ctl/test_shadow.py::test_where_python_gives_keys_to_every_profile_ours_would_have_them_and_is_refused",
    ),
    "profile-of-others-is-never-shadowed": Guard(
        "if name in self._outside:",
        "if False:",
        "tests/ctl/test_accounts_plan.py::test_a_name_that_somebody_elses_profile_has_is_left_alone",
    ),
    "nothing-is-pruned-that-could-not-be-listed": Guard(
        "entry.account_id in self._listed.failed:",
        "False:",
        "tests/ctl/test_accounts_plan.py::test_nothing_of_an_account_goes_that_could_not_be_listed",
    ),
    "not-one-left-takes-a-word": Guard(
        "if made.gone and not left:",
        "if False:",
        "tests/ctl/test_accounts.py::test_an_empty_list_takes_nothing_away_without_a_word_at_a_terminal",
    ),
    "damaged-block-is-left-alone": Guard(
        "!= [True, False]:", "== []:", "tests/ctl/test_block.py::test_a_damaged_block_is_not_guessed_at"
    ),
    "no-line-that-shells-read-differently": Guard(
        "or _UNQUOTABLE.search(word)",
        "",
        "tests/ctl/test_block.py::test_what_they_would_read_differently_is_not_written",
    ),
    "what-asks-xacct-is-no-source": Guard(
        "return None if asks_xacct(command) else Source",
        "return Source",
        "tests/aws/test_profiles.py::test_a_profile_that_cannot_be_used_is_one_problem_and_takes_nothing_down",
    ),
    "sources-program-cannot-ask-back": Guard(
        "    if source:\n",
        "    if False:\n",
        "tests/ctl/test_configure.py::test_who_is_run_for_its_keys_may_not_ask_back",
    ),
    "host-must-be-ours": Guard(
        "if host not in hosts and", "if False and", "tests/endpoint/test_head.py::test_other_hosts_are_not"
    ),
    "no-other-host-than-grants": Guard(
        "host not in _forwarded_to(forwarded(headers",
        "not _forwarded_to(forwarded(headers",
        "tests/endpoint/test_head.py::test_another_host_is_ours_with_a_token_that_brings_it_along",
    ),
    "another-host-only-with-grant-that-names-it": Guard(
        "None if grant is None else grant.forwarded_port",
        "9478 if grant is None else grant.forwarded_port",
        "tests/grants/test_grants.py::test_a_forwarded_grant_brings_the_host_of_its_port_and_no_other_does",
    ),
    "origin-form-targets-only": Guard(
        'rb"GET (/[A-Za-z0-9._/-]*|',
        'rb"GET (\\S+|',
        "tests/endpoint/test_head.py::test_what_is_no_whole_role_arn_is_not",
    ),
    "get-only": Guard(
        'rb"GET (/', 'rb"[A-Z]+ (/', "tests/endpoint/test_head.py::test_any_other_request_line_is_refused"
    ),
    "http-1-1-only": Guard(
        "HTTP/1\\.1", "HTTP/1\\.[01]", "tests/endpoint/test_head.py::test_any_other_request_line_is_refused"
    ),
    "no-origin": Guard(
        '        b"origin",\n', "", "tests/endpoint/test_head.py::test_what_browsers_and_proxies_send_gives_them_away"
    ),
    "no-referer": Guard(
        '        b"referer",\n', "", "tests/endpoint/test_head.py::test_what_browsers_and_proxies_send_gives_them_away"
    ),
    "no-forwarded": Guard(
        '        b"forwarded",\n',
        "",
        "tests/endpoint/test_head.py::test_what_browsers_and_proxies_send_gives_them_away",
    ),
    "no-via": Guard(
        '        b"via",\n', "", "tests/endpoint/test_head.py::test_what_browsers_and_proxies_send_gives_them_away"
    ),
    "no-cookie": Guard(
        '        b"cookie",\n', "", "tests/endpoint/test_head.py::test_what_browsers_and_proxies_send_gives_them_away"
    ),
    "no-x-real-ip": Guard(
        '        b"x-real-ip",\n',
        "",
        "tests/endpoint/test_head.py::test_what_browsers_and_proxies_send_gives_them_away",
    ),
    "no-upgrade": Guard(
        '        b"upgrade",\n', "", "tests/endpoint/test_head.py::test_what_browsers_and_proxies_send_gives_them_away"
    ),
    "no-transfer-encoding": Guard(
        '        b"transfer-encoding",\n',
        "",
        "tests/endpoint/test_head.py::test_what_browsers_and_proxies_send_gives_them_away",
    ),
    "no-sec-fetch": Guard(
        'b"sec-", ', "", "tests/endpoint/test_head.py::test_what_browsers_and_proxies_send_gives_them_away"
    ),
    "no-x-forwarded": Guard(
        'b"x-forwarded", ', "", "tests/endpoint/test_head.py::test_what_browsers_and_proxies_send_gives_them_away"
    ),
    "no-proxy": Guard(
        ', b"proxy-"', "", "tests/endpoint/test_head.py::test_what_browsers_and_proxies_send_gives_them_away"
    ),
    "no-header-twice": Guard(
        "if name in headers:", "if False:", "tests/endpoint/test_head.py::test_a_header_that_comes_twice_is_refused"
    ),
    "no-body": Guard(
        'headers.get(b"content-length", b"0") != b"0"', "False", "tests/endpoint/test_head.py::test_a_body_is_refused"
    ),
    "no-control-characters-in-values": Guard(
        "[\\t\\x20-\\x7e\\x80-\\xff]*", "[^\\r]*", "tests/endpoint/test_head.py::test_what_is_no_header_line_is_refused"
    ),
    "names-of-tokens-up-to-colon": Guard(
        "~-]+):(", "~\\x20-]+):(", "tests/endpoint/test_head.py::test_what_is_no_header_line_is_refused"
    ),
    "whole-lines-not-beginnings": Guard(
        "_HEADER.fullmatch", "_HEADER.match", "tests/endpoint/test_head.py::test_what_is_no_header_line_is_refused"
    ),
    "bounded-number-of-headers": Guard(
        "len(lines) > MAX_HEADERS",
        "False",
        "tests/endpoint/test_head.py::test_one_header_more_than_the_most_is_refused",
    ),
    "no-token-in-requests-repr": Guard(
        'f"Request({self.target!r})"',
        "str(tuple(self))",
        "tests/endpoint/test_head.py::test_a_request_does_not_show_its_token",
    ),
    "listening-on-127-0-0-1-alone": Guard(
        'ADDRESS = "127.0.0.1"',
        'ADDRESS = "0.0.0.0"',
        "tests/endpoint/test_server.py::test_it_listens_on_127_0_0_1_alone",
    ),
    "bounded-head": Guard(
        "len(self._buffer) >= head.MAX_HEAD:",
        "False:",
        "tests/endpoint/test_server.py::test_every_refusal_is_the_same_and_closes",
    ),
    "bounded-buffer-while-held": Guard(
        "if len(self._buffer) > head.MAX_HEAD:",
        "if False:",
        "tests/endpoint/test_server.py::test_a_held_client_that_sends_more_than_a_head_is_dropped",
    ),
    "refusal-closes": Guard(
        "self._write(self._endpoint.refusal, keep_alive=False)",
        "self._write(self._endpoint.refusal, keep_alive=True)",
        "tests/endpoint/test_server.py::test_every_refusal_is_the_same_and_closes",
    ),
    "another-user-is-turned-away": Guard(
        "return None if caller.uid == self._uid else ANOTHER_USER",
        "return None",
        "tests/endpoint/test_peer_check.py::test_other_users_cannot_fill_the_room",
    ),
    "no-grant-closes": Guard(
        " and answer not in CLOSING",
        "",
        "tests/endpoint/test_server.py::test_an_answer_of_no_grant_closes_whatever_the_client_says",
    ),
    "bounded-number-of-connections": Guard(
        "if self.taken >= self.most:",
        "if False:",
        "tests/endpoint/test_server.py::test_one_connection_more_than_the_most_is_told",
    ),
    "imds-has-share-of-its-own": Guard(
        "seats.IMDS.of(files)",
        "10**9",
        "tests/test_lifecycle.py::test_many_connections_at_another_listener_leave_the_endpoint_its_places_and_are_told_of",
    ),
    "listeners-for-containers-have-share-of-their-own": Guard(
        "seats.CONTAINERS.of(files)",
        "10**9",
        "tests/test_lifecycle.py::test_many_connections_at_another_listener_leave_the_endpoint_its_places_and_are_told_of",
    ),
    "share-of-connections-each": Guard(
        "found[self.most :]",
        "connection_limiter[:0]",
        "tests/endpoint/test_connection_limiter.py::test_who_has_more_than_its_share_loses_the_newest_and_nobody_else_any",
    ),
    "share-by-process": Guard(
        "if pid is not None:",
        "if False:",
        "tests/endpoint/test_connection_limiter.py::test_who_has_more_than_its_share_loses_the_newest_and_nobody_else_any",
    ),
    "deadline": Guard(
        "if c.deadline < now", "if False", "tests/endpoint/test_server.py::test_an_idle_connection_is_closed_in_time"
    ),
    "back-pressure": Guard(
        "        self._choked = True\n",
        "",
        "tests/endpoint/test_server.py::test_a_burst_is_answered_no_further_than_the_client_reads",
    ),
    "no-reading-what-cannot-be-answered": Guard(
        "self._transport.pause_reading()",
        "pass",
        "tests/endpoint/test_server.py::test_a_client_that_reads_no_answer_gets_no_more_of_them",
    ),
    "broken-answer-quotes-nothing": Guard(
        "answer = answers.BROKEN\n",
        "answer = answers.whole(answers.FORBIDDEN, str(bug).encode(), close=True)\n",
        "tests/endpoint/test_server.py::test_an_answer_that_breaks_refuses_that_client_and_serves_the_next",
    ),
    "imds-token-on-every-get": Guard(
        "if not self._tokens.opens(request.authorization):",
        "if False:",
        "tests/endpoint/test_imds.py::test_tokens_are_random_kept_as_hashes_and_of_no_use_at_another_port",
    ),
    "imds-put-for-token-alone": Guard(
        'rb"(?:(PUT) (/?%s)|(GET)',
        'rb"(?:(PUT) (/?%s/?)|(GET)',
        "tests/endpoint/test_imds_guard.py::test_every_refusal_is_the_same_and_closes",
    ),
    "imds-other-methods": Guard(
        "|(GET) (/[A-Za-z",
        "|([A-Z]+) (/[A-Za-z",
        "tests/endpoint/test_imds_guard.py::test_every_refusal_is_the_same_and_closes",
    ),
    "imds-guard-of-endpoint": Guard(
        "line, headers = head.trusted(raw, hosts, _REQUEST_LINE)",
        'line, headers = head.trusted(raw, hosts | {b"169.254.169.254"}, _REQUEST_LINE)',
        "tests/endpoint/test_imds_guard.py::test_every_refusal_is_the_same_and_closes",
    ),
    "imds-ports-own-role-alone": Guard(
        '{f"{path}/{node.role.slug}" for path in ROLES}',
        '{target for path in ROLES if target.startswith(path + "/")}',
        "tests/endpoint/test_imds.py::test_a_name_that_no_path_could_hold_goes_by_its_slug",
    ),
    "imds-tokens-expire": Guard(
        'return self._boot() < self._until.get(digest_of(token), float("-inf"))',
        "return digest_of(token) in self._until",
        "tests/endpoint/test_imds.py::test_a_token_lives_as_long_as_was_asked_and_a_suspend_counts",
    ),
    "imds-tokens-live-six-hours-at-most": Guard(
        "1 <= int(ttl) <= LONGEST",
        "1 <= int(ttl)",
        "tests/endpoint/test_imds.py::test_a_token_of_another_age_than_ec2s_is_refused",
    ),
    "imds-bounded-number-of-tokens": Guard(
        "if len(self._until) < MOST:",
        "if True:",
        "tests/endpoint/test_imds.py::test_a_bounded_number_of_tokens_is_kept_the_expired_going_first",
    ),
    "imds-random-tokens": Guard(
        "secrets.token_urlsafe(32)",
        '"a" * 43',
        "tests/endpoint/test_imds.py::test_tokens_are_random_kept_as_hashes_and_of_no_use_at_another_port",
    ),
    "imds-only-hashes-of-tokens": Guard(
        "self._until[digest_of(token)] = self._boot()",
        "self._until[token] = self._until[digest_of(token)] = self._boot()",
        "tests/endpoint/test_imds.py::test_tokens_are_random_kept_as_hashes_and_of_no_use_at_another_port",
    ),
    "imds-hop-limit": Guard(
        "socket.IP_TTL, HOPS)",
        "socket.IP_TTL, 64)",
        "tests/endpoint/test_imds_guard.py::test_a_port_is_on_127_0_0_1_alone_and_its_answers_pass_no_router",
    ),
    "imds-known-callers-only": Guard(
        "peer_check_of(require_known=True)",
        "peer_check_of()",
        "tests/daemon/test_app.py::test_at_imds_ports_whoever_is_unknown_is_refused_whatever_the_endpoints_own_setting",
    ),
    "imds-peer-check": Guard(
        "imds.port: Endpoint(\n                imds.answer, keeper.clock.boot, peer_check, recorder,",
        "imds.port: Endpoint(\n                imds.answer, keeper.clock.boot, None, recorder,",
        "tests/endpoint/test_imds_guard.py::test_another_user_and_whoever_is_unknown_are_refused_whatever_they_ask",
    ),
    "grant-for-one-kind-of-listener": Guard(
        "if grant is None or grant.where != where:",
        "if grant is None:",
        "tests/endpoint/test_container_credentials.py::test_a_grant_is_for_one_kind_of_listener",
    ),
    "path-without-role-is-for-grants-of-one": Guard(
        "if target == ONE_ROLE and len(grant.roles) == 1",
        "if target == ONE_ROLE",
        "tests/endpoint/test_container_credentials.py::test_the_path_without_a_role_is_for_grants_of_one",
    ),
    "no-process-of-this-machine-on-bridge": Guard(
        "NO_CONTAINER if self._here(client[0]) else",
        "NO_CONTAINER if False else",
        "tests/endpoint/test_peer_check.py::test_a_bridge_lets_in_containers_and_no_process_of_this_machine",
    ),
    "relays-socket-is-for-root-and-us": Guard(
        "return None if caller.uid in self._may else ANOTHER_USER",
        "return None",
        "tests/endpoint/test_peer_check.py::test_a_relays_socket_lets_in_root_and_us",
    ),
    "bridges-that-lead-to-containers-alone": Guard(
        'link.kind == "bridge" and link.number not in outward',
        'link.kind == "bridge"',
        "tests/host/test_bridges.py::test_a_bridge_with_any_other_port_than_containers_is_not_theirs",
    ),
    "listening-through-one-device-alone": Guard(
        "        listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())\n",
        "",
        "tests/host/test_bridges.py::test_real_bridges",
    ),
    "no-unwanted-container-listener": Guard(
        "if self._wanted() else {}",
        "if True else {}",
        "tests/endpoint/test_container_listeners.py::test_nothing_listens_while_nobody_wants_it",
    ),
    "containers-own-names-only": Guard(
        "await endpoint.serve(listener, self._hosts)",
        "await endpoint.serve(listener, self._hosts | hosts_of(9479))",
        "tests/endpoint/test_container_listeners.py::test_by_no_other_name",
    ),
    "serve-locked": Guard(
        "        keeper.agent_lock.check()\n        node",
        "        node",
        "tests/endpoint/test_container_credentials.py::test_locked_no_bytes_are_kept_that_can_not_be_served",
    ),
    "serve-logged-out": Guard(
        "        keeper.consents.check(name)\n",
        "",
        "tests/credentials/test_consent.py::test_logging_in_to_others_brings_no_role_back",
    ),
    "serve-no-role-beyond-consumers-reach": Guard(
        "elif not consumer.allows(name):",
        "elif False:",
        "tests/credentials/test_consent.py::test_a_consumer_gets_what_it_reaches_and_nothing_else",
    ),
    "serve-no-arn-beyond-consumers-reach": Guard(
        "if arn is None or not consumer.allows_arn(arn) or",
        "if arn is None or",
        "tests/credentials/test_consent.py::test_a_consumer_gets_what_it_reaches_and_nothing_else",
    ),
    "serve-arn-by-consumers-own-way": Guard(
        " or keeper.dynamic.via(node.role.name) != consumer.via:",
        ":",
        "tests/credentials/test_consent.py::test_a_consumer_gets_what_it_reaches_and_nothing_else",
    ),
    "serve-arn-is-no-way-around-logout": Guard(
        "keeper.nodes[other].role.role_arn == arn",
        "False",
        "tests/credentials/test_consent.py::test_what_was_logged_out_of_is_not_had_by_its_arn",
    ),
    "serve-guarded-roles-wait-for-yes": Guard(
        "ask.lifetime is None and self._admits(node, consumer)",
        "ask.lifetime is None",
        "tests/endpoint/test_container_credentials.py::test_a_guarded_role_is_held_until_the_human_says_yes_and_then_served_at_once",
    ),
    "yes-to-a-narrowed-grant-is-its-own": Guard(
        'confirm == "first-use" and not narrowed',
        'confirm == "first-use"',
        "tests/prompts/test_approved.py::test_a_yes_for_minutes_to_a_narrowed_grant_is_that_grants_alone",
    ),
    "serve-wait-is-no-way-around-yes": Guard(
        "        await self._allow(node, consumer, ask)\n        self.check_still",
        "        self.check_still",
        "tests/endpoint/test_container_credentials.py::test_a_guarded_role_that_is_not_held_takes_a_yes_and_a_code",
    ),
    "serve-no-counts-for-while": Guard(
        "        self._refuse_again(name, consumer)\n",
        "",
        "tests/endpoint/test_container_credentials.py::test_a_refusal_while_trickling_ends_the_body_completely_and_counts_for_a_while",
    ),
    "serve-imds-never-under-25-minutes": Guard(
        "self.keeper.clock.now()) >= ask.lasting",
        "self.keeper.clock.now()) >= 0",
        "tests/endpoint/test_imds.py::test_credentials_that_are_fresh_but_too_short_are_renewed_first",
    ),
    "serve-no-storm-for-short-roles": Guard(
        "if held.lifetime >= ask.lasting:",
        "if True:",
        "tests/endpoint/test_imds.py::test_a_role_that_never_lives_so_long_is_refused_in_words_and_sts_not_stormed",
    ),
    "serve-no-storm-while-sts-is-away": Guard(
        "if entry.error is not None and entry.just_failed():",
        "if False:",
        "tests/endpoint/test_imds.py::test_while_sts_is_away_too_short_is_refused_and_sts_not_stormed",
    ),
    "endpoint-grant-that-ended-meanwhile": Guard(
        "        if now is None:",
        "        now = now or grant\n        if False:",
        "tests/endpoint/test_container_credentials.py::test_what_ends_while_a_fetch_is_written_down_is_not_served",
    ),
    "endpoint-who-is-held-hears-of-grants-end": Guard(
        "                if not done:",
        "                await asyncio.wait({fetch})\n                if False:",
        "tests/endpoint/test_container_credentials.py::test_who_is_held_hears_at_once_that_its_grant_was_revoked",
    ),
    "imds-what-was-taken-back-meanwhile": Guard(
        "self._service.check_still(node, self.consumer)  # it may have been taken back meanwhile, or",
        "pass  # or",
        "tests/endpoint/test_imds.py::test_what_was_had_just_before_a_lock_or_a_change_does_not_leave_after_it",
    ),
    "endpoint-what-was-taken-back-meanwhile": Guard(
        "                self._check_still(grant, node)  # it may have been taken back since the fetch was done\n",
        "",
        "tests/endpoint/test_container_credentials.py::test_taken_back_between_the_fetch_and_the_answer_nothing_is_written",
    ),
    "no-telling-what-lies-beyond-grant": Guard(
        "if grant.allows(name):\n                return name",
        "if grant.allows(name):\n                return name\n            raise errors.UnknownRole(slug, '')",
        "tests/endpoint/test_container_credentials.py::test_a_grant_does_not_tell_what_lies_beyond_it",
    ),
    "bytes-of-credentials-let-go-are-forgotten": Guard(
        "each.entry.held is credentials",
        "True",
        "tests/endpoint/test_container_credentials.py::test_bytes_of_credentials_let_go_are_forgotten",
    ),
    "bytes-that-cannot-be-served-are-forgotten": Guard(
        "if gone or node is None:",
        "if node is None:",
        "tests/endpoint/test_container_credentials.py::test_locked_no_bytes_are_kept_that_can_not_be_served",
    ),
    "consent-kept-over-restart": Guard(
        "keeper.consents.remember(memory.logged_out)",
        "pass",
        "tests/credentials/test_consent.py::test_a_restart_brings_no_logout_to_an_end_even_where_nothing_is_configured_yet",
    ),
    "consent-what-is-said-later-counts": Guard(
        " - self.decided",
        "",
        "tests/credentials/test_consent.py::test_a_memory_that_comes_late_undoes_nothing_that_was_said_since",
    ),
    "consent-no-late-yes-after-taking-back": Guard(
        "unsaid = decided | others",
        "unsaid = others",
        "tests/credentials/test_consent.py::test_a_memory_that_comes_late_undoes_nothing_that_was_said_since",
    ),
    "consent-who-waits-hears-of-logout": Guard(
        "                self._waiting[name].revoke()\n",
        "                pass\n",
        "tests/credentials/test_consent.py::test_logging_out_turns_away_those_who_wait_though_another_role_goes_on",
    ),
    "consent-what-others-stand-on-stays": Guard(
        "if not any(self._stands_on(other, node.entry) for other in self.nodes.values()):",
        "if True:",
        "tests/credentials/test_consent.py::test_logging_out_of_one_role_takes_no_other",
    ),
    "consent-logout-all-while-file-is-empty": Guard(
        "        self.consents.take_back(self.uses)\n",
        "",
        "tests/credentials/test_consent.py::test_logout_all_while_a_file_is_empty_reaches_what_is_gone",
    ),
    "what-configuration-loses-is-let-go": Guard(
        "                node.entry.lose(why)\n",
        "                pass\n",
        "tests/credentials/test_lost_roles.py::test_what_is_gone_is_let_go_with_its_session",
    ),
    "time-second-witness": Guard(
        "and not self._said_before(aws_time, at)",
        "and False",
        "tests/test_clock.py::test_lying_dates_that_do_not_agree_move_nothing_far",
    ),
    "time-never-back": Guard(
        "if self._impossible(aws_time, at) or (",
        "if (",
        "tests/test_clock.py::test_time_does_not_go_back_past_what_was_certain",
    ),
    "time-no-further-than-signature": Guard(
        "abs(off) > SIGNATURE_WINDOW",
        "False",
        "tests/test_clock.py::test_who_took_our_signature_is_not_a_quarter_of_an_hour_off",
    ),
    "time-stss-own-answers-alone": Guard(
        'if told.get("RequestId") and date is not None:',
        "if date is not None:",
        "tests/aws/test_time.py::test_what_has_no_request_id_teaches_nothing_however_often_it_comes",
    ),
    "what-aws-gives-expired-is-not-held": Guard(
        "    if credentials.remaining(credentials.issued_at) <= 0:",
        "    if False:",
        "tests/credentials/test_keeper.py::test_an_mfa_session_that_aws_gives_expired_is_none",
    ),
    "rest-after-wrong-codes-holds-for-logins": Guard(
        "if not isinstance(error, errors.TooManyWrongCodes):",
        "if True:",
        "tests/credentials/test_keeper.py::test_three_wrong_codes_and_a_rest",
    ),
    "no-code-for-role-that-was-refused": Guard(
        "return ask and self.refusal(node) is None",
        "return ask",
        "tests/credentials/test_refused.py::test_a_refused_role_costs_no_code_at_each_try",
    ),
    "slowed-down-renewals-have-their-share": Guard(
        "RESERVE * min(1.0, self._pace / self._full_pace)",
        "RESERVE",
        "tests/credentials/test_rate_limiter.py::test_slowed_down_there_are_turns_for_renewals_ahead_of_time_too",
    ),
    "a-roles-name-means-that-role": Guard(
        "word in self._roles",
        "word in self._roles and word not in self._aliases",
        "tests/control/test_selection.py::test_a_roles_name_means_that_role_whatever_is_called_so_besides",
    ),
    "no-pattern-means-one-role": Guard(
        "len(found) > 1 and not _WILDCARDS & set(word)",
        "False",
        "tests/control/test_selection.py::test_a_word_without_a_wildcard_means_one_role_or_is_refused",
    ),
    "what-stands-in-files-takes-names-alone": Guard(
        " or verb in _EXACT",
        "",
        "tests/ctl/test_names.py::test_process_takes_names_alone",
    ),
    "shared-sign-ins-take-a-new-process": Guard(
        ", identity_center=shared",
        ", identity_center=settings.IdentityCenterSettings()",
        "tests/test_configuration.py::test_what_only_a_new_process_takes_up_is_said",
    ),
    "role-below-sign-in-is-assumed": Guard(
        "self.name if here else self.parent",
        "self.parent",
        "tests/credentials/test_console_login.py::"
        "test_a_role_that_is_named_by_its_arn_is_assumed_and_not_taken_for_what_it_is_reached_by",
    ),
    "dead-sign-in-is-not-taken-again": Guard(
        "_digest(token) in self._dead",
        "False",
        "tests/credentials/test_sign_in.py::test_a_token_of_the_command_line_that_was_revoked_is_not_tried_again",
    ),
    "logout-all-ends-sign-ins": Guard(
        "self.sign_ins.forget(source)",
        "pass",
        "tests/credentials/test_sign_in.py::test_logging_out_of_all_ends_the_sign_in",
    ),
    "sign-in-that-was-logged-out-of-stays-ended": Guard(
        "token is not None and set(keeper.tree.session_roles(entry)) - keeper.consents.logged_out",
        "token is not None",
        "tests/credentials/test_sign_in.py::test_nothing_of_a_sign_in_comes_back_that_was_logged_out_of",
    ),
    "sign-in-is-of-its-own-files": Guard(
        "files = role.source.files",
        "files = ()",
        "tests/credentials/test_sign_in.py::test_the_same_session_in_other_files_is_another_sign_in",
    ),
    "idle-connection-holds-up-no-sign-in": Guard(
        "writer.transport.abort()",
        "pass",
        "tests/aws/test_redirect.py::test_a_browsers_idle_connection_holds_nothing_up",
    ),
    "proofs-go-by-awss-clock": Guard(
        "self._clock.likeliest()",
        "self._clock._read().wall",
        "tests/aws/test_console_login.py::test_with_a_wrong_clock_proofs_are_of_awss_time",
    ),
    "answer-is-to-our-own-question": Guard(
        "self._answer.take(query) is None",
        "self._answer.take(query) is False",
        "tests/aws/test_console_login.py::test_what_a_human_pastes_is_the_answer_to_this_sign_in_alone",
    ),
    "sign-in-is-the-profiles-identity": Guard(
        "who != _sign_in(role).session",
        "False",
        "tests/aws/test_console_login.py::test_whoever_is_not_the_profiles_identity_is_refused",
    ),
    "console-refresh-token-is-used-once": Guard(
        "self._sign_ins.renewals[self._source] = tokens.renewal",
        "self._sign_ins.renewals.setdefault(self._source, tokens.renewal)",
        "tests/credentials/test_console_login.py::"
        "test_it_is_renewed_for_twelve_hours_and_each_refresh_token_is_used_once",
    ),
    "each-proof-is-good-once": Guard(
        "secrets.token_urlsafe(24)",
        '"once"',
        "tests/aws/test_console_login.py::test_no_two_proofs_have_the_same_id",
    ),
    "browser-is-listened-for-while-prompt-is-open": Guard(
        "stack.callback(begun.close)",
        "pass",
        "tests/credentials/test_console_login.py::test_nobody_listens_for_the_browser_once_the_prompt_is_closed",
    ),
    "sign-in-of-another-instance-is-not-taken": Guard(
        "instance != (sign_in.start_url, sign_in.region)",
        "False",
        "tests/aws/test_identity_center.py::test_what_is_no_token_of_this_instance_is_not_taken",
    ),
    "redirect-state-is-checked": Guard(
        "if not right or",
        "if",
        "tests/aws/test_redirect.py::test_who_does_not_know_the_state_neither_completes_nor_ends_it",
    ),
    "redirect-listener-closes-after-use": Guard(
        "self._server.close()",
        "pass",
        "tests/aws/test_redirect.py::test_after_one_right_answer_nothing_listens_there",
    ),
    "redirect-host-is-ours": Guard(
        'if request is None or hosts != [f"{HOST}:{port}".encode()]:',
        "if request is None:",
        "tests/aws/test_redirect.py::test_a_name_that_leads_here_is_not_ours",
    ),
    "redirect-another-user-is-turned-away": Guard(
        " or not self._admits(client[:2], server[:2])",
        "",
        "tests/aws/test_redirect.py::test_another_user_is_not_heard",
    ),
    "console-verifier-is-sent": Guard(
        ', "codeVerifier": verifier',
        "",
        "tests/aws/test_console_login.py::test_with_a_wrong_clock_proofs_are_of_awss_time",
    ),
    "redirect-verifier-is-sent": Guard(
        ', "codeVerifier": verifier}',
        "}",
        "tests/test_signing_in.py::test_a_browser_that_comes_back_signs_in",
    ),
    "shared-cache-off-never-writes": Guard(
        " if chosen.identity_center.share_cache else None",
        "",
        "tests/test_signing_in.py::test_nothing_is_written_for_the_command_line_nor_its_refresh_token_used",
    ),
    "shared-cache-is-private": Guard(
        "fileio.write_private(path, content)",
        "fileio.write_private(path, content, 0o644)",
        "tests/aws/test_shared_cache.py::test_nobody_else_may_read_it",
    ),
    "shared-cache-takes-what-is-later-alone": Guard(
        "ours is not None and (token == ours.refresh_token or kept.tokens.expires_at <= ours.expires_at)",
        "False",
        "tests/credentials/test_shared_cache.py::test_what_is_kept_and_older_is_left",
    ),
    "only-pages-are-opened": Guard(
        'not url.startswith(("https://", "http://"))',
        "False",
        "tests/ctl/test_browser.py::test_nothing_but_pages_is_opened",
    ),
    "limit-of-permission-set-holds-in-all-files": Guard(
        "[key for key in (_permission_set(mine),) if key is not None]",
        "[]",
        "tests/test_several_files.py::test_a_limit_holds_for_its_permission_set_in_all_files",
    ),
    "dead-mfa-session-is-not-shared": Guard(
        "short or other.held.access_key_id in self._dead",
        "short",
        "tests/credentials/test_refused.py::test_a_session_that_aws_calls_dead_is_not_taken_from_the_twin",
    ),
    "sealed-nothing-comes-late-after-logout-all": Guard(
        "            self._store.forget()\n        else:",
        "            pass\n        else:",
        "tests/state/test_keychain.py::test_logging_out_of_all_while_the_keychain_is_locked_leaves_nothing_to_come_late",
    ),
    "sealed-what-was-taken-back-is-gone-at-once": Guard(
        "self._store.outdated()",
        "pass",
        "tests/state/test_keychain.py::test_what_was_taken_back_is_gone_before_the_new_state_is_written",
    ),
    "grant-before-anything": Guard(
        "grant = self._grants.find(request.authorization)",
        "grant = self._grants.find(request.authorization) or self._grants.all()[0]",
        "tests/endpoint/test_container_credentials.py::test_without_a_grant_every_path_answers_the_same",
    ),
    "grants-roles-and-no-others": Guard(
        "if grant.allows(name):",
        "if True:",
        "tests/endpoint/test_container_credentials.py::test_a_grant_does_not_tell_what_lies_beyond_it",
    ),
    "expiry-of-grants": Guard(
        "grant.expires_at <= self.now()", "False", "tests/grants/test_grants.py::test_a_grant_ends_at_its_time"
    ),
    "end-of-grants-process": Guard(
        "self.started(grant.pid) != grant.pid_started",
        "False",
        "tests/grants/test_grants.py::test_a_grant_ends_when_another_process_has_its_number",
    ),
    "private-files": Guard(
        "descriptor = os.open(path, _CREATE, mode)",
        "descriptor = os.open(path, _CREATE, 0o644)",
        "tests/test_fileio.py::test_what_is_written_is_private_and_takes_the_place_of_what_was_there",
    ),
    "files-are-made-through-no-symlink": Guard(
        "os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW",
        "os.O_CREAT",
        "tests/grants/test_grants.py::test_a_token_is_written_to_no_file_that_was_there_before",
    ),
    "only-hashes-are-kept": Guard(
        "            digest=digest_of(token),\n",
        "            digest=token,\n",
        "tests/grants/test_grants.py::test_grants_outlive_a_restart_by_their_hash_alone",
    ),
    "random-token": Guard(
        "secrets.token_urlsafe(32)",
        'f"{id(secrets):044d}"',
        "tests/grants/test_grants.py::test_a_forwarded_grant_brings_the_host_of_its_port_and_no_other_does",
    ),
    "our-own-user-only": Guard(
        "if not _is_ours(stream):",
        "if False:",
        "tests/control/test_server.py::test_another_user_gets_not_a_byte_though_the_door_is_open",
    ),
    "private-socket": Guard(
        "os.umask(0o177)",
        "os.umask(0o000)",
        "tests/control/test_server.py::test_the_socket_is_private_at_every_instant",
    ),
    "what-is-no-socket-is-left-alone": Guard(
        "if not stat.S_ISSOCK(path.lstat().st_mode):",
        "if False:",
        "tests/control/test_server.py::test_whatever_else_is_in_the_way_is_left_alone",
    ),
    "anothers-socket-is-left-alone": Guard(
        "            if self.is_there():\n                self._path.unlink()",
        "            if True:\n                self._path.unlink()",
        "tests/control/test_server.py::test_it_leaves_the_socket_of_another",
    ),
    "bounded-body": Guard(
        "client_max_size=MAX_BODY",
        "client_max_size=0",
        "tests/control/test_api.py::test_a_body_too_large_and_a_path_or_method_there_is_not",
    ),
    "error-quotes-nothing": Guard(
        '"xacctd itself failed at this request."',
        "str(error)",
        "tests/control/test_api.py::test_what_breaks_inside_is_an_error_that_quotes_nothing",
    ),
    "depth-is-bad-request": Guard(
        ", RecursionError) as error", ") as error", "tests/control/test_requests.py::test_what_is_no_request_at_all"
    ),
    "answers-arent-to-be-cached": Guard(
        ', "Cache-Control": "no-store"})', "})", "tests/control/test_api.py::test_no_answer_is_to_be_cached"
    ),
    "code-is-sent-once": Guard(
        "if self.used_codes.used(serial, code, now, self._clock.boot()):",
        "if False:",
        "tests/credentials/test_keeper.py::test_a_duration_refused_with_a_code_takes_the_next_code_once",
    ),
    "code-sts-answered-is-used-up": Guard(
        "        codes[code] = boot\n",
        "",
        "tests/credentials/test_keeper.py::test_setting_the_clock_forward_does_not_make_a_used_code_a_new_one",
    ),
    "nor-one-accepted-before-restart": Guard(
        "self._earlier.get(serial) == int(now // TOTP_STEP)",
        "False",
        "tests/prompts/test_used_codes.py::test_a_restart_forgets_codes_and_waits_out_the_step_instead",
    ),
    "three-wrong-codes-and-rest": Guard(
        "broker.rest(serial, roles())",
        'errors.TooManyWrongCodes("")',
        "tests/credentials/test_keeper.py::test_three_wrong_codes_and_a_rest",
    ),
    "no-counts-for-while": Guard(
        "DECLINED_FOR = 15.0", "DECLINED_FOR = 0.0", "tests/credentials/test_keeper.py::test_a_no_is_a_no_for_a_while"
    ),
    "six-digits": Guard(
        're.fullmatch(r"[0-9]{6}", code)',
        "code",
        "tests/control/test_streams.py::test_a_code_given_along_that_is_none_is_never_sent",
    ),
    "nothing-expired-is-served": Guard(
        "self.held.remaining(self._clock.now()) > 0",
        "self.held is not None",
        "tests/credentials/test_keeper.py::test_setting_the_clock_back_serves_nothing_expired",
    ),
    "one-refresh-at-a-time": Guard(
        "        if self._running is None:\n            self._abandoned",
        "        if True:\n            self._abandoned",
        "tests/credentials/test_keeper.py::test_five_hundred_cold_requests_are_one_call",
    ),
    "kept-errors-hold-no-frames": Guard(
        "    error.__traceback__ = error.__context__ = error.__cause__ = None",
        "    error.__context__ = error.__cause__ = None",
        "tests/credentials/test_kept_errors.py::test_a_refusal_holds_no_keys",
    ),
    "failure-told-again-does-not-grow": Guard(
        "            raise errors.bare(self.error)",
        "            raise self.error",
        "tests/credentials/test_kept_errors.py::test_a_failure_that_is_told_many_times_does_not_grow",
    ),
    "failed-refresh-holds-no-keys": Guard(
        "            errors.bare(error)",
        "            pass",
        "tests/credentials/test_kept_errors.py::test_a_defect_of_ours_holds_no_keys",
    ),
    "no-that-counts-for-while-holds-no-keys": Guard(
        "        return errors.bare(error)",
        "        return error",
        "tests/credentials/test_kept_errors.py::test_a_humans_no_holds_no_keys",
    ),
    "why-there-is-no-role-does-not-grow": Guard(
        "raise errors.bare(self.unusable.get(name) or self.unread or unknown(name, self.nodes))",
        "raise self.unusable.get(name) or self.unread or unknown(name, self.nodes)",
        "tests/credentials/test_kept_errors.py::test_nor_does_why_a_profile_is_no_role",
    ),
    "unknown-call-holds-no-credentials": Guard(
        "errors.bare(error)",
        "error",
        "tests/credentials/test_kept_errors.py::test_that_an_sts_knows_no_narrower_credentials_holds_none_of_the_roles",
    ),
    "kept-problem-holds-no-state": Guard(
        "None if problem is None else errors.bare(problem)",
        "problem",
        "tests/state/test_keychain.py::test_a_disk_in_trouble_holds_nothing_of_what_it_did_not_take",
    ),
    "what-came-as-a-write-ended-is-written": Guard(
        "        self._running.add_done_callback(lambda _: self._again())",
        "        pass",
        "tests/host/test_saver.py::test_what_comes_just_as_a_write_has_ended_is_written_too",
    ),
    "control-credentials-are-of-role-as-it-is": Guard(
        "            self._service.check_still(node, command)",
        "            self._service.check(role, command)",
        "tests/control/test_configured_meanwhile.py::"
        "test_credentials_that_are_written_down_do_not_leave_as_another_role",
    ),
    "console-is-of-role-as-it-was-asked-for": Guard(
        "                self._service.check_still(node, consumer)",
        "                pass",
        "tests/control/test_configured_meanwhile.py::test_nobody_signs_in_with_another_role_than_was_asked_for",
    ),
    "console-is-of-role-as-it-is": Guard(
        "            self._service.check_still(node, consumer)",
        "            self._service.check(_role, consumer)",
        "tests/control/test_configured_meanwhile.py::test_a_browser_is_not_signed_in_to_what_the_role_was",
    ),
    "whoami-asks-where-role-is-now": Guard(
        "            self._service.check_still(node, command)",
        "            pass",
        "tests/control/test_configured_meanwhile.py::"
        "test_nobody_is_asked_whose_credentials_they_are_where_the_role_was",
    ),
    "devices-are-asked-of-where-the-role-is-now": Guard(
        "        if self._root(role) != root:",
        "        if False:",
        "tests/daemon/test_mfa_devices.py::test_iam_is_not_asked_where_a_former_profile_said",
    ),
    "taking-in-is-tried-again": Guard(
        "        self.look_at_the_crowd()",
        "        pass",
        "tests/endpoint/test_server.py::test_without_a_descriptor_to_take_in_again_it_is_tried_again",
    ),
    "screen-that-nobody-can-tell-of-may-be-ours": Guard(
        "        if looking:",
        "        if False:",
        "tests/host/test_watches.py::test_a_lock_whose_session_can_not_be_told_any_more_counts",
    ),
    "session-that-cannot-be-asked-may-be-ours": Guard(
        "        return True",
        "        raise",
        "tests/host/test_watches.py::test_a_lock_whose_session_can_not_be_told_any_more_counts",
    ),
    "keychains-answer-is-not-kept": Guard(
        "        if self._reading.get(name) is asking:",
        "        if False:",
        "tests/state/test_mfa_seeds.py::test_a_seed_is_not_held_once_its_code_was_made",
    ),
    "problems-of-files-hold-no-files": Guard(
        "            {self.key(name): errors.bare(why) for name, why in found.unusable.items()},\n"
        "            [errors.bare(problem) for problem in found.problems],",
        "            {self.key(name): why for name, why in found.unusable.items()},\n            list(found.problems),",
        "tests/test_kept_files.py::test_a_profile_that_is_no_role_keeps_no_file_in_memory",
    ),
    "lost-entry-is-had-no-more": Guard(
        "            if self._lost is not None:",
        "            if False:",
        "tests/credentials/test_lost_roles.py::test_what_changes_while_it_is_renewed_for_a_fetch_is_not_had_as_it_was",
    ),
    "what-was-abandoned-is-joined-by-nobody": Guard(
        "            while self._running is not None and self._abandoned is not None:",
        "            while False:",
        "tests/credentials/test_states.py::test_who_logs_in_while_what_a_logout_ended_still_ends_is_logged_in",
    ),
    "refresh-that-never-began-has-ended": Guard(
        "        if self._running is refresh:",
        "        if False:",
        "tests/credentials/test_states.py::test_a_logout_as_a_renewal_begins_leaves_nothing_behind",
    ),
    "question-that-never-began-has-ended": Guard(
        "        ask.task.add_done_callback(lambda _: self._ended(key, ask))",
        "        pass",
        "tests/prompts/test_approvals.py::test_a_logout_as_a_question_begins_leaves_nothing_behind",
    ),
    "serve-role-as-it-is-configured-now": Guard(
        "if now is not node and (now.entry is not node.entry or now.role != node.role):",
        "if False:",
        "tests/credentials/test_lost_roles.py::"
        "test_what_was_the_session_itself_and_is_a_role_now_does_not_leave_as_the_session",
    ),
    "waiter-cancels-nothing": Guard(
        "await asyncio.shield(running)",
        "await running",
        "tests/credentials/test_keeper.py::test_a_waiter_that_goes_away_cancels_nothing",
    ),
    "logging-out-lets-go": Guard(
        "        self.drop()\n        if self._running",
        "        if self._running",
        "tests/credentials/test_keeper.py::test_logging_out_refuses_until_the_next_login",
    ),
    "file-being-saved-takes-no-guard-away": Guard(
        "        if self._empty_since is None:\n",
        "        if self._boot:\n            return True\n        if self._empty_since is None:\n",
        "tests/test_configuration.py::test_a_file_that_is_empty_for_a_moment_changes_nothing",
    ),
    "only-logind-is-heard": Guard(
        "sender='{_LOGIND}',", "", "tests/host/test_watches.py::test_logind_tells_of_sessions_and_ours_count"
    ),
    "nothing-sent-to-us-alone": Guard(
        " and message.destination is None",
        "",
        "tests/host/test_watches.py::test_what_is_sent_to_us_alone_may_be_anybodys",
    ),
    "anothers-screen-does-not-lock": Guard(
        "bool(owner[0] == uid)", "True", "tests/host/test_watches.py::test_logind_tells_of_sessions_and_ours_count"
    ),
    "watch-that-fails-is-said": Guard(
        "        self._trouble[watcher] = why\n",
        "",
        "tests/host/test_watches.py::test_a_bug_in_a_way_is_a_problem_too_and_quotes_nothing",
    ),
    "credentials-show-four-characters": Guard(
        'f"Credentials(…{self.access_key_id[-4:]})"',
        'f"Credentials({self.secret_access_key})"',
        "tests/test_model.py::test_a_repr_shows_the_last_four_of_the_key_id_and_nothing_else",
    ),
    "credentials-are-not-pickled": Guard(
        'raise TypeError("credentials are',
        'return tuple, ("credentials are',
        "tests/test_model.py::test_credentials_are_not_pickled_or_copied_by_accident",
    ),
    "grant-hides-its-digest": Guard(
        "digest: str = field(repr=False)",
        "digest: str",
        "tests/grants/test_grants.py::test_neither_a_grant_nor_the_grants_show_a_digest",
    ),
    "libraries-are-quiet": Guard(
        "level=logging.WARNING", "level=logging.DEBUG", "tests/test_logs.py::test_libraries_are_quiet_at_debug_level"
    ),
    "libraries-arent-quoted": Guard(
        "handler.setFormatter(WithoutWords())\n",
        "pass\n",
        "tests/test_logs.py::test_a_library_in_trouble_is_named_and_not_quoted",
    ),
    "loop-isnt-quoted": Guard('.split("<")[0]', "", "tests/test_logs.py::test_the_loop_complains_without_words"),
    "no-core": Guard(
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
        "pass",
        "tests/host/test_hardening.py::test_no_core_and_no_tracer",
    ),
    "no-tracer": Guard(
        "prctl.DUMPABLE, 0", "prctl.DUMPABLE, 1", "tests/host/test_hardening.py::test_no_core_and_no_tracer"
    ),
    "awss-quotes-arent-passed-on": Guard(
        're.sub(r"[Vv]alue \'.*?\' at", "value at", message)',
        "message",
        "tests/aws/test_failures.py::test_a_value_that_aws_quotes_is_not_quoted_again",
    ),
    "braces-of-awss-are-text": Guard(
        "row.sentence.format_map(words)",
        "row.sentence.format_map(words).format_map(words)",
        "tests/aws/test_failures.py::test_aws_may_not_put_words_with_braces_into_the_format",
    ),
    "keys-are-let-go-after-call": Guard(
        "        call.keys = None\n",
        "        pass\n",
        "tests/aws/test_keys_let_go.py::test_what_a_call_leaves_behind_holds_no_keys",
    ),
    "botocore-keeps-no-profiles-keys": Guard(
        "        variables[file] = (None, None, NOWHERE, None)\n",
        "        pass\n",
        "tests/aws/test_keys_let_go.py::test_a_client_holds_no_profiles_keys",
    ),
    "private-directories": Guard(
        "os.fchmod(opened, 0o700)",
        "pass",
        "tests/test_paths.py::test_a_link_of_our_own_is_followed_and_one_of_somebody_elses_is_not",
    ),
    "nobody-elses-directories": Guard(
        "        if found.st_uid != os.geteuid():\n            raise",
        "        if False:\n            raise",
        "tests/test_paths.py::test_a_link_of_our_own_to_a_directory_of_somebody_elses_is_refused",
    ),
    "inherited-endpoint-is-on-loopback": Guard(
        'if address.startswith("127."):',
        "if True:",
        "tests/host/test_activation.py::test_what_is_none_of_ours_is_closed_and_named",
    ),
    "children-find-no-manager-to-speak-to": Guard(
        '(env.pop(name, "") for',
        '(env.get(name, "") for',
        "tests/host/test_notify.py::test_the_environment_is_taken_and_handed_on",
    ),
    "systemds-control-socket-is-private": Guard(
        "=0600", "=0666", "tests/test_units.py::test_the_socket_is_where_xacctctl_looks"
    ),
    "no-core-from-service": Guard(
        "LimitCORE=0", "LimitCORE=1", "tests/test_units.py::test_what_a_service_must_never_lack"
    ),
    "no-new-privileges-in-service": Guard(
        "NoNewPrivileges=yes", "", "tests/test_units.py::test_what_a_service_must_never_lack"
    ),
    "only-main-process-speaks-for-service": Guard(
        "NotifyAccess=main", "NotifyAccess=all", "tests/test_units.py::test_what_a_service_must_never_lack"
    ),
    "what-is-held-is-not-given-up-unasked": Guard(
        "if held and not now:",
        "if False:",
        "tests/ctl/test_service.py::test_a_daemon_that_holds_something_is_not_stopped_unasked",
    ),
    "somebody-elses-unit-is-not-overwritten": Guard(
        "(path.exists() or path.is_symlink()) and not is_ours(path)",
        "False",
        "tests/ctl/test_service.py::test_somebody_elses_unit_is_refused_before_the_first_change",
    ),
    "one-daemon-directory": Guard(
        "fcntl.LOCK_EX | fcntl.LOCK_NB",
        "fcntl.LOCK_SH | fcntl.LOCK_NB",
        "tests/host/test_instance.py::test_a_second_holder_is_refused_and_leaves_the_first_ones_name",
    ),
    "another-api-xacctd-does-nothing": Guard(
        "            versions.check(request)\n",
        "",
        "tests/control/test_versions.py::test_of_two_apis_the_older_end_is_named_and_nothing_is_done",
    ),
    "another-api-xacctctl-believes-nothing": Guard(
        "if not any_api and int(api[:9]) != wire.API:",
        "if False:",
        "tests/ctl/test_client.py::test_a_newer_daemon_has_the_word",
    ),
    "version-is-no-text-of-others": Guard(
        "if _RELEASE.fullmatch(release) else",
        "or",
        "tests/control/test_versions.py::test_a_version_that_is_none_is_not_repeated",
    ),
    "doctor-keeps-no-keys": Guard(
        "value[:KIND] if",
        "value if",
        "tests/ctl/doctor/test_roles.py::test_keys_that_lie_about_are_named_by_their_profile_alone",
    ),
    "doctor-keeps-no-secrets": Guard(
        '        return ""\n',
        "        return value\n",
        "tests/ctl/doctor/test_roles.py::test_keys_that_lie_about_are_named_by_their_profile_alone",
    ),
    "doctor-says-no-proxys-password": Guard(
        'return f"{at.hostname}:{at.port}"',
        "return proxy",
        "tests/ctl/doctor/test_proxies.py::test_a_token_that_would_go_through_a_proxy",
    ),
    "doctor-quotes-no-settings": Guard(
        'f"{path} {error.why}."',
        'f"{path} {path.read_text()}."',
        "tests/ctl/doctor/test_files.py::test_a_place_in_a_broken_file_but_none_of_its_words",
    ),
    "sealed-changed-file-is-refused": Guard(
        'raise ValueError("was changed, or sealed with another key") from None',
        "return sealed[HEAD_BYTES:-TAG_BYTES]",
        "tests/state/test_sealed.py::test_every_missing_byte_and_every_added_one_is_noticed",
    ),
    "sealed-bound-to-user-and-purpose": Guard(
        "PURPOSE, str(uid).encode()))",
        'b"", b""))',
        "tests/state/test_sealed.py::test_it_is_bound_to_key_user_purpose_and_version",
    ),
    "sealed-bound-to-its-version": Guard(
        "((MAGIC + VERSION,", '((b"",', "tests/state/test_sealed.py::test_it_is_bound_to_key_user_purpose_and_version"
    ),
    "sealed-nonce-for-each": Guard(
        "os.urandom(NONCE_BYTES)",
        "bytes(NONCE_BYTES)",
        "tests/state/test_sealed.py::test_what_was_sealed_is_unsealed_and_no_two_look_alike",
    ),
    "sealed-not-open-to-others": Guard(
        "if status.st_mode & 0o077:",
        "if False:",
        "tests/state/test_sealed.py::test_what_is_no_file_of_ours_is_not_read",
    ),
    "sealed-not-of-others": Guard(
        "if status.st_uid != os.geteuid():",
        "if False:",
        "tests/state/test_sealed.py::test_a_file_of_somebody_else_is_not_read",
    ),
    "sealed-bounded-size": Guard(
        "if status.st_size > MOST_BYTES:",
        "if False:",
        "tests/state/test_sealed.py::test_what_is_no_file_of_ours_is_not_read",
    ),
    "sealed-no-symlink-is-read": Guard(
        "os.O_RDONLY | os.O_NOFOLLOW",
        "os.O_RDONLY",
        "tests/state/test_sealed.py::test_what_is_no_file_of_ours_is_not_read",
    ),
    "sealed-born-private": Guard(
        "_CREATE, mode)",
        "_CREATE, 0o666)",
        "tests/state/test_sealed.py::test_wherever_it_is_killed_the_old_or_the_new_is_there",
    ),
    "sealed-on-disk-before-it-counts": Guard(
        "        write_all(descriptor, content)\n        os.fsync(descriptor)\n",
        "        write_all(descriptor, content)\n",
        "tests/state/test_sealed.py::test_a_disk_in_trouble_costs_the_new_one_and_is_said",
    ),
    "sealed-nothing-half-is-left": Guard(
        "        os.unlink(fresh)  # of a write that was killed\n",
        "        pass\n",
        "tests/state/test_sealed.py::test_wherever_it_is_killed_the_old_or_the_new_is_there",
    ),
    "kept-nothing-of-before-forgetting": Guard(
        "                if self._forgotten == forgotten:\n                    replace()",
        "                replace()",
        "tests/state/test_keychain.py::test_what_is_forgotten_while_it_is_written_does_not_come_back",
    ),
    "kept-new-key-after-forgetting": Guard(
        "self._key = self._pending = None",
        "self._pending = None",
        "tests/state/test_keychain.py::test_what_is_forgotten_while_it_is_written_does_not_come_back",
    ),
    "kept-key-goes-with-file": Guard(
        "self._key_doomed = self._key_doomed or self._key_kept",
        "pass",
        "tests/state/test_keychain.py::test_what_is_forgotten_is_gone_and_no_copy_opens",
    ),
    "kept-nothing-before-it-is-read": Guard(
        "if self._settled and idle",
        "if idle",
        "tests/state/test_keychain.py::test_a_keychain_that_never_answers_does_not_keep_the_process",
    ),
    "kept-humans-no": Guard(
        "if isinstance(self.problem, errors.KeychainDenied):",
        "if False:",
        "tests/state/test_keychain.py::test_a_human_who_says_no_is_not_asked_again",
    ),
    "bundle-stands-in-for-no-newer-code": Guard(
        "if (now.st_mtime_ns, now.st_size) != (date, size):",
        "if False:",
        "tests/ctl/test_launcher.py::test_newer_code_is_not_hidden_by_the_file",
    ),
    "work-waits-for-no-other-work": Guard(
        "_idle.pop()", "_idle[-1]", "tests/host/test_threads.py::test_no_work_waits_for_other_work"
    ),
    "kept-process-ends-whatever-keychain-does": Guard(
        "daemon=True",
        "daemon=False",
        "tests/host/test_threads.py::test_neither_work_that_hangs_nor_a_thread_that_stayed_keeps_the_process",
    ),
    "kept-locked-keychain-is-left-alone": Guard(
        "collection.ensure_not_locked()", "pass", "tests/state/test_keys.py::test_each_trouble_is_a_sentence_and_a_hint"
    ),
    "restart-torn-state-is-none": Guard(
        "if digest == _digest(number, data):",
        "if True:",
        "tests/state/test_secretmem.py::test_a_torn_write_leaves_the_state_before",
    ),
    "restart-what-was-let-go-of-is-overwritten": Guard(
        "view[other : other + _SLOT.size + length] = bytes(_SLOT.size + length)",
        "pass",
        "tests/state/test_secretmem.py::test_what_was_let_go_of_is_overwritten_at_once",
    ),
    "restart-old-state-does-not-come-back": Guard(
        '            self._manager.forget(name)\n            memory.write(b"")\n',
        "",
        "tests/state/test_fdstore.py::test_a_state_that_outgrows_what_there_is_does_not_come_back_old",
    ),
    "restart-another-format-is-none": Guard(
        "if head.format != FORMAT:",
        "if False:",
        "tests/state/test_codec.py::test_another_format_is_dropped_with_a_sentence",
    ),
    "restart-no-clock-that-went-back": Guard(
        "if clock.now() + offset < kept.aws - BACKWARDS:",
        "if False:",
        "tests/state/test_codec.py::test_a_clock_that_stands_before_the_state_is_not_believed",
    ),
    "restart-changed-role-gets-nothing": Guard(
        " or plan(keeper.nodes[name].role, keeper.nodes) != role.plan:",
        ":",
        "tests/credentials/test_snapshot.py::test_a_role_that_is_configured_otherwise_gets_nothing_of_the_old_one",
    ),
    "restart-what-has-expired-is-left": Guard(
        " if memory.held is not None and memory.held.remaining(keeper.clock.earliest()) > 0 else None,",
        ",",
        "tests/credentials/test_snapshot.py::test_what_has_expired_meanwhile_is_left_behind",
    ),
    "restart-locked-stays-locked": Guard(
        "if locked and not self._decided:", "if False:", "tests/credentials/test_snapshot.py::test_locked_stays_locked"
    ),
    "restart-unlocked-since-stays-unlocked": Guard(
        " and not self._decided",
        "",
        "tests/daemon/test_kept.py::test_who_unlocks_before_a_configuration_can_be_read_is_not_locked_by_it",
    ),
    "restart-locked-before-configuration-is-read": Guard(
        "elif not self.configuration.read:",
        "elif False:",
        "tests/daemon/test_kept.py::test_what_was_locked_is_so_before_a_configuration_can_be_read",
    ),
    "restart-used-codes-stay-used": Guard(
        "keeper.broker.used_codes.codes.update(memory.used_codes)",
        "pass",
        "tests/credentials/test_snapshot.py::test_a_code_that_aws_has_answered_is_not_sent_again",
    ),
    "restart-change-is-kept-at-once": Guard(
        "self._keeper.events.call(Changed, lambda _: self.save())",
        "pass",
        "tests/test_restart.py::test_locked_before_is_locked_after",
    ),
    "successor-reads-configuration-first": Guard(
        "if origin.strict and not app.configuration.read:",
        "if False:",
        "tests/test_restart.py::test_a_successor_that_can_t_read_the_configuration_does_not_take_over",
    ),
    "control-socket-that-vanished-is-made-anew": Guard(
        "            if self._control.is_there() and",
        "            if True or",
        "tests/test_lifecycle.py::test_a_control_socket_that_vanished_is_made_anew",
    ),
    "lock-no-word-of-unreachable-daemon": Guard(
        "return NotRunningError() if pid is None else UnreachableError(pid)",
        "return NotRunningError()",
        "tests/test_lifecycle.py::test_stop_status_start_and_doctor_agree_on_a_daemon_without_a_socket",
    ),
    "daemon-starts-with-no-signal-blocked": Guard(
        "signal.pthread_sigmask(signal.SIG_SETMASK, [])",
        "pass",
        "tests/test_lifecycle.py::test_a_daemon_starts_with_no_signal_blocked",
    ),
    "end-of-exec-starts-no-daemon": Guard(
        "client.without_start().call(",
        "client.call(",
        "tests/test_lifecycle.py::test_the_end_of_an_exec_starts_no_daemon",
    ),
    "revoked-by-the-state-handed-on": Guard(
        "self.grants.load(codec.grants_of(inherited.state) if inherited.state is not None else None)",
        "self.grants.load([] if inherited.state is not None else None)",
        "tests/test_lifecycle.py::test_what_was_revoked_while_nothing_could_be_written_stays_revoked",
    ),
    "unwritable-file-is-not-believed": Guard(
        "if not self._files.can_tell():",
        "if False:",
        "tests/grants/test_grants.py::test_a_file_that_takes_nothing_is_believed_as_far_as_token_files_bear_it_out",
    ),
    "lock-and-logouts-outlive-a-kill": Guard(
        "self.taken_back.read()",
        "()",
        "tests/test_taken_back.py::test_the_lock_outlives_a_kill_where_nobody_keeps_memory",
    ),
    "what-is-not-kept-is-said": Guard(
        "problem if problem is not None and (self.on_disk() or (lost and not self.by_manager())) else None",
        "None",
        "tests/test_taken_back.py::test_where_nothing_can_be_written_it_is_said_that_it_holds_until_the_end",
    ),
    "handed-on-state-may-be-older-than-a-revocation": Guard(
        "if not self._files.says_ended(grant.id)",
        "if handed_on is not None or not self._files.says_ended(grant.id)",
        "tests/grants/test_grants.py::test_what_was_handed_on_before_a_revocation_does_not_bring_it_back",
    ),
    "revoked-by-the-token-files": Guard(
        "[grant for grant in kept if not self._files.says_ended(grant.id)]",
        "kept",
        "tests/grants/test_grants.py::test_what_the_file_still_has_but_the_token_files_have_not_does_not_come_back",
    ),
    "sealed-state-that-may-lack-a-logout-is-not-used": Guard(
        "if sealed is None or fileio.takes_files(self.where.state):",
        "if True:",
        "tests/daemon/test_kept.py::test_what_was_sealed_is_not_used_where_its_directory_cannot_be_written",
    ),
    "sealed-state-that-comes-late-is-held-to-the-same": Guard(
        "if self._proven(state) is not None:",
        "if True:",
        "tests/daemon/test_kept.py::test_what_comes_late_of_the_keychain_is_held_to_the_same",
    ),
    "roles-of-files-that-are-away-wait-for-them": Guard(
        "late = self.catalogues.unread(state.memory)",
        "late = None",
        "tests/daemon/test_kept.py::test_roles_of_other_files_that_cannot_be_read_at_a_restart_are_kept_until_they_can",
    ),
    "roles-of-files-that-are-away-are-handed-on": Guard(
        "late=lambda: self.restorer.late,",
        "late=lambda: None,",
        "tests/daemon/test_kept.py::test_roles_of_other_files_that_cannot_be_read_at_a_restart_are_kept_until_they_can",
    ),
    "control-sockets-connections-are-bounded": Guard(
        "if not self.seats.take():",
        "if False:",
        "tests/control/test_server.py::test_a_connection_that_asks_nothing_is_closed_in_time",
    ),
    "control-idle-connections-closed": Guard(
        "if now - since > IDLE:",
        "if False:",
        "tests/control/test_server.py::test_a_connection_that_asks_nothing_is_closed_in_time",
    ),
    "hand-over-it-survives-whoever-asked-for-it": Guard(
        "return await asyncio.shield(self._handing_over)",
        "return await self._handing_over",
        "tests/daemon/test_handover.py::test_it_goes_on_when_whoever_asked_for_it_hangs_up",
    ),
    "hand-over-hung-successor-killed": Guard(
        "os.killpg(self._child.pid, signal.SIGKILL)",
        "pass",
        "tests/daemon/test_handover.py::test_a_successor_that_hangs_when_it_should_serve_is_ended_and_the_old_one_goes_on",
    ),
    "hand-over-outlives-dead-predecessor": Guard(
        "            if not self._is_alone():",
        "            if True:",
        "tests/daemon/test_handover.py::test_one_serves_whoever_is_ended_while_the_state_is_under_way",
    ),
    "hand-over-connections-close-with-it": Guard(
        "app.endpoint.close(LINGER), ",
        "",
        "tests/daemon/test_handover.py::test_connections_that_are_kept_alive_close_with_the_hand_over",
    ),
    "hand-over-half-sent-change-is-none": Guard(
        "                await request.read()  # first",
        "                pass  # first",
        "tests/daemon/test_handover.py::test_who_sends_a_request_slowly_keeps_no_successor_waiting_and_changes_nothing_behind_its_back",
    ),
    "hand-over-nothing-is-changed-meanwhile": Guard(
        "if self._daemon.paused() and ",
        "if False and ",
        "tests/control/test_api.py::test_while_a_successor_takes_over_nothing_is_changed",
    ),
    "hand-over-nothing-is-kept-by-two": Guard(
        " and not self._frozen",
        "",
        "tests/state/test_persister.py::test_frozen_nothing_is_kept_and_thawed_it_is_all_there",
    ),
    "hand-over-listeners-do-not-block": Guard(
        "    listener.setblocking(False)\n",
        "",
        "tests/daemon/test_handover.py::test_without_a_free_descriptor_a_successor_goes_on",
    ),
    "hand-over-successor-is-hardened": Guard(
        "self.refused = hardening.harden()",
        "self.refused = []",
        "tests/daemon/test_handover.py::test_a_successor_is_hardened_before_it_is_handed_anything",
    ),
    "who-cannot-be-asked-for-is-not-let-in": Guard(
        "        if caller.unasked:\n            return UNASKED\n",
        "",
        "tests/endpoint/test_peer_check.py::test_who_cannot_be_asked_for_is_refused_whatever_the_settings_say",
    ),
    "where-asking-breaks-nobody-is-let-in": Guard(
        "self._unwelcome = UNASKED  # should asking break",
        "self._unwelcome = None",
        "tests/endpoint/test_peer_check.py::test_where_asking_breaks_nobody_is_let_in",
    ),
    "no-descriptor-for-the-sdk-is-no-bug": Guard(
        "except OSError as error:",
        "except ZeroDivisionError as error:",
        "tests/aws/test_sdk_errors.py::test_without_a_descriptor_to_load_the_sdk_with_it_is_tried_again_and_no_code_is_used_up",
    ),
    "no-descriptor-not-merely-unknown": Guard(
        "unasked = self._works or error.errno in _SCARCE",
        "unasked = self._works",
        "tests/host/test_sock_diag.py::test_who_cannot_be_asked_for_is_not_merely_unknown",
    ),
    "netlink-that-worked-and-is-lost": Guard(
        "unasked = self._works or error.errno in _SCARCE",
        "unasked = error.errno in _SCARCE",
        "tests/host/test_sock_diag.py::test_where_netlink_is_forbidden_nobody_is_known_but_where_it_worked_its_loss_is_a_fault",
    ),
    "answer-that-did-not-come": Guard(
        '"netlink: only old replies", unasked=True',
        '"netlink: only old replies"',
        "tests/host/test_sock_diag.py::test_an_answer_that_does_not_come_names_nobody",
    ),
    "kernel-has-no-memory-for-its-answer": Guard(
        "unasked=abs(number) in _SCARCE",
        "unasked=False",
        "tests/host/test_sock_diag.py::test_the_kernel_says_that_it_has_no_memory_for_an_answer",
    ),
    "netlinks-socket-is-there-from-start": Guard(
        "        with contextlib.suppress(OSError):  # the first caller's answer says why\n            self._open()\n",
        "",
        "tests/host/test_sock_diag.py::test_without_a_free_descriptor_the_kernel_is_asked_all_the_same",
    ),
    "address-that-cannot-be-asked-about-is-ours": Guard(
        "return error.errno != errno.EADDRNOTAVAIL",
        "return False",
        "tests/host/test_bridges.py::test_an_address_that_cannot_be_asked_about_is_taken_for_this_machines",
    ),
    "imds-token-path-one-slash-more": Guard(
        "(PUT) (/?%s)", "(PUT) (/*%s)", "tests/endpoint/test_imds_guard.py::test_every_refusal_is_the_same_and_closes"
    ),
    "words-no-control-no-mark": Guard(
        "char if char.isprintable() else",
        "char if char.isprintable() or char > '~' else",
        "tests/test_foreign_text.py::test_dialogs_show_words_as_words",
    ),
    "words-no-markup-on-desktop": Guard(
        "clean(text).translate(_MARKUP)", "clean(text)", "tests/test_foreign_text.py::test_dialogs_show_words_as_words"
    ),
    "words-no-more-than-fit-dialog": Guard(
        "return cut(clean(text).translate(_MARKUP), most)",
        "return clean(text).translate(_MARKUP)",
        "tests/test_foreign_text.py::test_the_role_stands_where_no_label_can_stand",
    ),
    "dialog-label-is-words": Guard(
        "It calls itself: {plain(prompt.label)}",
        "It calls itself: {prompt.label}",
        "tests/test_foreign_text.py::test_dialogs_show_words_as_words",
    ),
    "dialog-process-is-words": Guard(
        "Process: {plain(prompt.process)}",
        "Process: {prompt.process}",
        "tests/test_foreign_text.py::test_dialogs_show_words_as_words",
    ),
    "dialog-device-is-words": Guard(
        "Device: {plain(prompt.serial)}",
        "Device: {prompt.serial}",
        "tests/test_foreign_text.py::test_dialogs_show_words_as_words",
    ),
    "dialog-mistake-is-words": Guard(
        "lines.insert(0, plain(prompt.problem))",
        "lines.insert(0, prompt.problem)",
        "tests/test_foreign_text.py::test_dialogs_show_words_as_words",
    ),
    "dialog-role-has-line-of-its-own-first": Guard(
        "Let a program use the role {plain(prompt.roles[0])}?\\nIt calls itself: {plain(prompt.label)}{process}",
        "{plain(prompt.label)}\\nLet a program use the role {plain(prompt.roles[0])}?{process}",
        "tests/test_foreign_text.py::test_the_role_stands_where_no_label_can_stand",
    ),
    "dialog-underscore-is-no-key": Guard(
        '.replace("_", "__")', "", "tests/test_foreign_text.py::test_dialogs_show_words_as_words"
    ),
    "notice-words-not-markup": Guard(
        '"--", "xacct", plain(words)]',
        '"--", "xacct", words]',
        "tests/test_foreign_text.py::test_notices_show_words_as_words",
    ),
    "notice-words-not-options": Guard(
        '"--app-name=xacct", "--", ',
        '"--app-name=xacct", ',
        "tests/test_foreign_text.py::test_notices_show_words_as_words",
    ),
    "log-words": Guard(
        "            _cleaned,\n", "", "tests/test_foreign_text.py::test_a_line_of_the_log_is_one_line_of_words"
    ),
    "audit-follow-doubles-no-line": Guard(
        'if resumes and "cursor" not in line:',
        "if False:",
        "tests/ctl/test_audit.py::test_the_next_daemon_that_takes_no_cursor_doubles_nothing",
    ),
    "audit-older-daemon-tells-of-no-other-grant": Guard(
        'if grant is None or not meant or self._id not in (None, grant["id"]):',
        "if False:",
        "tests/ctl/test_audit.py::test_an_older_xacctd_that_tells_of_other_grants_is_not_believed",
    ),
    "audit-page-over-no-file": Guard(
        "if not force:",
        "if False:",
        "tests/ctl/test_audit_page.py::test_it_is_written_for_its_user_alone_and_never_over_a_file",
    ),
    "audit-page-words-are-no-markup": Guard(
        "<td class={name}>{escape(said)}</td>",
        "<td class={name}>{said}</td>",
        "tests/ctl/test_audit_page.py::test_other_peoples_words_are_no_markup",
    ),
    "audit-page-takes-nothing-from-elsewhere": Guard(
        "default-src 'none'",
        "img-src *",
        "tests/ctl/test_audit_page.py::test_it_is_whole_in_itself_and_its_policy_lets_nothing_else_in",
    ),
    "audit-has-what-scopes-were-made": Guard(
        "events.call(Narrowed, lambda event: audit.narrowed(grants.by_id(event.grant), event))",
        "pass",
        "tests/test_scoped_grants.py::test_cloudtrail_and_the_audit_know_the_grant",
    ),
    "audit-ends-a-grants-minute-with-it": Guard(
        "self._counter.turn_of(grant)",
        "pass",
        "tests/audit/test_trail.py::test_what_was_counted_for_a_grant_is_written_before_its_end",
    ),
    "audit-names-other-processes-of-a-minute": Guard(
        "return caller.inode not in self._inodes and len(self._inodes) < MAX_LOOKS",
        "return False",
        "tests/audit/test_trail.py::test_another_process_of_the_same_minute_is_named",
    ),
    "audit-of-one-grant-is-of-it-alone": Guard(
        'if grant is not None and grant["id"] == self._id:',
        "if grant is not None:",
        "tests/control/test_audit.py::test_of_one_grant_there_are_its_lines_and_no_others",
    ),
    "audit-grant-that-is-meant-is-one": Guard(
        "if len(near) == 1:",
        "if near:",
        "tests/control/test_audit.py::test_a_word_that_is_no_grant_or_several_is_refused",
    ),
    "audit-folded-fetch-keeps-its-grant": Guard(
        "grant, role, what = self._still_told(event, grant), None, FOLDED",
        "grant, role, what = None, None, FOLDED",
        "tests/audit/test_trail.py::test_a_fetch_that_is_one_of_too_many_kinds_keeps_its_grant",
    ),
    "audit-reader-waits-for-whole-line": Guard(
        'if not raw.endswith(b"\\n"):',
        "if not raw:",
        "tests/audit/test_reader.py::test_half_a_line_is_waited_for",
    ),
    "audit-cursor-tells-files-apart": Guard(
        "and _first(part) == after.first:",
        ":",
        "tests/audit/test_reader.py::test_another_file_with_the_same_number_is_not_taken_for_it",
    ),
    "audit-parents-path-is-words": Guard(
        '"exe": clean(exe) if exe else None} for',
        '"exe": exe} for',
        "tests/test_foreign_text.py::test_the_audits_line_is_words",
    ),
    "audit-label-is-words": Guard(
        '"label": clean(grant.label)',
        '"label": grant.label',
        "tests/test_foreign_text.py::test_the_audits_line_is_words",
    ),
    "audit-programs-path-is-words": Guard(
        "clean(caller.exe) if caller and caller.exe else None",
        "caller.exe if caller else None",
        "tests/test_foreign_text.py::test_the_audits_line_is_words",
    ),
    "api-grants-label-is-words": Guard(
        '        "label": clean(grant.label),',
        '        "label": grant.label,',
        "tests/control/test_api.py::test_what_others_call_themselves_leaves_as_words",
    ),
    "terminal-our-lines-have-our-colours-alone": Guard(
        'map(_cleaned, text.split("\\n"))',
        'text.split("\\n")',
        "tests/ctl/test_foreign_text.py::test_lines_of_ours_keep_their_colours_and_nothing_else",
    ),
    "terminal-line-is-words": Guard(
        "    out(clean(text))",
        "    out(text)",
        "tests/ctl/test_foreign_text.py::test_no_word_of_others_drives_a_terminal_or_adds_a_line",
    ),
    "terminal-error-is-words": Guard(
        'sys.stderr.write(clean(text) + "\\n")',
        'sys.stderr.write(text + "\\n")',
        "tests/ctl/test_foreign_text.py::test_no_word_of_others_drives_a_terminal_or_adds_a_line",
    ),
    "terminal-what-attends-shows-words": Guard(
        "self._write(paint(folded(clean(text), self._columns()), tone",
        "self._write(paint(folded(text, self._columns()), tone",
        "tests/ctl/test_foreign_text.py::test_a_terminal_that_attends_is_not_driven",
    ),
    "terminal-what-asks-shows-words": Guard(
        '{clean(text)}")', '{text}")', "tests/ctl/test_foreign_text.py::test_a_terminal_that_attends_is_not_driven"
    ),
    "programs-name-that-is-no-utf-8": Guard(
        '.decode("utf-8", "backslashreplace")',
        '.decode("utf-8", "surrogateescape")',
        "tests/host/test_processes.py::test_a_program_whose_name_is_no_utf8_is_named_all_the_same",
    ),
    "requests-no-control-characters": Guard(
        "_LINE: Final = msgspec.Meta(max_length=4096, pattern=_NO_CONTROLS)",
        "_LINE: Final = msgspec.Meta(max_length=4096)",
        "tests/control/test_requests.py::test_what_is_not_comes_in_nowhere",
    ),
    "requests-names-are-names": Guard(
        "_NAME: Final = msgspec.Meta(min_length=1, max_length=2048, pattern=_NO_CONTROLS)",
        "_NAME: Final = msgspec.Meta()",
        "tests/control/test_requests.py::test_what_is_not_comes_in_nowhere",
    ),
    "requests-alone-is-wildcard": Guard(
        "[A-Za-z0-9_+=,.@/*-]{1,576}",
        "[A-Za-z0-9_+=,.@/*?-]{1,576}",
        "tests/control/test_requests.py::test_what_is_not_comes_in_nowhere",
    ),
    "requests-process-has-number-of-one": Guard(
        "msgspec.Meta(ge=1, le=2**31 - 1)",
        "msgspec.Meta()",
        "tests/control/test_requests.py::test_what_is_not_comes_in_nowhere",
    ),
    "requests-end-is-in-time": Guard(
        "msgspec.Meta(gt=0, le=MAX_TTL)",
        "msgspec.Meta()",
        "tests/control/test_requests.py::test_what_is_not_comes_in_nowhere",
    ),
    "requests-each-name-once": Guard(
        "return list(dict.fromkeys(value)) if isinstance(value, list) else value",
        "return value",
        "tests/control/test_requests.py::test_a_name_that_is_there_a_thousand_times_is_there_once",
    ),
    "patterns-only-is-anything": Guard(
        "any(matches(arn, pattern)",
        "any(__import__('fnmatch').fnmatchcase(arn, pattern)",
        "tests/test_model.py::test_in_a_grants_patterns_only_a_star_is_a_wildcard",
    ),
    "grant-ends-with-process-that-there-is": Guard(
        "if pid is not None and self._grants.started(pid) is None:",
        "if False:",
        "tests/control/test_api.py::test_grants_that_are_over_are_not_listed",
    ),
    "audit-fetch-is-written-before-it-leaves": Guard(
        "        if written is not None:\n            return self._once_written",
        "        if False:\n            return self._once_written",
        "tests/endpoint/test_who.py::test_without_a_disk_for_the_audit_nothing_is_served_where_it_is_required",
    ),
    "audit-first-of-minute-is-waited-for": Guard(
        'if outcome != "served" or (window.number <= self._written_to and self._why is None):',
        "if True:",
        "tests/audit/test_trail.py::test_what_cannot_be_written_down_is_served_only_where_that_is_not_required",
    ),
    "audit-what-fails-to-be-written-stays-so": Guard(
        "(window.number <= self._written_to and self._why is None)",
        "window.number <= self._written_to",
        "tests/audit/test_trail.py::test_what_cannot_be_written_down_is_served_only_where_that_is_not_required",
    ),
    "audit-required-is-required": Guard(
        "if self._required and self._why is not None:",
        "if False:",
        "tests/endpoint/test_who.py::test_without_a_disk_for_the_audit_nothing_is_served_where_it_is_required",
    ),
    "audit-disk-that-hangs-is-not-waited-for": Guard(
        "asyncio.timeout(AT_MOST)",
        "asyncio.timeout(None)",
        "tests/audit/test_trail.py::test_a_disk_that_hangs_holds_a_fetch_for_a_moment",
    ),
    "audit-what-is-not-written-is-said": Guard(
        "        if self._why is None:\n            return []",
        "        if True:\n            return []",
        "tests/audit/test_trail.py::test_what_cannot_be_written_down_is_served_only_where_that_is_not_required",
    ),
    "audit-refusals-in-file-of-their-own": Guard(
        "        if self._noise is None:\n            lines, refused",
        "        if True:\n            lines, refused",
        "tests/audit/test_trail.py::test_strangers_push_nothing_out_and_their_words_are_counted_by_kind",
    ),
    "audit-refusals-take-no-place-of-fetches": Guard(
        "return sum(key[0] == event for key in self.known) >= MAX_REFUSALS",
        "return len(self.known) >= MAX_KINDS",
        "tests/audit/test_trail.py::test_strangers_push_nothing_out_and_their_words_are_counted_by_kind",
    ),
    "audit-denials-of-a-grant-are-few": Guard(
        "or there.count(grant.id if grant else None) >= MAX_DENIALS",
        "",
        "tests/audit/test_trail.py::test_a_loop_that_asks_for_more_pushes_nothing_out",
    ),
    "audit-denials-take-no-place-of-fetches": Guard(
        "return sum(key[0] not in _APART and",
        'return sum(key[0] != "refused" and',
        "tests/audit/test_trail.py::test_many_processes_that_ask_for_more_take_no_place_of_fetches",
    ),
    "audit-denials-take-no-grant-of-fetches": Guard(
        'if (key[0] == "denied") == (event == "denied")',
        "if True",
        "tests/audit/test_trail.py::test_many_processes_that_ask_for_more_take_no_place_of_fetches",
    ),
    "audit-who-has-no-grant-is-not-looked-for": Guard(
        "refused = [line(entry, entry.caller) for",
        "refused = [line(entry, entry.caller and self._find(entry.caller)) for",
        "tests/audit/test_trail.py::test_strangers_push_nothing_out_and_their_words_are_counted_by_kind",
    ),
    "audit-no-kind-by-a-strangers-header": Guard(
        'return next(beginning for beginning in _BEGINNINGS if name.startswith(beginning)).decode("ascii") + "*"',
        'return name.decode("ascii")',
        "tests/endpoint/test_head.py::test_what_a_stranger_has_made_up_is_no_kind_of_its_own",
    ),
    "audit-looks-for-processes-have-price": Guard(
        "        self._credit -= self._boot() - began\n",
        "",
        "tests/host/test_processes.py::test_many_connections_cost_a_share_of_the_time_and_no_more",
    ),
    "audit-no-look-without-credit": Guard(
        "        if self._credit <= 0:\n            return caller\n",
        "",
        "tests/host/test_processes.py::test_many_connections_cost_a_share_of_the_time_and_no_more",
    ),
    "code-is-told-to-our-own-daemon-alone": Guard(
        "if owner == os.geteuid() or (sys.platform",
        "if True or (sys.platform",
        "tests/ctl/test_client.py::test_another_users_socket_is_told_nothing",
    ),
    "directory-of-ours-lies-in-one-of-ours": Guard(
        "if os.stat(parent).st_uid not in (os.geteuid(), 0):",
        "if False:",
        "tests/test_paths.py::test_a_parent_of_somebody_elses_is_refused",
    ),
    "anothers-link-is-not-followed": Guard(
        "    if link.st_uid != os.geteuid():\n",
        "    if False:\n",
        "tests/test_paths.py::test_a_link_of_our_own_is_followed_and_one_of_somebody_elses_is_not",
    ),
    "locked-nothing-leaves": Guard(
        "        if self.locked:\n            raise errors.Locked",
        "        if False:\n            raise errors.Locked",
        "tests/credentials/test_agent_lock.py::test_locked_nothing_leaves_and_unlocked_it_does_without_a_code",
    ),
    "who-waits-behind-lock-hears-at-once": Guard(
        "        self._waiting.revoke()\n",
        "",
        "tests/credentials/test_agent_lock.py::test_who_waits_is_refused_at_once_and_what_is_on_its_way_comes_all_the_same",
    ),
    "locked-what-lay-ready-is-let-go": Guard(
        "self.keeper.events.call(LockChanged, lambda _: self.container_credentials.forget())",
        "pass",
        "tests/daemon/test_app.py::test_locking_lets_go_of_prebuilt_bodies_at_once",
    ),
    "whom-kernel-does-not-know-at-endpoint": Guard(
        "peer_check = peer_check_of(require_known=strict)",
        "peer_check = peer_check_of()",
        "tests/daemon/test_app.py::test_whom_the_kernel_does_not_know_is_refused_at_every_listener_where_that_is_wanted",
    ),
    "whom-kernel-does-not-know-on-bridges": Guard(
        "require_known=self.require_known)",
        "require_known=False)",
        "tests/daemon/test_app.py::test_whom_the_kernel_does_not_know_is_refused_at_every_listener_where_that_is_wanted",
    ),
    "audits-choice-reaches-it": Guard(
        "required = chosen.required",
        "required = False",
        "tests/daemon/test_app.py::test_the_audits_files_and_its_choice_reach_it",
    ),
    "refusals-own-file-reaches-audit": Guard(
        "noise=noise,", "", "tests/daemon/test_app.py::test_the_audits_files_and_its_choice_reach_it"
    ),
    "control-api-is-what-its-page-says": Guard(
        "    attended: int\n",
        "    attendants: int\n",
        "tests/ctl/test_control_api_doc.py::test_each_example_is_what_wire_says_and_complete",
    ),
    "ssh-only-lenders-own-line-is-believed": Guard(
        'if f":{more[\'forwarded_port\']}/" not in grant["urls"][role]:',
        "if False:",
        "tests/ctl/test_ssh.py::test_a_daemon_that_knows_no_forwarded_ports_is_too_old",
    ),
    "copy-being-written-not-believed": Guard(
        "        if error.errno == errno.EAGAIN:\n            return True\n",
        "        if error.errno == errno.EAGAIN:\n            return False\n",
        "tests/copies/test_store.py::test_while_somebody_writes_nothing_is_taken_for_their_word",
    ),
    "proxy-no-proxy-names-loopback-beside": Guard(
        "[*entries, *_LOOPBACK]", "[*entries]", "tests/ctl/test_env.py::test_the_imds_port_and_nothing_else"
    ),
    "copy-emptied-one-empties-nothing": Guard(
        '    if not any(line.startswith("[") for line in copy):\n        return users',
        "    if False:\n        return users",
        "tests/copies/test_store.py::test_an_emptied_copy_empties_nothing",
    ),
    "copy-what-is-no-file-is-not-replaced": Guard(
        "if there is not None and not stat.S_ISREG(there.st_mode):",
        "if False:",
        "tests/copies/test_store.py::test_what_is_no_file_is_neither_read_nor_replaced",
    ),
    "name-is-its-files-own": Guard(
        "        return rolekeys.key(name, self.id)\n",
        '        return rolekeys.key(name, "")\n',
        "tests/test_catalogues.py::test_the_same_name_is_each_shells_own_role",
    ),
    "failed-renewal-costs-nothing-held": Guard(
        "        self.failures += 1\n",
        "        self.failures += 1\n        self.held = None\n",
        "tests/credentials/test_keeper.py::test_good_credentials_are_served_while_sts_is_down",
    ),
    "sts-is-asked-at-pace": Guard(
        "if self._waiting and self._tokens >= 1:",
        "if self._waiting:",
        "tests/credentials/test_keeper.py::test_hundreds_of_roles_ask_sts_for_forty_at_once_and_ten_a_second",
    ),
    "first-of-bulk-goes-at-once": Guard(
        "if number > 0 else URGENT",
        "if number >= 0 else URGENT",
        "tests/credentials/test_rate_limiter.py::"
        "test_the_one_whom_somebody_waits_for_is_next_and_a_renewal_ahead_of_time_is_last",
    ),
    "bulks-share": Guard(
        "            place.bulk.turns = self._turns + 1\n",
        "            pass\n",
        "tests/credentials/test_rate_limiter.py::test_a_bulk_that_comes_later_takes_turns_with_the_one_that_is_there",
    ),
    "who-gives-up-holds-no-place": Guard(
        "            if place.kind == _NOBODY:",
        "            if False:",
        "tests/credentials/test_rate_limiter.py::"
        "test_what_is_left_of_a_bulk_that_was_given_up_asks_sts_for_nothing_and_stands_in_nobodys_way",
    ),
    "sts-that-asks-to-slow-down-is-heard": Guard(
        "            self._pace = max(SLOWEST, self._pace / 2)\n",
        "            pass\n",
        "tests/credentials/test_rate_limiter.py::"
        "test_sts_that_asks_to_slow_down_halves_the_pace_once_for_all_calls_under_way",
    ),
    "keys-are-read-no-sooner-than-they-are-wanted": Guard(
        "        del self._about_to_begin[where]",
        "        pass",
        "tests/aws/test_keys_let_go.py::test_keys_are_read_when_they_are_wanted_and_once_for_all_who_want_them_together",
    ),
    "lazy-login-leaves-nothing-that-takes-human": Guard(
        "        if not (entry.valid() or entry.refreshable_without_mfa()) or self.refusal(node) is not None:",
        "        if False:",
        "tests/credentials/test_lazy_login.py::test_afterwards_its_first_use_takes_no_human_whatever_it_hangs_from",
    ),
    "ssh-ends-its-grant": Guard(
        '        revoke(client, grant["id"])\n',
        "        pass\n",
        "tests/ctl/test_ssh.py::test_the_far_side_has_the_environment_and_the_grant_ends",
    ),
    "memory-nobody-can-open": Guard(
        "libc.syscall(_MEMFD_SECRET, os.O_CLOEXEC)",
        'os.memfd_create("state")',
        "tests/state/test_secretmem.py::test_nobody_opens_it_again",
    ),
    "logout-of-all-or-none": Guard(
        "nodes = [self.node(name) for name in dict.fromkeys(names)]",
        "nodes = [self.nodes[name] for name in dict.fromkeys(names) if name in self.nodes]",
        "tests/credentials/test_consent.py::test_logout_takes_all_it_names_or_nothing",
    ),
    "failed-env-fails-its-line-in-fish": Guard(
        '_fish_quote, "false", _fish_gone)',
        '_fish_quote, "true", _fish_gone)',
        "tests/ctl/test_env_failure.py::test_a_line_of_every_shell_fails",
    ),
    "restart-what-was-held-is-held-again": Guard(
        "            self.held, self.renew_at = held, renew_at\n",
        "            pass\n",
        "tests/credentials/test_snapshot.py::test_a_restart_calls_nobody_and_asks_nobody",
    ),
    "imds-taken-back-while-it-is-written-down": Guard(
        "self._service.check_still(node, self.consumer)  # it may have been taken back meanwhile\n",
        "pass\n",
        "tests/endpoint/test_imds.py::test_taken_back_while_it_is_written_down_nothing_leaves",
    ),
    "endpoint-taken-back-while-it-is-written-down": Guard(
        "            self._check_still(grant, node)  # it may have been taken back meanwhile\n",
        "",
        "tests/endpoint/test_container_credentials.py::test_taken_back_while_it_is_written_down_nothing_leaves",
    ),
    "endpoint-taken-back-while-it-was-held-and-is-written-down": Guard(
        "                    await written()\n                    self._check_still(grant, node)\n",
        "                    await written()\n",
        "tests/endpoint/test_container_credentials.py::test_taken_back_while_it_is_written_down_nothing_leaves",
    ),
    "any-api-can-be-stopped": Guard(
        "request.path in wire.EVERY_API",
        "False",
        "tests/control/test_versions.py::test_a_daemon_of_any_api_can_be_stopped",
    ),
    "sections-have-limit": Guard(
        'if content.count(b"\\n[") >= MOST_SECTIONS:',
        "if False:",
        "tests/aws/test_bounds.py::test_a_hundred_thousand_sections_are_refused_in_a_sentence",
    ),
    "revoked-grant-ends-at-once": Guard(
        "self._forget(grant)", "pass", "tests/grants/test_grants.py::test_a_revoked_grant_ends_at_once"
    ),
    "head-has-its-time": Guard(
        "endpoint.boot() + HEAD_TIMEOUT",
        'float("inf")',
        "tests/endpoint/test_server.py::test_a_head_that_does_not_come_is_not_waited_for",
    ),
    "idle-connection-has-its-time": Guard(
        "self._endpoint.boot() + IDLE_TIMEOUT",
        'float("inf")',
        "tests/endpoint/test_server.py::test_an_idle_connection_is_closed_in_time",
    ),
    "keychain-asked-once": Guard(
        "(self._loading is None or self._loading.done())",
        "True",
        "tests/state/test_keychain.py::test_a_keychain_that_does_not_answer_is_not_waited_for",
    ),
    "nothing-that-ended-on-its-way": Guard(
        "if got.remaining(self.keeper.clock.now()) <= 0:",
        "if False:",
        "tests/endpoint/test_container_credentials.py::test_credentials_that_end_on_their_way_are_not_served",
    ),
    "known-heads-are-known-whole": Guard(
        "blake2b(raw, digest_size=DIGEST)",
        "blake2b(raw[:70], digest_size=DIGEST)",
        "tests/endpoint/test_known_heads.py::test_what_differs_in_a_byte_is_looked_at",
    ),
    "forwarded-heads-are-not-remembered": Guard(
        "return head.parse(raw, hosts, self._forwarded)",
        "request = head.parse(raw, hosts, self._forwarded)",
        "tests/endpoint/test_known_heads.py"
        "::test_a_host_that_a_grant_brought_along_is_refused_once_the_grant_has_ended",
    ),
    "known-heads-are-short": Guard(
        "if len(raw) <= LONGEST:", "if True:", "tests/endpoint/test_known_heads.py::test_strangers_fill_no_memory"
    ),
    "known-heads-are-few": Guard(
        "if len(self._known) >= MOST:", "if False:", "tests/endpoint/test_known_heads.py::test_strangers_fill_no_memory"
    ),
    "who-finds-no-place-is-told": Guard(
        "self._write(answers.FULL, keep_alive=False)",
        "self.drop()",
        "tests/endpoint/test_server.py::test_one_connection_more_than_the_most_is_told",
    ),
    "who-is-told-has-its-time": Guard(
        "asyncio.get_running_loop().call_later(TOLD_TIMEOUT, self.drop)",
        "pass",
        "tests/endpoint/test_server.py::test_who_finds_no_place_and_does_not_ask_is_closed_soon",
    ),
    "bounded-number-who-are-told": Guard(
        "if self._endpoint.to_be_told > self._endpoint.most_told:",
        "if False:",
        "tests/endpoint/test_server.py::test_no_more_wait_to_be_told_than_may",
    ),
    "who-loses-its-place-is-told": Guard(
        "self._transport.write(answers.FULL)",
        "pass",
        "tests/endpoint/test_connection_limiter.py"
        "::test_who_has_more_than_its_share_loses_the_newest_and_nobody_else_any",
    ),
    "counting-connections-has-price": Guard(
        "max(PAUSE, (loop.time() - began) * COST)",
        "PAUSE",
        "tests/endpoint/test_connection_limiter.py::test_the_longer_a_look_takes_the_longer_is_the_pause_after_it",
    ),
    "audit-looks-for-process-where-minute-begins": Guard(
        "(self._known if entry.summed else self._find)",
        "self._find",
        "tests/audit/test_trail.py::test_a_process_is_looked_for_where_a_minute_begins_and_not_at_its_end",
    ),
    "who-does-not-read-is-cut-off": Guard(
        "while not await out.is_cut_off():",
        "while True:",
        "tests/control/test_streams.py::test_who_does_not_read_events_is_cut_off_with_a_last_one_that_says_so",
    ),
    "reader-cut-off-is-let-go": Guard(
        "asyncio.get_running_loop().call_later(LAST_READ, transport.abort)",
        "pass",
        "tests/control/test_streams.py::test_who_never_reads_keeps_no_memory_of_ours",
    ),
    "control-socket-tells-so-many": Guard(
        "if len(self._told) >= MOST_TOLD:",
        "if False:",
        "tests/control/test_server.py::test_no_more_wait_to_be_told_than_may",
    ),
    "digest-of-role-is-of-role-as-it-is": Guard(
        "self.plans.pop(name, None)",
        "pass",
        "tests/credentials/test_snapshot.py::test_what_is_kept_of_a_role_that_was_changed_is_of_the_changed_one",
    ),
    "keychain-is-asked-once": Guard(
        "if name not in self._held:",
        "if True:",
        "tests/state/test_access_keys.py::test_what_is_added_is_there_for_the_next_daemon_and_the_list_has_no_secret",
    ),
    "another-key-in-its-place-is-not-used": Guard(
        "if digest(keys.access_key_id) not in self._taken(where, profile):",
        "if False:",
        "tests/state/test_access_keys.py::test_another_key_that_somebody_has_put_there_is_not_used",
    ),
    "key-that-is-not-switched-to-is-put-back": Guard(
        "await self._put_back(name, profile, before)",
        "pass",
        "tests/daemon/test_rotation.py::test_a_keychain_that_forgets_keeps_the_old_key",
    ),
    "late-switch-is-taken-back": Guard(
        "self._items.put(name, label, before)",
        "self._items.drop(name)",
        "tests/daemon/test_rotation.py::test_a_keychain_that_is_late_ends_with_the_old_key",
    ),
    "rotation-is-written-down-before-a-key-is-made": Guard(
        "await self._note(asked, rotation)",
        "pass",
        "tests/daemon/test_rotation.py::test_whenever_xacctd_is_killed_the_next_one_serves_and_finishes",
    ),
    "keys-of-users-alone-are-rotated": Guard(
        'if not slash or kind != "user":',
        "if False:",
        "tests/daemon/test_rotation.py::test_a_root_key_is_refused",
    ),
    "key-that-may-be-made-is-remembered": Guard(
        "if isinstance(why, errors.Temporary) and why.answered:",
        "if False:",
        "tests/daemon/test_rotation.py::test_a_key_that_was_made_without_an_answer_is_remembered",
    ),
    "new-key-is-the-same-users": Guard(
        "if arn != user.arn:",
        "if False:",
        "tests/daemon/test_rotation.py::test_another_users_key_is_not_switched_to",
    ),
    "new-key-is-not-waited-for-longer": Guard(
        "if self._now() >= until:",
        "if self._now() >= until + 1000:",
        "tests/daemon/test_rotation.py::test_and_not_for_ever",
    ),
    "only-a-key-that-is-surely-active-is-switched-back-to": Guard(
        "except errors.Temporary as why:",
        "except errors.ClockSkew as why:",
        "tests/daemon/test_rotation.py::test_an_old_key_that_may_be_inactive_is_not_switched_back_to",
    ),
    "only-keys-of-ours-are-deleted": Guard(
        "for each in ours:",
        "for each in others:",
        "tests/daemon/test_rotation.py::test_a_key_that_was_made_without_an_answer_is_remembered",
    ),
    "rotation-nobody-waits-for-is-undone": Guard(
        "if asked.given_up.is_set():",
        "if False:",
        "tests/daemon/test_rotation.py::test_who_gives_up_gets_it_undone_until_the_switch",
    ),
    "one-rotation-of-a-key-at-once": Guard(
        "self._demand_still(key)",
        "pass",
        "tests/daemon/test_keychain_keys.py::test_a_key_is_rotated_once_at_a_time_and_goes_on_without_its_asker",
    ),
    "rotation-is-not-cut-by-its-asker": Guard(
        "done = await asyncio.shield(task)",
        "done = await task",
        "tests/daemon/test_keychain_keys.py::test_a_key_is_rotated_once_at_a_time_and_goes_on_without_its_asker",
    ),
    "rotation-keeps-its-process": Guard(
        "if self._app.keychain_keys.rotating:",
        "if False:",
        "tests/daemon/test_keychain_keys.py::test_no_successor_takes_over_from_a_rotation",
    ),
    "rotation-is-of-keys-in-keychain": Guard(
        'if not isinstance(source, Source) or source.kind != "keychain" or role.role_arn is not None:',
        "if False:",
        "tests/control/test_key_rotation.py::test_a_role_that_has_no_key_in_the_keychain_is_refused",
    ),
    "machines-role-is-shells": Guard(
        "if not same.get(kind, True):",
        "if False:",
        "tests/control/test_around.py::test_the_machines_role_is_not_given_to_a_shell_that_is_led_elsewhere",
    ),
    "metadata-is-asked-directly": Guard(
        "aiohttp.ClientSession(timeout=limits, trust_env=False)",
        "aiohttp.ClientSession(timeout=limits, trust_env=True)",
        "tests/aws/test_machine_sources.py::test_a_containers_role_is_had_with_its_token",
    ),
    "containers-endpoint-is-one-that-sdks-ask": Guard(
        'if parts.scheme not in {"http", "https"} or not',
        "if False and not",
        "tests/aws/test_machine_sources.py::test_where_no_sdk_asks_we_do_not_either",
    ),
    "own-endpoint-is-no-source": Guard(
        "if port in self._own_ports():",
        "if False:",
        "tests/aws/test_machine_sources.py::test_our_own_endpoint_is_no_source",
    ),
    "own-metadata-is-no-source": Guard(
        "if port in self._own_ports():",
        "if False:",
        "tests/aws/test_machine_sources.py::test_our_own_endpoint_is_no_source",
    ),
    "metadata-is-asked-on-instances-alone": Guard(
        "if not named and not self._is_instance():",
        "if False:",
        "tests/aws/test_machine_sources.py::test_elsewhere_than_on_an_instance_nobody_is_asked",
    ),
    "name-of-instances-role-is-one": Guard(
        "if not _ROLE.fullmatch(role):",
        "if False:",
        "tests/aws/test_machine_sources.py::test_a_role_that_is_none_is_not_asked_for",
    ),
    "one-metadata-service-for-all-roles": Guard(
        "if setting in files.profiles[name]:",
        "if False:",
        "tests/aws/test_profiles.py::test_a_profile_that_cannot_be_used_is_one_problem_and_takes_nothing_down",
    ),
    "include-profile-changes-no-identity-of-aws": Guard(
        'leads = any(name in profile for name in ("source_profile", "credential_source", "web_identity_token_file"))',
        "leads = False",
        "tests/aws/test_included.py::test_what_aws_tools_can_use_is_not_changed_by_it",
    ),
    "key-in-keychain-is-of-its-files": Guard(
        "if row.where == where}",
        "}",
        "tests/state/test_access_keys.py::test_the_same_name_in_other_files_is_another_key",
    ),
    "key-in-keychain-is-not-overwritten": Guard(
        "if profile in self.of_files(where):",
        "if False:",
        "tests/state/test_access_keys.py::test_a_key_that_is_there_is_not_overwritten",
    ),
    "key-that-is-not-kept-whole-is-taken-back": Guard(
        "await self._asking.undo(name, PATIENCE)",
        "pass",
        "tests/state/test_access_keys.py::test_where_the_list_can_not_be_written_the_keychain_has_nothing",
    ),
    "keychain-gives-back-what-it-was-given": Guard(
        "if (kept.access_key_id, kept.secret_access_key) != (keys.access_key_id, keys.secret_access_key):",
        "if False:",
        "tests/state/test_access_keys.py::test_what_the_keychain_changes_is_taken_back",
    ),
    "keychain-is-not-waited-for-longer": Guard(
        "timeout=patience",
        "timeout=None",
        "tests/state/test_access_keys.py::test_a_keychain_that_hangs_is_not_waited_for_and_not_asked_twice",
    ),
    "key-is-checked-before-it-is-kept": Guard(
        'if asked.get("check", True):',
        "if False:",
        "tests/test_keychain_keys.py::test_a_key_that_aws_does_not_know_is_not_kept",
    ),
    "no-key-moves-and-leaves-other-credentials": Guard(
        "if other is not None:",
        "if False:",
        "tests/test_keychain_keys.py::test_other_credentials_of_the_profile_would_take_over_so_it_stays",
    ),
    "no-key-beside-other-credentials": Guard(
        "elif source is not None:",
        "elif False:",
        "tests/test_keychain_keys.py::test_what_can_not_be_meant_is_one_sentence",
    ),
    "no-temporary-keys-in-keychain": Guard(
        "if keys.session_token or keys.access_key_id.startswith(TEMPORARY):",
        "if False:",
        "tests/test_keychain_keys.py::test_temporary_keys_are_refused",
    ),
    "files-go-before-keychain": Guard(
        "web_identity.found,",
        "keychain.found,\n    web_identity.found,",
        "tests/aws/test_keychain.py::test_what_the_files_say_goes_first_as_for_awss_tools",
    ),
    "successor-has-keys-that-came-meanwhile": Guard(
        "        if self.access_keys.read_index():",
        "        if False:",
        "tests/daemon/test_app.py::test_keys_that_came_into_the_keychain_while_a_successor_began_are_its_own",
    ),
    "only-yes-is-yes": Guard(
        'not in {"y", "yes"}', 'in {"n", "no"}', "tests/ctl/test_keys.py::test_only_a_yes_removes"
    ),
    "key-is-typed-without-echo": Guard(
        'getpass.getpass("Secret access key: ")',
        'input("Secret access key: ")',
        "tests/ctl/test_keys.py::test_a_key_is_asked_for_at_the_terminal_and_not_shown",
    ),
    "key-leaves-the-file-after-the-proof": Guard(
        "arn = _proved(profile, client)",
        'arn = ""',
        "tests/ctl/test_keys.py::test_the_file_is_changed_after_the_proof_and_not_before",
    ),
    "import-that-fails-is-undone": Guard(
        "_undo(profile, client, place)", "pass", "tests/ctl/test_keys.py::test_what_fails_on_the_way_is_undone"
    ),
    "only-copy-of-key-stays": Guard(
        "if not _has_key(place, profile):",
        "if False:",
        "tests/test_keychain_keys.py::test_an_undo_never_removes_the_only_copy",
    ),
    "import-takes-no-session-token": Guard(
        "if any(token in options for token in TOKENS):",
        "if False:",
        "tests/ctl/test_keys.py::test_what_is_no_plain_key_stays_where_it_is",
    ),
    "verify-own-policys-refusal-shows-nothing": Guard(
        "isinstance(error, errors.PolicyDenied)",
        "False",
        "tests/credentials/test_verification.py::test_only_the_trust_policys_refusal_shows_anything",
    ),
    "locked-nothing-is-verified": Guard(
        "await self._agent_lock.run_unless_locked(self._of(name))",
        "await self._of(name)",
        "tests/credentials/test_verification.py::test_while_locked_nothing_is_tried",
    ),
    "refusals-count-where-the-role-can-be-had": Guard(
        "            attempts.append(await self._as_configured(line))",
        "            pass",
        "tests/credentials/test_verification.py::test_refusals_show_nothing_where_the_role_is_refused_as_configured_too",
    ),
    "temporary-keys-may-carry-mfa": Guard(
        "if probe.way in _MFA_LEFT_OUT and keys.session_token:",
        "if False:",
        "tests/credentials/test_verification.py::test_temporary_keys_may_carry_an_mfa",
    ),
    "verify-asks-for-nothing": Guard(
        "replace(node.role, policy=probes.DENY_ALL, policy_arns=(), read_only=False)",
        "node.role",
        "tests/credentials/test_verification.py::test_all_else_goes_along_but_what_is_given_may_do_nothing",
    ),
    "what-verify-is-given-is-let-go": Guard(
        "        await self._calls.assume(role, path, keys, lambda: place)",
        "        node.entry.put(await self._calls.assume(role, path, keys, lambda: place))",
        "tests/credentials/test_verification.py::test_what_is_given_is_kept_nowhere",
    ),
    "verify-asks-once": Guard(
        "            raise self._not_had[entry]",
        "            pass",
        "tests/credentials/test_verification.py::test_one_code_for_all_and_a_no_is_asked_once",
    ),
    "policy-lets-no-plain-keys-through": Guard(
        '{"Bool": {',
        '{"BoolIfExists": {',
        "tests/test_trust_policy.py::test_what_a_plain_role_with_mfa_takes",
    ),
    "policy-is-of-one-partition": Guard(
        "if partition_of(principal.arn) != partition_of(role.role_arn):",
        "if False:",
        "tests/test_trust_policy.py::test_nothing_is_trusted_across_partitions",
    ),
    "console-no-credentials-of-another-sts-to-aws": Guard(
        "if any(not _is_aws(url) for url in _givers(role)):",
        "if False:",
        "tests/aws/test_console.py::test_credentials_of_another_sts_go_to_no_console_of_awss_nor_the_other_way",
    ),
    "console-partition-of-permission-set": Guard(
        'return "aws" if sign_in is None else regions.partition_of(sign_in.region) or f"of {sign_in.region}"',
        'return "aws"',
        "tests/aws/test_console.py::test_a_permission_set_is_of_the_partition_of_its_sign_in",
    ),
    "console-destination-is-of-the-partition": Guard(
        "if service is not None or not _is_below(named, base):",
        "if service is not None:",
        "tests/aws/test_console.py::test_a_page_elsewhere_is_refused",
    ),
    "console-keys-and-sessions-are-not-sent": Guard(
        "if hop not in _SIGNED_IN or not held.session_token:",
        "if not held.session_token:",
        "tests/aws/test_console.py::test_what_is_no_role_is_sent_nowhere",
    ),
    "console-chained-sessions-say-no-duration": Guard(
        "if self.lasts(hop):",
        "if True:",
        "tests/aws/test_console.py::test_a_chained_session_says_no_duration",
    ),
    "console-credentials-follow-no-redirect": Guard(
        '"allow_redirects": False',
        '"allow_redirects": True',
        "tests/aws/test_console.py::test_nobody_there_is_a_sentence_without_a_secret_and_a_redirect_is_not_followed",
    ),
    "console-page-is-for-one-browser": Guard(
        "        self._leads_to = None",
        "        pass",
        "tests/aws/test_console.py::test_a_page_leads_one_browser_on_whatever_else_comes",
    ),
    "console-address-is-given-where-asked-for-alone": Guard(
        "return url if show else await self._console.page(url)",
        "return url",
        "tests/test_console.py::test_printed_only_where_that_is_asked_for",
    ),
    "way-that-cannot-ask-is-nobody-to-ask": Guard(
        "return self._boot() >= since + UNUSABLE_FOR and way.takes(topic, kind)",
        "return way.takes(topic, kind)",
        "tests/desktop/test_order.py::test_where_nobody_can_ask_nobody_is_waited_for_and_it_is_tried_again",
    ),
    "childs-lines-are-bounded": Guard(
        'while len(self.out) > self._limit or b"\\n" not in self.out:',
        'while b"\\n" not in self.out:',
        "tests/desktop/test_pinentry.py::test_one_that_cannot_ask_is_passed_over_at_once_and_said",
    ),
    "conversation-ends-its-program": Guard(
        "await child.end()",
        "pass",
        "tests/desktop/test_pinentry.py::test_anothers_answer_ends_it",
    ),
    "assuan-argument-ends-no-line": Guard(
        "escaped = char.translate(_ESCAPED).encode",
        "escaped = char.encode",
        "tests/desktop/test_pinentry.py::test_a_description_can_neither_end_its_line_nor_be_endless",
    ),
    "pin-is-bounded": Guard(
        "if len(data) > DATA:",
        "if False:",
        "tests/desktop/test_pinentry.py::test_one_that_cannot_ask_is_passed_over_at_once_and_said",
    ),
    "pinentry-without-window-is-passed-over": Guard(
        "if self._tty is None and _needs_terminal(flavour):",
        "if False:",
        "tests/desktop/test_pinentry.py::test_one_that_cannot_ask_is_passed_over_at_once_and_said",
    ),
    "pinentry-cancelled-is-no": Guard(
        "if refused.code in assuan.CANCELLED:",
        "if False:",
        "tests/desktop/test_pinentry.py::test_a_cancel_is_a_no",
    ),
    "pinentry-line-takes-all-that-is-asked": Guard(
        'if assuan.fits("SETDESC", "\\n".join(rows)) and',
        "if True and",
        "tests/desktop/test_pinentry.py::test_no_long_word_pushes_away_what_a_yes_is_to",
    ),
    "pinentry-in-terminal-fits-it": Guard(
        "len(rows) > MOST_LINES)",
        "False)",
        "tests/desktop/test_pinentry.py::test_no_long_word_pushes_away_what_a_yes_is_to",
    ),
    "pinentry-shows-a-no": Guard(
        'await _tell(program, "SETCANCEL", "_No")',
        "pass",
        "tests/desktop/test_pinentry.py::test_yes_and_no_to_the_use_of_a_role",
    ),
    "pinentry-gets-no-secret-variable": Guard(
        "{name: env[name] for name in PASSED_ON if name in env}",
        "dict(env)",
        "tests/desktop/test_pinentry.py::test_its_environment_has_nothing_secret",
    ),
    "notifications-action-from-its-server": Guard(
        "signal.sender != shown.sender or not signal.body",
        "not signal.body",
        "tests/system/test_notifications.py::test_a_strangers_signal_is_no_answer",
    ),
    "lent-terminal-is-device": Guard(
        'if not words or not re.fullmatch(r"/dev/[A-Za-z0-9][A-Za-z0-9/_-]{0,63}", tty.name):',
        "if not words:",
        "tests/control/test_streams.py::test_who_lends_a_terminal_is_asked_there_for_what_pinentry_can_ask",
    ),
    "console-is-in-the-audit-before-it-leaves": Guard(
        "                await self._trail.written()",
        "                pass",
        "tests/control/test_console.py::test_what_can_not_be_written_down_does_not_leave",
    ),
    "only-a-grants-number-revokes-it": Guard(
        "if 0 < number <= min(shown, len(asked)) else None",
        "if asked else None",
        "tests/ctl/watch/test_board.py::test_a_grant_of_the_role_is_chosen_by_its_number",
    ),
    "template-takes-no-file-that-was-cut-off": Guard(
        "if not head:",
        "if False:",
        "tests/test_templates.py::test_a_row_that_is_wrong_is_named_with_its_file_and_line",
    ),
    "team-catalogue-is-signed": Guard(
        "if found.returncode or not principal:",
        "if False:",
        "tests/ctl/test_catalogue.py::test_what_is_not_signed_by_somebody_believed_is_refused",
    ),
    "team-catalogues-signature-is-over-its-manifest": Guard(
        "if done.returncode:",
        "if False:",
        "tests/ctl/test_catalogue.py::test_a_manifest_that_is_not_the_signed_one_is_refused",
    ),
    "team-catalogues-files-are-those-signed": Guard(
        "if teamfiles.digest(content) != digest:",
        "if False:",
        "tests/ctl/test_catalogue.py::test_a_file_that_is_not_the_signed_one_is_refused",
    ),
    "team-catalogue-names-no-signers": Guard(
        "if inside or stat.S_IMODE(os.stat(signers).st_mode) & 0o022:",
        "if False:",
        "tests/ctl/test_catalogue.py::test_signers_that_others_could_choose_are_refused",
    ),
    "team-catalogue-has-files-of-its-own-alone": Guard(
        "if not match or not _NAME.fullmatch(match[2]):",
        "if not match:",
        "tests/test_teamroles.py::test_a_manifest_names_plain_files_alone",
    ),
    "team-catalogue-says-roles-alone": Guard(
        'strange = next((key for key in keys if key not in _OF[table]), "")',
        'strange = ""',
        "tests/test_teamroles.py::test_what_a_catalogue_may_not_say_is_refused_with_its_line",
    ),
    "team-catalogue-limits-no-name-of-other-files": Guard(
        "if isinstance(extra, TeamRole):",
        "if False:",
        "tests/test_teamroles.py::test_what_a_catalogue_says_narrows_other_files_by_the_arn_alone",
    ),
    "team-catalogue-takes-no-word": Guard(
        'if name[0] in "@-" or _WORDS & set(name):',
        "if False:",
        "tests/test_teamroles.py::test_no_role_is_called_by_a_word_for_others",
    ),
    "team-catalogue-is-trusted": Guard(
        "if found is None or found.path != path:",
        "if found is None:",
        "tests/test_teamroles.py::test_what_was_trusted_elsewhere_is_not_trusted_here",
    ),
    "team-catalogue-starts-from-the-users-profile": Guard(
        '{"source_profile": catalogue.source_profile}',
        '{"source_profile": "other"}',
        "tests/test_teamroles.py::test_its_roles_start_from_the_profile_that_config_toml_names",
    ),
    "team-catalogue-replaces-no-role-or-alias": Guard(
        "if name in said.aliases or isinstance(own, TemplateRole) or (own is not None and own.role_arn is not None):",
        "if False:",
        "tests/test_teamroles.py::test_what_the_user_calls_so_stays",
    ),
    "team-catalogue-replaces-no-profile": Guard(
        "if isinstance(extra, TeamRole) and (name in found.roles or name in found.raw):",
        "if False:",
        "tests/test_teamroles.py::test_a_profile_of_the_users_stays_with_its_limits",
    ),
    "team-catalogue-takes-no-limit-away": Guard(
        "extra = extra.own",
        "continue",
        "tests/test_teamroles.py::test_a_profile_of_the_users_stays_with_its_limits",
    ),
    "project-file-is-of-this-file-system": Guard(
        "while os.stat(directory).st_dev == device:",
        "while True:",
        "tests/ctl/test_project.py::test_a_file_of_another_file_system_is_not_looked_for",
    ),
    "project-file-is-not-above-home": Guard(
        "if directory in (home, above):",
        "if directory == above:",
        "tests/ctl/test_project.py::test_a_file_above_home_is_nobodys",
    ),
    "project-file-is-the-users-own": Guard(
        "owner=os.geteuid()",
        "owner=None",
        "tests/ctl/test_project.py::test_what_is_no_file_of_the_users_own_is_refused",
    ),
    "file-of-another-user-is-not-read": Guard(
        "if owner is not None and os.fstat(descriptor).st_uid != owner:",
        "if False:",
        "tests/ctl/test_project.py::test_what_is_no_file_of_the_users_own_is_refused",
    ),
    "project-file-says-role-and-region-alone": Guard(
        "if strange := next((key for key in said if key not in _KNOWN), None):",
        "if strange := None:",
        "tests/ctl/test_project.py::test_it_says_one_role_and_a_region_and_no_more",
    ),
    "project-file-means-one-role": Guard(
        'elif verb == "exec" and not getattr(args, "project", None):',
        'elif verb == "exec":',
        "tests/ctl/test_project.py::test_a_file_that_means_several_roles_is_refused",
    ),
    "project-file-has-one-role": Guard(
        'if role[0] in "@-" or _SEVERAL & set(role):',
        "if False:",
        "tests/ctl/test_project.py::test_it_says_one_role_and_a_region_and_no_more",
    ),
    "trust-is-of-bytes": Guard(
        ' + b"\\0" + content',
        "",
        "tests/ctl/test_project.py::test_a_file_is_trusted_once_and_anew_when_it_changes",
    ),
    "trust-is-of-this-path": Guard(
        "return _path_of(mark(path, content)) == path",
        "return _path_of(mark(path, content)) is not None",
        "tests/ctl/test_project.py::test_a_record_of_another_user_or_with_other_words_is_none",
    ),
    "untrusted-project-file-is-not-taken": Guard(
        "if not trust.is_trusted(path, found.content):",
        "if False:",
        "tests/ctl/test_project.py::test_a_file_is_trusted_once_and_anew_when_it_changes",
    ),
    "untrusted-project-file-moves-no-shell": Guard(
        "if trust.is_trusted(path, found.content):",
        "if True:",
        "tests/ctl/test_project.py::test_of_a_file_that_is_not_trusted_a_shell_tells_once",
    ),
    "narrowed-shell-is-not-its-directorys": Guard(
        'getattr(args, "project", None)) and not narrows(args)',
        'getattr(args, "project", None))',
        "tests/ctl/test_project.py::test_a_shell_that_was_narrowed_is_not_widened_by_its_directory",
    ),
    "chosen-role-stays-on-cd": Guard(
        "if chosen and not os.environ.get(variables.PROJECT):",
        "if False:",
        "tests/ctl/test_project.py::test_a_role_that_somebody_chose_stays",
    ),
    "untold-change-leaves-no-former-role": Guard(
        "text = shells.FAILURES[language](nobody)",
        'text = ""',
        "tests/ctl/test_project.py::test_what_tcsh_cannot_be_told_leaves_it_in_no_role",
    ),
}
