"""What a sandbox sees: bubblewrap's mounts for a home directory, and what is refused."""

import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from acl import ACL

from xacct.ctl.failure import CtlError
from xacct.ctl.sandboxed import kernel, places, run, view


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home directory with the usual things, and nothing that is emptied around it."""
    home = tmp_path / "home"
    for name in (".aws/config", ".ssh/id", ".config/gh/hosts", ".config/other", "project/.git/config", ".cache/x"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("")
    monkeypatch.setattr("pwd.getpwuid", lambda _uid: SimpleNamespace(pw_dir=str(home)))
    (home / "link").symlink_to("/etc/passwd")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run/xacct").mkdir(parents=True)
    monkeypatch.setattr(places, "EMPTY", ())
    return home


def words(home, directory="project", **wanted):
    return view.words(places.of(os.environ, ()), view.Wanted(str(home / directory), **wanted))


def after(said, *first):
    """Where these words stand, one behind the other."""
    return next(n for n in range(len(said)) if tuple(said[n : n + len(first)]) == first)


def test_the_file_system_is_read_only_and_the_directory_can_be_written(home):
    said = words(home)
    project = f"{home}/project"
    assert said[:7] == ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    assert said[-2:] == ["--remount-ro", "/proc"]
    home_at, entry_at = after(said, "--tmpfs", str(home)), after(said, "--ro-bind-try", project, project)
    written_at, git_at = after(said, "--bind", project, project), after(said, "--ro-bind", f"{project}/.git")
    assert home_at < entry_at < written_at < git_at < after(said, "--remount-ro", str(home))
    assert [word for word in said if word == "--bind"] == ["--bind"]


def test_what_is_hidden_is_bound_nowhere(home):
    said = words(home)
    assert not {f"{home}/{name}" for name in (".aws", ".ssh", ".config/gh")} & {*said}
    assert f"{home}/.config/other" in said
    assert said[after(said, "--symlink") + 1 :][:2] == ["/etc/passwd", f"{home}/link"]
    assert said[after(said, "--tmpfs", f"{home}/.cache") - 1] == "0700"


def test_what_is_kept_or_can_be_written_comes_back(home):
    said = words(home, keep=[f"{home}/.ssh/id"], write=[f"{home}/.config/gh"])
    assert f"{home}/.ssh" not in said
    assert after(said, "--ro-bind", f"{home}/.ssh/id", f"{home}/.ssh/id")
    assert after(said, "--bind", f"{home}/.config/gh", f"{home}/.config/gh")


def test_what_is_hidden_stays_hidden_in_a_directory_that_comes_back_for_python(home, monkeypatch):
    """An emptied directory with a venv in it, which is bound: a home directory below that is in view again."""
    monkeypatch.setattr(places, "EMPTY", (str(home.parent.parent),))
    needed = str(home.parent)
    said = words(home, bound=[(needed, needed)], sockets=[f"{home}/a-socket", f"{home.parent.parent}/gone"])
    bound_at, home_at = after(said, "--ro-bind", needed, needed), after(said, "--tmpfs", str(home))
    assert after(said, "--tmpfs", str(home.parent.parent)) < bound_at < home_at
    assert f"{home}/.config/other" in said
    assert not {f"{home}/{name}" for name in (".aws", ".ssh", ".config/gh")} & {*said}


@pytest.mark.parametrize("directory", ["", "..", ".ssh", ".aws", ".config"])
def test_a_directory_with_something_hidden_is_not_written(home, directory):
    with pytest.raises(CtlError, match="would be writable"):
        view.words(places.of(os.environ, ()), view.Wanted(os.path.realpath(home / directory)))


@pytest.mark.parametrize("name", ["", ".aws", ".aws/config", ".config", ".cache"])
def test_what_would_bring_hidden_things_back_is_not_kept(home, name):
    with pytest.raises(CtlError, match="would show"):
        words(home, keep=[str(home / name).rstrip("/")])


def test_a_file_of_awss_elsewhere_is_left_out_of_its_directory(home, monkeypatch):
    shared = home.parent / "shared"
    shared.mkdir()
    for name in ("aws-config", "other"):
        (shared / name).write_text("")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(shared / "aws-config"))
    said = words(home)
    assert after(said, "--tmpfs", str(shared))
    assert str(shared / "aws-config") not in said
    assert str(shared / "other") in said


def test_a_file_with_a_second_name_is_refused(home):
    os.link(home / ".aws/config", home / "project/config")
    (home / ".aws/config").replace(home / ".boto")
    with pytest.raises(CtlError, match="hard link"):
        words(home)


def test_a_socket_in_view_is_covered_by_nothing(home):
    sockets = [f"{home}/project/s.sock", f"{home}/.config/other", f"{home}/.ssh/agent", f"{home}/.cache/x"]
    said = words(home, sockets=[s for s in sockets if Path(s).exists()])
    assert after(said, "--ro-bind-data", view.NOTHING, f"{home}/.config/other") > after(
        said, "--ro-bind-try", f"{home}/.config/other"
    )
    assert said.count("--ro-bind-data") == 1


def test_another_mount_of_a_hidden_directory_hides_it_too(tmp_path):
    for name in ("home/.ssh", "again/.ssh", "keys"):
        (tmp_path / name).mkdir(parents=True)
    mounts = f"""\
1 0 8:1 / / rw - ext4 /dev/a rw
2 1 8:2 /data {tmp_path}/home rw - ext4 /dev/b rw
3 1 8:2 /data {tmp_path}/again rw - ext4 /dev/b rw
4 1 8:2 /data/.ssh {tmp_path}/keys rw - ext4 /dev/b rw
5 1 8:3 /data {tmp_path}/other rw - ext4 /dev/c rw"""
    assert kernel.aliases([f"{tmp_path}/home/.ssh"], mounts) == {f"{tmp_path}/again/.ssh", f"{tmp_path}/keys"}


def test_a_mount_with_a_space_in_its_name_is_read(tmp_path):
    (tmp_path / "a b").mkdir()
    mounts = f"1 0 8:1 / / rw - ext4 a rw\n2 1 8:1 {tmp_path}/x {tmp_path}/a\\040b rw - ext4 a rw"
    assert kernel.aliases([f"{tmp_path}/x"], mounts) == {f"{tmp_path}/a b"}


def test_a_misspelled_path_is_said(home):
    with pytest.raises(CtlError, match="is not there"):
        places.of(os.environ, [f"{home}/no-such"])


def test_what_is_shown_by_another_mount_counts_as_hidden(home, monkeypatch):
    again = home.parent / "again"
    (again / ".ssh").mkdir(parents=True)
    mounts = f"1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / {home} rw - ext4 b rw\n3 1 8:2 / {again} rw - ext4 b rw"
    monkeypatch.setattr(run, "_read", {"/proc/self/mountinfo": mounts}.get)
    found = run._with_aliases(places.of(os.environ, ()))
    assert f"{again}/.ssh" in found.others


def test_where_the_home_directory_is_the_root_there_is_no_sandbox(monkeypatch):
    monkeypatch.setenv("HOME", "/")
    with pytest.raises(CtlError, match="home directory is /"):
        places.of(os.environ, ())


def test_the_home_directory_of_the_user_database_is_treated_alike(home, monkeypatch):
    other = home.parent / "other"
    (other / ".ssh").mkdir(parents=True)
    (other / ".bashrc").write_text("")
    monkeypatch.setattr("pwd.getpwuid", lambda _uid: SimpleNamespace(pw_dir=str(other)))
    said = words(home)
    assert after(said, "--tmpfs", str(other)) < after(said, "--ro-bind-try", f"{other}/.bashrc")
    assert f"{other}/.ssh" not in said


def test_where_awss_directory_is_a_link_what_it_leads_to_is_hidden(home):
    real = home.parent / "data/aws"
    real.parent.mkdir()
    (home / ".aws").rename(real)
    (home / ".aws").symlink_to(real)
    said = words(home)
    assert not {str(real), f"{home}/.aws"} & {*said}
    assert after(said, "--tmpfs", str(real.parent))


def test_a_link_that_leads_out_of_the_working_directory_is_not_followed(home):
    (home / "project/out").symlink_to(home / ".config/other")
    (home / "project/in").symlink_to(home / "project/.git")
    project = f"{home}/project"
    with pytest.raises(CtlError, match="by a symbolic link"):
        run._typed(f"{project}/out", project)
    assert run._typed(f"{project}/in", project) == f"{project}/.git"
    assert run._typed(f"{home}/.config/other", project) == f"{home}/.config/other"


@pytest.fixture
def unix(tmp_path):
    """A socket in a directory, and what /proc/net/unix says of it."""
    place = tmp_path / "theirs"
    place.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place / "s"))
        yield place, f"Num RefCount Protocol Flags Type St Inode Path\n0: 2 0 10000 1 1 7 {place / 's'}\n"


@pytest.fixture
def somebody_else(monkeypatch):
    """Whoever looks is not whose the directories are: it is root with its powers, which sees into them all the same."""
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    monkeypatch.setattr(os, "getegid", lambda: 4_000_000)
    monkeypatch.setattr(os, "getgroups", list)


@pytest.mark.parametrize(("mode", "searchable"), [(0o700, False), (0o770, False), (0o711, True)])
def test_what_root_reaches_by_its_powers_alone_is_out_of_a_sandboxs_reach(unix, somebody_else, mode, searchable):
    place, _ = unix
    place.chmod(mode)
    assert kernel._is_searchable(str(place)) == searchable


def test_a_socket_that_is_out_of_reach_is_not_covered(unix, somebody_else):
    assert list(kernel.sockets(unix[1])) == []


def test_a_directory_with_an_access_list_may_be_in_reach(unix, somebody_else):
    place, _ = unix
    os.setxattr(place, "system.posix_acl_access", ACL)
    assert kernel._is_searchable(str(place))


def test_a_socket_of_ours_is_in_reach(unix):
    place, said = unix
    assert list(kernel.sockets(said)) == [str(place / "s")]
