"""The serving contract of a model: what callers may rely on; schemas/serving_contract.yaml holds that of our taggers.

Needs no TensorFlow, so that registry, docs and command line can read contracts quickly.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from components.exporter.contract.contract_template import ContractTemplate
from components.exporter.contract.tensors import SignatureContract
from components.exporter.errors import ContractError
from components.exporter.settings import CONSTRAINED, ExportSettings


@dataclasses.dataclass(frozen=True)
class Contract:
    """The signatures of a model.

    Attributes:
        version: of the contract; it grows with every change that breaks a caller.
        signatures: by name.
        pad: what fills string rows up to the longest; empty: outputs are not padded.
        legal: whether tags are always legal IOB2.
        outside_bias: added to the logits of outside tags before the tags are chosen; below 0, a token's tag
            may be less probable than the outside tag. Scores ignore it.
    """

    version: int
    signatures: Mapping[str, SignatureContract]
    pad: str = ""
    legal: bool = False
    outside_bias: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Returns what can be written as JSON, always in the same order."""
        signatures = {name: self.signatures[name].to_dict() for name in sorted(self.signatures)}
        return {
            "version": self.version,
            "pad": self.pad,
            "legal": self.legal,
            "outside_bias": self.outside_bias,
            "signatures": signatures,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Contract:
        """Takes what `to_dict` gave."""
        signatures = {name: SignatureContract.from_dict(value) for name, value in values["signatures"].items()}
        return cls(
            int(values["version"]),
            signatures,
            values.get("pad", ""),
            values.get("legal", False),
            float(values.get("outside_bias", 0.0)),
        )

    def to_json(self) -> str:
        """Returns the contract as JSON."""
        return json.dumps(self.to_dict(), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Contract:
        """Reads what `to_json` wrote.

        Raises:
            ContractError: the text is no contract.
        """
        try:
            return cls.from_dict(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ContractError(
                f"this is no serving contract ({type(error).__name__}: {error}). It must be JSON with `version` and "
                "`signatures`, each with `inputs` and `outputs` of `dtype` and `shape`; export the model again."
            ) from error


def build_contract(
    settings: ExportSettings, outside_bias: float = 0.0, template: ContractTemplate | None = None
) -> Contract:
    """Returns what a model that is exported with these settings promises.

    Args:
        settings: which signature is the default, which features are forwarded.
        outside_bias: of the trained model.
        template: what to build from; schemas/serving_contract.yaml by default.

    Raises:
        ContractError: settings and template do not go together.
    """
    template = template or ContractTemplate.load()
    legal = settings.decoding == CONSTRAINED
    return Contract(template.version, template.signatures(settings), settings.pad, legal, outside_bias)
