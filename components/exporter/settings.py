"""Settings of the Exporter: the section `exporter` of the configuration."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator

from components.common.settings import Count, Settings
from components.exporter.signatures import Signatures
from components.keys import FEATURE_FORWARD, KEYED, SERVING_DEFAULT, SERVING_EXAMPLES, UNKEYED
from components.transform.features import KEY

ForwardDtype = Literal["string", "float32", "int64"]
FORWARD_DTYPES = get_args(ForwardDtype)
CONSTRAINED = "constrained"
# A function in an installed module: `my_package.my_module:my_function`.
DottedPath = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$")]


class ExporterSettings(Settings):
    """Signatures, outputs and decoding of the exported model; configs/base.yaml explains each setting.

    tests/components/exporter/contract/test_contract.py shows the contracts of several settings.
    """

    default: Literal["plain", "keyed"]
    forward: dict[str, ForwardDtype]
    signatures: dict[str, DottedPath]
    outputs: tuple[Literal["tokens", "scores", "offsets", "entities"], ...]
    decoding: Literal["constrained", "best"]
    pad: str
    token_length: Count | None
    allow_breaking_changes: bool
    golden_sentences: Count

    @field_validator("forward")
    @classmethod
    def _features_are_free(cls, forward: dict[str, str]) -> dict[str, str]:
        from components.exporter.contract.contract_template import ContractTemplate

        document = ContractTemplate.load().document
        if taken := sorted({"sentence", *document["outputs"]} & {*forward}):
            names = ", ".join(f"`{name}`" for name in taken)
            raise ValueError(f"{names} is already an input or output of the model. Rename the feature in the data")
        return forward

    @field_validator("signatures")
    @classmethod
    def _signatures_are_free(cls, signatures: dict[str, str]) -> dict[str, str]:
        own = {SERVING_DEFAULT, KEYED, UNKEYED, FEATURE_FORWARD, SERVING_EXAMPLES}
        if taken := sorted(own & {*signatures}):
            names = ", ".join(f"`{name}`" for name in taken)
            raise ValueError(f"{names} is already a signature of the model. Choose another name")
        return signatures

    @property
    def chosen(self) -> Signatures:
        """The choice among the signatures of this project."""
        return Signatures(default=KEYED if self.default == KEYED else None, key=KEY, forward=self.forward)
