"""The views for optional libraries reach every valid design and only those, with the library's own points."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from archgym.errors import DesignError, MissingExtra
from archgym.space import (
    Categorical,
    DesignBatch,
    DesignSpace,
    Integer,
    OnlyWhen,
    Ordinal,
    ProductEquals,
    Real,
    Requires,
)
from archgym.views.json_schema import json_schema
from archgym.views.optuna import OptunaView
from archgym.views.skopt import SkoptView

KNOBS = (
    Categorical("policy", ("Open", "Closed"), doc="what happens to a row after an access"),
    Ordinal("rows", (1, 2, 8), unit="KiB"),
    Integer("timeout", 0, 12, 4, unit="ns"),
    Ordinal("single", (7,)),
    Integer("banks", 1, 8, default=8),
    Categorical("ecc", (False, True)),
)
RULES = (
    ProductEquals("capacity", ("rows", "banks"), 8),
    OnlyWhen("timeout", {"policy": ["Open"]}, 0),
    Requires("wide rows need ecc", "ecc", (True,), {"rows": [8]}),
)
SPACE = DesignSpace(KNOBS, RULES, "memory")
MIXED = DesignSpace([*KNOBS, Real("voltage", 0.5, 1.5), Real("leak", 1e-6, 1e-2, log=True)], RULES, "mixed")


def test_optuna_trials_become_valid_designs_and_every_design_is_a_trial() -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    everything = DesignBatch.concat(SPACE.enumerate())
    view = OptunaView(SPACE)
    encoded = view.encode(everything)
    assert (view.decode(encoded).codes == everything.codes).all()
    for point in encoded:
        for name, distribution in view.distributions.items():
            assert distribution._contains(distribution.to_internal_repr(point[name]))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    view = OptunaView(MIXED)
    for _ in range(30):
        trial = study.ask(view.distributions)
        assert MIXED.valid(view.decode([trial.params])).all()
        study.tell(trial, 0.0)
    with pytest.raises(DesignError, match="expected an index from 0 to 2"):
        view.decode([{**encoded[0], "rows": 8, "voltage": 1.0, "leak": 1e-3}])


def test_skopt_points_become_valid_designs_and_every_design_is_a_point() -> None:
    skopt = pytest.importorskip("skopt")
    everything = DesignBatch.concat(SPACE.enumerate())
    view = SkoptView(SPACE)
    encoded = view.encode(everything)
    assert (view.decode(encoded).codes == everything.codes).all()
    assert all(point in skopt.Space(view.dimensions) for point in encoded)
    view = SkoptView(MIXED)
    assert MIXED.valid(view.decode(skopt.Space(view.dimensions).rvs(30, random_state=1))).all()
    with pytest.raises(DesignError, match="expected 8 coordinates, got 1"):
        view.decode([["Open"]])


@pytest.mark.parametrize(("module", "view"), [("optuna", OptunaView), ("skopt", SkoptView)])
def test_a_missing_library_names_its_extra(
    module: str, view: type[OptunaView] | type[SkoptView], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r'pip install "archgym\[bo\]"'):
        view(SPACE)


def test_the_json_schema_states_values_units_defaults_and_constraints() -> None:
    schema = json_schema(MIXED)
    assert schema["properties"]["policy"] == {
        "type": "string",
        "enum": ["Open", "Closed"],
        "default": "Open",
        "description": "what happens to a row after an access",
    }
    assert schema["properties"]["timeout"] == {
        "type": "integer",
        "minimum": 0,
        "maximum": 12,
        "multipleOf": 4,
        "default": 0,
        "x-unit": "ns",
    }
    assert schema["properties"]["leak"]["x-scale"] == "log"
    assert [entry["text"] for entry in schema["x-constraints"]] == [
        "rows * banks == 8",
        "timeout == 0 unless policy == 'Open'",
        "ecc == True if rows == 8",
    ]
    assert schema["default"] == MIXED.default


def test_the_json_schema_accepts_every_valid_design_and_no_unknown_value() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json_schema(MIXED)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for design in MIXED.sample(200, np.random.default_rng(0)).designs():
        validator.validate(design)
        assert not validator.is_valid({**design, "rows": 3})
        assert not validator.is_valid({**design, "timeout": 2})
        assert not validator.is_valid({**design, "voltage": 2.0})
        assert not validator.is_valid({name: value for name, value in design.items() if name != "ecc"})
