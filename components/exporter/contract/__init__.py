"""The serving contract: the signatures of a model, and what their callers may rely on. Needs no TensorFlow.

Read `tensors` first (one input or output), then `contract` (all signatures of a model), then `contract_template` (the
contract of our taggers, schemas/serving_contract.yaml). `contract_changes` lists changes that break callers.
"""
