"""Where the cluster is: files merged by kubectl's rules, contexts, and what is wrong in them told in one line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from linkerdctl.errors import ConfigError, UsageError
from linkerdctl.kube.impersonation import Impersonation
from linkerdctl.kube.kubeconfig import load_config
from tests.kube.fakes import encoded, kubeconfig


def written(path: Path, **sections: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({key.replace("_", "-"): value for key, value in sections.items()}))
    return path


def context(name: str, cluster: str, user: str = "", namespace: str = "") -> dict[str, Any]:
    return {"name": name, "context": {"cluster": cluster, "user": user, "namespace": namespace}}


def cluster(name: str, server: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "cluster": {"server": server, **more}}


def user(name: str, **entry: Any) -> dict[str, Any]:
    return {"name": name, "user": entry}


@pytest.fixture
def two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = written(
        tmp_path / "one",
        contexts=[context("a", "shared", "me")],
        clusters=[cluster("shared", "https://one:1")],
        users=[user("me", token="from-one")],
    )
    two = written(
        tmp_path / "two",
        current_context="b",
        contexts=[context("a", "only-two"), context("b", "shared", "me", "emojivoto")],
        clusters=[cluster("shared", "https://two:2", **{"tls-server-name": "x"}), cluster("only-two", "https://2:3")],
        users=[user("me", token="from-two", username="u", password="p")],
    )
    gone = tmp_path / "gone"
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (gone, one, "", two))))


def test_the_first_file_that_names_something_decides_it_whole(two_files: None) -> None:
    config = load_config()
    assert (config.context, config.namespace) == ("b", "emojivoto")
    assert config.server == "https://one:1"
    assert config.tls_server_name is None
    assert config.user == {"token": "from-one"}


def test_the_first_current_context_counts_and_context_overrides_it(two_files: None, tmp_path: Path) -> None:
    assert load_config().context == "b"
    config = load_config(context="a")
    assert (config.context, config.server, config.namespace) == ("a", "https://one:1", "default")
    assert config.files == (str(tmp_path / "one"), str(tmp_path / "two"))


def test_a_later_current_context_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [kubeconfig(tmp_path / "one", "https://one"), written(tmp_path / "two", current_context="b")]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, files)))
    assert load_config().context == "here"


def test_kubeconfig_alone_counts_before_the_environment(two_files: None, tmp_path: Path) -> None:
    assert load_config(str(tmp_path / "two")).server == "https://two:2"


def test_the_usual_place_is_in_the_home(tmp_path: Path) -> None:
    (tmp_path / "home" / ".kube").mkdir(parents=True)
    kubeconfig(tmp_path / "home" / ".kube" / "config", "https://home:6443/")
    assert load_config().server == "https://home:6443"


def test_names_that_yaml_takes_for_numbers_are_still_names(tmp_path: Path) -> None:
    (tmp_path / "c").write_text(
        "current-context: 1\ncontexts: [{name: 1, context: {cluster: 2}}]\nclusters: [{name: 2, cluster: {server: 'https://x'}}]"
    )
    assert load_config(str(tmp_path / "c"), "1").server == "https://x"
    assert load_config(str(tmp_path / "c")).context == "1"


def test_paths_are_relative_to_the_file_they_stand_in(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "ca.pem").write_bytes(b"PEM")
    entry = {"tokenFile": "t", "client-key": "/k", "exec": {"command": "./bin/login"}}
    path = kubeconfig(tmp_path / "sub" / "c", "https://x", entry, **{"certificate-authority": "ca.pem"})
    config = load_config(str(path))
    assert config.ca == b"PEM"
    assert config.user["tokenFile"] == str(tmp_path / "sub" / "t")
    assert config.user["client-key"] == "/k"
    assert config.user["exec"]["command"] == str(tmp_path / "sub" / "bin" / "login")


def test_a_command_beside_a_kubeconfig_in_the_current_folder_is_not_looked_for_in_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubeconfig(tmp_path / "c", "https://x", {"exec": {"command": "./login"}})
    monkeypatch.chdir(tmp_path)
    assert load_config("c").user["exec"]["command"] == "./login"


def test_a_command_without_a_slash_is_left_to_the_path(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "c", "https://x", {"exec": {"command": "aws"}})
    assert load_config(str(path)).user["exec"]["command"] == "aws"


def test_data_win_over_the_file(tmp_path: Path) -> None:
    entry = {"certificate-authority": "/nowhere", "certificate-authority-data": encoded(b"DATA")}
    assert load_config(str(kubeconfig(tmp_path / "c", "https://x", **entry))).ca == b"DATA"


@pytest.mark.parametrize(("given", "insecure"), [(True, True), (False, False), ("false", False), ("true", False)])
def test_only_a_plain_true_leaves_certificates_unchecked(tmp_path: Path, given: object, insecure: bool) -> None:
    path = kubeconfig(tmp_path / "c", "https://x", **{"insecure-skip-tls-verify": given})
    assert load_config(str(path)).insecure is insecure


@pytest.mark.parametrize(("given", "compression"), [(True, False), (False, True), (None, True)])
def test_compression_can_be_switched_off(tmp_path: Path, given: object, compression: bool) -> None:
    path = kubeconfig(tmp_path / "c", "https://x", **{"disable-compression": given})
    assert load_config(str(path)).compression is compression


def test_credentials_in_the_address_are_the_users_and_not_shown(tmp_path: Path) -> None:
    path = kubeconfig(
        tmp_path / "c", "https://bob:pl%40nted@x:1/k8s/", **{"proxy-url": "http://joe:planted@proxy:3128"}
    )
    config = load_config(str(path))
    assert config.server == "https://x:1/k8s"
    assert config.user == {"username": "bob", "password": "pl@nted"}
    assert config.proxy == "http://proxy:3128"
    assert config.proxy_url == "http://joe:planted@proxy:3128"
    assert "planted" not in repr(config)
    assert "pl@nted" not in repr(config)


@pytest.mark.parametrize(
    ("given", "more", "server"),
    [
        ("localhost:8080", {}, "http://localhost:8080"),
        ("x:6443", {"certificate-authority-data": encoded(b"x")}, "https://x:6443"),
        ("x:6443", {"insecure-skip-tls-verify": True}, "https://x:6443"),
        ("https://[::1]:6443", {}, "https://[::1]:6443"),
    ],
)
def test_a_scheme_may_be_left_out(tmp_path: Path, given: str, more: dict[str, Any], server: str) -> None:
    assert load_config(str(kubeconfig(tmp_path / "c", given, **more))).server == server


@pytest.mark.parametrize(
    ("server", "more", "words"),
    [
        ("", {}, "cluster 'c' in kubeconfig "),
        ("https://bob:planted@x:port", {}, "the server of cluster 'c'"),
        ("ftp://x", {}, "is no URL"),
        ("https://", {}, "is no URL"),
        ("https://a b", {}, "is no URL"),
        ("https://x", {"proxy-url": "bob:planted@x"}, "the proxy-url of cluster 'c'"),
        ("https://x", {"certificate-authority-data": "planted!"}, "certificate-authority-data in the kubeconfig"),
        ("https://x", {"certificate-authority-data": 5}, "no base64"),
        ("https://x", {"certificate-authority": "/no/ca"}, "/no/ca cannot be read: No such file"),
    ],
)
def test_a_cluster_that_cannot_be_used_is_told(tmp_path: Path, server: str, more: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(str(kubeconfig(tmp_path / "c", server, **more)))
    assert words in caught.value.message
    assert "planted" not in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1,\nb: 2", " is no YAML at line 3"),
        ("users: *planted", " is no YAML at line 1"),
        ("users: !planted x", " is no YAML at line 1"),
        ("a: 2024-99-99", " is no YAML"),
        ("\x00", " is no YAML"),
        ("planted", "it holds no mapping"),
        ("contexts: {planted: 1}", "its contexts are no list"),
        ("users: [planted]", "one of its users lacks a name or is no mapping"),
        ("users: [{user: {token: planted}}]", "one of its users lacks a name"),
        ("users: [{name: x, user: planted}]", "one of its users lacks a name or is no mapping"),
        ("{}", "has no current context"),
        ("current-context: x", "there is no context 'x'"),
        ("current-context: x\ncontexts: [{name: x, context: {cluster: y}}]", "there is no cluster 'y'"),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: y, user: z}}]\n"
            "clusters: [{name: y, cluster: {server: 'https://y'}}]",
            "there is no user 'z'",
        ),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_told_without_quoting_it(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "c").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(str(tmp_path / "c"))
    assert words in caught.value.message
    assert "planted" not in caught.value.message + str(caught.value.next_step)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("token", ["planted"], "token is no text"),
        ("tokenFile", {"planted": 1}, "tokenFile is no text"),
        ("exec", ["planted"], "exec is no mapping"),
        ("auth-provider", "planted", "auth-provider is no mapping"),
        ("as-groups", "planted", "as-groups is no list"),
        ("as-user-extra", "planted", "as-user-extra is no mapping"),
    ],
)
def test_what_is_of_another_shape_than_it_should_be_is_told(
    tmp_path: Path, key: str, value: object, words: str
) -> None:
    path = kubeconfig(tmp_path / "c", "https://x", {"as": "me", key: value})
    with pytest.raises(ConfigError) as caught:
        load_config(str(path))
    assert caught.value.message == f"user 'u' in kubeconfig {path} cannot be used: {words}"


@pytest.mark.parametrize("extra", [{"scopes": None}, {"scopes": "planted"}, {"scopes": 5}])
def test_extras_of_an_impersonation_are_lists(tmp_path: Path, extra: object) -> None:
    path = kubeconfig(tmp_path / "c", "https://x", {"as": "me", "as-user-extra": extra})
    with pytest.raises(ConfigError, match="as-user-extra in the kubeconfig"):
        load_config(str(path))


def test_binary_values_and_paths_that_can_be_none_are_told(tmp_path: Path) -> None:
    start = "current-context: x\ncontexts: [{name: x, context: {cluster: y}}]\nclusters: [{name: y, cluster: "
    for cluster_, words in (
        (
            "{server: 'https://y', certificate-authority-data: !!binary aGVsbG8=}",
            "certificate-authority-data is no text",
        ),
        ("{server: 'https://y', certificate-authority: \"a\\0b\"}", "cannot be read: embedded null byte"),
    ):
        (tmp_path / "c").write_text(f"{start}{cluster_}}}]")
        with pytest.raises(ConfigError, match=words):
            load_config(str(tmp_path / "c"))


def test_keys_that_nobody_knows_may_hold_anything(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "c", "https://x", {"token": "t", "of-the-future": {"a": [1]}}, rack=["b"])
    assert load_config(str(path)).user["token"] == "t"


@pytest.mark.parametrize(
    "text",
    [
        "clusters:\r\n- name: k\r\n  cluster: {server: 'https://x'}\r\ncontexts:\r\n- {name: c, context: {cluster: k}}\r\n",
        "\ufeffclusters: [{name: k, cluster: {server: 'https://x'}}]\ncontexts: [{name: c, context: {cluster: k}}]",
        "a: &k {server: 'https://x'}\nclusters: [{name: k, cluster: {<<: *k}}]\ncontexts: [{name: c, context: {cluster: k}}]",
        "clusters: [{name: k, cluster: {server: 'https://x'}}, {name: k, cluster: {server: 'https://y'}}]\n"
        "contexts: [{name: c, context: {cluster: k}}]",
    ],
    ids=["CRLF", "byte order mark", "anchors", "a name given twice"],
)
def test_files_are_written_in_many_ways(tmp_path: Path, text: str) -> None:
    (tmp_path / "c").write_bytes(text.encode())
    assert load_config(str(tmp_path / "c"), "c").server == "https://x"


def test_a_folder_is_no_kubeconfig(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(str(tmp_path))


def test_the_error_for_a_context_that_is_not_there_lists_the_others(two_files: None) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(context="prod")
    assert caught.value.next_step == "contexts there are: a, b"


def test_without_any_file_the_ways_out_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "gone"))
    with pytest.raises(ConfigError, match=r"no kubeconfig at .*gone, and this is no pod") as caught:
        load_config()
    assert "--recording" in str(caught.value.next_step)
    with pytest.raises(ConfigError, match="there is no context 'prod' to ask"):
        load_config(context="prod")
    with pytest.raises(ConfigError, match="there is no kubeconfig at nowhere"):
        load_config("nowhere")


def test_the_kubeconfigs_own_impersonation_gives_way_to_the_command_lines(tmp_path: Path) -> None:
    entry = {"as": "jane", "as-groups": ["devs"], "as-uid": 7, "as-user-extra": {"Reason/X": ["a", "b"]}}
    path = str(kubeconfig(tmp_path / "c", "https://x", entry))
    assert load_config(path).impersonation.headers() == [
        ("Impersonate-User", "jane"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "devs"),
        ("Impersonate-Extra-reason%2Fx", "a"),
        ("Impersonate-Extra-reason%2Fx", "b"),
    ]
    asked = Impersonation("bob", ("ops", "sre"))
    assert load_config(path, None, asked).impersonation == asked
    assert load_config(path, None, Impersonation()).impersonation.user == "jane"


@pytest.mark.parametrize("fields", [{"groups": ("x",)}, {"uid": "1"}, {"user": "a\nb"}, {"user": " a"}])
def test_an_impersonation_that_cannot_be_is_wrong_usage(fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        Impersonation(**fields)
    assert caught.value.next_step
