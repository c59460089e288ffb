# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Settings: layers, types, and who may name a program."""

from __future__ import annotations

import pytest

from rex_lsp.project.settings import SETTINGS, Layer, Settings


def test_every_setting_has_words_and_a_default_that_fits() -> None:
    for setting in SETTINGS:
        assert setting.doc.endswith("."), setting.key
        assert setting.problem(setting.default) is None, setting.key
    assert len({setting.key for setting in SETTINGS}) == len(SETTINGS)


def test_stronger_layers_win() -> None:
    settings = Settings()
    assert settings.get("check.onSave") is True
    assert settings.replace(Layer.USER, {"check": {"onSave": False}}) == []
    assert settings.get("check.onSave") is False
    assert settings.replace(Layer.WORKSPACE, {"check.onSave": True}) == []
    assert settings.get("check.onSave") is True
    settings.replace(Layer.WORKSPACE, {})
    assert settings.get("check.onSave") is False


def test_a_table_setting_is_taken_whole() -> None:
    settings = Settings()
    assert settings.replace(Layer.WORKSPACE, {"rules": {"recursion": "off"}}) == []
    assert settings.get("rules") == {"recursion": "off"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"check": {"onSave": "yes"}}, "expected true or false for rex.check.onSave"),
        ({"check": {"onSaev": True}}, "rex.check.onSaev is not a setting"),
        ({"diagnostics": {"limit": 1}}, "expected at least 10"),
        ({"diagnostics": {"limit": True}}, "expected a whole number"),
        ({"features": "a"}, "expected a list of texts"),
        ([], "expected an object of settings"),
    ],
)
def test_what_does_not_fit_is_said_and_left_out(values: object, words: str) -> None:
    settings = Settings()
    (problem,) = settings.replace(Layer.WORKSPACE, values)
    assert words in problem
    for setting in SETTINGS:
        assert settings.get(setting.key) == setting.default


def test_only_the_project_answers_for_its_dependencies() -> None:
    entries = [{"name": "dep", "reason": "read by us"}]
    settings = Settings()
    for layer in (Layer.USER, Layer.WORKSPACE, Layer.FLAG):
        (problem,) = settings.replace(layer, {"allow-dependencies": entries})
        assert "only be set in [package.metadata.rex]" in problem
    assert settings.get("allow-dependencies") == []
    assert settings.replace(Layer.METADATA, {"allow-dependencies": entries}) == []
    assert settings.get("allow-dependencies") == entries
    (problem,) = settings.replace(Layer.METADATA, {"allow-dependencies": ["dep"]})
    assert "expected a list of tables" in problem


def test_only_the_user_names_programs() -> None:
    settings = Settings()
    (problem,) = settings.replace(Layer.WORKSPACE, {"runtime": {"rexrt": "/tmp/evil"}})
    assert "only user settings" in problem
    assert settings.get("runtime.rexrt") == ""
    (problem,) = settings.replace(Layer.METADATA, {"runtime.rexrt": "/tmp/evil"})
    assert "only user settings" in problem
    # An editor that sends all settings with their defaults does nothing wrong.
    assert settings.replace(Layer.WORKSPACE, {"runtime": {"rexrt": ""}}) == []
    assert settings.replace(Layer.USER, {"runtime": {"rexrt": "/opt/rexrt"}}) == []
    assert settings.get("runtime.rexrt") == "/opt/rexrt"


def test_package_metadata_sets_rules_but_not_the_editor() -> None:
    settings = Settings()
    (problem,) = settings.replace(Layer.METADATA, {"lens.enable": False, "rules": {"a": "off"}})
    assert "cannot be set in [package.metadata.rex]" in problem
    assert settings.get("rules") == {"a": "off"}
