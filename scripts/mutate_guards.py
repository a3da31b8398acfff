"""Disable each defence in turn, and see whether the tests notice.

    python scripts/mutate_guards.py [WORD ...]   # all, or those whose name holds one of the words

On copies of the tree in a temporary directory, two at a time. A defence whose text isn't found any more, whose
tests fail without any change, or whose loss no test notices, fails the run: a guard nobody would miss is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
WORKERS = 2
PATIENCE = 60
"""Seconds a mutant gets: one that hangs its tests is noticed too."""


class Defence(NamedTuple):
    """What is defended, where, the exact text, what disables it, and the tests that must turn red."""

    name: str
    file: str
    text: str
    instead: str
    tests: str


HEAD = "tests/endpoint/test_head.py"
SERVER = "tests/endpoint/test_server.py"
CROWD = "tests/endpoint/test_crowd.py"
CONTAINER = "tests/endpoint/test_container.py"
IMDS = "tests/endpoint/test_imds.py"
IMDS_GUARD = "tests/endpoint/test_imds_guard.py"
GRANTS = "tests/endpoint/test_grants.py"
CONTROL = "tests/control/test_server.py"
API = "tests/control/test_api.py"
KEEPER = "tests/keeper/test_keeper.py"
CONSENT = "tests/keeper/test_consent.py"
CLOCK = "tests/test_clock.py"
REFUSED = "tests/keeper/test_refused.py"
WATCHES = "tests/host/test_watches.py"
MODEL = "tests/test_model.py"
LOGS = "tests/test_logs.py"
HARDENING = "tests/host/test_hardening.py"
FAILURES = "tests/aws/test_failures.py"
VERSIONS = "tests/control/test_versions.py"
DOCTOR = "tests/ctl/doctor/test_roles.py"
UNITS = "tests/test_units.py"
SEALED = "tests/state/test_sealed.py"
KEPT = "tests/state/test_keychain.py"
SECRETMEM = "tests/state/test_secretmem.py"
FDSTORE = "tests/state/test_fdstore.py"
SNAPSHOT = "tests/state/test_snapshot.py"
MEMORY = "tests/keeper/test_memory.py"
RESTART = "tests/test_restart.py"
HANDOVER = "tests/test_handover.py"
LET_GO = "tests/aws/test_keys_let_go.py"
DOCKER = "tests/ctl/test_docker.py"
ENV_FAILURE = "tests/ctl/test_env_failure.py"
SHELLS = "tests/ctl/test_shells.py"
CONFIGURE = "tests/ctl/test_configure.py"
EDIT = "userfiles/edit.py"
BLOCK = "tests/ctl/test_block.py"
PROFILES = "tests/aws/test_profiles.py"

CHILD = "tests/host/test_child.py"
CHILDREN = "tests/test_children.py"
GRANT_FILE = "tests/endpoint/test_grant_file.py"
CREDENTIAL_PROCESS = "tests/aws/test_credential_process.py"
FILEIO = "tests/test_fileio.py"

DEFENCES = (
    # Several sets of AWS files: a name means the role of the shell's own.
    Defence(
        "a source is of its own files",
        "catalogue.py",
        "replace(parent, files=tuple(self.files))",
        "parent",
        "tests/test_several_files.py",
    ),
    Defence(
        "limits hold in all files",
        "configuration.py",
        "return lambda found: settings.limited(in_force, found, self.own.roles)",
        "return lambda found: found.roles",
        "tests/test_several_files.py",
    ),
    Defence(
        "a typing error in config.toml loses no limit of other files",
        "configuration.py",
        "in_force = self.settings if self.own.read else self._said",
        "in_force = self._said",
        "tests/test_several_files.py",
    ),
    Defence(
        "no profile is called like a role of other files",
        "catalogue.py",
        "            _refuse_keys(found)\n",
        "",
        "tests/test_several_files.py",
    ),
    Defence(
        "keys of our environment are for our own files",
        "catalogue.py",
        "                _refuse_environment(found)\n",
        "                pass\n",
        "tests/test_several_files.py",
    ),
    Defence(
        "another HOME is another set of files",
        "rolekeys.py",
        '"\\0".join(files)',
        '"\\0".join(files[:2])',
        "tests/test_awsfiles.py",
    ),
    Defence(
        "another STS makes other roles",
        "awsfiles.py",
        "sts = (endpoint, ca_bundle) if endpoint or ca_bundle else ()",
        "sts = ()",
        "tests/test_several_files.py",
    ),
    Defence(
        "the daemon's STS is for its own roles",
        "awsfiles.py",
        "if name not in (ENDPOINT, *CA_BUNDLES)}",
        "}",
        "tests/test_several_files.py",
    ),
    Defence(
        "no password of an address leaves the shell",
        "awsfiles.py",
        're.sub(r"//[^/@]*@", f"//{HIDDEN}@", environ.get(ENDPOINT, ""))',
        'environ.get(ENDPOINT, "")',
        "tests/test_awsfiles.py",
    ),
    Defence(
        "no password of a proxy leaves the shell",
        "surroundings.py",
        're.sub(r"//[^/@]*@", f"//{HIDDEN}@", _either(environ, f"{name}_proxy"))',
        '_either(environ, f"{name}_proxy")',
        "tests/test_awsfiles.py",
    ),
    Defence(
        "no code goes by a proxy that the shell has not",
        "control/views.py",
        "    if said[0] == said[1]:\n",
        "    if True:\n",
        "tests/test_other_sts.py::test_no_code_goes_by_a_proxy_that_the_shell_has_not",
    ),
    Defence(
        "keys in the environment are the shell's",
        "control/views.py",
        " and self._around.keys != ours.keys:",
        " and False:",
        "tests/test_other_sts.py::test_keys_in_the_environment_are_the_shells_or_nobodys",
    ),
    Defence(
        "what a replaced key has had is let go",
        "keeper/keeper.py",
        "now.get(each, each.key) != each.key}",
        "False}",
        "tests/test_replaced_keys.py",
    ),
    Defence(
        "a replaced key is noticed at the next fetch",
        "keeper/service.py",
        "        self._refresh()\n",
        "",
        "tests/test_replaced_keys.py",
    ),
    # grants.json, which anybody may have written.
    Defence(
        "a code follows no redirect",
        "aws/http.py",
        "allow_redirects=False",
        "allow_redirects=True",
        "tests/aws/test_targets.py",
    ),
    Defence(
        "no variable steers the SDK",
        "aws/clients.py",
        "ignore_configured_endpoint_urls=True",
        "ignore_configured_endpoint_urls=False",
        "tests/aws/test_targets.py",
    ),
    Defence(
        "a code is for one STS",
        "keeper/node.py",
        "return (role.parent, role.mfa_serial, role.target)",
        "return (role.parent, role.mfa_serial, StsTarget())",
        "tests/keeper/test_sessions.py",
    ),
    Defence(
        "the profile's address beats the environment's",
        "aws/targets.py",
        "if url is None and not (fips or dualstack",
        "if not (fips or dualstack",
        "tests/aws/test_targets.py",
    ),
    Defence("a grant's id is no path", "endpoint/grant_file.py", '_matches("[0-9a-f]{8}")', "_is_text", GRANT_FILE),
    Defence(
        "a row that says more grants nothing",
        "endpoint/grant_file.py",
        "if row.keys() - {field.name for field in fields(Grant)}:",
        "if False:",
        GRANT_FILE,
    ),
    Defence(
        "a row that says less grants nothing",
        "endpoint/grant_file.py",
        "if missing := [name for name in _NEEDED if name not in row]:",
        "if missing := []:",
        GRANT_FILE,
    ),
    Defence(
        "a broken grants.json is kept",
        "endpoint/grant_file.py",
        "kept = fileio.set_aside(path)",
        'kept = ""',
        GRANT_FILE,
    ),
    Defence("grants have a limit", "endpoint/grants.py", "        self._demand_room()\n", "", GRANT_FILE),
    Defence(
        "a disk that hangs hangs nobody",
        "host/saver.py",
        "async with asyncio.timeout(PATIENCE):",
        "if True:",
        GRANT_FILE,
    ),
    Defence(
        "a chain of profiles has an end",
        "aws/profiles.py",
        " and len(chain) <= LONGEST_CHAIN:",
        ":",
        "tests/aws/test_bounds.py",
    ),
    Defence(
        "AWS's files are read by the one reader",
        "aws/inifiles.py",
        "content = fileio.read(path, MOST_BYTES)",
        "content = path.read_bytes()",
        "tests/aws/test_bounds.py",
    ),
    Defence("config.toml is not deep", "tomlfile.py", "        _demand_shallow(text)\n", "", "tests/test_settings.py"),
    # The daemon's children, and the files it reads.
    Defence("a child's output is bounded", "host/child.py", "if len(self.out) > self._limit:", "if False:", CHILD),
    Defence(
        "who holds a child's output is not waited for",
        "host/child.py",
        "status or self._silent or self._waited_long or enough(bytes(self.out))",
        "self._silent",
        CHILD,
    ),
    Defence(
        "a child's group is killed with it",
        "host/process_groups.py",
        "os.killpg(group, number)",
        "os.kill(group, number)",
        CHILD,
    ),
    Defence("what stems from a child is killed", "host/process_groups.py", "os.kill(pid, number)", "pass", CHILD),
    Defence(
        "no child outlives the daemon",
        "life/running.py",
        "process_groups.end_all(left_behind=self._successor is None)",
        "pass",
        CHILDREN,
    ),
    Defence("last words without secrets", "host/last_words.py", '_LOOKS_SECRET.sub("…", ', "str(", CHILD),
    Defence(
        "a credential_process's Version counts",
        "aws/credential_process.py",
        "if version != 1:",
        "if False:",
        CREDENTIAL_PROCESS,
    ),
    Defence(
        "a date without a time zone is refused",
        "aws/credential_process.py",
        "if date.tzinfo is None:",
        "if False:",
        CREDENTIAL_PROCESS,
    ),
    Defence(
        "what is no regular file is not opened",
        "fileio.py",
        "    raise _irregular(path)\n\n",
        "    return\n\n",
        FILEIO,
    ),
    Defence("a file is opened without waiting", "fileio.py", "flags | os.O_NONBLOCK |", "flags |", FILEIO),
    Defence("a file is read up to a limit", "fileio.py", "if len(content) > limit:", "if False:", FILEIO),
    # A shell or a program that reads what we print.
    Defence("a failed env fails its line", "ctl/shells.py", 'sh(change) + "false\\n"', "sh(change)", ENV_FAILURE),
    Defence(
        "a failed env leaves no former role",
        "ctl/variables.py",
        "tuple(name for name in gone if name not in stays)",
        "()",
        ENV_FAILURE,
    ),
    Defence("what a .env file can't carry is refused", "ctl/shells.py", "value.isprintable() and ", "", SHELLS),
    Defence(
        "a comment in a Compose file is one line",
        "ctl/docker/compose.py",
        "(clean(shlex.quote(word))",
        "((word)",
        DOCKER,
    ),
    # ~/.aws/config, which is not ours.
    Defence(
        "what others write meanwhile is seen",
        EDIT,
        "    if content(fresh) != old:\n        _restore",
        "    if False:\n        _restore",
        CONFIGURE,
    ),
    Defence(
        "what others write between two exchanges is merged",
        EDIT,
        "    if came == new:\n        return True\n",
        "    return True\n",
        CONFIGURE,
    ),
    Defence(
        "what can't be merged is kept",
        EDIT,
        "kept = fileio.keep_copy(target, content(fresh))",
        'kept = ""',
        CONFIGURE,
    ),
    Defence(
        "who still writes is waited for", EDIT, "        if not has_writer(path):\n", "        if True:\n", CONFIGURE
    ),
    Defence("files change places in one step", EDIT, "if exchange(fresh, target):", "if False:", CONFIGURE),
    Defence("an access control list is kept", EDIT, "os.setxattr(descriptor, _ACL, acl)", "pass", CONFIGURE),
    Defence("a hard link is left alone", EDIT, "if like.st_nlink > 1:", "if False:", CONFIGURE),
    Defence("a file's mode is kept", EDIT, "    os.fchmod(descriptor, mode)\n", "", CONFIGURE),
    Defence("a symlink stays one", EDIT, "os.path.realpath(path)", "path", CONFIGURE),
    Defence("a file in an editor is left alone", EDIT, "if os.path.lexists(sign):", "if False:", CONFIGURE),
    Defence(
        "a copy: the user's file is changed in the one way",
        "copies/store.py",
        "stays = edit.replace(target, old, new)",
        "stays = not fileio.write_private(target, new)",
        "tests/copies/test_store.py",
    ),
    Defence(
        "no profile of another's is doubled", "ctl/configure.py", "if entry.profile in taken:", "if False:", CONFIGURE
    ),
    Defence(
        "a diff without secrets",
        "ctl/configure.py",
        "yield mark + block.tame(line)",
        'yield mark + line.rstrip("\\n")',
        CONFIGURE,
    ),
    Defence("a damaged block is left alone", "ctl/block.py", "!= [True, False]:", "== []:", BLOCK),
    Defence("what shells read differently is not written", "ctl/block.py", "or _UNQUOTABLE.search(word)", "", BLOCK),
    Defence(
        "what asks xacct is no source",
        "aws/ways.py",
        "return None if asks_xacct(command) else Source",
        "return Source",
        "tests/aws/test_profiles.py",
    ),
    Defence("a source's program can't ask back", "ctl/hold.py", "    if source:\n", "    if False:\n", CONFIGURE),
    # The guard.
    Defence("Host must be ours", "endpoint/head.py", "if host not in hosts and", "if False and", HEAD),
    Defence(
        "no other Host than the grant's",
        "endpoint/head.py",
        "host not in forwarded(headers",
        "not forwarded(headers",
        HEAD,
    ),
    Defence(
        "another Host only with a grant that names it",
        "endpoint/grants.py",
        "if grant is None or grant.forwarded_port is None:\n            return frozenset()",
        "if grant is None or grant.forwarded_port is None:\n            return hosts_of(9478)",
        GRANTS,
    ),
    Defence(
        "origin-form targets only",
        "endpoint/head.py",
        'rb"GET (/[A-Za-z0-9._/-]*|',
        'rb"GET (\\S+|',
        HEAD,
    ),
    Defence("GET only", "endpoint/head.py", 'rb"GET (/', 'rb"[A-Z]+ (/', HEAD),
    Defence("HTTP/1.1 only", "endpoint/head.py", r"HTTP/1\.1", r"HTTP/1\.[01]", HEAD),
    Defence("no Origin", "endpoint/head.py", '        b"origin",\n', "", HEAD),
    Defence("no Referer", "endpoint/head.py", '        b"referer",\n', "", HEAD),
    Defence("no Forwarded", "endpoint/head.py", '        b"forwarded",\n', "", HEAD),
    Defence("no Via", "endpoint/head.py", '        b"via",\n', "", HEAD),
    Defence("no Cookie", "endpoint/head.py", '        b"cookie",\n', "", HEAD),
    Defence("no X-Real-IP", "endpoint/head.py", '        b"x-real-ip",\n', "", HEAD),
    Defence("no Upgrade", "endpoint/head.py", '        b"upgrade",\n', "", HEAD),
    Defence("no Transfer-Encoding", "endpoint/head.py", '        b"transfer-encoding",\n', "", HEAD),
    Defence("no Sec-Fetch-*", "endpoint/head.py", 'b"sec-", ', "", HEAD),
    Defence("no X-Forwarded-*", "endpoint/head.py", 'b"x-forwarded", ', "", HEAD),
    Defence("no Proxy-*", "endpoint/head.py", ', b"proxy-"', "", HEAD),
    Defence("no header twice", "endpoint/head.py", "if name in headers:", "if False:", HEAD),
    Defence("no body", "endpoint/head.py", 'headers.get(b"content-length", b"0") != b"0"', "False", HEAD),
    Defence("no control characters in values", "endpoint/head.py", r"[\t\x20-\x7e\x80-\xff]*", r"[^\r]*", HEAD),
    Defence("names of tokens, up to the colon", "endpoint/head.py", r"~-]+):(", r"~\x20-]+):(", HEAD),
    Defence("whole lines, not beginnings", "endpoint/head.py", "_HEADER.fullmatch", "_HEADER.match", HEAD),
    Defence("a bounded number of headers", "endpoint/head.py", "len(lines) > MAX_HEADERS", "False", HEAD),
    Defence(
        "no token in a request's repr", "endpoint/head.py", 'f"Request({self.target!r})"', "str(tuple(self))", HEAD
    ),
    # The connection.
    Defence(
        "listening on 127.0.0.1 alone", "endpoint/server.py", 'ADDRESS = "127.0.0.1"', 'ADDRESS = "0.0.0.0"', SERVER
    ),
    Defence("a bounded head", "endpoint/server.py", "len(self._buffer) >= head.MAX_HEAD:", "False:", SERVER),
    Defence(
        "a bounded buffer while held",
        "endpoint/server.py",
        "elif len(self._buffer) > head.MAX_HEAD:",
        "elif False:",
        SERVER,
    ),
    Defence(
        "a refusal closes",
        "endpoint/server.py",
        "self._write(self._endpoint.refusal, keep_alive=False)",
        "self._write(self._endpoint.refusal, keep_alive=True)",
        SERVER,
    ),
    Defence(
        "another user is turned away",
        "endpoint/door.py",
        "return None if caller.uid == self._uid else ANOTHER_USER",
        "return None",
        "tests/endpoint/test_door.py",
    ),
    Defence("no grant closes", "endpoint/server.py", " and answer not in CLOSING", "", SERVER),
    Defence(
        "a bounded number of connections",
        "host/seats.py",
        "if self.taken >= self.most:",
        "if False:",
        SERVER,
    ),
    Defence(
        "IMDS has a share of its own",
        "life/rooms.py",
        "seats.IMDS.of(files)",
        "10**9",
        "tests/test_lifecycle.py",
    ),
    Defence(
        "listeners for containers have a share of their own",
        "life/rooms.py",
        "seats.CONTAINERS.of(files)",
        "10**9",
        "tests/test_lifecycle.py",
    ),
    Defence("a share of the connections each", "endpoint/crowd.py", "crowd[self.most :]", "crowd[:0]", CROWD),
    Defence("a share by process", "endpoint/crowd.py", "if pid is not None:", "if False:", CROWD),
    Defence("a deadline", "endpoint/server.py", "if c.deadline < now", "if False", SERVER),
    Defence("back-pressure", "endpoint/server.py", "        self._choked = True\n", "", SERVER),
    Defence(
        "no reading what can't be answered", "endpoint/server.py", "self._transport.pause_reading()", "pass", SERVER
    ),
    Defence(
        "a broken answer quotes nothing",
        "endpoint/server.py",
        "answer = answers.BROKEN\n",
        "answer = answers.whole(answers.FORBIDDEN, str(bug).encode(), close=True)\n",
        SERVER,
    ),
    # The IMDS ports.
    Defence(
        "IMDS: a token on every GET",
        "endpoint/imds.py",
        "if not self._tokens.opens(request.authorization):",
        "if False:",
        IMDS,
    ),
    Defence(
        "IMDS: PUT for the token alone",
        "endpoint/imds.py",
        'rb"(?:(PUT) (/?%s)|(GET)',
        'rb"(?:(PUT) (/?%s/?)|(GET)',
        "tests/endpoint/test_imds_guard.py",
    ),
    Defence("IMDS: other methods", "endpoint/imds.py", "|(GET) (/[A-Za-z", "|([A-Z]+) (/[A-Za-z", IMDS_GUARD),
    Defence(
        "IMDS: the guard of the endpoint",
        "endpoint/imds.py",
        "line, headers = head.trusted(raw, hosts, _REQUEST_LINE)",
        'line, headers = head.trusted(raw, hosts | {b"169.254.169.254"}, _REQUEST_LINE)',
        IMDS_GUARD,
    ),
    Defence(
        "IMDS: the port's own role alone",
        "endpoint/imds.py",
        '{f"{path}/{node.role.slug}" for path in ROLES}',
        '{target for path in ROLES if target.startswith(path + "/")}',
        IMDS,
    ),
    Defence(
        "IMDS: tokens expire",
        "endpoint/metadata_tokens.py",
        'return self._boot() < self._until.get(digest_of(token), float("-inf"))',
        "return digest_of(token) in self._until",
        IMDS,
    ),
    Defence(
        "IMDS: tokens live six hours at most",
        "endpoint/metadata_tokens.py",
        "1 <= int(ttl) <= LONGEST",
        "1 <= int(ttl)",
        IMDS,
    ),
    Defence(
        "IMDS: a bounded number of tokens",
        "endpoint/metadata_tokens.py",
        "if len(self._until) < MOST:",
        "if True:",
        IMDS,
    ),
    Defence("IMDS: random tokens", "endpoint/metadata_tokens.py", "secrets.token_urlsafe(32)", '"a" * 43', IMDS),
    Defence(
        "IMDS: only hashes of tokens",
        "endpoint/metadata_tokens.py",
        "self._until[digest_of(token)] = self._boot()",
        "self._until[token] = self._until[digest_of(token)] = self._boot()",
        IMDS,
    ),
    Defence("IMDS: a hop limit", "endpoint/imds_ports.py", "socket.IP_TTL, HOPS)", "socket.IP_TTL, 64)", IMDS_GUARD),
    Defence(
        "IMDS: known callers only",
        "life/rooms.py",
        "door_of(require_known=True)",
        "door_of()",
        "tests/test_daemon.py",
    ),
    Defence(
        "IMDS: the door",
        "endpoint/imds_ports.py",
        "imds.answer, keeper.clock.boot, door, recorder,",
        "imds.answer, keeper.clock.boot, None, recorder,",
        IMDS_GUARD,
    ),
    # Containers.
    Defence(
        "a grant for one kind of listener",
        "endpoint/container.py",
        "if grant is None or grant.where != where:",
        "if grant is None:",
        CONTAINER,
    ),
    Defence(
        "the path without a role is for grants of one",
        "endpoint/container.py",
        "if target == ONE_ROLE and len(grant.roles) == 1",
        "if target == ONE_ROLE",
        CONTAINER,
    ),
    Defence(
        "no process of this machine on a bridge",
        "endpoint/door.py",
        "NO_CONTAINER if self._here(client[0]) else",
        "NO_CONTAINER if False else",
        "tests/endpoint/test_door.py",
    ),
    Defence(
        "a relay's socket is for root and us",
        "endpoint/door.py",
        "return None if caller.uid in self._may else ANOTHER_USER",
        "return None",
        "tests/endpoint/test_door.py",
    ),
    Defence(
        "bridges that lead to containers alone",
        "host/bridges.py",
        'link.kind == "bridge" and link.number not in outward',
        'link.kind == "bridge"',
        "tests/host/test_bridges.py",
    ),
    Defence(
        "listening through one device alone",
        "host/bridges.py",
        "        listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())\n",
        "",
        "tests/host/test_bridges.py",
    ),
    Defence(
        "no listener for containers that nobody wants",
        "endpoint/containers.py",
        "if self._wanted() else {}",
        "if True else {}",
        "tests/endpoint/test_containers.py",
    ),
    Defence(
        "containers' own names only",
        "endpoint/containers.py",
        "await endpoint.serve(listener, self._hosts)",
        "await endpoint.serve(listener, self._hosts | hosts_of(9479))",
        "tests/endpoint/test_containers.py",
    ),
    # The one way out.
    Defence(
        "serve: locked", "keeper/service.py", "        keeper.latch.check()\n        node", "        node", CONTAINER
    ),
    Defence("serve: logged out", "keeper/service.py", "        keeper.consents.check(name)\n", "", CONSENT),
    Defence(
        "serve: no role beyond the consumer's reach",
        "keeper/service.py",
        "elif not consumer.allows(name):",
        "elif False:",
        CONSENT,
    ),
    Defence(
        "serve: no ARN beyond the consumer's reach",
        "keeper/service.py",
        "if arn is None or not consumer.allows_arn(arn) or",
        "if arn is None or",
        CONSENT,
    ),
    Defence(
        "serve: an ARN by the consumer's own way",
        "keeper/service.py",
        " or keeper.dynamic.via(node.role.name) != consumer.via:",
        ":",
        CONSENT,
    ),
    Defence(
        "serve: an ARN is no way around a logout",
        "keeper/service.py",
        "keeper.nodes[other].role.role_arn == arn",
        "False",
        CONSENT,
    ),
    Defence(
        "serve: guarded roles wait for a yes",
        "keeper/service.py",
        "ask.lifetime is None and self.keeper.guard.admits(node.role, consumer.id)",
        "ask.lifetime is None",
        CONTAINER,
    ),
    Defence(
        "serve: a wait is no way around a yes",
        "keeper/service.py",
        "        await self._allow(node, consumer, ask)\n        lease",
        "        lease",
        CONTAINER,
    ),
    Defence(
        "serve: a no counts for a while",
        "keeper/service.py",
        "        self._refuse_again(name, consumer)\n",
        "",
        CONTAINER,
    ),
    Defence(
        "serve: EC2's protocol never less than 25 minutes",
        "keeper/service.py",
        "self.keeper.clock.now()) >= ask.lasting",
        "self.keeper.clock.now()) >= 0",
        IMDS,
    ),
    Defence(
        "serve: no storm for roles that are always too short",
        "keeper/service.py",
        "if held.lifetime >= ask.lasting:",
        "if True:",
        IMDS,
    ),
    Defence(
        "serve: no storm while STS is away",
        "keeper/service.py",
        "if lease.error is not None and lease.just_failed():",
        "if False:",
        IMDS,
    ),
    Defence(
        "IMDS: what was taken back meanwhile",
        "endpoint/imds.py",
        "self._service.check(self.role, self.consumer)  # it may",
        "pass  # it may",
        IMDS,
    ),
    Defence(
        "the endpoint: what was taken back meanwhile",
        "endpoint/container.py",
        "                self._service.check(role, grant)  # it may have been taken back since the fetch was done\n",
        "",
        CONTAINER,
    ),
    Defence(
        "no telling what lies beyond a grant",
        "keeper/service.py",
        'errors.UnknownRole("This grant does not reach that far."',
        'errors.UnknownRole("There is no such role."',
        CONTAINER,
    ),
    Defence(
        "bytes of credentials let go are forgotten",
        "keeper/service.py",
        "node.lease.held is credentials",
        "True",
        CONTAINER,
    ),
    Defence(
        "bytes that can't be served are forgotten",
        "keeper/service.py",
        "return not gone and node",
        "return node",
        CONTAINER,
    ),
    Defence(
        "consent: kept over a restart",
        "keeper/memory.py",
        "keeper.consents.remember(memory.logged_out)",
        "pass",
        CONSENT,
    ),
    Defence("consent: what is said later counts", "keeper/consent.py", " - self.decided", "", CONSENT),
    Defence(
        "consent: a yes that was taken back does not come late",
        "keeper/memory.py",
        " and key[0] not in decided}",
        "}",
        CONSENT,
    ),
    Defence(
        "consent: who waits hears of a logout",
        "keeper/consent.py",
        "                self._waiting[name].fall()\n",
        "                pass\n",
        CONSENT,
    ),
    Defence(
        "consent: what others stand on stays",
        "keeper/keeper.py",
        "if not any(self._stands_on(other, node.lease) for other in self.nodes.values()):",
        "if True:",
        CONSENT,
    ),
    Defence(
        "consent: logout --all while a file is empty",
        "keeper/keeper.py",
        "        self.consents.take_back(self.uses)\n",
        "",
        CONSENT,
    ),
    Defence(
        "what the configuration loses is let go",
        "keeper/keeper.py",
        "                node.lease.abandon(gone)\n",
        "                pass\n",
        "tests/keeper/test_lost_roles.py",
    ),
    # AWS's time, and codes.
    Defence("time: a second witness", "clock.py", "and not self._said_before(aws_time, at)", "and False", CLOCK),
    Defence("time: never back", "clock.py", "if self._impossible(aws_time, at) or (", "if (", CLOCK),
    Defence("time: no further than a signature", "clock.py", "abs(off) > SIGNATURE_WINDOW", "False", CLOCK),
    Defence(
        "time: STS's own answers alone",
        "aws/sts.py",
        'if told.get("RequestId") and date is not None:',
        "if date is not None:",
        "tests/aws/test_time.py",
    ),
    Defence(
        "what AWS gives expired is not held",
        "keeper/lease.py",
        "    if credentials.remaining(credentials.issued_at) <= 0:",
        "    if False:",
        KEEPER,
    ),
    Defence(
        "the rest after wrong codes holds for logins",
        "keeper/desk.py",
        "if not isinstance(error, errors.TooManyWrongCodes):",
        "if True:",
        KEEPER,
    ),
    Defence(
        "no code for a role that was refused",
        "keeper/keeper.py",
        "return ask and self.refusal(node) is None",
        "return ask",
        REFUSED,
    ),
    Defence(
        "a dead MFA session is not taken from a twin",
        "keeper/acquire.py",
        "short or twin.held.access_key_id in self._dead",
        "short",
        REFUSED,
    ),
    Defence(
        "sealed: nothing comes late after logout --all",
        "state/ondisk.py",
        "            self._store.forget()\n        else:",
        "            pass\n        else:",
        KEPT,
    ),
    Defence("sealed: what was taken back is gone at once", "state/ondisk.py", "self._store.outdated()", "pass", KEPT),
    # Grants.
    Defence(
        "a grant before anything",
        "endpoint/container.py",
        "grant = self._grants.find(request.authorization)",
        "grant = self._grants.find(request.authorization) or self._grants.all()[0]",
        CONTAINER,
    ),
    Defence("a grant's roles and no others", "endpoint/container.py", "if grant.allows(name):", "if True:", CONTAINER),
    Defence("an expiry of grants", "endpoint/grants.py", "grant.expires_at <= self.now()", "False", GRANTS),
    Defence(
        "the end of a grant's process",
        "endpoint/grants.py",
        "self.started(grant.pid) != grant.pid_started",
        "False",
        GRANTS,
    ),
    Defence(
        "private files",
        "fileio.py",
        "descriptor = os.open(path, _CREATE, mode)",
        "descriptor = os.open(path, _CREATE, 0o644)",
        "tests/endpoint/test_grants.py",
    ),
    Defence(
        "files are made through no symlink",
        "fileio.py",
        "os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW",
        "os.O_CREAT",
        "tests/endpoint/test_grants.py",
    ),
    Defence(
        "only hashes are kept",
        "endpoint/grants.py",
        "            digest=digest_of(token),\n",
        "            digest=token,\n",
        GRANTS,
    ),
    Defence("a random token", "endpoint/grants.py", "secrets.token_urlsafe(32)", 'f"{id(secrets):044d}"', GRANTS),
    # The control socket.
    Defence("our own user only", "control/server.py", "if not _is_ours(stream):", "if False:", CONTROL),
    Defence("a private socket", "control/server.py", "os.umask(0o177)", "os.umask(0o000)", CONTROL),
    Defence(
        "what is no socket is left alone",
        "control/server.py",
        "if not stat.S_ISSOCK(path.lstat().st_mode):",
        "if False:",
        CONTROL,
    ),
    Defence(
        "another's socket is left alone",
        "control/server.py",
        "            if self.is_there():\n                self._path.unlink()",
        "            if True:\n                self._path.unlink()",
        "tests/control/test_server.py",
    ),
    Defence("a bounded body", "control/api.py", "client_max_size=MAX_BODY", "client_max_size=0", API),
    Defence("an error quotes nothing", "control/api.py", '"xacctd stumbled over this request."', "str(bug)", API),
    Defence(
        "depth is a bad request",
        "control/requests.py",
        ", RecursionError) as error",
        ") as error",
        "tests/control/test_requests.py",
    ),
    Defence(
        "answers aren't to be cached",
        "control/api.py",
        ', "Cache-Control": "no-store"})',
        "})",
        API,
    ),
    # The keeper.
    Defence(
        "a code is sent once",
        "keeper/desk.py",
        "if self.ledger.used(question.serial, code, now, self._clock.boot()):",
        "if False:",
        KEEPER,
    ),
    Defence("a code STS answered is burnt", "keeper/ledger.py", "        codes[code] = boot\n", "", KEEPER),
    Defence(
        "nor one accepted before a restart",
        "keeper/ledger.py",
        "self._earlier.get(serial) == int(now // TOTP_STEP)",
        "False",
        "tests/keeper/test_ledger.py",
    ),
    Defence(
        "three wrong codes and a rest",
        "keeper/challenge.py",
        "raise desk.rest(serial, roles())",
        'raise errors.TooManyWrongCodes("")',
        KEEPER,
    ),
    Defence("a no counts for a while", "keeper/desk.py", "DECLINED_FOR = 15.0", "DECLINED_FOR = 0.0", KEEPER),
    Defence("six digits", "keeper/desk.py", 're.fullmatch(r"[0-9]{6}", code)', "code", "tests/control/test_streams.py"),
    Defence(
        "nothing expired is served",
        "keeper/lease.py",
        "self.held.remaining(self._clock.now()) > 0",
        "self.held is not None",
        KEEPER,
    ),
    Defence(
        "one flight a node",
        "keeper/lease.py",
        "        if self._flight is None:\n            self._abandoned",
        "        if True:\n            self._abandoned",
        KEEPER,
    ),
    Defence("a waiter cancels nothing", "keeper/lease.py", "await asyncio.shield(flight)", "await flight", KEEPER),
    Defence(
        "logging out lets go",
        "keeper/lease.py",
        "        self.drop()\n        if self._flight",
        "        if self._flight",
        KEEPER,
    ),
    Defence(
        "a file being saved takes no guard away",
        "catalogue.py",
        "        if self._empty_since is None:\n",
        "        if self._boot:\n            return True\n        if self._empty_since is None:\n",
        "tests/test_configuration.py",
    ),
    # What locks by itself.
    Defence("only logind is heard", "host/logind.py", "sender='{_LOGIND}',", "", WATCHES),
    Defence("nothing sent to us alone", "host/bus.py", " and message.destination is None", "", WATCHES),
    Defence("another's screen does not lock", "host/logind.py", "bool(owner[0] == uid)", "True", WATCHES),
    Defence("a watch that fails is said", "host/watches.py", "        self._trouble[way] = why\n", "", WATCHES),
    # Values, logs, the process.
    Defence(
        "credentials show four characters",
        "model.py",
        'f"Credentials(…{self.access_key_id[-4:]})"',
        'f"Credentials({self.secret_access_key})"',
        MODEL,
    ),
    Defence(
        "credentials are not pickled",
        "model.py",
        'raise TypeError("credentials are',
        'return tuple, ("credentials are',
        MODEL,
    ),
    Defence("a grant hides its digest", "model.py", "digest: str = field(repr=False)", "digest: str", GRANTS),
    Defence("libraries are quiet", "logs.py", "level=logging.WARNING", "level=logging.DEBUG", LOGS),
    Defence("libraries aren't quoted", "logs.py", "handler.setFormatter(WithoutWords())\n", "pass\n", LOGS),
    Defence("the loop isn't quoted", "logs.py", '.split("<")[0]', "", LOGS),
    Defence("no core", "host/hardening.py", "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))", "pass", HARDENING),
    Defence("no tracer", "host/hardening.py", "_PR_SET_DUMPABLE, 0, 0", "_PR_SET_DUMPABLE, 1, 0", HARDENING),
    Defence(
        "AWS's quotes aren't passed on",
        "aws/failures.py",
        're.sub(r"[Vv]alue \'.*?\' at", "value at", message)',
        "message",
        FAILURES,
    ),
    Defence(
        "braces of AWS's are text",
        "aws/failures.py",
        "row.sentence.format_map(words)",
        "row.sentence.format_map(words).format_map(words)",
        FAILURES,
    ),
    Defence(
        "keys are let go after a call",
        "aws/signing.py",
        "        call.keys = None\n",
        "        pass\n",
        "tests/aws/test_keys_let_go.py",
    ),
    Defence(
        "botocore keeps no profile's keys",
        "aws/clients.py",
        "        variables[file] = (None, None, NOWHERE, None)\n",
        "        pass\n",
        "tests/aws/test_keys_let_go.py",
    ),
    Defence("private directories", "places.py", "os.fchmod(opened, 0o700)", "pass", "tests/test_places.py"),
    Defence(
        "nobody else's directories",
        "places.py",
        "        if found.st_uid != os.geteuid():\n            raise",
        "        if False:\n            raise",
        "tests/test_places.py",
    ),
    # The service.
    Defence(
        "an inherited endpoint is on loopback",
        "host/activation.py",
        'if address.startswith("127."):',
        "if True:",
        "tests/host/test_activation.py",
    ),
    Defence(
        "children find no manager to speak to",
        "host/notify.py",
        '(env.pop(name, "") for',
        '(env.get(name, "") for',
        "tests/host/test_notify.py",
    ),
    Defence("systemd's control socket is private", "units/systemd/xacctd.socket", "=0600", "=0666", UNITS),
    Defence("no core from a service", "units/systemd/xacctd.service", "LimitCORE=0", "LimitCORE=1", UNITS),
    Defence("no new privileges in a service", "units/systemd/xacctd.service", "NoNewPrivileges=yes", "", UNITS),
    Defence(
        "only the main process speaks for a service",
        "units/systemd/xacctd.service",
        "NotifyAccess=main",
        "NotifyAccess=all",
        UNITS,
    ),
    Defence(
        "what is held is not given up unasked",
        "ctl/service_room.py",
        "if held and not now:",
        "if False:",
        "tests/ctl/test_service.py",
    ),
    Defence(
        "somebody else's unit is not overwritten",
        "ctl/service_files.py",
        "(path.exists() or path.is_symlink()) and not is_ours(path)",
        "False",
        "tests/ctl/test_service.py",
    ),
    Defence(
        "one daemon a directory",
        "host/instance.py",
        "fcntl.LOCK_EX | fcntl.LOCK_NB",
        "fcntl.LOCK_SH | fcntl.LOCK_NB",
        "tests/host/test_instance.py",
    ),
    # Two releases, and what the doctor says.
    Defence(
        "another API: xacctd does nothing",
        "control/api.py",
        "            versions.check(request)\n",
        "",
        VERSIONS,
    ),
    Defence(
        "another API: xacctctl believes nothing",
        "ctl/client.py",
        "if not any_api and int(api[:9]) != wire.API:",
        "if False:",
        "tests/ctl/test_client.py",
    ),
    Defence(
        "a version is no text of others", "control/versions.py", "if _RELEASE.fullmatch(release) else", "or", VERSIONS
    ),
    Defence("the doctor keeps no keys", "ctl/doctor/awsfiles.py", "value[:KIND] if", "value if", DOCTOR),
    Defence(
        "the doctor keeps no secrets", "ctl/doctor/awsfiles.py", '        return ""\n', "        return value\n", DOCTOR
    ),
    Defence(
        "the doctor says no proxy's password",
        "ctl/doctor/proxies.py",
        'return f"{at.hostname}:{at.port}"',
        "return proxy",
        "tests/ctl/doctor/test_proxies.py",
    ),
    Defence(
        "the doctor quotes no settings",
        "ctl/doctor/files.py",
        'f"{path} {error.why}."',
        'f"{path} {path.read_text()}."',
        "tests/ctl/doctor/test_files.py",
    ),
    # What is kept on disk.
    Defence(
        "sealed: a changed file is refused",
        "state/sealed.py",
        'raise ValueError("was changed, or sealed with another key") from None',
        "return sealed[HEAD_BYTES:-TAG_BYTES]",
        SEALED,
    ),
    Defence(
        "sealed: bound to user and purpose",
        "state/sealed.py",
        "PURPOSE, str(uid).encode()))",
        'b"", b""))',
        SEALED,
    ),
    Defence("sealed: bound to its version", "state/sealed.py", "((MAGIC + VERSION,", '((b"",', SEALED),
    Defence("sealed: a nonce for each", "state/sealed.py", "os.urandom(NONCE_BYTES)", "bytes(NONCE_BYTES)", SEALED),
    Defence("sealed: not open to others", "state/sealed.py", "if status.st_mode & 0o077:", "if False:", SEALED),
    Defence("sealed: not of others", "state/sealed.py", "if status.st_uid != os.geteuid():", "if False:", SEALED),
    Defence("sealed: a bounded size", "state/sealed.py", "if status.st_size > MOST_BYTES:", "if False:", SEALED),
    Defence("sealed: no symlink is read", "state/sealed.py", "os.O_RDONLY | os.O_NOFOLLOW", "os.O_RDONLY", SEALED),
    Defence("sealed: born private", "fileio.py", "_CREATE, mode)", "_CREATE, 0o666)", SEALED),
    Defence(
        "sealed: on the disk before it counts",
        "fileio.py",
        "        write_all(descriptor, content)\n        os.fsync(descriptor)\n",
        "        write_all(descriptor, content)\n",
        SEALED,
    ),
    Defence(
        "sealed: nothing half is left",
        "fileio.py",
        "        os.unlink(fresh)  # of a write that was killed\n",
        "        pass\n",
        SEALED,
    ),
    Defence(
        "kept: no state of before forgetting comes back",
        "state/keychain.py",
        "                if self._forgotten == forgotten:\n                    replace()",
        "                replace()",
        KEPT,
    ),
    Defence(
        "kept: a new key after forgetting",
        "state/keychain.py",
        "self._key = self._pending = None",
        "self._pending = None",
        KEPT,
    ),
    Defence(
        "kept: the key goes with the file",
        "state/keychain.py",
        "self._key_doomed = self._key_doomed or self._key_kept",
        "pass",
        KEPT,
    ),
    Defence("kept: nothing before it is read", "state/keychain.py", "if self._settled and idle", "if idle", KEPT),
    Defence(
        "kept: a human's no",
        "state/keychain.py",
        "if isinstance(self.problem, errors.KeychainDenied):",
        "if False:",
        KEPT,
    ),
    Defence(
        "kept: the process ends whatever the keychain does",
        "host/threads.py",
        "daemon=True",
        "daemon=False",
        "tests/state/test_keychain.py",
    ),
    Defence(
        "kept: a locked keychain is left alone",
        "state/keys.py",
        "collection.ensure_not_locked()",
        "pass",
        "tests/state/test_keys.py",
    ),
    # What outlives a process.
    Defence(
        "restart: a torn state is none",
        "state/secretmem.py",
        "if digest == _digest(number, data):",
        "if True:",
        SECRETMEM,
    ),
    Defence(
        "restart: what was let go of is overwritten",
        "state/secretmem.py",
        "view[other : other + _SLOT.size + length] = bytes(_SLOT.size + length)",
        "pass",
        SECRETMEM,
    ),
    Defence(
        "restart: an old state does not come back",
        "state/fdstore.py",
        '            self._manager.forget(name)\n            memory.write(b"")\n',
        "",
        FDSTORE,
    ),
    Defence("restart: another format is none", "state/snapshot.py", "if head.format != FORMAT:", "if False:", SNAPSHOT),
    Defence(
        "restart: a clock that went back is not believed",
        "state/snapshot.py",
        "if clock.now() + offset < kept.aws - BACKWARDS:",
        "if False:",
        SNAPSHOT,
    ),
    Defence(
        "restart: a changed role gets nothing",
        "keeper/memory.py",
        " and plan(keeper.nodes[name].role, keeper.nodes) == role.plan:",
        ":",
        MEMORY,
    ),
    Defence(
        "restart: what has expired is left",
        "keeper/memory.py",
        " and memory.held.remaining(keeper.clock.earliest()) > 0:",
        ":",
        MEMORY,
    ),
    Defence("restart: locked stays locked", "keeper/memory.py", "if memory.locked:", "if False:", MEMORY),
    Defence(
        "restart: used codes stay used",
        "keeper/memory.py",
        "keeper.desk.ledger.codes.update(memory.used_codes)",
        "pass",
        MEMORY,
    ),
    Defence(
        "restart: a change is kept at once",
        "state/keeping.py",
        "self._keeper.watchers.append(self.save)",
        "pass",
        RESTART,
    ),
    Defence(
        "a successor reads the configuration first",
        "life/running.py",
        "if origin.strict and not rooms.configuration.read:",
        "if False:",
        RESTART,
    ),
    Defence(
        "a control socket that vanished is made anew",
        "life/running.py",
        "            if self._control.is_there() and",
        "            if True or",
        "tests/test_lifecycle.py::test_a_control_socket_that_vanished_is_made_anew",
    ),
    Defence(
        "locking says no of a daemon that only can't be reached",
        "ctl/client.py",
        "return NotRunningError() if pid is None else UnreachableError(pid)",
        "return NotRunningError()",
        "tests/test_lifecycle.py::test_stop_status_start_and_doctor_agree_on_a_daemon_without_a_socket",
    ),
    Defence(
        "a daemon starts with no signal blocked",
        "daemon.py",
        "signal.pthread_sigmask(signal.SIG_SETMASK, [])",
        "pass",
        "tests/test_lifecycle.py::test_a_daemon_starts_with_no_signal_blocked",
    ),
    Defence(
        "the end of an exec starts no daemon",
        "ctl/env.py",
        "client.without_start().call(",
        "client.call(",
        "tests/test_lifecycle.py::test_the_end_of_an_exec_starts_no_daemon",
    ),
    Defence(
        "what was revoked stays revoked: by the state that is handed on",
        "life/rooms.py",
        "self.grants.load(snapshot.grants_of(legacy.state) if legacy.state is not None else None)",
        "self.grants.load([] if legacy.state is not None else None)",
        "tests/test_lifecycle.py::test_what_was_revoked_while_nothing_could_be_written_stays_revoked",
    ),
    Defence(
        "what was revoked stays revoked: by the token files",
        "endpoint/grants.py",
        "[grant for grant in kept if not self._files.says_ended(grant.id)]",
        "kept",
        "tests/endpoint/test_grants.py",
    ),
    Defence(
        "the control socket's connections are bounded",
        "control/server.py",
        "if not self.seats.take():",
        "if False:",
        "tests/control/test_server.py::test_a_connection_that_asks_nothing_is_closed_in_time",
    ),
    Defence(
        "the control socket's idle connections are closed",
        "control/server.py",
        "if now - since > IDLE:",
        "if False:",
        "tests/control/test_server.py::test_a_connection_that_asks_nothing_is_closed_in_time",
    ),
    Defence(
        "hand-over: it survives whoever asked for it",
        "life/running.py",
        "return await asyncio.shield(self._handing_over)",
        "return await self._handing_over",
        HANDOVER + "::test_it_goes_on_when_whoever_asked_for_it_hangs_up",
    ),
    Defence(
        "hand-over: what hangs is killed before the old one goes on",
        "life/handover.py",
        "os.killpg(self._child.pid, signal.SIGKILL)",
        "pass",
        HANDOVER + "::test_a_successor_that_hangs_when_it_should_serve_is_ended_and_the_old_one_goes_on",
    ),
    Defence(
        "hand-over: a dead predecessor is no reason to end",
        "life/succession.py",
        "            if not self._is_alone():",
        "            if True:",
        HANDOVER + "::test_one_serves_whoever_is_ended_while_the_state_is_under_way",
    ),
    Defence(
        "hand-over: connections close with it",
        "life/running.py",
        "rooms.endpoint.close(PARTING), ",
        "",
        HANDOVER + "::test_connections_that_are_kept_alive_close_with_the_hand_over",
    ),
    Defence(
        "hand-over: a half-sent change is none",
        "control/api.py",
        "                await request.read()  # first",
        "                pass  # first",
        HANDOVER + "::test_who_sends_a_request_slowly_keeps_no_successor_waiting_and_changes_nothing_behind_its_back",
    ),
    Defence(
        "hand-over: nothing is changed meanwhile",
        "control/api.py",
        "if self._daemon.paused() and ",
        "if False and ",
        "tests/control/test_api.py::test_while_a_successor_takes_over_nothing_is_changed",
    ),
    Defence(
        "hand-over: nothing is kept by two",
        "state/keeping.py",
        " and not self._frozen",
        "",
        "tests/state/test_keeping.py",
    ),
    Defence(
        "hand-over: the successor is hardened",
        "life/succession.py",
        "self.refused = hardening.harden()",
        "self.refused = []",
        HANDOVER + "::test_a_successor_is_hardened_before_it_is_handed_anything",
    ),
    # Who comes in, what comes in, and what is written down of it.
    Defence(
        "who can't be asked for is not let in",
        "endpoint/door.py",
        "        if caller.unasked:\n            return UNASKED\n",
        "",
        "tests/endpoint/test_door.py",
    ),
    Defence(
        "where asking breaks nobody is let in",
        "endpoint/server.py",
        "self._unwelcome = UNASKED  # should asking break",
        "self._unwelcome = None",
        "tests/endpoint/test_door.py",
    ),
    Defence(
        "no descriptor: not merely unknown",
        "host/sock_diag.py",
        "unasked = self._works or error.errno in _SCARCE",
        "unasked = self._works",
        "tests/host/test_sock_diag.py",
    ),
    Defence(
        "netlink that worked and is lost",
        "host/sock_diag.py",
        "unasked = self._works or error.errno in _SCARCE",
        "unasked = error.errno in _SCARCE",
        "tests/host/test_sock_diag.py",
    ),
    Defence(
        "an answer that did not come",
        "host/sock_diag.py",
        '"netlink: only old replies", unasked=True',
        '"netlink: only old replies"',
        "tests/host/test_sock_diag.py",
    ),
    Defence(
        "the kernel has no memory for its answer",
        "host/sock_diag.py",
        "unasked=abs(number) in _SCARCE",
        "unasked=False",
        "tests/host/test_sock_diag.py",
    ),
    Defence(
        "netlink's socket is there from the start",
        "host/sock_diag.py",
        "        with contextlib.suppress(OSError):  # the first caller's answer says why\n            self._open()\n",
        "",
        "tests/host/test_sock_diag.py",
    ),
    Defence(
        "an address that can't be asked about is ours",
        "host/bridges.py",
        "return error.errno != errno.EADDRNOTAVAIL",
        "return False",
        "tests/host/test_bridges.py",
    ),
    Defence(
        "IMDS: the token's path has one slash more, not two",
        "endpoint/imds.py",
        "(PUT) (/?%s)",
        "(PUT) (/*%s)",
        "tests/endpoint/test_imds_guard.py",
    ),
    Defence(
        "words: no control, no mark",
        "text.py",
        "char if char.isprintable() else",
        "char if char.isprintable() or char > '~' else",
        "tests/test_foreign_text.py",
    ),
    Defence(
        "words: no markup on the desktop",
        "text.py",
        "clean(text).translate(_MARKUP)",
        "clean(text)",
        "tests/test_foreign_text.py",
    ),
    Defence(
        "words: no more than fit a dialog",
        "text.py",
        "return cut(clean(text).translate(_MARKUP), most)",
        "return clean(text).translate(_MARKUP)",
        "tests/test_foreign_text.py",
    ),
    Defence(
        "dialog: a label is words",
        "prompts/dialogs.py",
        "It calls itself: {plain(question.label)}",
        "It calls itself: {question.label}",
        "tests/test_foreign_text.py",
    ),
    Defence(
        "dialog: a process is words",
        "prompts/dialogs.py",
        "Process: {plain(question.process)}",
        "Process: {question.process}",
        "tests/test_foreign_text.py",
    ),
    Defence(
        "dialog: a device is words",
        "prompts/dialogs.py",
        "Device: {plain(question.serial)}",
        "Device: {question.serial}",
        "tests/test_foreign_text.py",
    ),
    Defence(
        "dialog: a mistake is words",
        "prompts/dialogs.py",
        "lines.insert(0, plain(question.problem))",
        "lines.insert(0, question.problem)",
        "tests/test_foreign_text.py",
    ),
    Defence(
        "dialog: the role has a line of its own, the first",
        "prompts/dialogs.py",
        "Let a program use the role {plain(question.roles[0])}?\\nIt calls itself: {plain(question.label)}{process}",
        "{plain(question.label)}\\nLet a program use the role {plain(question.roles[0])}?{process}",
        "tests/test_foreign_text.py",
    ),
    Defence(
        "dialog: an underscore is no key",
        "prompts/dialogs.py",
        '.replace("_", "__")',
        "",
        "tests/test_foreign_text.py",
    ),
    Defence(
        "notice: words, not markup",
        "prompts/notices.py",
        '"--", "xacct", plain(words)]',
        '"--", "xacct", words]',
        "tests/test_foreign_text.py",
    ),
    Defence(
        "notice: words, not options",
        "prompts/notices.py",
        '"--app-name=xacct", "--", ',
        '"--app-name=xacct", ',
        "tests/test_foreign_text.py",
    ),
    Defence(
        "log: words",
        "logs.py",
        "            _cleaned,\n",
        "",
        "tests/test_foreign_text.py",
    ),
    Defence(
        "audit: a label is words",
        "audit/entry.py",
        '"label": clean(grant.label)',
        '"label": grant.label',
        "tests/test_foreign_text.py",
    ),
    Defence(
        "audit: a program's path is words",
        "audit/entry.py",
        "clean(caller.exe) if caller and caller.exe else None",
        "caller.exe if caller else None",
        "tests/test_foreign_text.py",
    ),
    Defence(
        "API: a grant's label is words",
        "control/shapes.py",
        '        "label": clean(grant.label),',
        '        "label": grant.label,',
        "tests/control/test_api.py",
    ),
    Defence(
        "terminal: our lines have our colours alone",
        "ctl/render.py",
        'map(_cleaned, text.split("\\n"))',
        'text.split("\\n")',
        "tests/ctl/test_foreign_text.py",
    ),
    Defence(
        "terminal: a line is words",
        "ctl/render.py",
        "    out(clean(text))",
        "    out(text)",
        "tests/ctl/test_foreign_text.py",
    ),
    Defence(
        "terminal: an error is words",
        "ctl/render.py",
        'sys.stderr.write(clean(text) + "\\n")',
        'sys.stderr.write(text + "\\n")',
        "tests/ctl/test_foreign_text.py",
    ),
    Defence(
        "terminal: what attends shows words",
        "ctl/terminal.py",
        "self._write(paint(folded(clean(text), self._columns()), tone",
        "self._write(paint(folded(text, self._columns()), tone",
        "tests/ctl/test_foreign_text.py",
    ),
    Defence(
        "terminal: what asks shows words",
        "ctl/terminal.py",
        '{clean(text)}")',
        '{text}")',
        "tests/ctl/test_foreign_text.py",
    ),
    Defence(
        "a program's name that is no UTF-8",
        "host/processes.py",
        '.decode("utf-8", "backslashreplace")',
        '.decode("utf-8", "surrogateescape")',
        "tests/host/test_processes.py",
    ),
    Defence(
        "requests: no control characters",
        "control/requests.py",
        "_LINE: Final = msgspec.Meta(max_length=4096, pattern=_NO_CONTROLS)",
        "_LINE: Final = msgspec.Meta(max_length=4096)",
        "tests/control/test_requests.py",
    ),
    Defence(
        "requests: names are names",
        "control/requests.py",
        "_NAME: Final = msgspec.Meta(min_length=1, max_length=2048, pattern=_NO_CONTROLS)",
        "_NAME: Final = msgspec.Meta()",
        "tests/control/test_requests.py",
    ),
    Defence(
        "requests: * alone is a wildcard",
        "control/requests.py",
        "[A-Za-z0-9_+=,.@/*-]{1,576}",
        "[A-Za-z0-9_+=,.@/*?-]{1,576}",
        "tests/control/test_requests.py",
    ),
    Defence(
        "requests: a process has a number of one",
        "control/requests.py",
        "msgspec.Meta(ge=1, le=2**31 - 1)",
        "msgspec.Meta()",
        "tests/control/test_requests.py",
    ),
    Defence(
        "requests: an end is in time",
        "control/requests.py",
        "msgspec.Meta(gt=0, le=MAX_TTL)",
        "msgspec.Meta()",
        "tests/control/test_requests.py",
    ),
    Defence(
        "requests: each name once",
        "control/requests.py",
        "return list(dict.fromkeys(value)) if isinstance(value, list) else value",
        "return value",
        "tests/control/test_requests.py",
    ),
    Defence(
        "patterns: only * is anything",
        "model.py",
        "any(matches(arn, pattern)",
        "any(__import__('fnmatch').fnmatchcase(arn, pattern)",
        "tests/test_model.py",
    ),
    Defence(
        "a grant ends with a process that there is",
        "control/grants.py",
        "if pid is not None and self._grants.started(pid) is None:",
        "if False:",
        "tests/control/test_api.py",
    ),
    Defence(
        "audit: a fetch is written before it leaves",
        "endpoint/container.py",
        "        if written is not None:\n            return self._once_written",
        "        if False:\n            return self._once_written",
        "tests/endpoint/test_who.py",
    ),
    Defence(
        "audit: the first of a minute is waited for",
        "audit/trail.py",
        'if outcome != "served" or (window.number <= self._written_to and self._why is None):',
        "if True:",
        "tests/audit/test_trail.py",
    ),
    Defence(
        "audit: what fails to be written stays so",
        "audit/trail.py",
        "(window.number <= self._written_to and self._why is None)",
        "window.number <= self._written_to",
        "tests/audit/test_trail.py",
    ),
    Defence(
        "audit: required is required",
        "audit/trail.py",
        "if self._required and self._why is not None:",
        "if False:",
        "tests/endpoint/test_who.py",
    ),
    Defence(
        "audit: a disk that hangs is not waited for",
        "audit/trail.py",
        "asyncio.timeout(AT_MOST)",
        "asyncio.timeout(None)",
        "tests/audit/test_trail.py",
    ),
    Defence(
        "audit: what is not written is said",
        "audit/trail.py",
        "        if self._why is None:\n            return []",
        "        if True:\n            return []",
        "tests/audit/test_trail.py",
    ),
    Defence(
        "audit: refusals in a file of their own",
        "audit/trail.py",
        "        if self._noise is None:\n            lines, refused",
        "        if True:\n            lines, refused",
        "tests/audit/test_trail.py",
    ),
    Defence(
        "audit: refusals take no place of fetches",
        "audit/trail.py",
        'refusals >= MAX_REFUSALS if event == "refused" else len(self._windows) - refusals >= MAX_KINDS',
        "len(self._windows) >= MAX_KINDS",
        "tests/audit/test_trail.py",
    ),
    Defence(
        "audit: who has no grant is not looked for",
        "audit/trail.py",
        "refused = [line(entry, entry.caller) for",
        "refused = [line(entry, entry.caller and self._find(entry.caller)) for",
        "tests/audit/test_trail.py",
    ),
    Defence(
        "audit: a stranger's header is no kind of its own",
        "endpoint/head.py",
        'return next(beginning for beginning in _GIVEAWAYS if name.startswith(beginning)).decode("ascii") + "*"',
        'return name.decode("ascii")',
        "tests/endpoint/test_head.py",
    ),
    Defence(
        "audit: looks for processes have a price",
        "host/processes.py",
        "        self._credit -= self._boot() - began\n",
        "",
        "tests/host/test_processes.py",
    ),
    Defence(
        "audit: no look without credit",
        "host/processes.py",
        "        if self._credit <= 0:\n            return caller\n",
        "",
        "tests/host/test_processes.py",
    ),
    Defence(
        "a code is told to our own daemon alone",
        "ctl/client.py",
        "if owner == os.geteuid() or (sys.platform",
        "if True or (sys.platform",
        "tests/ctl/test_client.py",
    ),
    Defence(
        "a directory of ours lies in one of ours",
        "places.py",
        "if os.stat(parent).st_uid not in (os.geteuid(), 0):",
        "if False:",
        "tests/test_places.py",
    ),
    Defence(
        "another's link is not followed",
        "places.py",
        "    if link.st_uid != os.geteuid():\n",
        "    if False:\n",
        "tests/test_places.py",
    ),
    Defence(
        "locked, nothing leaves",
        "keeper/latch.py",
        "        if self.locked:\n            raise errors.Locked",
        "        if False:\n            raise errors.Locked",
        "tests/keeper/test_latch.py",
    ),
    Defence(
        "who waits behind the lock hears at once",
        "keeper/latch.py",
        "        self._waiting.fall()\n",
        "",
        "tests/keeper/test_latch.py",
    ),
    Defence(
        "locked, what lay ready is let go",
        "keeper/latch.py",
        "        self.on_lock()\n",
        "",
        "tests/keeper/test_latch.py",
    ),
    Defence(
        "whom the kernel does not know, at the endpoint",
        "life/rooms.py",
        "door = door_of(require_known=strict)",
        "door = door_of()",
        "tests/test_daemon.py",
    ),
    Defence(
        "whom the kernel does not know, on bridges",
        "life/container_places.py",
        "require_known=self.require_known)",
        "require_known=False)",
        "tests/test_daemon.py",
    ),
    Defence(
        "the audit's choice reaches it",
        "life/rooms.py",
        "required = chosen.audit.required",
        "required = False",
        "tests/test_daemon.py",
    ),
    Defence(
        "refusals' own file reaches the audit",
        "life/rooms.py",
        "noise=noise, required",
        "required",
        "tests/test_daemon.py",
    ),
    Defence(
        "the control API is what its page says",
        "wire.py",
        "    attended: int\n",
        "    attendants: int\n",
        "tests/ctl/test_control_api_doc.py",
    ),
    Defence(
        "ssh: only the lender's own line is believed",
        "ctl/ssh.py",
        'if f":{port}/" not in grant["urls"][role]:',
        "if False:",
        "tests/ctl/test_ssh.py",
    ),
    Defence(
        "a copy: one that is being written is not believed",
        "userfiles/writing.py",
        "        if error.errno == errno.EAGAIN:\n            return True\n",
        "        if error.errno == errno.EAGAIN:\n            return False\n",
        "tests/copies/test_store.py",
    ),
    Defence(
        "a proxy: NO_PROXY names loopback beside *",
        "ctl/variables.py",
        "[*entries, *_LOOPBACK]",
        "[*entries]",
        "tests/ctl/test_env.py",
    ),
    Defence(
        "a copy: an emptied one empties nothing",
        "copies/store.py",
        '    if not any(line.startswith("[") for line in copy):\n        return users',
        "    if False:\n        return users",
        "tests/copies/test_store.py",
    ),
    Defence(
        "a copy: what is no file is not replaced",
        "copies/store.py",
        "if there is not None and not stat.S_ISREG(there.st_mode):",
        "if False:",
        "tests/copies/test_store.py",
    ),
    Defence(
        "a name is its files' own",
        "catalogue.py",
        "        return rolekeys.key(name, self.id)\n",
        '        return rolekeys.key(name, "")\n',
        "tests/test_catalogues.py::test_the_same_name_is_each_shells_own_role",
    ),
)


def copy_tree(to: Path) -> Path:
    """A copy of what the tests need."""
    skipped = shutil.ignore_patterns("__pycache__", "node_modules", "made", "*.egg-info")
    for name in ("src", "tests", "docs"):
        shutil.copytree(ROOT / name, to / name, ignore=skipped)
    for name in ("pyproject.toml", "README.md", "Makefile", "SECURITY.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, to)
    return to


def run_tests(tree: Path, *tests: str) -> tuple[int, str]:
    """The status of the tests in a copy (1: some failed), and the first that did."""
    environment = os.environ | {"PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", *tests]
    patience = PATIENCE * len(tests)
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=patience,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 1, f"hangs for {patience} s"
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return done.returncode, failed[0].split(" ", 1)[1].split(" - ")[0] if failed else done.stdout[-300:].strip()


def without(defence: Defence, tree: Path) -> tuple[bool, str]:
    """Whether the tests notice the loss of a defence, and which does (or what is wrong)."""
    file = tree / "src" / "xacct" / defence.file
    before = file.read_text(encoding="utf-8")
    times = before.count(defence.text)
    if times == 0:
        return False, "its text is found no more: say here what has become of it"
    file.write_text(before.replace(defence.text, defence.instead), encoding="utf-8")
    try:
        status, said = run_tests(tree, defence.tests)
    finally:
        file.write_text(before, encoding="utf-8")
    if status == 1:
        return True, said
    return False, "NOBODY NOTICES" if status == 0 else f"the tests could not run ({status}): {said}"


def main() -> int:
    """Try all defences. Returns the exit status."""
    words = sys.argv[1:]
    chosen = [defence for defence in DEFENCES if not words or any(word in defence.name for word in words)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="xacct-mutants-") as folder:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(WORKERS):
            trees.put(copy_tree(Path(folder) / str(number)))
        with ThreadPoolExecutor(WORKERS) as pool:

            def with_a_tree(work: Defence | list[str]) -> tuple[bool, str]:
                tree = trees.get()
                try:
                    if isinstance(work, Defence):
                        return without(work, tree)
                    status, said = run_tests(tree, *work)
                    return status == 0, said
                finally:
                    trees.put(tree)

            sound, said = with_a_tree(sorted({defence.tests for defence in chosen}))
            if not sound:
                print(f"the tests fail without any change: {said}")
                return 1
            missed = 0
            for defence, (noticed, what) in zip(chosen, pool.map(with_a_tree, chosen), strict=True):
                missed += not noticed
                print(f"{'ok  ' if noticed else 'FAIL'}  {defence.name:45} {defence.file:22} {what}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} defences are missed when gone, in {time.monotonic() - began:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
