"""The serving contract of a model; schemas/serving_contract.yaml holds the one of our taggers.

Needs no TensorFlow, so that registry, docs and command line read contracts quickly.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from components.common.json_lines import parse_json_object
from components.exporter.contract.contract_template import ContractTemplate
from components.exporter.contract.tensors import SignatureContract
from components.exporter.errors import ContractError

if TYPE_CHECKING:
    from components.exporter.settings import ExporterSettings

LEAST_CHARACTERS = 10_000
"""The smallest limit of a request; the validator's own requests fit into it."""


@dataclasses.dataclass(frozen=True)
class Contract:
    """The signatures of a model.

    Attributes:
        version: of the contract; it grows with every change that breaks a caller.
        signatures: by name.
        pad: text that fills string rows up to the longest one; empty: outputs are not padded.
        valid_iob2: whether tags are always valid IOB2.
        max_characters: a request with more characters, or an answer with more tokens including padding, is refused;
            0: no limit.
        outside_bias: added to the logits of outside tags before the tags are chosen; below 0, a token's tag
            may be less probable than the outside tag. Scores ignore it.
        calibration: `temperature` and `outside_bias` of scores, which are probabilities of the tags with the logits
            (logits + outside_bias of outside tags) / temperature: marginal ones over valid sequences if `valid_iob2`,
            of a softmax otherwise. Empty: temperature 1, bias 0.
        min_score: entity type -> least score; an entity with a lower score is returned as outside.

    Example:
        >>> from components.exporter.contract.tensors import SignatureContract, TensorContract
        >>> number = TensorContract("float32", (None,))
        >>> contract = Contract(version=1, signatures={"double": SignatureContract({"x": number}, {"y": number})})
        >>> Contract.from_json(contract.to_json()) == contract
        True
    """

    version: int
    signatures: Mapping[str, SignatureContract]
    pad: str = ""
    valid_iob2: bool = False
    max_characters: int = 0
    outside_bias: float = 0.0
    calibration: Mapping[str, float] = dataclasses.field(default_factory=dict)
    min_score: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Returns values for JSON, always in the same order."""
        signatures = {name: self.signatures[name].to_dict() for name in sorted(self.signatures)}
        return {
            "version": self.version,
            "pad": self.pad,
            "valid_iob2": self.valid_iob2,
            "max_characters": self.max_characters,
            "outside_bias": self.outside_bias,
            "calibration": dict(self.calibration),
            "min_score": dict(self.min_score),
            "signatures": signatures,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Contract:
        """Reads the output of `to_dict`."""
        return cls(
            version=int(values["version"]),
            signatures={name: SignatureContract.from_dict(value) for name, value in values["signatures"].items()},
            pad=values.get("pad", ""),
            valid_iob2=values.get("valid_iob2", False),
            max_characters=int(values.get("max_characters", 0)),
            outside_bias=float(values.get("outside_bias", 0.0)),
            calibration={str(name): float(number) for name, number in values.get("calibration", {}).items()},
            min_score={str(name): float(score) for name, score in values.get("min_score", {}).items()},
        )

    def to_json(self) -> str:
        """Returns the contract as JSON."""
        return json.dumps(self.to_dict(), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Contract:
        """Reads the output of `to_json`.

        Raises:
            ContractError: the text is not a contract.
        """
        try:
            return cls.from_dict(parse_json_object(text))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ContractError(
                f"not a serving contract ({type(error).__name__}: {error}). It must be JSON with `version` and "
                "`signatures`, each with `inputs` and `outputs` of `dtype` and `shape`; export the model again."
            ) from error


def build_contract(settings: ExporterSettings) -> Contract:
    """Returns the contract of a tagger that is exported with these settings, without the properties of its training.

    Custom signatures, `outside_bias`, `calibration` and `min_score` depend on the trained model; `export` adds them.

    Args:
        settings: default signature, forwarded features, outputs.
    """
    template = ContractTemplate.load()
    return Contract(
        version=template.version,
        signatures=template.signatures(settings),
        pad=settings.pad,
        valid_iob2=settings.constrained,
        max_characters=settings.max_characters,
    )
